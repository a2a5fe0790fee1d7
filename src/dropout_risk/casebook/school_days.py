"""Which days are school days, also ahead: from the calendar as far as it goes, then by the ordinary week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Self

import numpy as np

from dropout_risk.records.days.calendar import SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.days.holidays import chinese_holidays, is_weekday
from dropout_risk.records.days.ordinary_week import OrdinaryWeek, Week

_AHEAD = 400


class SchoolDaysAhead:
    """The school days of each school, past and to come.

    Parameters
    ----------
    days : mapping of str to int array, optional
        The known school days of each school, as ordinals, rising.
    week : {"weekdays", "china", "listed"}, default="weekdays"
        Which days are school days after the last known one; ``"listed"`` as ``"weekdays"``, since somebody
        has to act on some day.
    closed : mapping of str to set of date, optional
        Days on which a school is closed, whatever the week says.

    Examples
    --------
    >>> days = SchoolDaysAhead()
    >>> days.later("s-1", dt.date(2025, 3, 7), 1).isoformat()  # from a Friday
    '2025-03-10'
    >>> days.between("s-1", dt.date(2025, 3, 7), dt.date(2025, 3, 11))
    2
    """

    def __init__(
        self,
        days: Mapping[str, np.ndarray] | None = None,
        week: Week = "weekdays",
        closed: Mapping[str, frozenset[dt.date]] | None = None,
    ) -> None:
        self._known = days or {}
        self._closed = closed or {}
        self._week = OrdinaryWeek("china" if week == "china" else "weekdays")
        self._lists: dict[str, tuple[int, int, np.ndarray]] = {}

    @classmethod
    def of_calendar(cls, calendar: SchoolCalendar, week: Week | None = None) -> Self:
        """Take the calendar of some histories."""
        return cls({school: calendar.days_of(school)[0] for school in calendar.schools}, week or "weekdays")

    def _days(self, school: str, first: int, last: int) -> np.ndarray:
        """Give the days of a school, at least from an ordinal to well after another."""
        begun, ended, held = self._lists.get(school, (0, 0, _NONE))
        if not (begun <= first and last + _AHEAD // 2 <= ended):
            known = self._known.get(school, _NONE)
            begun, ended = min(first - _AHEAD, begun or first), max(last + _AHEAD, ended)
            ahead = np.arange(int(known[-1]) + 1 if len(known) else begun, ended, dtype=np.int32)
            held = np.concatenate([known, ahead[self._opens(ahead)]])
            closed = [ordinal_of(day) for day in self._closed.get(school, ())]
            held = held[~np.isin(held, closed)]
            self._lists[school] = begun, ended, held
        return held

    def _opens(self, dates: np.ndarray) -> np.ndarray:
        """Open the ordinary week; of years whose holidays are not known, every weekday."""
        opened: np.ndarray = self._week.opens(dates)
        if self._week.name == "china":
            opened = np.where(chinese_holidays().knows(dates), opened, is_weekday(dates))
        return opened

    def is_open(self, school: str, day: dt.date) -> bool:
        """Say whether a day is a school day of a school."""
        date = ordinal_of(day)
        days = self._days(school, date, date)
        at = int(np.searchsorted(days, date))
        return at < len(days) and int(days[at]) == date

    def later(self, school: str, day: dt.date, number: int) -> dt.date:
        """Give the school day so many school days after a day; for 0 that day, or the next open one."""
        date = ordinal_of(day)
        days = self._days(school, date, date + 2 * number)
        at = int(np.searchsorted(days, date))
        moved = at + number - (int(days[at]) != date and number > 0)
        return date_of(int(days[min(moved, len(days) - 1)]))

    def week_until(self, school: str, day: dt.date) -> list[dt.date]:
        """Give the school days of a week, from Monday up to a day.

        >>> [date.day for date in SchoolDaysAhead().week_until("s-1", dt.date(2025, 3, 5))]
        [3, 4, 5]
        """
        dates = (day - dt.timedelta(ago) for ago in range(day.weekday(), -1, -1))
        return [date for date in dates if self.is_open(school, date)]

    def between(self, school: str, first: dt.date, last: dt.date) -> int:
        """Count the school days from a day up to, and without, a later one."""
        days = self._days(school, ordinal_of(first), ordinal_of(last))
        begun, ended = np.searchsorted(days, [ordinal_of(first), ordinal_of(last)])
        return int(ended - begun)


_NONE = np.empty(0, np.int32)
