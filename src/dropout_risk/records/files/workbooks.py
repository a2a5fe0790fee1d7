"""Workbooks (.xlsx, .xls, .xlsb, .ods): their sheets as parts of tables, every cell as text."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from dropout_risk.errors import RecordsError
from dropout_risk.records.files.archives import TableFile
from dropout_risk.records.files.copies import kind_of_copy
from dropout_risk.records.files.header_rows import LOOKED_AT, header_position, one_line
from dropout_risk.records.files.readers import FramePart, Note
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et")
_EXACT_DIGITS = 1e15
_DAY = dt.time()
_TEXT_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}\b", re.A)
_MONTHS, _FEWEST_DATES = 12, 3


class SheetPart(FramePart):
    """A sheet of a workbook, as text: ids keep their zeros, whole numbers have no decimals, dates are ISO."""

    typed = False

    def __init__(
        self, name: str, header: Sequence[str], columns: Sequence[Any], notes: Sequence[Note]
    ) -> None:
        super().__init__(pa.Table.from_arrays(list(columns), list(header)))
        self.name, self._notes = name, tuple(notes)

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the sheet."""
        return self._notes


_SHEET = Text(zh="工作表“{name}”", en="sheet {name!r}")
_HIDDEN = Text(
    zh="工作表“{name}”已隐藏，没有读取；要读取请先取消隐藏",
    en="sheet {name!r} is hidden; show it to have it read",
)
_COPIED = Text(
    zh="工作表“{name}”的名称像是副本、旧表或模板，没有读取；其中有自己的行时请改名",
    en="sheet {name!r} is called as a copy, an old sheet or a template; rename it if it has rows of its own",
)
_HEADERS_BELOW = Text(zh="表头在第{row}行", en="the headers stand in row {row}")
_CELLS = Text(zh="{number}个单元格", en="{number} cells")
_DATES = Text(
    zh="{number}个单元格是日期（表格软件把 1-2 改成了日期）",
    en="{number} cells turned into dates, as spreadsheets make of 1-2",
)
_DATES_READ = Text(zh="{number}个单元格是这样的日期", en="{number} cells hold such dates")
_FAILED_CELLS = Text(
    zh="{number}个单元格的公式出错，按空读取",
    en="{number} cells hold a formula that failed: they count as empty",
)
_PADDED = Text(
    zh="{number}个单元格显示前导的零，实际数值中没有（007 是 7）",
    en="{number} cells show zeros before a number where there are none (007 is 7)",
)


class UnreadSheet(NamedTuple):
    """A sheet with values that belongs to no table."""

    name: str
    detail: Text


