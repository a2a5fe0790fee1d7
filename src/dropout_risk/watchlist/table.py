"""The list as a table: one row for every pupil of the cohort, listed or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.text import Language, Text
from dropout_risk.watchlist.entry import UNKNOWN, WatchEntry
from dropout_risk.watchlist.group import WatchGroup
from dropout_risk.watchlist.told import shorten, told, told_missing

if TYPE_CHECKING:
    from dropout_risk.watchlist.watch_list import WatchList

COLUMNS: dict[str, Text] = {
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
    "not_scored_because": Text(zh="未能评估的原因", en="not_scored_because"),
}
WORDS: dict[str, Text] = {
    "alert": Text(zh="预警", en="alert"),
    "above_line": Text(zh="线上", en="above_line"),
    "below_line": Text(zh="线下", en="below_line"),
    "not_scored": Text(zh="未能评估", en="not_scored"),
    "new": Text(zh="新列入", en="new"),
    "worse": Text(zh="上升", en="worse"),
    "same": Text(zh="持平", en="same"),
    "better": Text(zh="下降", en="better"),
    "low": Text(zh="低", en="low"),
    "watch": Text(zh="关注", en="watch"),
    "elevated": Text(zh="偏高", en="elevated"),
    "high": Text(zh="高", en="high"),
    UNKNOWN: Text(zh="未知", en=UNKNOWN),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MISSING_SHOWN = 5


def frame_of(watch_list: WatchList) -> pd.DataFrame:
    """Give one row per pupil: the listed ones in their order, those below the line, those not scored."""
    rows = [row for group in watch_list.groups for row in _rows(group, watch_list.language)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"place": "Int64"})


def csv_of(watch_list: WatchList) -> str:
    """Write the table for a spreadsheet, in words, and without a cell that it would run as a formula."""
    language = watch_list.language
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([header.to(language) for header in COLUMNS.values()])
    for group in watch_list.groups:
        for row in _rows(group, language):
            writer.writerow([_cell(row.get(name), name, language) for name in COLUMNS])
    return out.getvalue()


def told_frame(scores: Scores) -> pd.DataFrame:
    """Give :meth:`Scores.frame` with reasons as a list tells them: no results of psychological tests."""
    frame = scores.frame()
    if frame.empty:
        return frame
    reasons = {pupil.student_id: _reasons(pupil, scores.language, "; ") for pupil in scores.pupils}
    return frame.assign(reasons=[reasons[student] for student in frame["student_id"]])


def guarded(value: Any) -> Any:
    """Give a cell that a spreadsheet does not run as a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("8-2"), guarded(-1.5)
    ("'=1+1", '8-2', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _reasons(pupil: PupilScore, language: Language, separator: str) -> str:
    return separator.join(item.text for item in told(pupil.raising, language))


def _rows(group: WatchGroup, language: Language) -> Iterator[dict[str, Any]]:
    whose = {"school_id": group.school_id, "responsible_id": group.responsible_id}
    for part, entries in (("alert", group.alerts), ("above_line", group.risks)):
        for place, entry in enumerate(entries, start=1):
            yield whose | _scored(entry.score, part, language) | _listed(entry, place)
    for pupil in group.below:
        yield whose | _scored(pupil, "below_line", language)
    for item in group.unscored:
        not_scored = {"student_id": item.student_id, "part": "not_scored", "not_scored_because": item.reason}
        yield whose | not_scored


def _listed(entry: WatchEntry, place: int) -> dict[str, Any]:
    return {"place": place, "status": entry.status, "since": entry.since, "risk_before": entry.risk_before}


def _scored(pupil: PupilScore, part: str, language: Language) -> dict[str, Any]:
    judged = pupil.band != UNKNOWN
    separator = "；" if language == "zh" else "; "
    return {
        "class_id": pupil.class_id,
        "student_id": pupil.student_id,
        "part": part,
        "band": pupil.band,
        "risk": pupil.risk if judged else None,
        "low": pupil.interval[0] if judged else None,
        "high": pupil.interval[1] if judged else None,
        "alerts": separator.join(alert.text for alert in pupil.alerts),
        "reasons": _reasons(pupil, language, separator),
        "missing": shorten(told_missing(pupil), _MISSING_SHOWN, language),
        "suggested_help": separator.join(item.text for item in pupil.suggested_help),
    }


def _cell(value: Any, column: str, language: Language) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if column in ("part", "status", "band"):
        return WORDS[value].to(language)
    return guarded(value)
