"""Chinese public holidays and make-up workdays (调休), from a shipped table with version and source.

The table names every day off and every weekend day on which work and school go on, for the years in which
the State Council has announced them. Years beyond it are refused, not guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from dropout_risk.arrays import Array, Bools
from dropout_risk.errors import RecordsError
from dropout_risk.records.days.calendar import DateLike, ordinal_of


@dataclass(frozen=True)
class PublicHolidays:
    """The days off and the make-up workdays of some years.

    Parameters
    ----------
    version, source : str
        Which table this is, and where it comes from.
    years : tuple of int
        The years it knows, rising.
    holidays, make_up_days : array of int
        As days since 1970-01-01, rising.
    """

    version: str
    source: str
    years: tuple[int, ...]
    holidays: Array
    make_up_days: Array

    def opens(self, dates: Array) -> Bools:
        """Say which dates are weekdays that are no holiday, or make-up workdays; the years must be known."""
        day_off = np.isin(dates, self.holidays)
        found: Bools = (is_weekday(dates) & ~day_off) | np.isin(dates, self.make_up_days)
        return found

    def knows(self, dates: Array) -> Bools:
        """Say which dates lie in a year that is known."""
        return np.isin(years_of(dates), self.years)

    def require(self, dates: Array) -> None:
        """Refuse dates of a year that is not known.

        Raises
        ------
        RecordsError
            With the years that are not known, those that are, and the way out.
        """
        unknown = np.unique(years_of(dates[~self.knows(dates)])).tolist()
        if unknown:
            named = ", ".join(map(str, unknown[:3])) + (" …" if len(unknown) > 3 else "")
            raise RecordsError(
                f"The public holidays of China in {named} are not known; the table has "
                f"{self.years[0]} to {self.years[-1]} (version {self.version}).",
                hint="give a calendar that lists the school days of that time, or choose plain weekdays: "
                'week = "weekdays" under [calendar] in the mapping',
            )


@cache
def chinese_holidays() -> PublicHolidays:
    """Give the table that is shipped."""
    file = resources.files("dropout_risk.records.days") / "holidays_china.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    kinds = {
        kind: np.array([ordinal_of(day) for year in data["years"].values() for day in year[kind]], np.int32)
        for kind in ("holidays", "make_up_days")
    }
    years = tuple(sorted(map(int, data["years"])))
    return PublicHolidays(data["version"], data["source"], years, **kinds)


def weekdays_and_make_up_days(first: DateLike, last: DateLike) -> Array:
    """Give the days of a period, its last one too, on which schools in China are open in term.

    These are the weekdays without public holidays, and the make-up workdays. Holidays of schools are not
    known: they belong into a calendar.

    Parameters
    ----------
    first, last : date
        The period.

    Returns
    -------
    array of int32
        As days since 1970-01-01, rising.

    Raises
    ------
    RecordsError
        If a year of the period is not in the table.

    Examples
    --------
    >>> from dropout_risk.records.days.calendar import date_of
    >>> days = weekdays_and_make_up_days("2024-09-27", "2024-10-08")
    >>> [date_of(day).isoformat() for day in days.tolist()]
    ['2024-09-27', '2024-09-29', '2024-09-30', '2024-10-08']
    """
    days, holidays = days_between(first, last), chinese_holidays()
    holidays.require(days)
    return days[holidays.opens(days)]


def weekdays_between(first: DateLike, last: DateLike) -> Array:
    """Give the Mondays to Fridays of a period, its last day too, as days since 1970-01-01.

    >>> len(weekdays_between("2030-01-01", "2030-12-31"))
    261
    """
    days = days_between(first, last)
    return days[is_weekday(days)]


def days_between(first: DateLike, last: DateLike) -> Array:
    """Give all days of a period, its last one too."""
    return np.arange(ordinal_of(first), ordinal_of(last) + 1, dtype=np.int32)


def weekday_of(dates: Array) -> Array:
    """Give the day of the week of each date; Monday is 0."""
    return (dates + 3) % 7


def is_weekday(dates: Array) -> Bools:
    """Say which dates are Mondays to Fridays."""
    found: Bools = weekday_of(dates) < 5
    return found


def years_of(dates: Array) -> Array:
    """Give the year of each date."""
    return dates.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
