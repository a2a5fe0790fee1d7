"""Which days are school days: from the calendar table where there is one, else from the attendance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.calendar import YEAR_START, SchoolCalendar
from dropout_risk.records.day_grid import BesideRows, DayGrid
from dropout_risk.records.rows import Draft

_UNLISTED = -1


class SchoolDays:
    """School days of each school, in the order of ``schools``.

    A school for which the calendar lists school days has these and no others; so has one whose days were
    listed before (``known``), but for those that the calendar closes. A school for which it lists none (a
    calendar of holidays, or no calendar) has the days on which anyone there has attendance, without the
    listed holidays.
    """

    def __init__(
        self, schools: Sequence[str], calendar: Draft | None = None, known: Mapping[str, Array] | None = None
    ) -> None:
        self.schools = tuple(schools)
        if calendar is None:
            self.given, self.first = False, 0
            self.state = np.empty((len(schools), 0), np.int8)
            self.listed = np.zeros(len(schools), np.bool_)
            return
        rows = np.flatnonzero(~calendar.apart)
        dates = calendar.values["date"][rows]
        self.given = len(rows) > 0
        self.first = int(dates.min()) if self.given else 0
        self.state = self._states(calendar, rows, dates)
        self._add(known)
        self.listed = (self.state == 1).any(axis=1)

    def _add(self, known: Mapping[str, Array] | None) -> None:
        """Add days that were listed before, where the table says nothing of them."""
        if not known:
            return
        first = min(int(days[0]) for days in known.values())
        last = max(int(days[-1]) for days in known.values())
        if self.given:
            first, last = min(first, self.first), max(last, self.first + self.state.shape[1] - 1)
        state = np.full((len(self.schools), last - first + 1), _UNLISTED, np.int8)
        if self.given:
            state[:, self.first - first :][:, : self.state.shape[1]] = self.state
        for row, school in enumerate(self.schools):
            days = known.get(school, np.empty(0, np.int32)) - first
            state[row, days] = np.where(state[row, days] == _UNLISTED, 1, state[row, days])
        self.first, self.state, self.given = first, state, True

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

    def open_on(self, school: Array, date: Array) -> Bools:
        """Say for each row whether its day may be a school day."""
        column = date.astype(np.int64) - self.first
        inside = (column >= 0) & (column < self.state.shape[1])
        state = np.full(len(date), _UNLISTED, np.int8)
        state[inside] = self.state[school[inside], column[inside]]
        is_open: Bools = np.where(self.listed[school], state == 1, state != 0)
        return is_open

    def calendar(
        self, school_of: Array, grid: DayGrid, year_start: tuple[int, int] = YEAR_START
    ) -> SchoolCalendar:
        """Build the calendar, from attendance for the schools without listed days.

        A day that only attendance tells of is known from the day on which its first row was recorded.
        ``school_of`` is the number of each pupil's school.
        """
        days, known = {}, {}
        unlisted = not self.listed.all()
        attended = grid.attended(school_of, len(self.schools)) if unlisted else None
        late = _first_known(school_of[grid.beside.pupil], grid.beside) if unlisted else None
        for row, school in enumerate(self.schools):
            if self.listed[row] or attended is None or late is None:
                days[school] = np.flatnonzero(self.state[row] == 1) + self.first
                continue
            dates, its = grid.date[attended[row]], late[0] == row
            days[school] = np.concatenate([dates, late[1][its]])
            known[school] = np.concatenate([dates, late[2][its]])
        return SchoolCalendar.from_days(days, known=known, year_start=year_start)


def _first_known(school: Array, rows: BesideRows) -> tuple[Array, Array, Array]:
    """Give each school and date of some rows once, with the date on which the first was known."""
    order = np.lexsort([rows.known, rows.date, school])
    school, date, known = school[order], rows.date[order], rows.known[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (school[1:] != school[:-1]) | (date[1:] != date[:-1])
    return school[first], date[first], known[first]
