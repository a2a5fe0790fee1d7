"""The checks of the calendar as a whole: its schools, and what it leaves unsaid."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from dropout_risk.arrays import Array
from dropout_risk.records.day_grid import DayGrid
from dropout_risk.records.rows import Draft
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.records.school_days import EVERY_SCHOOL, NO_SCHOOL, SchoolDays, schools_of_rows
from dropout_risk.text import Text


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


_SCHOOLS = Text(zh="{number}所学校", en="{number} school(s)")
_DAYS = Text(zh="{number}天（按学校计）", en="{number} day(s) of a school")
