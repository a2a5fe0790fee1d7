"""What a county says once about how it writes numbers, dates, times and totals."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Self

from dropout_risk.errors import SettingsError, nearest
from dropout_risk.records.days.calendar import YEAR_START
from dropout_risk.records.days.dates import DATE_ORDERS
from dropout_risk.records.days.school_zone import is_zone

CONVENTIONS = ("dates", "units", "max_score", "bonus", "cohort_enters")
BONUS = 0.2
UNITS: dict[str, dict[str, float]] = {"distance_km": {"km": 1.0, "m": 0.001, "里": 0.5}}
_MOST_LEVEL = 13


@dataclass(frozen=True)
class Conventions:
    """How a county writes what no single cell says.

    ``dates`` is the order of the numbers of a date, or several; ``units`` the unit of a column; ``max_score``
    the full marks of rows that name none; ``bonus`` the share of full marks by which a mark may lie above
    them; ``cohort_enters`` the grade level in which a year of entry (2023) begins, and ``year_start`` the
    month and day on which a school year does.

    >>> Conventions.of({"dates": "dmy", "units": {"distance_km": "m"}}).factors
    {'distance_km': 0.001}
    """

    dates: tuple[str, ...] = ()
    factors: dict[str, float] = field(default_factory=dict)
    max_score: float | None = None
    bonus: float = BONUS
    cohort_enters: int | None = None
    year_start: tuple[int, int] = YEAR_START

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read them off a mapping without problems."""
        dates = data.get("dates", ())
        return cls(
            (dates,) if isinstance(dates, str) else tuple(dates),
            {column: UNITS[column][unit] for column, unit in data.get("units", {}).items()},
            data.get("max_score"), data.get("bonus", BONUS), data.get("cohort_enters"),
        )  # fmt: skip


def convention_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what is wrong with the conventions of a mapping, each with a hint."""
    for name, (fits, wanted) in _WANTED.items():
        if name in data and not fits(data[name]):
            yield f"'{name}' must be {wanted}", ""
    given = data.get("dates", ())
    for order in (given,) if isinstance(given, str) else given if isinstance(given, list | tuple) else ():
        if order not in DATE_ORDERS:
            yield f"'dates' names unknown {order!r}", nearest(str(order), DATE_ORDERS)
    units = data.get("units", {})
    for column, unit in units.items() if isinstance(units, Mapping) else ():
        if column not in UNITS:
            yield f"unknown key 'units.{column}'", nearest(str(column), tuple(UNITS))
        elif unit not in UNITS[column]:
            yield f"'units.{column}' names unknown {unit!r}", nearest(str(unit), tuple(UNITS[column]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "dates": (lambda value: isinstance(value, str | list | tuple), "one of " + ", ".join(DATE_ORDERS)),
    "units": (lambda value: isinstance(value, Mapping), "a table of units by column"),
    "max_score": (lambda value: _is_number(value) and value > 0, "a number above zero"),
    "bonus": (lambda value: _is_number(value) and 0 <= value <= 1, "a share from 0 to 1"),
    "cohort_enters": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_LEVEL,
        "a grade level",
    ),
}


# --- Of times, school years and totals ---

YearStart = str | int | tuple[int, int] | list[int] | None
TIME_KEYS = ("zone", "year_start", "leave_days")
_LEAVE = ("within", "beside")
_MONTH_DAY = re.compile(r"(\d{1,2})(?:[-/.](\d{1,2}))?", re.ASCII).fullmatch
_YEAR_HINT = 'write month and day as "02-01", or the month as 2'


@dataclass(frozen=True)
class TimeConventions:
    """The keys ``zone``, ``year_start`` and ``leave_days`` of a mapping.

    >>> TimeConventions.of({"zone": {"attendance": "Asia/Shanghai"}}).zone_of("attendance", "a.parquet")
    'Asia/Shanghai'
    """

    zones: Mapping[str, str] = field(default_factory=dict)
    year_start: tuple[int, int] | None = None
    leave_beside: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read checked entries of a mapping."""
        zone = data.get("zone", {})
        return cls(
            {"all": zone} if isinstance(zone, str) else dict(zone),
            first_day_of_year(data.get("year_start")),
            data.get("leave_days") == "beside",
        )

    def zone_of(self, table: str, file: str) -> str | None:
        """Give the zone of a part's times: that of its file goes before that of its table and that of all."""
        path = PurePosixPath(file)
        for name in (file, path.name, path.name.split(".")[0], table, "all"):
            if name in self.zones:
                return self.zones[name]
        return None


def first_day_of_year(given: YearStart) -> tuple[int, int] | None:
    """Read month and day on which a school year begins; SettingsError if it is none.

    >>> first_day_of_year("02-01"), first_day_of_year(9), first_day_of_year(None)
    ((2, 1), (9, 1), None)
    """
    if given is None:
        return None
    try:
        if isinstance(given, str):
            found = _MONTH_DAY(given.strip())
            month, day = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
        elif isinstance(given, int):
            month, day = (given, 1) if not isinstance(given, bool) else (0, 0)
        else:
            month, day = map(int, given)
        dt.date(2023, month, day)  # a year without a 29th of February: it must exist in every one
    except (TypeError, ValueError):
        raise SettingsError("'year_start' is no day of a year.", hint=_YEAR_HINT) from None
    return month, day


def time_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what is wrong with these entries of a mapping, each with the way out."""
    zones = data.get("zone", {})
    zones = {"all": zones} if isinstance(zones, str) else zones
    if not isinstance(zones, Mapping):
        yield "'zone' must be the name of a zone, or a table of names", 'write zone = "Asia/Shanghai"'
        zones = {}
    for key, zone in zones.items():
        if not is_zone(zone):
            hint = 'write a name such as "Asia/Shanghai", or "local" for the school\'s own times'
            yield f"'zone.{key}' names no time zone", hint
    try:
        first_day_of_year(data.get("year_start"))
    except SettingsError as error:
        yield "'year_start' is no day of a year", error.hint
    if "leave_days" in data and data["leave_days"] not in _LEAVE:
        yield '\'leave_days\' must be "within" or "beside"', "say whether days_absent holds days_excused"