class Workbook:
    """The sheets of one file.

    A sheet named after a table is that table. Of the others, the first with all required columns, or else the
    first with values, is the ``table`` that the file is named after, and so are those with the same headers.
    What is left is ``unread``, and so is a sheet that is hidden beside others that are not.
    """

    def __init__(self, file: TableFile, table: str | None, mapping: RecordsMapping) -> None:
        self.file, self.mapping = file, mapping
        self.parts: list[tuple[str, SheetPart]] = []
        self.unread: list[UnreadSheet] = []
        data = file.read()
        sheets = [sheet for sheet in _sheets_of(data, file.name) if sheet.rows]
        self._changed = list(_changed_cells(data))
        self.sheets = sheets
        header = self._header_of_table(sheets, table) if table else set()
        for sheet in sheets:
            named = mapping.table_of(sheet.name)
            if mapping.ignores(sheet.name):
                continue
            found = named or table
            columns = self._columns(sheet, found) if found else set()
            astray = named is None and (table is None or columns != header)
            if astray or self._is_draft(sheet, sheets):
                kind = _HIDDEN if sheet.hidden else _SHEET if astray else _COPIED
                detail = kind.filled(name=sheet.name)
                self.unread.append(UnreadSheet(sheet.name, detail))
                continue
            self.parts.append((found or "", self.part(sheet, found or "")))

    def _is_draft(self, sheet: Sheet, sheets: Sequence[Sheet]) -> bool:
        """Say whether a sheet is hidden beside others that are not, or named as a copy or template of one."""
        others = [other for other in sheets if not self.mapping.ignores(other.name) and other is not sheet]
        kind = kind_of_copy(sheet.name)
        named = kind in ("template", "copy") or (
            kind == "counted" and any(other.rows == sheet.rows for other in others)
        )
        hidden = sheet.hidden and not all(other.hidden for other in others)
        return hidden or (named and any(kind_of_copy(other.name) is None for other in others))

    def _header_of_table(self, sheets: Sequence[Sheet], table: str) -> set[str]:
        """Give the columns of the first sheet that has all that are required, or else of the first."""
        names = [sheet for sheet in sheets if self.mapping.table_of(sheet.name) is None]
        found = [self._columns(sheet, table) for sheet in names if not self.mapping.ignores(sheet.name)]
        whole = [columns for columns in found if columns.issuperset(self.mapping.required(table))]
        return next(iter(whole or found), set())

    def _columns(self, sheet: Sheet, table: str) -> set[str]:
        at = header_position(sheet.head, table, self.mapping)
        return set(self.mapping.headers(table, sheet.head[at]).chosen)

    def part(self, sheet: Sheet, table: str) -> SheetPart:
        """Read a sheet as a part of a table."""
        at = header_position(sheet.head, table, self.mapping)
        width = max((k + 1 for k, name in enumerate(sheet.head[at]) if name), default=0)
        width = max(width, *(_used_width(row) for row in sheet.rows[at + 1 :]), 0) if width else width
        header = [one_line(name) for name in sheet.head[at][:width]]
        passed_over = any(cell for row in sheet.head[:at] for cell in row)
        rows = sheet.rows[at + 1 :]
        notes = [Note("lines_above_headers", _HEADERS_BELOW.filled(row=at + 1))] if passed_over else []
        notes += self._changed
        chosen = self.mapping.headers(table, header).chosen
        columns = []
        for position, name in enumerate(header):
            cells = [row[position] for row in rows]
            meant = next((column for column, given in chosen.items() if given == name), "")
            notes += _notes_of(cells, table, meant)
            texts = [cell_text(cell) for cell in cells]
            if table in TABLES and meant and TABLES[table][meant].kind == "date" and are_exchanged(cells):
                notes.append(Note("exchanged_cells", _DATES_READ.filled(number=_count_dates(cells)), meant))
                texts = [_doubted_text(cell, text) for cell, text in zip(cells, texts, strict=True)]
            columns.append(pa.array(texts, pa.string()).dictionary_encode())
        name = f"{self.file.name} [{sheet.name}]" if len(self.sheets) > 1 else self.file.name
        return SheetPart(name, header, columns, notes)


class Sheet(NamedTuple):
    """A sheet with values: whether it is hidden, and all its rows."""

    name: str
    hidden: bool
    rows: list[list[Any]]

    @property
    def head(self) -> list[list[str]]:
        """Give the first rows as text."""
        return [[cell_text(cell) or "" for cell in row] for row in self.rows[:LOOKED_AT]]


def cell_text(cell: Any) -> str | None:
    """Write the value of a cell as text; None where it is empty.

    A number of 16 digits or more keeps the form of a floating number, for its last digits are not known.

    >>> cell_text(7.0), cell_text("007"), cell_text(65.5), cell_text(110101201001011232.0)
    ('7', '007', '65.5', '1.1010120100101123e+17')
    >>> cell_text(dt.datetime(2024, 9, 2)), cell_text(dt.datetime(2024, 9, 2, 8, 30)), cell_text(" ")
    ('2024-09-02', '2024-09-02 08:30:00', None)
    """
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT_DIGITS else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() != _DAY:
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return str(cell)


def are_exchanged(cells: Sequence[Any]) -> bool:
    """Say whether a program has read dates in another order of day and month than that of their writer.

    What could be read so became dates, all of a day up to 12; what could not stayed text, all with a day
    after the twelfth.

    >>> dates = [dt.datetime(2024, month, 9) for month in (3, 4, 5)]
    >>> are_exchanged([*dates, "09/13/2024", "09/16/2024", "09/17/2024"])
    True
    >>> are_exchanged([*dates, "09/03/2024", "09/16/2024", "09/17/2024"])
    False
    """
    texts = {cell for cell in cells if isinstance(cell, str) and cell.strip()}
    found = [_TEXT_DATE.match(text.strip()) for text in texts]
    days = [max(int(parts[1]), int(parts[2])) for parts in found if parts is not None]
    dates = {cell for cell in cells if isinstance(cell, dt.date | dt.datetime)}
    if len(days) < len(texts) or min(len(texts), len(dates)) < _FEWEST_DATES:
        return False
    return min(days) > _MONTHS and all(date.day <= _MONTHS for date in dates)


