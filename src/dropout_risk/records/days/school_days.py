"""Which days are school days: from the calendar table where there is one, else from the attendance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.days.calendar import YEAR_START, SchoolCalendar
from dropout_risk.records.days.day_grid import BesideRows, DayGrid
from dropout_risk.records.days.ordinary_week import (
    QUIET_PUPILS,
    OrdinaryWeek,
    Week,
    furthest_apart,
    lists_exceptions,
)
from dropout_risk.records.rows import Draft

_UNLISTED = -1
EVERY_SCHOOL, NO_SCHOOL = -1, -2


class SchoolDays:
    """School days of each school, in the order of ``schools``.

    A school for which the calendar lists school days has these and no others; so has one whose days were
    listed before (``known``), but for those that the calendar closes. A school for which it lists exceptions
    (:func:`dropout_risk.records.days.ordinary_week.lists_exceptions`), or whose ordinary week the mapping
    declares (``week``), has the days on which anyone there has attendance and, in the same weeks, the days of
    the ordinary week, with the listed exceptions. A school without a calendar has the days on which anyone
    there has attendance.
    """

    def __init__(
        self,
        schools: Sequence[str],
        calendar: Draft | None = None,
        known: Mapping[str, Array] | None = None,
        week: Week | None = None,
    ) -> None:
        self.schools, self.week = tuple(schools), week
        self._row = {school: row for row, school in enumerate(self.schools)}
        self.given, self.first, self._grows = False, 0, known is not None
        self.state = np.empty((len(schools), 0), np.int8)
        if calendar is not None:
            self._read(calendar, known)
        if week is None:
            self.ordinary = lists_exceptions(self.state, self.first)
        else:
            held = np.array([school in (known or {}) for school in schools], np.bool_)
            self.ordinary = ~held & (week != "listed")
        self.listed = (self.state == 1).any(axis=1) & ~self.ordinary
        self._pupils: Array = np.full(len(schools), QUIET_PUPILS)
        self._ordinary_week = OrdinaryWeek("china" if week == "china" else "weekdays")

    def presume(self, presumed: Bools, pupils: Array) -> None:
        """Take note of the schools whose registers name absences only, and how many pupils each has.

        Of these, a week without attendance is no holiday yet.
        """
        self._pupils = np.where(presumed, pupils, QUIET_PUPILS)

    def _read(self, calendar: Draft, known: Mapping[str, Array] | None) -> None:
        rows = np.flatnonzero(~calendar.apart)
        dates = calendar.values["date"][rows]
        self.given = len(rows) > 0
        self.first = int(dates.min()) if self.given else 0
        self.state = self._states(calendar, rows, dates)
        self._add(known)

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
        school = schools_of_rows(calendar, self.schools)[rows]
        open_day, day = calendar.values["is_school_day"][rows], dates - self.first
        everyone, one = school == EVERY_SCHOOL, school >= 0
        state[:, day[everyone]] = open_day[everyone]
        state[school[one], day[one]] = open_day[one]
        return state

    def lists(self, school: str) -> bool:
        """Say whether the calendar lists the school days of a school."""
        return school in self._row and bool(self.listed[self._row[school]])

    def open_on(self, school: Array, date: Array) -> Bools:
        """Say for each row whether its day may be a school day."""
        state = self._state_on(school, date)
        is_open: Bools = np.where(self.listed[school], state == 1, state != 0)
        return is_open

    def _state_on(self, school: Array, date: Array) -> npt.NDArray[np.int8]:
        column = date.astype(np.int64) - self.first
        inside = (column >= 0) & (column < self.state.shape[1])
        state = np.full(len(date), _UNLISTED, np.int8)
        state[inside] = self.state[school[inside], column[inside]]
        return state

    @property
    def is_told(self) -> Bools:
        """Whether something else than attendance tells the school days, school by school."""
        told: Bools = self.listed | self.ordinary
        return told

    def opens(self, school: Array, date: Array) -> Bools:
        """Say for each row whether its day is a school day, at a school whose days are told."""
        self._ordinary_week.require(date[self.ordinary[school]])
        rest: Bools = (
            self.listed[school] | self._ordinary_week.opens(date) | (self._state_on(school, date) == 1)
        )
        is_open: Bools = self.open_on(school, date) & rest
        return is_open

    def calendar(
        self,
        school_of: Array,
        grid: DayGrid,
        year_start: tuple[int, int] = YEAR_START,
        *,
        complete: bool = True,
    ) -> SchoolCalendar:
        """Build the calendar, from attendance for the schools without listed days.

        A day that only attendance tells of is known from the day on which its first row was recorded.
        ``school_of`` is the number of each pupil's school.
        """
        days, known = {}, {}
        told = self._told(school_of, grid)
        for row, school in enumerate(self.schools):
            if self.listed[row]:
                days[school] = self._days_in_state(row, 1)
            else:
                days[school], known[school] = told(row)
                if complete:
                    days[school], known[school] = self.completed(school, days[school], known[school])
                if self._grows:
                    days[school], known[school] = self._with_listed(row, days[school], known[school])
        return SchoolCalendar.from_days(days, known=known, year_start=year_start)

    def completed(self, school: str, dates: Array, known: Array) -> tuple[Array, Array]:
        """Complete the days on which anyone at a school has attendance, where it has an ordinary week."""
        row = self._row[school]
        if not self.ordinary[row]:
            return dates, known
        listed = self._days_in_state(row, 1), self._days_in_state(row, 0)
        apart = furthest_apart(int(self._pupils[row]))
        return self._ordinary_week.completed((dates, known), *listed, apart)

    def _with_listed(self, row: int, dates: Array, known: Array) -> tuple[Array, Array]:
        """Add the days listed as open, whenever they are: a store has more days than these records."""
        opened = self._days_in_state(row, 1)
        always = np.full(len(opened), np.iinfo(np.int32).min, np.int32)
        return np.concatenate([dates, opened]), np.concatenate([known, always])

    def count_exceptional(self, school_of: Array, grid: DayGrid) -> int:
        """Count the days of schools with attendance that no one listed and that the ordinary week lacks."""
        if not self.ordinary.any():
            return 0
        told, number = self._told(school_of, grid), 0
        for row in np.flatnonzero(self.ordinary).tolist():
            dates = np.unique(told(row)[0])
            self._ordinary_week.require(dates)
            number += int(self._ordinary_week.is_exceptional(dates, self._days_in_state(row, 1)).sum())
        return number

    def _days_in_state(self, row: int, state: int) -> Array:
        return (np.flatnonzero(self.state[row] == state) + self.first).astype(np.int32)

    def _told(self, school_of: Array, grid: DayGrid) -> Callable[[int], tuple[Array, Array]]:
        """Find the days on which anyone at a school has attendance, and since when each was known."""
        if self.listed.all():
            return lambda row: (_NO_DAYS, _NO_DAYS)
        attended = grid.attended(school_of, len(self.schools))
        school, date, known = _first_known(school_of[grid.beside.pupil], grid.beside)

        def told(row: int) -> tuple[Array, Array]:
            dates, its = grid.date[attended[row]], school == row
            return np.concatenate([dates, date[its]]), np.concatenate([dates, known[its]])

        return told


def schools_of_rows(calendar: Draft, schools: Sequence[str]) -> Array:
    """Give the number of the school of each row of the calendar table."""
    number = {school: position for position, school in enumerate(schools)}
    of_word = [number.get(word, NO_SCHOOL) for word in calendar.words["school_id"]]
    codes: Array = np.array([*of_word, EVERY_SCHOOL])[calendar.values["school_id"]]
    return codes


_NO_DAYS = np.empty(0, np.int32)


def _first_known(school: Array, rows: BesideRows) -> tuple[Array, Array, Array]:
    """Give each school and date of some rows once, with the date on which the first was known."""
    order = np.lexsort([rows.known, rows.date, school])
    school, date, known = school[order], rows.date[order], rows.known[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (school[1:] != school[:-1]) | (date[1:] != date[:-1])
    return school[first], date[first], known[first]
