"""What the days of a whole register make doubtful: a week that runs Sunday to Thursday, a year cut in two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from dropout_risk.arrays import Array, Ints
from dropout_risk.records.calendar import date_of, ordinal_of
from dropout_risk.text import Text

_LEAST_DAYS = 10
_HARDLY_ANY = 0.03
_AS_MANY = 0.5
_SHIFTED = (
    (Text(zh="周日至周四", en="Sun-Thu"), (6, 0, 1, 2, 3), 6),
    (Text(zh="周二至周六", en="Tue-Sat"), (1, 2, 3, 4, 5), 5),
)
_WEEKS_BESIDE, _DAYS_BESIDE = 14, 5


def shifted_week(dates: Ints, rows: Array) -> Text | None:
    """Name the week of a register whose rows seem to lie one day early or late; None if they do not.

    >>> days = np.array([day for day in range(20_000, 20_028) if (day + 3) % 7 in (6, 0, 1, 2, 3)])
    >>> shifted_week(days, np.ones(20)).zh
    '周日至周四'
    """
    if len(dates) < _LEAST_DAYS:
        return None
    weekday = (dates.astype(np.int64) + 3) % 7
    held = np.bincount(weekday, rows, minlength=7)
    for told, week, edge in _SHIFTED:
        inside = held[list(week)]
        outside = held.sum() - inside.sum()
        usual = _AS_MANY * np.median(inside)
        if min(held[edge], inside.min()) >= usual > 0 and outside <= _HARDLY_ANY * held.sum():
            return told
    return None


def years_cut_in_term(dates: Ints, rows: Array, year_start: tuple[int, int]) -> bool:
    """Say whether school goes on, week by week, over the day on which a school year is said to begin."""
    return any(_goes_on(dates, rows, first) for first in _first_days(dates, year_start))


def _first_days(dates: Ints, year_start: tuple[int, int]) -> Iterator[int]:
    for year in range(date_of(int(dates[0])).year, date_of(int(dates[-1])).year + 1) if len(dates) else ():
        yield ordinal_of(dt.date(year, *year_start))


def _goes_on(dates: Ints, rows: Array, first: int) -> bool:
    usual = rows >= _AS_MANY * np.median(rows)
    near = dates[usual & (abs(dates.astype(np.int64) - first + 0.5) < _WEEKS_BESIDE)]
    before, after = near[near < first], near[near >= first]
    if min(len(before), len(after)) < _DAYS_BESIDE:
        return False
    return bool(np.diff(near).max() <= _DAYS_BESIDE)
