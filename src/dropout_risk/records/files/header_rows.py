"""The row of a file or sheet in which its headers stand."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from dropout_risk.records.files.wide_sheets import wide_headers
from dropout_risk.records.wording.mapping import RecordsMapping

LOOKED_AT = 10
_WIDE = ("grades", "family")  # days would be those of any row of numbers
_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class HeaderRow(NamedTuple):
    """The headers of a file, the number of their row, counted from 1, and where their line ends.

    Rows without any value and a ``sep=`` line do not count as ``passed_over``, for nothing stands in them.
    """

    names: tuple[str, ...]
    row: int
    passed_over: bool
    delimiter: str = ","
    end: int = 0


def one_line(name: str) -> str:
    r"""Take the line breaks out of a header.

    >>> one_line("班\n级"), one_line("Student\nID")
    ('班级', 'Student ID')
    """
    return re.sub(r"\s*[\r\n]+\s*", " " if name.isascii() else "", name)


def header_position(rows: Sequence[Sequence[str]], table: str, mapping: RecordsMapping) -> int:
    """Find the row of headers among the first ten: the first with values, unless another tells more columns.

    >>> header_position([["名单"], ["学号", "班级"], ["1", "2"]], "students", RecordsMapping())
    1
    """
    filled = [number for number, row in enumerate(rows[:LOOKED_AT]) if any(cell.strip() for cell in row)]
    if not filled:
        return 0
    found = {number: mapping.headers(table, rows[number]).chosen for number in filled}
    told = {number: len(found[number]) + _wide_headers(rows[number], table, mapping) for number in filled}
    first, best = filled[0], max(filled, key=lambda number: (told[number], -number))
    complete = all(name in found[first] for name in mapping.required(table))
    return best if told[best] > max(told[first], 1) and not complete else first


def _wide_headers(names: Sequence[str], table: str, mapping: RecordsMapping) -> int:
    """Count the headers that are subjects or factors themselves, as a wide sheet has them."""
    wide = () if table not in _WIDE else wide_headers(table, names, mapping)
    return len(wide)


def find_header_line(text: str, table: str, mapping: RecordsMapping) -> HeaderRow:
    r"""Find the line of headers at the beginning of a CSV file, and its delimiter.

    >>> find_header_line("sep=;\n名单\n学号;班级\n1;2\n", "students", RecordsMapping())
    HeaderRow(names=('学号', '班级'), row=3, passed_over=True, delimiter=';', end=...)
    """
    text = text[1:] if (marked := text.startswith("\ufeff")) else text
    declared, start = None, int(marked)
    first = _LINE.match(text)
    said = _SEPARATOR.fullmatch(first[0].strip()) if first else None
    if said is not None and first is not None:
        declared, text, start = said[1], text[first.end() :], start + first.end()
    candidates = [
        (_known_headers(rows[at][0], table, mapping), -at, rows[at][0], at, rows, delimiter)
        for delimiter in (declared or _DELIMITERS)
        if (rows := _first_records(text, delimiter))
        for at in [header_position([row for row, _ in rows], table, mapping)]
    ]
    if not candidates:
        return HeaderRow((), 1, False, declared or ",", start + len(text))
    *_, names, at, rows, delimiter = max(candidates, key=lambda found: (found[0], len(found[2])))
    passed = any(cell.strip() for row, _ in rows[:at] for cell in row)
    number = text[: rows[at - 1][1] if at else 0].count("\n") + 1 + bool(declared)
    return HeaderRow(tuple(map(one_line, names)), number, passed, delimiter, start + rows[at][1])


def _known_headers(names: Sequence[str], table: str, mapping: RecordsMapping) -> int:
    return len(mapping.headers(table, names).chosen)


def _first_records(text: str, delimiter: str) -> list[tuple[list[str], int]]:
    """Split the first records, each with the position behind it; a quote left open ends with its line."""
    found: list[tuple[list[str], int]] = []
    lines = [match[0] for match in islice(_LINE.finditer(text), LOOKED_AT**2) if match[0]]
    taken = 0
    while taken < len(lines) and len(found) < LOOKED_AT:
        reader = csv.reader(lines[taken : taken + LOOKED_AT], delimiter=delimiter)
        row = next(reader, [])
        used = reader.line_num
        if used > 1 and '"' not in lines[taken + used - 1]:
            row, used = next(csv.reader([lines[taken].rstrip("\r\n")], delimiter=delimiter), []), 1
        taken += used
        found.append((row, sum(map(len, lines[:taken]))))
    return found
