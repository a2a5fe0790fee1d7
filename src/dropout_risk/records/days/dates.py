"""Dates as a county says that it writes them: day or month first, two-digit years, serial numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dropout_risk.arrays import Array
from dropout_risk.records.days.calendar import date_of
from dropout_risk.text import NO_WORDS, Text

DATE_ORDERS = ("ymd", "dmy", "mdy", "serial")
AFTER_DATE = (
    r"(?:\s*[(]?(?:星期|周)[一二三四五六日天][)]?)?"
    r"(?:[ T]+(?:(?:0?[1-9]|1[0-2]):\d{2}(?::\d{2})? ?[AP]M|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
)
"""What may stand behind a date: the day of the week and the time of day, on a clock of 24 or of 12 hours."""
_NUMBERS = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})" + AFTER_DATE, re.A | re.I)
_NAMED = re.compile(r"(\d{1,2})[- ]([a-z]{3,9})[- ](\d{4})" + AFTER_DATE, re.A | re.I)
_NAMED_FIRST = re.compile(r"([a-z]{3,9}) (\d{1,2}), ?(\d{4})" + AFTER_DATE, re.A | re.I)
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.A)
_SERIAL_START = dt.date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 55_000
_LAST_OF_2000 = 68
_SHORT, _LONG = 2, 4
_FEWEST, _LEAST_SHARE = 3, 0.1
_YEARS = (10, -10, 100, -100, 1000, *(sign * years for years in range(2, 10) for sign in (1, -1)))
"""Slips of one figure of a year; records of the year before are common and no slip."""
_EXCHANGED = Text(
    zh="日和月对调后就不会如此，请核对映射文件中的 dates",
    en="with day and month exchanged it would not, so check dates in the mapping",
)
_ALL_EXCHANGED = Text(zh="日和月对调后就都在其间", en="all would lie within it with day and month exchanged")
_LATER = Text(
    zh="年份加{years}后就都在其间，像是年份写错",
    en="all would lie within it {years} years later: the year seems mistyped",
)
_EARLIER = Text(
    zh="年份减{years}后就都在其间，像是年份写错",
    en="all would lie within it {years} years earlier: the year seems mistyped",
)


def declared_date(text: str, orders: tuple[str, ...]) -> dt.date | None:
    """Read a date in the first of some orders that it fits; None where it fits none.

    Years of two digits are those from 1969 to 2068; a serial number counts days as spreadsheets do.

    >>> declared_date("03/04/2024", ("dmy",)), declared_date("45537", ("serial",))
    (datetime.date(2024, 4, 3), datetime.date(2024, 9, 2))
    """
    for order in orders:
        found = _SERIAL.fullmatch(text) if order == "serial" else _NUMBERS.fullmatch(text)
        if found is None:
            continue
        if order == "serial":
            return _SERIAL_START + dt.timedelta(int(found[1]))
        day = _in_order(dict(zip(order, (found[1], found[3], found[4]), strict=True)))
        if day is not None:
            return day
    return None


def day_of_named_month(text: str) -> dt.date | None:
    """Read a date whose month is an English word; None where it is none.

    >>> day_of_named_month("13-Nov-2024"), day_of_named_month("September 2, 2024")
    (datetime.date(2024, 11, 13), datetime.date(2024, 9, 2))
    """
    found = _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text)
    if found is None:
        return None
    day, word, year = found.group(1, 2, 3) if found.re is _NAMED else found.group(2, 1, 3)
    month = next((k for k, name in enumerate(_NAMES, 1) if word.lower() in (name, name[:3])), 0)
    try:
        return dt.date(int(year), month, int(day))
    except ValueError:
        return None


def is_serial(text: str) -> bool:
    """Say whether a number may be a spreadsheet's date: a whole one, of a day from 2000 to 2050.

    >>> is_serial("45537"), is_serial("45537.0"), is_serial("99999")
    (True, True, False)
    """
    return bool(_SERIAL.fullmatch(text)) and _FIRST_SERIAL <= float(text) <= _LAST_SERIAL


def _in_order(parts: dict[str, str]) -> dt.date | None:
    year = parts["y"]
    if len(year) not in (_SHORT, _LONG) or max(len(parts["m"]), len(parts["d"])) > _SHORT:
        return None
    number = int(year)
    if len(year) == _SHORT:
        number += 2000 if number <= _LAST_OF_2000 else 1900
    try:
        return dt.date(number, int(parts["m"]), int(parts["d"]))
    except ValueError:
        return None


def cause_of_future(days: Array, today: int, orders: Sequence[str]) -> Text:
    """Name the cause where days after ``today`` would all be past ones in the other order of day and month.

    >>> cause_of_future(np.array([20_060]), 20_000, ["dmy"]).en  # 3 December, or 12 March
    'with day and month exchanged it would not, so check dates in the mapping'
    """
    if not len(days) or not {"dmy", "mdy"} & {*orders}:
        return NO_WORDS
    dates = [date_of(day) for day in np.unique(days).tolist()]
    past = (date.day <= _MONTHS and date.replace(month=date.day, day=date.month) <= date_of(today)
            for date in dates)  # fmt: skip
    return _EXCHANGED if all(past) else NO_WORDS


_MONTHS = 12


def cause_of_outside(
    days: Array,
    first: Array,
    last: Array,
    among: int,
    counted: Callable[[dict[str, int]], Mapping[Any, int]] = dict,
) -> Text:
    """Name why days lie outside of spans: all would lie within with day and month exchanged, or years off.

    ``among`` is the number of rows that these days are of; few of many rows may have any cause. ``counted``
    gives the counts of all rows by those of some.

    >>> march = np.array([19_791, 19_822, 19_852])  # 9 March to 9 May 2024, for 3, 4 and 5 September
    >>> cause_of_outside(march, np.full(3, 19_967), np.full(3, 20_100), 6).en
    'all would lie within it with day and month exchanged'
    >>> cause_of_outside(march - 3653, np.full(3, 19_700), np.full(3, 20_100), 3).en
    'all would lie within it 10 years later: the year seems mistyped'
    """
    on = {f"on {day}": 1 for day in np.unique(days).tolist()}
    given = counted({"outside": len(days), "among": among, **_moved_within(days, first, last), **on})
    outside, among = given.get("outside", 0), given.get("among", 0)
    several = sum(str(what).startswith("on ") for what in given) > 1  # one day may have any cause
    if outside < _FEWEST or outside < _LEAST_SHARE * among or not several:
        return NO_WORDS
    if given.get("exchanged") == outside:
        return _ALL_EXCHANGED
    for years in _YEARS if 2 * outside >= among else ():
        if given.get(f"{years} years") == outside:
            return (_LATER if years > 0 else _EARLIER).filled(years=abs(years))
    return NO_WORDS


def _moved_within(days: Array, first: Array, last: Array) -> dict[str, int]:
    """Count the days that would lie within their spans with day and month exchanged, or some years off."""
    if not len(days):
        return {}
    date = days.astype("datetime64[D]")
    year, month = date.astype("datetime64[Y]"), date.astype("datetime64[M]")
    month_of = (month - year.astype("datetime64[M]")).astype(np.int64)
    day_of = (date - month.astype("datetime64[D]")).astype(np.int64)
    exchanged = (year.astype("datetime64[M]") + np.minimum(day_of, 11)).astype("datetime64[D]") + month_of
    moved = exchanged.astype(np.int64)
    found = {"exchanged": np.count_nonzero((day_of < _MONTHS) & (first <= moved) & (moved <= last))}
    for years in _YEARS:
        of_year = (year + years).astype("datetime64[M]") + month_of
        moved = (of_year.astype("datetime64[D]") + day_of).astype(np.int64)
        found[f"{years} years"] = np.count_nonzero((first <= moved) & (moved <= last))
    return {what: int(number) for what, number in found.items()}
