"""The list as a table: one row for every pupil of the cohort, listed or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dropout_risk.files import write_whole
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.population import BLOCK_SIZE, Population, Progress, tell_progress
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import pupil_scores, ranks_in_school, row_errors
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import BAND_WORDS, UNKNOWN_BAND
from dropout_risk.text import CLAUSES, Language, Text
from dropout_risk.watchlist.group import WatchEntry, WatchGroup
from dropout_risk.watchlist.reason_notes import dated_text
from dropout_risk.watchlist.wording import (
    listed_missing,
    listed_reasons,
    listed_refusals,
    listed_warnings,
    shorten_list,
)

if TYPE_CHECKING:
    from dropout_risk.watchlist.watch_list import WatchList


LIST_COLUMNS: dict[str, Text] = {
    "school_id": Text(zh="学校", en="school_id"),
    "responsible_id": Text(zh="包保责任人", en="responsible_id"),
    "class_id": Text(zh="班级", en="class_id"),
    "student_id": Text(zh="学号", en="student_id"),
    "part": Text(zh="名单部分", en="part"),
    "place": Text(zh="序号", en="place"),
    "status": Text(zh="与上次相比", en="status"),
    "since": Text(zh="列入名单起始日", en="since"),
    "band": Text(zh="风险等级", en="band"),
    "risk": Text(zh="风险", en="risk"),
    "low": Text(zh="区间下限", en="low"),
    "high": Text(zh="区间上限", en="high"),
    "risk_before": Text(zh="上次风险", en="risk_before"),
    "alerts": Text(zh="预警", en="alerts"),
    "reasons": Text(zh="升高风险的原因", en="reasons"),
    "missing": Text(zh="尚缺的信息", en="missing"),
    "suggested_help": Text(zh="建议的帮助", en="suggested_help"),
    "not_scored_because": Text(zh="暂不评估的原因", en="not_scored_because"),
}
CELL_WORDS: dict[str, Text] = {
    "alert": Text(zh="预警", en="alert"),
    "above_line": Text(zh="已列入", en="above_line"),
    "below_line": Text(zh="未列入", en="below_line"),
    "not_scored": Text(zh="暂不评估", en="not_scored"),
    "new": Text(zh="新列入", en="new"),
    "worse": Text(zh="上升", en="worse"),
    "same": Text(zh="持平", en="same"),
    "better": Text(zh="下降", en="better"),
    **BAND_WORDS,
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MISSING_SHOWN = 5


def list_frame(watch_list: WatchList) -> pd.DataFrame:
    """Give one row per pupil: the listed ones in their order, those below the line, those not scored."""
    rows = [row for group in watch_list.groups for row in _rows_of_group(group, watch_list.language)]
    return pd.DataFrame(rows, columns=list(LIST_COLUMNS)).astype({"place": "Int64"})


def list_csv(watch_list: WatchList) -> str:
    """Write the table for a spreadsheet, in words, and without a cell that it would run as a formula."""
    language = watch_list.language
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([header.to(language) for header in LIST_COLUMNS.values()])
    for group in watch_list.groups:
        for row in _rows_of_group(group, language):
            writer.writerow([_cell_text(row.get(name), name, language) for name in LIST_COLUMNS])
    return out.getvalue()


def scores_frame(scores: Scores) -> pd.DataFrame:
    """Give :meth:`Scores.frame` with reasons and warnings as a list tells them: nothing of psychology."""
    frame = scores.frame()
    if frame.empty:
        return frame
    reasons, warnings = {}, {}
    for pupil in scores.pupils:
        reasons[pupil.student_id] = CLAUSES.en.join(_reason_texts(pupil, scores.language))
        warnings[pupil.student_id] = CLAUSES.en.join(listed_warnings(pupil))
    ids = frame["student_id"]
    return frame.assign(reasons=ids.map(reasons), warnings=ids.map(warnings))


def guard_cell(value: Any) -> Any:
    """Give a cell that a spreadsheet does not run as a formula.

    >>> guard_cell("=1+1"), guard_cell("8-2"), guard_cell(-1.5)
    ("'=1+1", '8-2', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _reason_texts(pupil: PupilScore, language: Language) -> list[str]:
    return [
        item.text if item.reason is None else dated_text(item.reason, language, item.text)
        for item in listed_reasons(pupil.raising, language)
    ]


def _rows_of_group(group: WatchGroup, language: Language) -> Iterator[dict[str, Any]]:
    owner = {"school_id": group.school_id, "responsible_id": group.responsible_id}
    for part, entries in (("alert", group.alerts), ("above_line", group.risks)):
        for number, entry in enumerate(entries, start=1):
            yield owner | _columns_of_score(entry.score, part, language) | _columns_of_entry(entry, number)
    for pupil in group.below:
        yield owner | _columns_of_score(pupil, "below_line", language)
    for item in group.unscored:
        not_scored = {"student_id": item.student_id, "part": "not_scored", "not_scored_because": item.reason}
        yield owner | not_scored


def _columns_of_entry(entry: WatchEntry, number: int) -> dict[str, Any]:
    return {"place": number, "status": entry.status, "since": entry.since, "risk_before": entry.risk_before}


def _columns_of_score(pupil: PupilScore, part: str, language: Language) -> dict[str, Any]:
    judged = pupil.band != UNKNOWN_BAND
    return {
        "class_id": pupil.class_id,
        "student_id": pupil.student_id,
        "part": part,
        "band": pupil.band,
        "risk": pupil.risk if judged else None,
        "low": pupil.interval[0] if judged else None,
        "high": pupil.interval[1] if judged else None,
        "alerts": CLAUSES.join(language, (alert.text for alert in pupil.alerts)),
        "reasons": CLAUSES.join(language, _reason_texts(pupil, language)),
        "missing": shorten_list([*listed_refusals(pupil), *listed_missing(pupil)], _MISSING_SHOWN, language),
        "suggested_help": CLAUSES.join(language, (item.text for item in pupil.suggested_help)),
    }


def _cell_text(value: Any, column: str, language: Language) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if column in ("part", "status", "band"):
        return CELL_WORDS[value].to(language)
    return guard_cell(value)


_KINDS = {name: pa.float64() for name in ("risk", "low", "high", "log_odds")} | {"rank_in_school": pa.int64()}
_RANK = "rank_in_school"
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
            pupils = tuple(pupil_scores(batch))
            part = Scores(population.table.snapshot.as_of, "", {}, population.language, pupils)
            parts.append(cls.of_scores(part).rows)
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
                frame.map(guard_cell).to_csv(file, index=False, header=number == 0)

    def _frames(self) -> Iterator[pd.DataFrame]:
        for start in range(0, max(len(self), 1), _ROWS_AT_ONCE):
            yield self.rows.slice(start, _ROWS_AT_ONCE).to_pandas()


def _typed_table(frame: pd.DataFrame) -> pa.Table:
    kinds = {name: _KINDS.get(name, pa.string()) for name in frame.columns} | {"student_id": None}
    return pa.table(
        {name: pa.array(frame[name].tolist(), kinds[name], from_pandas=True) for name in frame.columns}
    )
