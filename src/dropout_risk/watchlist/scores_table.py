"""Scores as a table, in a file that a spreadsheet or a program reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dropout_risk.files import write_whole
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import DateLike
from dropout_risk.scoring.population import BLOCK_SIZE, Population, Progress, tell_progress
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.readers.roles import CLASS_TEACHER, Role
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import pupil_scores, rank_column, row_errors, with_ranks
from dropout_risk.scoring.scores import Scores
from dropout_risk.text import CLAUSES, Language, guarded_cell
from dropout_risk.watchlist.table import reason_texts


def scores_frame(scores: Scores) -> pd.DataFrame:
    """Give :meth:`Scores.frame` with reasons and warnings as a list tells them.

    Complete scores are read as a class teacher reads them.
    """
    scores = redact(scores, CLASS_TEACHER) if scores.read_by is None else scores
    frame = scores.frame()
    if frame.empty:
        return frame
    reasons, warnings = {}, {}
    for pupil in scores.pupils:
        reasons[pupil.student_id] = CLAUSES.en.join(reason_texts(pupil, scores.language))
        warnings[pupil.student_id] = CLAUSES.en.join(pupil.notes)
    ids = frame["student_id"]
    return frame.assign(reasons=ids.map(reasons), warnings=ids.map(warnings))


_KINDS = {name: pa.float64() for name in ("risk", "low", "high", "log_odds")} | {"rank_in_school": pa.int64()}
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, repr=False)
class ScoresTable:
    """The columns of :meth:`Scores.frame`, with reasons as a list tells them: nothing of psychological tests.

    ``left`` pupils could not be scored.
    """

    rows: pa.Table
    left: int

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @classmethod
    def of_scores(cls, scores: Scores) -> Self:
        """Lay out scores."""
        return cls(_typed_table(scores_frame(scores)), len(scores.errors))

    @classmethod
    def of(
        cls,
        model: RiskModel,
        histories: Histories,
        as_of: DateLike,
        *,
        language: Language | None = None,
        role: Role = CLASS_TEACHER,
        block_size: int = BLOCK_SIZE,
        progress: Progress | None = None,
    ) -> Self:
        """Score everyone at school on a date, block by block: only the table itself is held."""
        population = Population.of(model, histories, as_of, language=language)
        everyone = population.everyone()
        parts, left = [], len(histories.set_apart)
        for batch in tell_progress(
            population.blocks(everyone, block_size=block_size), len(everyone), progress
        ):
            left += len(row_errors(batch))
            pupils = tuple(pupil_scores(with_ranks(batch)))  # of the block: a rank is told, or it is none
            part = Scores(population.table.snapshot.as_of, "", {}, population.language, pupils)
            part = redact(part, role, catalogue=model.catalogue)
            parts.append(cls.of_scores(part).rows)
        rows = pa.concat_tables([part for part in parts if part.num_rows] or parts[:1] or [pa.table({})])
        if rows.num_rows:
            rows = rows.sort_by([("risk", "descending")])
            is_told = rows["rank_in_school"].combine_chunks().is_valid()
            rows = with_ranks(rows, pc.if_else(is_told, rank_column(rows), None))
        return cls(rows, left)

    def write(self, path: str | Path) -> Path:
        """Write a .parquet file, or a .csv file without a cell that a spreadsheet would run as a formula."""
        if Path(path).suffix == ".parquet":
            return write_whole(path, lambda unfinished: pq.write_table(self.rows, unfinished))
        return write_whole(path, self._write_csv)

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            for number, frame in enumerate(self._frames()):
                frame.map(guarded_cell).to_csv(file, index=False, header=number == 0)

    def _frames(self) -> Iterator[pd.DataFrame]:
        for start in range(0, max(len(self), 1), _ROWS_AT_ONCE):
            yield self.rows.slice(start, _ROWS_AT_ONCE).to_pandas()


def _typed_table(frame: pd.DataFrame) -> pa.Table:
    kinds = {name: _KINDS.get(name, pa.string()) for name in frame.columns} | {"student_id": None}
    return pa.table(
        {name: pa.array(frame[name].tolist(), kinds[name], from_pandas=True) for name in frame.columns}
    )
