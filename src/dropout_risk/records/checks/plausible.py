"""Numbers of pupils that cannot be meant as they stand: years of entry, metres, codes for nothing."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Ints
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.ordering import group_keys
from dropout_risk.records.rows import Draft
from dropout_risk.records.wording.conventions import Conventions
from dropout_risk.records.wording.grade_levels import FIRST_COHORT, LAST_COHORT

_FAR, _FEWEST, _CODE = 50.0, 3, 99.0
_FEWEST_PUPILS, _NEARLY_ALL = 10, 0.8
FIRST_AGE, FAR_AGE, DAYS_A_YEAR = 6.5, 3.5, 365.25
"""The middle age of level 0 at the turn of its year, and how many years a pupil may lie from the middle."""


def read_grade_levels(draft: Draft, today: int, conventions: Conventions) -> None:
    """Read years of entry as grade levels where the county says how; leave them empty where it does not."""
    level = draft.values["grade_level"]
    cohort = (level >= FIRST_COHORT) & (level <= LAST_COHORT)
    if not np.count_nonzero(cohort):
        return
    if conventions.cohort_enters is None:
        draft.fault("cohort_year", "grade_level", cohort)
        return
    left = draft.values["left_on"]
    last = np.where(draft.missing("left_on"), today, np.minimum(left, today))[cohort]
    read = level.copy()
    read[cohort] = conventions.cohort_enters + _school_years(last, conventions.year_start) - level[cohort]
    draft.values["grade_level"] = read


def check_distances(draft: Draft, conventions: Conventions) -> None:
    """Bring distances to kilometres, and doubt those that look like another unit."""
    distance = draft.values["distance_km"]
    if "distance_km" in conventions.factors:
        distance = draft.values["distance_km"] = distance * conventions.factors["distance_km"]
    own = {"code": int(np.count_nonzero(distance == _CODE)), "far": int(np.count_nonzero(distance > _FAR))}
    counted = draft.counted("distances", own)
    if not draft.is_of_request and counted["code"] == counted["far"] >= _FEWEST:
        draft.fault("code_for_unknown", "distance_km", distance == _CODE)
        distance = draft.values["distance_km"]
    highest = draft.table["distance_km"].highest
    far = (distance > _FAR) & (distance <= highest)
    given = np.count_nonzero(distance <= highest)
    if given >= _FEWEST and 2 * np.count_nonzero(far) > given:
        draft.warn("doubtful_unit", "distance_km", far)


def doubt_classes(draft: Draft) -> None:
    """Doubt pupils without a school or a class, and classes of one pupil each."""
    school, grade, room = (draft.values[name] for name in ("school_id", "grade_level", "class_id"))
    for column in ("school_id", "class_id"):
        draft.warn("no_class", column, draft.missing(column) & ~draft.apart)
    placed = np.flatnonzero(~draft.apart & ~draft.missing("class_id"))
    place = group_keys([school[placed], grade[placed], room[placed]])
    size = np.unique(place, return_counts=True)[1]
    own = {"pupils": len(placed), "alone": int(np.count_nonzero(size == 1))}
    counted = draft.counted("classes", own)
    if counted["pupils"] >= _FEWEST_PUPILS and counted["alone"] > _NEARLY_ALL * counted["pupils"]:
        mask = np.zeros(len(draft), np.bool_)
        mask[placed] = True
        draft.warn("classes_of_one", "class_id", mask)


def doubt_grade_levels(draft: Draft, today: int) -> None:
    """Doubt levels whose pupils are years too old or too young, as where 1 is the first of middle school.

    No day is known on which the levels held, but that it is no earlier than the last enrolment in the school
    and no later than today: a pupil who was too old then is so now, and who is too young today was so before.
    """
    school, level, born, enrolled = (
        draft.values[name].astype(np.int64)
        for name in ("school_id", "grade_level", "birth_date", "enrolled_on")
    )
    entered = np.where(draft.missing("enrolled_on") | (enrolled > today), np.iinfo(np.int32).min, enrolled)
    last = np.full(int(school.max(initial=-1)) + 2, np.iinfo(np.int32).min, np.int64)
    np.maximum.at(last, school, entered)
    known = ~(draft.apart | draft.missing("grade_level") | draft.missing("birth_date"))
    known &= draft.missing("left_on")
    usual = FIRST_AGE + level.astype(np.float64)
    old = known & ((last[school] - born) / DAYS_A_YEAR > usual + FAR_AGE)
    young = known & ((today - born) / DAYS_A_YEAR < usual - FAR_AGE)
    own = {name: int(np.count_nonzero(mask)) for name, mask in (("known", known), ("odd", old | young))}
    counted = draft.counted("ages", own)
    if counted["known"] >= _FEWEST_PUPILS and 2 * counted["odd"] > counted["known"]:
        draft.warn("odd_ages", "grade_level", old | young)


def _school_years(days: Ints, year_start: tuple[int, int]) -> Ints:
    """Give the year in which the school year of each day began."""
    known = {day: date_of(day) for day in np.unique(days).tolist()}
    begun = {day: date.year - ((date.month, date.day) < year_start) for day, date in known.items()}
    return np.array([begun[day] for day in days.tolist()], np.int32)
