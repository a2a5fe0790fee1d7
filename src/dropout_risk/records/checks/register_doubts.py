"""What the days of a whole register make doubtful: a week that runs Sunday to Thursday, a year cut in two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints
from dropout_risk.records.checks.totals import NEVER_AWAY_DAYS
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.records.days.day_grid import STATUS
from dropout_risk.records.days.holidays import chinese_holidays, is_weekday
from dropout_risk.records.statuses import STATUSES
from dropout_risk.text import Text

_LEAST_DAYS = 10
_HARDLY_ANY = 0.03
_AS_MANY = 0.5
_SHIFTED = (
    (Text(zh="周日至周四", en="Sun-Thu"), (6, 0, 1, 2, 3), 6),
    (Text(zh="周二至周六", en="Tue-Sat"), (1, 2, 3, 4, 5), 5),
)
_WEEKENDS = Text(zh="周末", en="weekends")
_HOLIDAYS = Text(zh="法定节假日", en="public holidays of China")
_WEEKENDS_AND_HOLIDAYS = Text(zh="周末、法定节假日", en="weekends and public holidays of China")
_WEEKS_BESIDE, _DAYS_BESIDE = 14, 5
_MANY, _CAME = 200, 0.1
_FEW_ROWS, _EXPECTED = 50, 3
"""So many rows of a real register are hardly all of pupils who came in time."""


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


class DayRows(NamedTuple):
    """Rows of a register: one slot of ``cells`` for each of ``dates``, and rows beside them."""

    cells: Array
    dates: Ints
    pupil: Ints
    date: Ints
    status: Array

    def counted(self, wanted: Callable[[Array], Bools], group: Ints, n_groups: int) -> Array:
        """Count, for each group of pupils, the rows of some days, and those who were not simply there."""
        present = STATUSES.code("present")
        counts = np.zeros((2, n_groups), np.int64)
        for slot in np.flatnonzero(wanted(self.dates)).tolist():
            status = self.cells[slot] & STATUS
            counts[0] += np.bincount(group[status != 0], minlength=n_groups)
            counts[1] += np.bincount(group[(status != 0) & (status != 1 + present)], minlength=n_groups)
        beside = wanted(self.date)
        of_row, there = group[self.pupil[beside]], self.status[beside] == present
        counts[0] += np.bincount(of_row, minlength=n_groups)
        counts[1] += np.bincount(of_row[~there], minlength=n_groups)
        return counts


def is_weekend(dates: Array) -> Bools:
    """Say which dates are Saturdays and Sundays."""
    return ~is_weekday(dates)


def is_public_holiday(dates: Array) -> Bools:
    """Say which dates are weekdays on which China has a public holiday."""
    return is_weekday(dates) & np.isin(dates, chinese_holidays().holidays)


def rows_filled_in(rows: DayRows, group: Ints, n_groups: int) -> dict[str, int]:
    """Count the rows of weekends and of public holidays at schools where nobody was away on them.

    Holidays count only where so many rows of other days would name some who were away.
    """
    weekends, others = rows.counted(is_weekend, group, n_groups)
    found = {"weekends": int(weekends[others == 0].sum())}
    held, others = rows.counted(is_public_holiday, group, n_groups)
    clean = (held >= _FEW_ROWS) & (others == 0)
    if clean.any():
        days, away = rows.counted(is_weekday, group, n_groups)
        clean &= held * away >= _EXPECTED * days
    return found | {"holidays": int(held[clean].sum())}


def filled_days(counts: Mapping[Any, int]) -> Text | None:
    """Name the days off that have so many rows, all alike, as only a system fills in; None without any."""
    if counts["weekends"] >= _MANY:
        return _WEEKENDS_AND_HOLIDAYS if counts["holidays"] else _WEEKENDS
    return _HOLIDAYS if counts["holidays"] else None


def schools_never_away(cells: Array, group: Array, away: Array, n_groups: int) -> int:
    """Count the groups of pupils of whom many rows of many days say that each was there in time.

    ``away`` are groups of which other rows say that somebody was not.

    >>> all_there = np.full((20, 60), 1 + STATUSES.code("present"), np.uint8)
    >>> schools_never_away(all_there, np.zeros(60, np.int32), np.array([], np.int32), 1)
    1
    """
    present = 1 + STATUSES.code("present")
    clean = np.ones(n_groups, np.bool_)
    clean[away] = False
    for slot in cells:
        status = slot & STATUS
        clean[group[(status != 0) & (status != present)]] = False
        if not clean.any():
            return 0
    held = np.array([np.bincount(group[(slot & STATUS) != 0], minlength=n_groups) for slot in cells])
    many = (held.sum(axis=0) >= NEVER_AWAY_DAYS) & (np.count_nonzero(held, axis=0) >= 2 * _LEAST_DAYS)
    return int(np.count_nonzero(clean & many))


def session_rows(cells: Array, sessions: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the rows of each session, one slot of cells for each date, and those who were there.

    >>> session_rows(np.full((2, 3), 1 + STATUSES.code("late"), np.uint8), ["am", "am"])
    {('am', 'rows'): 6, ('am', 'came'): 6}
    """
    came = np.zeros(STATUS + 1, np.bool_)
    came[1 : len(STATUSES.entries) + 1] = [not status.kinds for status in STATUSES.entries]
    came[1 + STATUSES.code("late")] = True
    counts = {(word, what): 0 for word in dict.fromkeys(sessions) for what in ("rows", "came")}
    for slot, word in enumerate(sessions):
        status = cells[slot] & STATUS
        counts[word, "rows"] += int(np.count_nonzero(status))
        counts[word, "came"] += int(np.count_nonzero(came[status]))
    return counts


def lessons_of_absences(counts: Mapping[Any, int]) -> bool:
    """Say whether rows of a session say of hardly anybody that he came, where those of another one do."""
    shares = {
        word: counts[word, "came"] / counts[word, "rows"]
        for word, what in counts
        if what == "rows" and counts[word, "rows"] >= _LEAST_DAYS
    }
    full = any(share >= _AS_MANY for share in shares.values())
    return full and any(share < _CAME for word, share in shares.items() if word)


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
