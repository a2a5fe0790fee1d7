"""Records as rows of the school roll's template: the columns that we have, all others empty."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dropout_risk.exchange.guarded_csv import guarded_text
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.outgoing import Pupil, outgoing_pupils, outgoing_rows, tell_missing
from dropout_risk.exchange.roll_template import ROLL_COLUMNS, WRITTEN_WORDS, RollColumn
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.text import Text

FILE = "学籍.csv"
ID_NAME, GUARDIAN_NAME, GUARDIAN_PHONE, IS_GUARDIAN = (
    "学籍辅号",
    "成员1姓名",
    "成员1联系电话",
    "成员1是否监护人",
)
_EARLIER = Text(zh="模板只写现在的学校和班级", en="the template has the present school and class alone")
_DAYS = Text(zh="模板只有年月，入学的日子写不下", en="the template has months; the day of entry is lost")
_UNSAID = Text(zh="模板没有这种取值", en="the template has no word for it")
_PAST = Text(zh="模板只写现在的家庭情况", en="the template has what holds now alone")
_FACTORS = tuple(column.gives for column in ROLL_COLUMNS if column.is_factor)
_PERSONAL = ("guardian", "phone")


def export_roll(records: SchoolRecords, *, with_directory: bool = False) -> tuple[str, LeftOut]:
    """Write records in the form of the template, as CSV with a mark of UTF-8, and what it cannot carry.

    The pupil's id stands in 学籍辅号; there is never an identity number. Names, guardians, telephones and
    addresses are written with ``with_directory`` alone.
    """
    left = LeftOut()
    carried = [column.gives for column in ROLL_COLUMNS if not column.is_factor]
    personal = _PERSONAL if with_directory else ()
    family = ("factor", "value", "valid_from", "recorded_on", "source")
    tell_missing(
        records, {"students": (*carried, *personal), "family": family}, left, with_directory=with_directory
    )
    factors = _factors_now(records, left)
    rows = [_row_of(pupil, factors, with_directory, left) for pupil in outgoing_pupils(records)]
    header = [column.name for column in ROLL_COLUMNS]
    return "\ufeff" + guarded_text(FILE, header, rows, left), left


def _row_of(
    pupil: Pupil, factors: dict[tuple[Any, str], str], with_directory: bool, left: LeftOut
) -> dict[str, Any]:
    left.add_rows("students", len(pupil.spells) - 1, _EARLIER)
    row: dict[str, Any] = {ID_NAME: str(pupil.row["student_id"])}
    for column in ROLL_COLUMNS:
        if column.is_factor:
            value: Any = factors.get((pupil.row["student_id"], column.gives))
        elif not column.gives or (column.gives in TABLES["students"].personal and not with_directory):
            continue
        else:
            value = pupil.row[column.gives]
        row[column.name] = _cell_of(column, value, left)
    if with_directory and pupil.row["guardian"]:
        row |= {GUARDIAN_NAME: pupil.row["guardian"], GUARDIAN_PHONE: pupil.row["phone"], IS_GUARDIAN: "是"}
    elif with_directory:
        row["联系电话"] = pupil.row["phone"]
    return row


def _cell_of(column: RollColumn, value: Any, left: LeftOut) -> Any:
    if value is None:
        return None
    if isinstance(value, dt.date):
        entered = column.gives == "enrolled_on"
        left.add_rows("students.enrolled_on", int(entered and value.day != 1), _DAYS)
        return f"{value:%Y%m}" if entered else f"{value:%Y%m%d}"
    words = WRITTEN_WORDS.get(column.gives)
    value = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    if words is None:
        return value
    left.add_rows(column.name, int(value not in words), _UNSAID)
    return words.get(value)


def _factors_now(records: SchoolRecords, left: LeftOut) -> dict[tuple[Any, str], str]:
    """Give what was said last of each factor of the template that still holds, by pupil."""
    last: dict[tuple[Any, str], dict[str, Any]] = {}
    rows = sorted(outgoing_rows(records, "family"), key=lambda row: (row["valid_from"], row["recorded_on"]))
    for row in rows:
        last[row["student_id"], row["factor"]] = row
    now = {key: row for key, row in last.items() if key[1] in _FACTORS and row["valid_to"] is None}
    left.add_rows("family", len(rows) - len(now), _PAST)
    return {key: row["value"] or "yes" for key, row in now.items()}
