"""CSV for other people's programs: no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.record_folder import csv_text
from dropout_risk.text import Text, guarded_cell, is_formula

_GUARD = Text(
    zh="以 = + - @ 开头的单元格前加了 '，以免表格软件当公式执行；本库导入时会去掉",
    en="cells that begin with = + - @ got a ' in front, which our import takes off again",
)


def guarded_text(name: str, header: Sequence[str], rows: Iterable[Mapping[str, Any]], left: LeftOut) -> str:
    """Write rows as CSV, with a quote in front of cells that begin like a formula; rows with one are noted.

    >>> print(guarded_text("a.csv", ["x", "y"], [{"x": "=1", "y": 2}], LeftOut()))
    x,y
    '=1,2
    <BLANKLINE>
    """
    cells = [[row.get(column) for column in header] for row in rows]
    left.add_rows(name, sum(any(map(is_formula, row)) for row in cells), _GUARD)
    return csv_text(header, [[*map(guarded_cell, row)] for row in cells])
