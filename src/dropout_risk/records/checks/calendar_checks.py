"""The checks of the calendar as a whole: its schools, and what it leaves unsaid."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.days.day_grid import DayGrid
from dropout_risk.records.days.holidays import chinese_holidays, is_weekday, weekday_of
from dropout_risk.records.days.school_days import EVERY_SCHOOL, NO_SCHOOL, SchoolDays, schools_of_rows
from dropout_risk.records.rows import Draft
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.text import COMMA, Text


def check_calendar(draft: Draft, days: SchoolDays, named_schools: Set[str]) -> list[Problem]:
    """Note rows of schools that no pupil attends, and rows that were taken as a list of exceptions.

    Parameters
    ----------
    draft : Draft
        The calendar table.
    days : SchoolDays
        What was understood of it.
    named_schools : set of str
        The schools that ``students`` names, also in rows that cannot be used.

    Returns
    -------
    list of Problem
        What concerns no row: pupils' schools for which the calendar says nothing, though it names others.
    """
    school = schools_of_rows(draft, days.schools)
    unnamed = [word not in named_schools for word in draft.words["school_id"]]
    of_nobody = np.array([*unnamed, False])[draft.values["school_id"]] & (school == NO_SCHOOL)
    draft.warn("calendar_of_unknown_school", "school_id", of_nobody & ~draft.apart)
    if days.week is None:
        assumed = np.append(days.ordinary, [False, days.ordinary.any()])
        draft.warn("calendar_of_exceptions", "is_school_day", assumed[school] & ~draft.apart)
    named = np.unique(school[(school != EVERY_SCHOOL) & ~draft.apart])
    everywhere = ((school == EVERY_SCHOOL) & ~draft.apart).any()
    without = np.setdiff1d(np.flatnonzero(~days.listed & ~days.ordinary), named)
    if not len(named) or everywhere or not len(without):
        return []
    rule = RULES["school_without_calendar"]
    return [
        Problem(
            "calendar", "school_id", rule, 0, None, "", rule.severity, _SCHOOLS.filled(number=len(without))
        )
    ]


def check_week(days: SchoolDays, school_of: Array, grid: DayGrid) -> list[Problem]:
    """Note attendance on days that are neither listed nor days of the ordinary week."""
    number = days.count_exceptional(school_of, grid)
    if not number:
        return []
    rule = RULES["attendance_beside_the_week"]
    return [Problem("calendar", "date", rule, 0, None, "", rule.severity, _DAYS.filled(number=number))]


_NEARLY_ALL, _MOST = 0.8, 0.5
_FEWEST_WEEKENDS, _FEWEST_HOLIDAYS = 4, 3
_IN_TERM = 3
_SATURDAY, _SUNDAY = 5, 6


def check_days_off(days: SchoolDays, school_of: Array, grid: DayGrid) -> list[Problem]:
    """Doubt calendars that list days off as open: weekends all through the term, or public holidays.

    Where a school has attendance on most of its other days and on hardly any of these, that is said; else
    it is only asked about weekends that are open throughout, which ``week = "listed"`` confirms.
    """
    open_by = {kind: _open_days_off(days, kind) for kind in ("saturday", "sunday", "holiday")}
    doubtful = np.flatnonzero(np.logical_or.reduce([mask.any(axis=1) for mask in open_by.values()]))
    if not len(doubtful):
        return []
    throughout = {kind: open_by[kind].any(axis=1) for kind in ("saturday", "sunday")}
    asked = throughout["saturday"] & throughout["sunday"] & (days.week != "listed")
    attended = _attended_days(days, school_of, grid)
    empty = np.zeros(len(days.schools), np.int64)
    for mask in open_by.values():
        for row in doubtful[mask[doubtful].any(axis=1)]:
            empty[row] += _days_without_attendance(mask[row], days.state[row] == 1, attended[row])
    problems = []
    for name, at in (("weekends_open", asked & (empty == 0)), ("days_off_without_attendance", empty > 0)):
        if at.any():
            rule, number = RULES[name], int(empty[at].sum())
            schools = _SCHOOLS.filled(number=int(at.sum()))
            detail = COMMA.joined([schools, _DAYS.filled(number=number)]) if number else schools
            problems.append(Problem("calendar", "date", rule, 0, None, "", rule.severity, detail))
    return problems


def _open_days_off(days: SchoolDays, kind: str) -> Bools:
    """Mark, per school, the open days of a kind: those of nearly all weeks of term, or public holidays."""
    opened: Bools = (days.state == 1) & days.listed[:, None]
    dates = days.first + np.arange(opened.shape[1])
    if kind == "holiday":
        found: Bools = opened & is_weekday(dates) & np.isin(dates, chinese_holidays().holidays)
        found[found.sum(axis=1) < _FEWEST_HOLIDAYS] = False
        return found
    of_kind = weekday_of(dates) == (_SATURDAY if kind == "saturday" else _SUNDAY)
    found = opened & of_kind
    if found.any():
        of_term = _days_of_term(opened, dates) & of_kind
        held, possible = (opened & of_term).sum(axis=1), of_term.sum(axis=1)
        found[(possible < _FEWEST_WEEKENDS) | (held < _NEARLY_ALL * possible)] = False
    return found


def _days_of_term(opened: Bools, dates: Array) -> Bools:
    """Mark, per school, all days of the weeks of which most weekdays are open."""
    monday, n_schools = int(weekday_of(dates[:1])[0]), len(opened)
    n_weeks = -(-(monday + len(dates)) // 7)
    days = np.zeros((n_schools, n_weeks * 7), np.bool_)
    days[:, monday : monday + len(dates)] = opened & is_weekday(dates)
    of_term = days.reshape(n_schools, n_weeks, 7).sum(axis=2) >= _IN_TERM
    return np.repeat(of_term, 7, axis=1)[:, monday : monday + len(dates)]


def _attended_days(days: SchoolDays, school_of: Array, grid: DayGrid) -> Bools:
    """Mark, per school, the days of the calendar on which anyone has attendance."""
    found = np.zeros(days.state.shape, np.bool_)
    inside = (grid.date >= days.first) & (grid.date < days.first + found.shape[1])
    attended = grid.attended(school_of, len(days.schools))
    for slot in np.flatnonzero(inside):
        found[:, grid.date[slot] - days.first] |= attended[:, slot]
    late = grid.beside.date - days.first
    kept = (late >= 0) & (late < found.shape[1])
    found[school_of[grid.beside.pupil[kept]], late[kept]] = True
    return found


def _days_without_attendance(off: Bools, opened: Bools, attended: Bools) -> int:
    """Count days off without a row while attendance was kept; 0 where many have one, or few other days do."""
    told = np.flatnonzero(attended)
    if not len(told):
        return 0
    kept = np.zeros(len(off), np.bool_)
    kept[told[0] : told[-1] + 1] = True
    off, others = off & kept, opened & kept & ~off
    number = int((off & ~attended).sum())
    told_so = number >= max(_FEWEST_HOLIDAYS, _NEARLY_ALL * off.sum())
    return number if told_so and (others & attended).sum() > _MOST * others.sum() else 0


_SCHOOLS = Text(zh="{number}所学校", en="{number} school(s)")
_DAYS = Text(zh="{number}天（按学校计）", en="{number} day(s) of a school")
