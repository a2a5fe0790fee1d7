"""Dates as a county says that it writes them: day or month first, two-digit years, serial numbers."""

from __future__ import annotations

import datetime as dt
import re

DATE_ORDERS = ("ymd", "dmy", "mdy", "serial")
_NUMBERS = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?", re.A
)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.A)
_SERIAL_START = dt.date(1899, 12, 30)
_CENTURY, _LAST_OF_2000 = 100, 68
_SHORT, _LONG = 2, 4


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
