"""The ledgers that are handed in, made from entries and the county's list: nobody types anything twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dropout_risk.casebook.paperwork.county_list import DECLARED
from dropout_risk.casebook.paperwork.ledger_rows import Everybody, LedgerRow
from dropout_risk.casebook.paperwork.ledger_values import cell_value
from dropout_risk.casebook.paperwork.workbook import Sheet, write_sheets
from dropout_risk.casebook.rights import Part
from dropout_risk.text import Language, Text


@dataclass(frozen=True)
class LedgerColumn:
    """One column of a ledger.

    ``source`` says where its value comes from: one of
    :data:`dropout_risk.casebook.paperwork.ledger_values.LEDGER_VALUES`, a column of the county's list, or
    nowhere, for people to fill in. ``part`` is the part of a case that it tells.
    """

    heading: Text
    source: str
    part: Part
    width: int

    def cell(self, row: LedgerRow, language: Language) -> str:
        """Write its cell of a row; empty where the reader may not see that part."""
        value = cell_value(self.source, row) if row.shows(self.part) else ""
        return value.to(language) if isinstance(value, Text) else value


@dataclass(frozen=True)
class Ledger:
    """One ledger: its title, its columns after the number, and which rows it takes of a pupil.

    ``by_village`` makes a sheet for each village, with the head that a village signs.
    """

    title: Text
    columns: tuple[LedgerColumn, ...]
    taken: Callable[[LedgerRow], Iterable[LedgerRow]]
    by_village: bool = False

    def rows(self, rows: Iterable[LedgerRow]) -> list[LedgerRow]:
        """Take of everybody those who stand in it, as far as the reader may see any of its columns."""
        parts = {column.part for column in self.columns}
        return [taken for row in rows if any(map(row.shows, parts)) for taken in self.taken(row)]


_WHO: dict[str, Callable[[LedgerRow], Iterable[LedgerRow]]] = {
    "everybody": lambda row: [row],
    "suspected": lambda row: [row] if row.stage == "suspected" else [],
    "dropouts": lambda row: [row] if row.stage == "dropout" else [],
    "either": lambda row: [row] if row.stage else [],
    "contacts": lambda row: [replace(row, contact=entry) for entry in row.persuasions],
}


def _declared_ledger(told: Mapping[str, Any]) -> Ledger:
    columns = [
        LedgerColumn(Text(zh=zh, en=en), source, part, width)
        for zh, en, source, part, width in told["columns"]
    ]
    title = Text(zh=told["zh"], en=told["en"])
    return Ledger(title, tuple(columns), _WHO[told["who"]], told.get("by_village", False))


LEDGERS = tuple(map(_declared_ledger, DECLARED["ledgers"]))
"""Every ledger, as ``ledgers.toml`` declares it."""

_NUMBER = Text(zh="序号", en="no.")
_NUMBER_WIDTH = 5
_AS_OF = Text(zh="截至：{day}", en="as of {day}")
_VILLAGE_HEAD = Text(
    zh="填报单位：{unit}    填报时间：{day}    审核人：            填表人：            联系电话：",
    en="unit: {unit}    date: {day}    checked by:            filled in by:            phone:",
)
_NO_VILLAGE = Text(zh="村（社区）未登记", en="village not known")


def ledger_sheets(
    ledger: Ledger, rows: Iterable[LedgerRow], day: dt.date, language: Language = "zh"
) -> list[Sheet]:
    """Make the sheets of one ledger: one, or one for each village."""
    title = ledger.title.to(language)
    sheets: dict[str, list[LedgerRow]] = {}
    for row in ledger.rows(rows):
        name = row.placed.village or _NO_VILLAGE.to(language) if ledger.by_village else title
        sheets.setdefault(name, []).append(row)
    head = _VILLAGE_HEAD if ledger.by_village else _AS_OF
    return [
        Sheet(
            name,
            (title, head.fill(language, unit=name, day=day)),
            (_NUMBER.to(language), *(column.heading.to(language) for column in ledger.columns)),
            (_NUMBER_WIDTH, *(column.width for column in ledger.columns)),
            [
                (str(number), *(column.cell(row, language) for column in ledger.columns))
                for number, row in enumerate(sheets.get(name, ()), start=1)
            ],
        )
        for name in sorted(sheets or {title})
    ]


def write_ledgers(
    everybody: Everybody, out: str | Path, day: dt.date, language: Language = "zh"
) -> dict[str, int]:
    """Write every ledger as a workbook and as CSV beside; give how many rows each one has, by its title.

    The same rows give the same bytes.
    """
    counts = {}
    for ledger in LEDGERS:
        sheets, title = ledger_sheets(ledger, everybody.rows, day, language), ledger.title.to(language)
        write_sheets(Path(out, title), sheets, day, language)
        counts[title] = sum(len(sheet.rows) for sheet in sheets)
    return counts
