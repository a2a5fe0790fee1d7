"""Scores of a population: numbers and alerts of everybody, and the words of whoever is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Positions
from dropout_risk.explanation.columns import Given
from dropout_risk.kernels import blocks, prefetch
from dropout_risk.progress import progress_line
from dropout_risk.scoring.population import Population, Progress, tell_progress
from dropout_risk.scoring.score_rows import KeptPupils, PupilHead, row_errors, with_ranks
from dropout_risk.scoring.score_writer import IDS
from dropout_risk.scoring.scores import PupilScore, RowError

_AT_ONCE = 2048
"""So many pupils are put into words together: their words lie in memory until they are taken."""


@dataclass(frozen=True, eq=False)
class _Everybody:
    """What is at hand of everybody who has a score: one row each, without contributions and words."""

    population: Population
    pupils: Positions
    rows: pa.Table
    notes: Mapping[int, tuple[str, ...]] | None

    @cached_property
    def told(self) -> list[tuple[Any, ...]]:
        """What a head holds of each besides its row."""
        columns = {name: self.rows[name].to_pylist() for name in (*IDS, "risk", "low", "high", "band")}
        interval = zip(columns.pop("low"), columns.pop("high"), strict=True)
        found = self.population.alerts
        alerts = [found[pupil] for pupil in self.pupils.tolist()]
        named = (columns[name] for name in (*IDS, "risk"))
        return [*zip(*named, interval, columns["band"], alerts, strict=True)]

    def worded(self, at: Positions) -> list[PupilScore]:
        """Put some into words, by the one way of scoring, and give each its rank."""
        written, _ = self.population.written(self.pupils[at], notes=self.notes)
        ranks = Given(self.rows["rank_in_school"].take(pa.array(at)))
        return replace(written, columns={**written.columns, "rank_in_school": ranks}).pupils()


class ScoredPupils(KeptPupils):
    """A sequence of the scores of a population, and only of pupils who have one.

    Numbers and alerts are at hand for all; a pupil is put into words when it is asked for, each time anew.
    """

    def __init__(self, everybody: _Everybody, at: Positions) -> None:
        self._everybody, self._at = everybody, at

    @classmethod
    def of(
        cls,
        population: Population,
        pupils: Positions,
        *,
        ranked: bool,
        notes: Mapping[int, tuple[str, ...]] | None = None,
        progress: Progress | None = None,
    ) -> tuple[Self, list[RowError]]:
        """Score pupils in numbers, with their ranks if whole schools are there; say who has no score."""
        scored = tell_progress(population.blocks(pupils, sentences=False), len(pupils), progress)
        batches = [batch.drop_columns(["contributions"]) for batch in scored]
        batches = batches or [population.block(pupils, sentences=False).drop_columns(["contributions"])]
        rows = pa.Table.from_batches(batches)
        errors, kept = row_errors(rows), rows["error"].is_null()
        rows, pupils = rows.filter(kept).combine_chunks(), pupils[kept.to_numpy()]
        rows = with_ranks(rows) if ranked else rows
        return cls(_Everybody(population, pupils, rows, notes), np.arange(len(pupils))), errors

    def __len__(self) -> int:
        return len(self._at)

    def one(self, index: int) -> PupilScore:
        """Put one pupil into words."""
        row = index + len(self) if index < 0 else index
        if not 0 <= row < len(self):
            raise IndexError(f"There are {len(self)} scores, asked for number {index}.")
        return self._everybody.worded(self._at[row : row + 1])[0]

    def __iter__(self) -> Iterator[PupilScore]:
        parts, done = [self._at[part] for part in blocks(len(self), _AT_ONCE)], 0
        with progress_line("pupils put into words") as tell:
            for told in prefetch(self._everybody.worded, parts):
                done += len(told)
                tell(done, len(self))
                yield from told

    @property
    def log_odds(self) -> list[float]:
        """The score of each pupil."""
        column: list[float] = self._everybody.rows["log_odds"].take(pa.array(self._at)).to_pylist()
        return column

    def take(self, indices: Sequence[int]) -> ScoredPupils:
        """Give some of the pupils, in the given order."""
        return ScoredPupils(self._everybody, self._at[np.fromiter(indices, dtype=np.intp)])

    def heads(self, hears: Callable[[str], bool] = lambda rule: True) -> Iterator[PupilHead]:
        """Say what decides where each pupil stands; of alerts, only those that are heard."""
        told = self._everybody.told
        for row, at in enumerate(self._at.tolist()):
            head = PupilHead._make((row, *told[at]))
            heard = head.alerts and tuple(alert for alert in head.alerts if hears(alert.rule))
            yield head._replace(alerts=heard) if head.alerts else head
