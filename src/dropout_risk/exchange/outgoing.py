"""What exports share: pupils with their spells, and what of the records a format cannot carry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dropout_risk.exchange.left_out import NO_COLUMN, PERSONAL, LeftOut
from dropout_risk.records.pupils.spells import SPELL_COLUMNS, SPELLS
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.text import Text

_CORRECTED = Text(zh="已被后来登记的更正代替", en="corrected by a row that was recorded later")


class Pupil(NamedTuple):
    """A pupil's own row of ``students``, and one row for each spell, the first first."""

    row: dict[str, Any]
    spells: list[dict[str, Any]]

    def spell_on(self, date: dt.date) -> dict[str, Any]:
        """Give the spell that had begun last on a day, or the first."""
        begun = [
            spell for spell in self.spells if spell["enrolled_on"] is None or spell["enrolled_on"] <= date
        ]
        return (begun or self.spells[:1])[-1]


def outgoing_pupils(records: SchoolRecords) -> list[Pupil]:
    """Give all pupils in the order of ``students``."""
    pupils = []
    for row in records.table("students").to_pylist():
        spells = row.pop(SPELLS, None) or [{name: row[name] for name in SPELL_COLUMNS}]
        pupils.append(Pupil(row, spells))
    return pupils


def outgoing_rows(records: SchoolRecords, table: str) -> Iterator[dict[str, Any]]:
    """Give the rows of another table, with the id of the pupil in the place of its number."""
    ids = records.table("students")["student_id"].to_pylist()
    for row in records.table(table).to_pylist():
        yield {"student_id": ids[row.pop("pupil")], **row}


def latest_rows(
    records: SchoolRecords, table: str, key: Sequence[str], left: LeftOut
) -> list[dict[str, Any]]:
    """Give the row that was recorded last of each pupil and key, and note those that it corrects."""
    rows = sorted(outgoing_rows(records, table), key=lambda row: row["recorded_on"])
    last = {(row["student_id"], *(row[name] for name in key)): row for row in rows}
    left.add_rows(table, len(rows) - len(last), _CORRECTED)
    return list(last.values())


def tell_missing(
    records: SchoolRecords, carried: Mapping[str, Collection[str]], left: LeftOut, *, with_directory: bool
) -> None:
    """Note the tables and columns that a format does not carry; ``carried`` has columns by table."""
    for name, table in TABLES.items():
        given = records.table(name)
        if not given.num_rows or (name not in carried and not table.of_pupils):
            continue
        if name not in carried:
            left.add_file(name, NO_COLUMN)
            continue
        told = [
            column.name for column in table.columns
            if column.name in given.column_names and given[column.name].null_count < given.num_rows
        ]  # fmt: skip
        absent = [column for column in told if column not in carried[name] and column != "student_id"]
        left.add_columns(name, [column for column in absent if column not in table.personal], NO_COLUMN)
        held_back = [column for column in told if column in table.personal]
        left.add_columns(name, [] if with_directory else held_back, PERSONAL)
        if with_directory:
            unnamed = [column for column in held_back if column not in carried[name]]
            left.add_columns(name, unnamed, NO_COLUMN)
