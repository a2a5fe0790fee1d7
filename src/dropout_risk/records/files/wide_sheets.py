"""Sheets with a column for each day, subject or factor: found by their headers, and turned into rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.errors import RecordsError
from dropout_risk.records.days.dates import DATE_ORDERS, declared_date
from dropout_risk.records.files.blank_rows import blank_rows
from dropout_risk.records.files.readers import BATCH_ROWS, Part, Piece, WrappedPart, read_batches
from dropout_risk.records.tables import TABLES
from dropout_risk.records.values import NO_DATE, as_text, day_in
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.table_shapes import WIDE
from dropout_risk.records.wording.words import plain_form

FEWEST_HEADERS = 3
"""So many headers that are values of one column make a sheet a wide one."""
_MONTH_AND_DAY = re.compile(r"(?:(\d{1,2})[月\-/.])?(\d{1,2})[日号]?")


def wide_headers(table: str, unknown: Sequence[str], mapping: RecordsMapping) -> list[str]:
    """Give the headers that are days, subjects or factors themselves; none where they are too few to say so.

    >>> wide_headers("grades", ["语文", "数学", "英语", "班级"], RecordsMapping())
    ['语文', '数学', '英语']
    >>> wide_headers("attendance", ["9月2日", "9月3日", "9月4日"], RecordsMapping())
    ['9月2日', '9月3日', '9月4日']
    """
    if table not in WIDE:
        return []
    over, _ = WIDE[table]
    if over == "date":
        found = [header for header in unknown if _names_day(header)]
    else:
        words = mapping.words(TABLES[table][over])
        found = [header for header in unknown if words.meaning(header) is not None]
    return found if len(found) >= FEWEST_HEADERS else []


def unpivoted_part(part: Part, table: str, mapping: RecordsMapping) -> Part:
    """Turn the columns of a wide part into rows, as the mapping declares; a long part stays as it is.

    RecordsError where none of its headers is one to take, or one names a day without a year and the mapping
    does not say where they begin.
    """
    sheet = mapping.shapes.wide[table]
    found = mapping.headers(table, part.header)
    over, gives = WIDE[table]
    if over in found.chosen and gives in found.chosen:
        return part
    if sheet.headers:
        taken = [header for header in part.header if plain_form(header) in sheet.headers]
    else:
        taken = wide_headers(table, found.unknown, mapping)
    if not taken:
        raise RecordsError(
            f"{part.name or table!r} is declared to be wide, and no header of it is a {over}.",
            hint=f"name them under [wide.{table}]: headers = [...]",
        )
    named = taken
    if over == "date":
        order = "dmy" if "dmy" in mapping.conventions.dates else "mdy"
        named = [_dated_header(header, sheet.begins, order) for header in taken]
    return UnpivotedPart(part, dict(zip(taken, named, strict=True)), (over, gives))


class UnpivotedPart(WrappedPart):
    """The cells of some columns as rows: the header beside what the cell holds; an empty cell is no row."""

    def __init__(self, part: Part, taken: dict[str, str], names: tuple[str, str]) -> None:
        super().__init__(part)
        self.taken, self.names = taken, names
        self.kept = [header for header in dict.fromkeys(part.header) if header not in taken]
        self.header = (*self.kept, *names)

    @cached_property
    def _cells(self) -> tuple[Any, Array]:
        """The rows, line by line, and the line of each."""
        headers = [*self.kept, *self.taken]
        batches = [pa.RecordBatch.from_arrays(b.columns, headers) for b in read_batches(self.part, headers)]
        whole = (
            pa.Table.from_batches(batches)
            if batches
            else pa.table({name: pa.array([], pa.string()) for name in headers})
        )
        cells = pa.chunked_array([_column_text(whole[header]) for header in self.taken], pa.string())
        column, line = np.divmod(np.arange(len(cells)), max(len(whole), 1))
        filled = np.ones(len(cells), np.bool_)
        blank = blank_rows([cells.combine_chunks()]) if len(cells) else None
        if blank is not None:
            filled = ~np.asarray(blank)
        order = np.lexsort((column[filled], line[filled]))
        column, line, at = (values[filled][order] for values in (column, line, np.arange(len(cells))))
        over = pa.DictionaryArray.from_arrays(pa.array(column, pa.int32()), pa.array([*self.taken.values()]))
        rows = [*(whole[header].take(pa.array(line)) for header in self.kept), over, cells.take(pa.array(at))]
        return pa.table(rows, names=list(self.header)), line

    def line_positions(self, rows: Array) -> Array:
        """Give the lines of the file in which some rows stand, by position."""
        return self.part.line_positions(self._cells[1].take(rows))

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the rows into pieces with these columns."""
        positions = [self.header.index(header) for header in headers]
        for batch in self._cells[0].select(positions).to_batches(max_chunksize=BATCH_ROWS):
            yield partial(list, [batch])


def _column_text(column: Any) -> Any:
    array = column.combine_chunks()
    array = array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)
    return pc.cast(as_text(array)[0], pa.string())


def _names_day(header: str) -> bool:
    bare = header.strip()
    if _MONTH_AND_DAY.fullmatch(bare) or day_in(bare) != NO_DATE:
        return True
    return declared_date(bare, DATE_ORDERS[:3]) is not None


def _dated_header(header: str, begins: dt.date | None, order: str) -> str:
    """Give the date that a header names, with the year (and the month) that follow from a first day."""
    found = _MONTH_AND_DAY.fullmatch(header.strip())
    if found is None:
        return header
    if begins is None:
        raise RecordsError(
            f"The header {header!r} names a day without a year.",
            hint="say where the days begin: [wide.attendance] with begins = 2024-09-01",
        )
    first, second = found.groups()
    month, day = (
        (int(first or begins.month), int(second))
        if order == "mdy" or not first
        else (int(second), int(first))
    )
    for year in (begins.year, begins.year + 1):
        try:
            date = dt.date(year, month, day)
        except ValueError:
            continue
        if date >= begins:
            return date.isoformat()
    raise RecordsError(
        f"The header {header!r} is no day within a year from {begins}.",
        hint="correct the header, or begins under [wide.attendance]",
    )
