"""Scores that lie in columns: a pupil's words become objects only when the pupil is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.scoring.ranks import ranks_in_school
from dropout_risk.scoring.score_rows import pupil_scores
from dropout_risk.scoring.scores import PupilScore

_AT_ONCE = 1024


class Head(NamedTuple):
    """What decides where a pupil stands: numbers and names, no words."""

    place: int
    student_id: str | int
    school_id: str | None
    responsible_id: str | None
    risk: float
    band: str
    alerted: bool


class ScoredPupils(Sequence[PupilScore]):
    """A sequence of scores over rows of :func:`dropout_risk.scoring.score_schema.score_schema`.

    Parameters
    ----------
    rows : pyarrow.Table
        With sentences, and only of pupils who have a score.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch], *, ranked: bool) -> ScoredPupils | tuple[PupilScore, ...]:
        """Take the pupils of some batches who have a score; with their ranks if whole schools are there."""
        tables = [pa.Table.from_batches([batch]).drop_columns(["contributions"]) for batch in batches]
        if not tables:
            return ()
        rows = pa.concat_tables(tables)
        if rows["error"].null_count < rows.num_rows:
            rows = rows.filter(rows["error"].is_null())
        if ranked and rows.num_rows:
            ranks = ranks_in_school(rows["school_id"], rows["log_odds"].to_numpy())
            at = rows.schema.get_field_index("rank_in_school")
            rows = rows.set_column(at, "rank_in_school", pa.array(ranks))
        return cls(rows)

    def __len__(self) -> int:
        return int(self._rows.num_rows)

    @overload
    def __getitem__(self, index: int) -> PupilScore: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[PupilScore, ...]: ...

    def __getitem__(self, index: int | slice) -> PupilScore | tuple[PupilScore, ...]:
        """Read one score, or some."""
        if isinstance(index, slice):
            return tuple(self.take(range(*index.indices(len(self)))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"There are {len(self)} scores, asked for number {index}.")
        return next(pupil_scores(self._rows.slice(place, 1)))

    def __iter__(self) -> Iterator[PupilScore]:
        for start in range(0, len(self), _AT_ONCE):
            yield from pupil_scores(self._rows.slice(start, _AT_ONCE))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(own == of_other for own, of_other in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Count; a pupil's risk does not belong into a log."""
        return f"<ScoredPupils: {len(self)}>"

    @property
    def log_odds(self) -> list[float]:
        """The score of each pupil."""
        column: list[float] = self._rows["log_odds"].to_pylist()
        return column

    def take(self, places: Iterable[int]) -> ScoredPupils:
        """Give some of the pupils, in the given order."""
        chosen: npt.NDArray[np.int64] = np.fromiter(places, dtype=np.int64)
        return ScoredPupils(self._rows.take(pa.array(chosen)))

    def heads(self) -> Iterator[Head]:
        """Read what decides where each pupil stands, and no word."""
        names = ("student_id", "school_id", "responsible_id", "risk", "band")
        columns: list[Any] = [self._rows[name].to_pylist() for name in names]
        lengths = [chunk.value_lengths().to_pylist() for chunk in self._rows["alerts"].chunks]
        alerted = [number > 0 for chunk in lengths for number in chunk]
        for place, row in enumerate(zip(*columns, alerted, strict=True)):
            yield Head(place, *row)


def heads(pupils: Sequence[PupilScore]) -> Iterator[Head]:
    """Say what decides where each pupil stands, however the scores lie in memory."""
    if isinstance(pupils, ScoredPupils):
        yield from pupils.heads()
        return
    for place, pupil in enumerate(pupils):
        yield Head(
            place, pupil.student_id, pupil.school_id, pupil.responsible_id, pupil.risk, pupil.band,
            bool(pupil.alerts),
        )  # fmt: skip


def some_of(pupils: Sequence[PupilScore], places: Sequence[int]) -> Sequence[PupilScore]:
    """Give some of the pupils, in the given order; in columns where they lie in columns."""
    if isinstance(pupils, ScoredPupils):
        return pupils.take(places)
    return tuple(pupils[place] for place in places)
