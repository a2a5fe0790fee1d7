"""The list as a table: one row for every pupil of the cohort, listed or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_risk.alerts.duty import duty_text
from dropout_risk.alerts.facts import fact_lines
from dropout_risk.evaluation.model_card.caution import caution_lines
from dropout_risk.explanation.reason_days import dated_text
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.score_rows import PupilHead, is_crisis, pupil_heads
from dropout_risk.scoring.score_writer import WARNINGS_OF_MODEL
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import BAND_WORDS, UNKNOWN_BAND
from dropout_risk.text import CLAUSES, Language, Text, guarded_cell
from dropout_risk.watchlist.group import WatchEntry, WatchGroup
from dropout_risk.watchlist.wording import listed_reasons, listed_refusals, shorten_list

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
    "risk": Text(zh="辍学风险", en="risk"),
    "low": Text(zh="区间下限", en="low"),
    "high": Text(zh="区间上限", en="high"),
    "risk_before": Text(zh="上次风险", en="risk_before"),
    "alerts": Text(zh="预警", en="alerts"),
    "duty": Text(zh="预警分工", en="duty"),
    "facts": Text(zh="已知情况", en="facts"),
    "reasons": Text(zh="模型计算依据", en="reasons"),
    "missing": Text(zh="有待核实的信息", en="missing"),
    "notes": Text(zh="还请注意", en="notes"),
    "suggested_help": Text(zh="可以怎么帮", en="suggested_help"),
    "not_scored_because": Text(zh="暂不评估的原因", en="not_scored_because"),
}
CELL_WORDS: dict[str, Text] = {
    "alert": Text(zh="今日预警", en="alert"),
    "followed": Text(zh="跟进中的预警", en="followed"),
    "above_line": Text(zh="已列入", en="above_line"),
    "below_line": Text(zh="未列入", en="below_line"),
    "not_scored": Text(zh="暂不评估", en="not_scored"),
    "new": Text(zh="新列入", en="new"),
    "worse": Text(zh="升高", en="worse"),
    "same": Text(zh="相近", en="same"),
    "better": Text(zh="降低", en="better"),
    **BAND_WORDS,
}
_MISSING_SHOWN = 5
_CLOSED = ("part", "status", "band")


def list_frame(watch_list: WatchList) -> pd.DataFrame:
    """Give one row per pupil: the listed ones in their order, those below the line, those not scored.

    Who is below the line has numbers and no sentence: ``dropout-risk score`` tells the reasons of everybody.
    """
    rows = [row for group in watch_list.groups for row in _rows_of_group(group, watch_list.language)]
    return pd.DataFrame(rows, columns=list(LIST_COLUMNS)).astype({"place": "Int64"})


def worded_frame(frame: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Give columns of the table with their names and closed words in a language; in English as they are."""
    if language == "en":
        return frame
    closed = [name for name in _CLOSED if name in frame]
    worded = {
        name: [value if pd.isna(value) else CELL_WORDS[value].to(language) for value in frame[name]]
        for name in closed
    }
    return frame.assign(**worded).rename(columns={name: LIST_COLUMNS[name].to(language) for name in frame})


_NAME = Text(zh="姓名", en="name")


def list_csv(watch_list: WatchList, directory: Directory | None = None) -> str:
    """Write the table for a spreadsheet, in words, and without a cell that it would run as a formula.

    With a directory, pupils' names stand beside their ids.
    """
    language = watch_list.language
    columns = dict(LIST_COLUMNS)
    if directory is not None and len(directory):
        place = list(columns).index("student_id") + 1
        items = list(columns.items())
        columns = dict([*items[:place], ("name", _NAME), *items[place:]])
    out = io.StringIO()
    writer = csv.writer(out)
    headers = [header.to(language) for header in columns.values()]
    cautions = caution_lines(watch_list.model, language, None)
    writer.writerow([*headers, *cautions])  # the last ones head empty columns: always on top
    at = {name: index for index, name in enumerate(columns)}
    for group in watch_list.groups:
        for row in _rows_of_group(group, language):
            if "name" in at and directory is not None:
                row["name"] = directory.name_of(row["student_id"])
            cells = [""] * (len(columns) + len(cautions))
            for name, cell in row.items():
                if cell is not None:
                    cells[at[name]] = _cell_text(cell, name, language)
            writer.writerow(cells)
    return out.getvalue()


def reason_texts(pupil: PupilScore, language: Language) -> list[str]:
    """Give the sentences of what raises a risk, as the reader may read them, with their days."""
    return [
        item.text if item.reason is None else dated_text(item.reason, language, item.text)
        for item in listed_reasons(pupil)
    ]


def _rows_of_group(group: WatchGroup, language: Language) -> Iterator[dict[str, Any]]:
    owner = {"school_id": group.school_id, "responsible_id": group.responsible_id}
    for part, entries in (("alert", group.alerts), ("followed", group.followed), ("above_line", group.risks)):
        for number, entry in enumerate(entries, start=1):
            yield owner | _columns_of_score(entry.score, part, language) | _columns_of_entry(entry, number)
    for head in pupil_heads(group.below):
        yield owner | _numbers_of_score(head, "below_line")
    for item in group.unscored:
        not_scored = {"student_id": item.student_id, "part": "not_scored", "not_scored_because": item.reason}
        yield owner | not_scored


def _columns_of_entry(entry: WatchEntry, number: int) -> dict[str, Any]:
    return {"place": number, "status": entry.status, "since": entry.since, "risk_before": entry.risk_before}


def _numbers_of_score(pupil: PupilScore | PupilHead, part: str) -> dict[str, Any]:
    judged = pupil.band != UNKNOWN_BAND
    return {
        "class_id": pupil.class_id,
        "student_id": pupil.student_id,
        "part": part,
        "band": None if is_crisis(pupil) else pupil.band,
        "risk": pupil.risk if judged else None,
        "low": pupil.interval[0] if judged else None,
        "high": pupil.interval[1] if judged else None,
    }


def _columns_of_score(pupil: PupilScore, part: str, language: Language) -> dict[str, Any]:
    return _numbers_of_score(pupil, part) | {
        "alerts": CLAUSES.join(language, (alert.text for alert in pupil.alerts)),
        "duty": CLAUSES.join(language, dict.fromkeys(duty_text(alert, language) for alert in pupil.alerts)),
        "facts": CLAUSES.join(language, fact_lines(pupil.facts, language)),
        "reasons": CLAUSES.join(language, reason_texts(pupil, language)),
        "missing": shorten_list([*listed_refusals(pupil), *pupil.missing], _MISSING_SHOWN, language),
        "notes": CLAUSES.join(language, _own_notes(pupil, language)),
        "suggested_help": CLAUSES.join(language, (item.text for item in pupil.suggested_help)),
    }


def _own_notes(pupil: PupilScore, language: Language) -> Iterator[str]:
    """Give what is to know of a pupil, but for what stands in another column or holds for the whole model."""
    elsewhere = {*listed_refusals(pupil), *(text.to(language) for text in WARNINGS_OF_MODEL)}
    return (note for note in pupil.notes if note not in elsewhere)


def _cell_text(value: Any, column: str, language: Language) -> Any:
    if isinstance(value, float):
        return f"{value:.3f}"
    if column in _CLOSED:
        return CELL_WORDS[value].to(language)
    return guarded_cell(value)
