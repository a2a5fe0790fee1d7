"""Numbers of pupils that cannot be meant as they stand: years of entry, metres, codes for nothing."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Ints
from dropout_risk.records.calendar import date_of
from dropout_risk.records.conventions import Conventions
from dropout_risk.records.grade_levels import FIRST_COHORT, LAST_COHORT
from dropout_risk.records.ordering import group_keys
from dropout_risk.records.rows import Draft

_FAR, _FEWEST = 50.0, 3
_FEWEST_PUPILS, _NEARLY_ALL = 10, 0.8


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


def _school_years(days: Ints, year_start: tuple[int, int]) -> Ints:
    """Give the year in which the school year of each day began."""
    known = {day: date_of(day) for day in np.unique(days).tolist()}
    begun = {day: date.year - ((date.month, date.day) < year_start) for day, date in known.items()}
    return np.array([begun[day] for day in days.tolist()], np.int32)
