"""Sheets with a column for each day, subject or factor: found by their headers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dropout_risk.records.dates import DATE_ORDERS, declared_date
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.tables import TABLES
from dropout_risk.records.values import NO_DATE, day_in

FEWEST_HEADERS = 3
"""So many headers that are values of one column make a sheet a wide one."""
_SPREAD_OVER = {"attendance": "date", "grades": "subject", "family": "factor", "wellbeing": "instrument"}
_DAY_OF_YEAR = re.compile(r"(\d{1,2}(月|[-/.]))?\d{1,2}[日号]?")


def wide_headers(table: str, unknown: Sequence[str], mapping: RecordsMapping) -> list[str]:
    """Give the headers that are days, subjects or factors themselves; none where they are too few to say so.

    >>> wide_headers("grades", ["语文", "数学", "英语", "班级"], RecordsMapping())
    ['语文', '数学', '英语']
    >>> wide_headers("attendance", ["9月2日", "9月3日", "9月4日"], RecordsMapping())
    ['9月2日', '9月3日', '9月4日']
    """
    column = _SPREAD_OVER.get(table)
    if column is None:
        return []
    if column == "date":
        found = [header for header in unknown if _names_day(header)]
    else:
        words = mapping.words(TABLES[table][column])
        found = [header for header in unknown if words.meaning(header) is not None]
    return found if len(found) >= FEWEST_HEADERS else []


def _names_day(header: str) -> bool:
    bare = header.strip()
    if _DAY_OF_YEAR.fullmatch(bare) or day_in(bare) != NO_DATE:
        return True
    return declared_date(bare, DATE_ORDERS[:3]) is not None