def _count_dates(cells: Sequence[Any]) -> int:
    return sum(isinstance(cell, dt.date | dt.datetime) for cell in cells)


def _doubted_text(cell: Any, text: str | None) -> str | None:
    """Give the text of a cell, such that a date in it is not read."""
    return f"{text} ?" if isinstance(cell, dt.date | dt.datetime) else text


def _used_width(row: Sequence[Any]) -> int:
    return next((k + 1 for k in range(len(row) - 1, -1, -1) if row[k] not in ("", None)), 0)


def _sheets_of(data: bytes, name: str) -> Iterator[Sheet]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for told in book.sheets_metadata:
            if told.typ == calamine.SheetTypeEnum.WorkSheet:
                sheet = _opened_sheet(book, told.name, name)
                rows = sheet.to_python(skip_empty_area=False)
                _fill_merged(rows, sheet.merged_cell_ranges or ())
                filled = any(_used_width(row) for row in rows)
                yield Sheet(
                    told.name, told.visible != calamine.SheetVisibleEnum.Visible, rows if filled else []
                )
    except RecordsError:
        raise
    except calamine.PasswordError:
        raise RecordsError(
            f"File {name!r} is locked with a password.", hint="save it without a password"
        ) from None
    except Exception:  # its messages may quote the file
        raise RecordsError(
            f"File {name!r} cannot be read as a workbook.",
            hint="open it in a spreadsheet program and save it as .xlsx or CSV",
        ) from None


def _opened_sheet(book: Any, sheet: str, name: str) -> Any:
    try:
        return book.get_sheet_by_name(sheet)
    except Exception:  # its messages may quote the file
        raise RecordsError(
            f"Sheet {sheet!r} of file {name!r} is missing or damaged.",
            hint="open it in a spreadsheet program and save it as .xlsx or CSV",
        ) from None


def _fill_merged(rows: list[list[Any]], ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Give each row of cells merged downwards their value, as the sheet shows it."""
    for (top, left), (bottom, right) in ranges:
        if left == right:
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]


def _notes_of(cells: Sequence[Any], table: str, column: str) -> Iterator[Note]:
    """Say which cells of a column do not hold what was typed."""
    rounded = sum(isinstance(cell, float) and abs(cell) >= _EXACT_DIGITS for cell in cells)
    if rounded:
        yield Note("rounded_numbers", _CELLS.filled(number=rounded), column)
    kind = TABLES[table][column].kind if column in TABLES.get(table, ()) else None
    if kind in ("student", "text", "status", "integer", "number"):
        dates = sum(isinstance(cell, dt.date | dt.datetime) for cell in cells)
        if dates:
            yield Note("changed_cells", _DATES.filled(number=dates), column)


_FAILED = re.compile(rb'<c [^>]*t="e"')
_FORMAT = re.compile(
    rb'<numFmt [^>]*numFmtId="(\d+)"[^>]*formatCode="0{2,}"'
    rb'|<numFmt [^>]*formatCode="0{2,}"[^>]*numFmtId="(\d+)"'
)
_STYLES = re.compile(rb"<cellXfs.*?</cellXfs>", re.DOTALL)
_STYLE = re.compile(rb'<xf [^>]*?numFmtId="(\d+)"')


def _changed_cells(data: bytes) -> Iterator[Note]:
    """Notice, in an .xlsx, formulas that failed and zeros before a number that only its format shows."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        names = opened.namelist()
        sheets = [name for name in names if re.fullmatch(r"xl/worksheets/[^/]*\.xml", name)]
        failed, padded = 0, 0
        styles = _padding_styles(opened.read("xl/styles.xml")) if "xl/styles.xml" in names else []
        wanted = re.compile(rb'<c [^>]*s="(?:' + b"|".join(styles) + rb')"') if styles else None
        for name in sheets:
            text = opened.read(name)
            failed += len(_FAILED.findall(text)) if b't="e"' in text else 0
            padded += len(wanted.findall(text)) if wanted is not None else 0
    if failed:
        yield Note("changed_cells", _FAILED_CELLS.filled(number=failed))
    if padded:
        yield Note("changed_cells", _PADDED.filled(number=padded))


def _padding_styles(text: bytes) -> list[bytes]:
    formats = {first or second for first, second in _FORMAT.findall(text)}
    block = _STYLES.search(text)
    given = _STYLE.findall(block[0]) if block is not None else []
    return [str(number).encode() for number, used in enumerate(given) if used in formats]
