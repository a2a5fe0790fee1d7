"""School days of a Chinese-like calendar: two terms, national and lunar holidays, no weekend days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Ints
from dropout_risk.errors import DateError, SettingsError
from dropout_risk.records.days.calendar import EPOCH

# Spring Festival (month, day) of 2020 to 2038; lunar dates come back after 19 years, within a day.
_SPRING_FESTIVAL = (
    (1, 25), (2, 12), (2, 1), (1, 22), (2, 10), (1, 29), (2, 17), (2, 6), (1, 26), (2, 13),
    (2, 3), (1, 23), (2, 11), (1, 31), (2, 19), (2, 8), (1, 28), (2, 15), (2, 4),
)  # fmt: skip
_MONDAY, _FRIDAY, _SATURDAY = 0, 4, 5


@dataclass(frozen=True)
class SchoolYears:
    """The school days that are simulated, in order, as days since 1970-01-01.

    ``year``, ``term`` and ``week`` are running numbers from 0 of the school year, the term and the school
    week a day lies in; school year 0 began in the calendar year ``first_year``. ``year_ends`` is the position
    of the last day of each school year, or -1 where the simulation stops before it.

    >>> years = school_years("2024-09-02", 360)
    >>> len(years.days), int(years.year[-1]), int(years.term[-1])
    (360, 1, 3)
    """

    days: Ints
    year: Ints
    term: Ints
    week: Ints
    first_year: int
    year_ends: tuple[int, ...]

    @property
    def n_days(self) -> int:
        """Number of school days."""
        return len(self.days)

    @property
    def n_years(self) -> int:
        """Number of school years touched."""
        return int(self.year[-1]) + 1

    @property
    def n_weeks(self) -> int:
        """Number of school weeks."""
        return int(self.week[-1]) + 1

    @property
    def weekday(self) -> Ints:
        """Weekday of each day, 0 is Monday."""
        return (self.days + 3) % 7

    @property
    def winter(self) -> npt.NDArray[np.bool_]:
        """Whether each day lies in November to February."""
        months = self.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
        return (months >= 11) | (months <= 2)

    @property
    def beside_break(self) -> npt.NDArray[np.bool_]:
        """Whether a day is the last before, or the first after, two or more days without school."""
        gap = np.diff(self.days) > 2
        return np.asarray(np.r_[gap, True] | np.r_[True, gap])

    def first_of_year(self, year: int) -> int:
        """Position of the first simulated day of a school year."""
        return int(np.searchsorted(self.year, year))

    def first_of_week(self) -> npt.NDArray[np.int64]:
        """Position of the first day of each school week."""
        return np.searchsorted(self.week, np.arange(self.n_weeks))


def school_years(start: str | dt.date, n_days: int) -> SchoolYears:
    """Lay out ``n_days`` school days from ``start`` on.

    Autumn terms run from the first of September to mid January, spring terms from late February (later when
    the Spring Festival is late) to early July, about 185 days a year. Lunar holidays are right to about a
    day; the weekend days that schools make up for long holidays are left out. DateError if ``start`` is no
    date, SettingsError if ``n_days`` is below 1.
    """
    if n_days < 1:
        raise SettingsError(f"n_days is {n_days}; a simulation has at least one school day.")
    first = _start_date(start)
    first_year = first.year if first > _term_dates(first.year - 1)[1][1] else first.year - 1
    rows: list[tuple[int, int, int, int]] = []
    ends: list[int] = []
    while len(rows) < n_days:
        rows += [row for row in _year_days(first_year, len(ends)) if row[0] >= first.toordinal()]
        ends.append(len(rows) - 1)
    days, year, term, week = np.array(rows[:n_days], np.int32).T
    return SchoolYears(
        days=days - np.int32(EPOCH),
        year=year,
        term=_running_numbers(term),
        week=_running_numbers(week),
        first_year=first_year,
        year_ends=tuple(end if end < n_days else -1 for end in ends),
    )


def _start_date(given: str | dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(str(given))
    except ValueError as error:
        raise DateError(f"start is {given!r}, which is not a date.", hint="write it as 2024-09-02") from error


def _running_numbers(labels: npt.NDArray[Any]) -> Ints:
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _year_days(first_year: int, year: int) -> list[tuple[int, int, int, int]]:
    """List (date ordinal, school year, term, week) of every school day of one school year."""
    begins = first_year + year
    off = _holiday_dates(begins) | _holiday_dates(begins + 1)
    rows = []
    for term, (first, last) in enumerate(_term_dates(begins)):
        for day in range(first.toordinal(), last.toordinal() + 1):
            date = dt.date.fromordinal(day)
            if date.weekday() < _SATURDAY and date not in off:
                rows.append((day, year, 2 * begins + term, (day - 1) // 7))
    return rows


def _term_dates(begins: int) -> tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]]:
    festival = _spring_festival(begins + 1)
    autumn_ends = min(dt.date(begins + 1, 1, 23), festival - dt.timedelta(11))
    spring_begins = max(dt.date(begins + 1, 2, 17), festival + dt.timedelta(12))
    return (
        (dt.date(begins, 9, 1), _weekday_before(autumn_ends, _FRIDAY)),
        (_weekday_after(spring_begins, _MONDAY), _weekday_after(dt.date(begins + 1, 7, 4), _FRIDAY)),
    )


def _spring_festival(year: int) -> dt.date:
    month, day = _SPRING_FESTIVAL[(year - 2020) % len(_SPRING_FESTIVAL)]
    return dt.date(year, month, day)


def _holiday_dates(year: int) -> set[dt.date]:
    """National Day week, Labour Day, and single days that move to Monday from a weekend."""
    weeks = {dt.date(year, 10, day) for day in range(1, 8)} | {dt.date(year, 5, day) for day in range(1, 6)}
    single = (
        dt.date(year, 1, 1),
        dt.date(year, 4, 4 if year % 4 < 2 else 5),
        _spring_festival(year) + dt.timedelta(122),  # Dragon Boat Festival
        _spring_festival(year + 1) - dt.timedelta(134),  # Mid-Autumn Festival
    )
    moved = {_weekday_after(day, _MONDAY) if day.weekday() >= _SATURDAY else day for day in single}
    return weeks | moved


def _weekday_after(day: dt.date, weekday: int) -> dt.date:
    return day + dt.timedelta((weekday - day.weekday()) % 7)


def _weekday_before(day: dt.date, weekday: int) -> dt.date:
    return day - dt.timedelta((day.weekday() - weekday) % 7)
