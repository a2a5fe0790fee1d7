"""Which days are school days: from the calendar table where there is one, else from the attendance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropout_risk.records.calendar import SchoolCalendar
from dropout_risk.records.drafts import Array, Draft, Mask

_UNLISTED = -1
_NEVER = np.iinfo(np.int32).max
_CHUNK = 1 << 20


class SchoolDays:
    """School days of each school.

    A school for which the calendar lists school days has these and no others. A school for which it lists
    none (a calendar of holidays, or no calendar) has the days on which anyone there has attendance, without
    the listed holidays.

    Parameters
    ----------
    schools : sequence of str
        The pupils' schools, in order.
    calendar : Draft
        The calendar table, after its own checks.
    """

    def __init__(self, schools: Sequence[str], calendar: Draft) -> None:
        self.schools = tuple(schools)
        rows = np.flatnonzero(~calendar.apart)
        dates = calendar.values["date"][rows]
        self.given = len(rows) > 0
        self.first = int(dates.min()) if self.given else 0
        self.state = self._states(calendar, rows, dates)
        self.listed = (self.state == 1).any(axis=1)

    def _states(self, calendar: Draft, rows: Array, dates: Array) -> npt.NDArray[np.int8]:
        span = int(dates.max()) - self.first + 1 if self.given else 0
        state = np.full((len(self.schools), span), _UNLISTED, np.int8)
        if not self.given:
            return state
        number = {school: position for position, school in enumerate(self.schools)}
        of_word = np.array([*(number.get(word, -2) for word in calendar.words["school_id"]), -1])
        school = of_word[calendar.values["school_id"][rows]]
        open_day, day = calendar.values["is_school_day"][rows], dates - self.first
        everyone, one = school == -1, school >= 0
        state[:, day[everyone]] = open_day[everyone]
        state[school[one], day[one]] = open_day[one]
        return state

    def open_on(self, school: Array, date: Array) -> Mask:
        """Say for each row whether its day may be a school day."""
        result = np.empty(len(date), np.bool_)
        for start in range(0, len(date), _CHUNK):
            rows = slice(start, start + _CHUNK)
            state = self._state_of(school[rows], date[rows])
            result[rows] = np.where(self.listed[school[rows]], state == 1, state != 0)
        return result

    def _state_of(self, school: Array, date: Array) -> Array:
        column = date.astype(np.int64) - self.first
        inside = (column >= 0) & (column < self.state.shape[1])
        state = np.full(len(date), _UNLISTED, np.int8)
        state[inside] = self.state[school[inside], column[inside]]
        return state

    def calendar(self, school_of: Array, pupil: Array, date: Array, recorded: Array) -> SchoolCalendar:
        """Build the calendar, from attendance for the schools without listed days.

        A day that only attendance tells of is known from the day on which its first row was recorded.
        """
        since, first = _known_since(len(self.schools), school_of, pupil, date, recorded)
        days, known = {}, {}
        for row, school in enumerate(self.schools):
            if self.listed[row]:
                days[school] = np.flatnonzero(self.state[row] == 1) + self.first
            else:
                attended = np.flatnonzero(since[row] != _NEVER)
                days[school], known[school] = attended + first, since[row, attended]
        return SchoolCalendar.from_days(days, known=known)


def _known_since(
    schools: int, school_of: Array, pupil: Array, date: Array, recorded: Array
) -> tuple[npt.NDArray[np.int32], int]:
    """Give, for each school and date, when its first attendance row was recorded; and the first date."""
    if not len(date):
        return np.full((schools, 0), _NEVER, np.int32), 0
    first = int(date.min())
    since = np.full((schools, int(date.max()) - first + 1), _NEVER, np.int32)
    for start in range(0, len(date), _CHUNK):
        rows = slice(start, start + _CHUNK)
        np.minimum.at(since, (school_of[pupil[rows]], date[rows] - first), recorded[rows])
    return since, first
