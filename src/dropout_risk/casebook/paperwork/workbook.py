"""A workbook for people to print and hand in: cells of text only, the same bytes for the same content."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropout_risk.errors import MissingExtraError, OutputError
from dropout_risk.files import write_whole
from dropout_risk.text import Language, Text, guarded_cell

_A4, _LONGEST_CELL, _LONGEST_NAME = 9, 32_767, 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]|^'|'$")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CHANGED_BY_SPREADSHEETS = re.compile(r"0\d+|\d{12,}")
_PAGES = Text(zh="第 &P 页，共 &N 页", en="page &P of &N")
_SHEET = Text(zh="工作表", en="sheet")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, lines above the table, headings with their widths in characters, and rows."""

    name: str
    lines: tuple[str, ...]
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[Sequence[str]]


def write_sheets(stem: Path, sheets: Sequence[Sheet], day: dt.date, language: Language) -> list[Path]:
    """Write sheets of the same headings as .xlsx for A4 across, and as .csv beside.

    In the workbook every cell is text, whatever it begins with. In the CSV (UTF-8 with its mark) a cell that
    a spreadsheet would run gets a ``'`` in front; one that it would turn into another number (twelve digits
    or more, or a zero in front) a tab behind, which the readers of this library take off. Of several sheets
    the CSV names each row's.

    Raises
    ------
    MissingExtraError
        If xlsxwriter is not installed.
    OutputError
        If a cell is longer than a workbook takes; it is named by sheet, row and column.
    """
    book, text = _workbook_bytes(sheets, day, language), _csv_text(sheets, language)
    files = {".xlsx": book, ".csv": text.encode("utf-8-sig")}
    return [
        write_whole(Path(f"{stem}{ending}"), content, only_changed=True) for ending, content in files.items()
    ]


def _csv_text(sheets: Sequence[Sheet], language: Language) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    many = len(sheets) > 1
    rows.writerow([_SHEET.to(language), *sheets[0].headings] if many else sheets[0].headings)
    for sheet in sheets:
        for row in sheet.rows:
            rows.writerow(map(_csv_cell, (sheet.name, *row) if many else row))
    return text.getvalue()


def _csv_cell(cell: str) -> str:
    return f"{cell}\t" if _CHANGED_BY_SPREADSHEETS.fullmatch(cell) else str(guarded_cell(cell))


def sheet_names(names: Sequence[str]) -> list[str]:
    """Make names that a workbook takes, each once.

    >>> sheet_names(["a/b", "A:b", "x" * 40, ""])[:2], sheet_names([""])
    (['a b', 'A b 2'], ['-'])
    """
    taken: dict[str, None] = {}
    given = []
    for name in names:
        bare = _NOT_IN_NAMES.sub(" ", name).strip()[:_LONGEST_NAME] or "-"
        number, free = 1, bare
        while free.casefold() in taken or free.casefold() == "history":
            number += 1
            free = f"{bare[: _LONGEST_NAME - len(str(number)) - 1]} {number}"
        taken[free.casefold()] = None
        given.append(free)
    return given


def _workbook_bytes(sheets: Sequence[Sheet], day: dt.date, language: Language) -> bytes:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError(
            "Workbooks need xlsxwriter, which is not installed.", hint='pip install "dropout-risk[desk]"'
        ) from error
    content = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(content, {"in_memory": True} | plain)
    book.set_properties({"created": dt.datetime.combine(day, dt.time())})
    cell = {"num_format": "@", "border": 1, "text_wrap": True, "valign": "top"}
    formats = {
        "title": book.add_format({"num_format": "@", "bold": True, "font_size": 16}),
        "line": book.add_format({"num_format": "@"}),
        "heading": book.add_format(cell | {"bold": True, "align": "center", "bg_color": "#E7E6E6"}),
        "cell": book.add_format(cell),
    }
    for sheet, name in zip(sheets, sheet_names([sheet.name for sheet in sheets]), strict=True):
        _write_sheet(book.add_worksheet(name), sheet, formats, language)
    book.close()
    return content.getvalue()


def _write_sheet(page: Any, sheet: Sheet, formats: dict[str, Any], language: Language) -> None:
    top = len(sheet.lines)
    page.set_paper(_A4)
    page.set_landscape()
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)
    page.freeze_panes(top + 1, 0)
    page.set_footer(f"&C{_PAGES.to(language)}")
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width, formats["line"])
    for row, line in enumerate(sheet.lines):
        page.write_string(row, 0, line, formats["line" if row else "title"])
    for column, heading in enumerate(sheet.headings):
        page.write_string(top, column, heading, formats["heading"])
    for row, cells in enumerate(sheet.rows, start=top + 1):
        for column, cell in enumerate(cells):
            if len(cell) > _LONGEST_CELL:
                raise OutputError(
                    f"Sheet {sheet.name!r}, row {row + 1}, {sheet.headings[column]!r}: "
                    f"{len(cell)} characters; a cell takes {_LONGEST_CELL}.",
                    hint="shorten it where it comes from",
                )
            page.write_string(row, column, _NOT_IN_XML.sub(" ", cell), formats["cell"])
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{top + len(sheet.rows) + 1}"})
