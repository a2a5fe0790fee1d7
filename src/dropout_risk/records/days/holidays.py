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
from dropout_risk.records.days.calendar import ordinal_of


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
