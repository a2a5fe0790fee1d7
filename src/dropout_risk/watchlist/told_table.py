"""Scores as one table for a spreadsheet or a data frame, the highest risk first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.files import write_whole
from dropout_risk.scoring.population import BLOCK_SIZE, Population, Progress, counted
from dropout_risk.scoring.ranks import ranks_in_school
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import pupil_scores, row_errors
from dropout_risk.scoring.scores import Scores
from dropout_risk.text import Language
from dropout_risk.watchlist.table import guarded, told_frame

_TYPES = {name: pa.float64() for name in ("risk", "low", "high", "log_odds")} | {"rank_in_school": pa.int64()}
_RANK = "rank_in_school"
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, repr=False)
class ToldTable:
    """One row per pupil, with reasons as a list tells them: no results of psychological tests.

    Parameters
    ----------
    rows : pyarrow.Table
        The columns of :meth:`Scores.frame`.
    left : int
        How many pupils could not be scored.
    """

    rows: pa.Table
    left: int

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @classmethod
    def of_scores(cls, scores: Scores) -> Self:
        """Lay out scores."""
        return cls(_table(told_frame(scores)), len(scores.errors))

    @classmethod
    def of(
        cls,
        model: RiskModel,
        histories: Histories,
        as_of: DateLike,
        *,
        language: Language | None = None,
        block_size: int = BLOCK_SIZE,
        progress: Progress | None = None,
    ) -> Self:
        """Score everyone at school on a date, block by block: only the table itself is held."""
        population = Population.of(model, histories, as_of, language=language)
        everyone = population.everyone()
        parts, left = [], len(histories.set_apart)
        for batch in counted(population.blocks(everyone, block_size=block_size), len(everyone), progress):
            left += len(row_errors(batch))
            pupils = tuple(pupil_scores(batch))
            part = Scores(population.table.known.as_of, "", {}, population.language, pupils)
            parts.append(_table(told_frame(part)))
        rows = pa.concat_tables([part for part in parts if part.num_rows] or parts[:1] or [pa.table({})])
        if rows.num_rows:
            rows = rows.sort_by([("risk", "descending")])
            ranks = ranks_in_school(rows["school_id"], rows["log_odds"].to_numpy())
            at = rows.schema.get_field_index(_RANK)
            rows = rows.set_column(at, _RANK, pa.array(ranks, pa.int64()))
        return cls(rows, left)

    def write(self, path: str | Path) -> Path:
        """Write a .parquet file, or a .csv file without a cell that a spreadsheet would run as a formula."""
        if Path(path).suffix == ".parquet":
            return write_whole(path, lambda unfinished: pq.write_table(self.rows, unfinished))
        return write_whole(path, self._write_csv)

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            for number, frame in enumerate(self._frames()):
                frame.map(guarded).to_csv(file, index=False, header=number == 0)

    def _frames(self) -> Iterator[pd.DataFrame]:
        for start in range(0, max(len(self), 1), _ROWS_AT_ONCE):
            yield self.rows.slice(start, _ROWS_AT_ONCE).to_pandas()


def _table(frame: pd.DataFrame) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in frame.columns:
        given = frame[name].tolist()
        columns[name] = pa.array(given) if name == "student_id" else pa.array(
            given, _TYPES.get(name, pa.string()), from_pandas=True
        )  # fmt: skip
    return pa.table(columns)
