"""A calendar that lists days off as open school days is doubted; an unusual week is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from dropout_risk import SchoolRecords

FIRST, LAST = dt.date(2024, 9, 2), dt.date(2024, 12, 27)
DATES = [FIRST + dt.timedelta(days=k) for k in range((LAST - FIRST).days + 1)]
HOLIDAYS = {dt.date(2024, 10, day) for day in (1, 2, 3, 4, 7)} | {dt.date(2024, 9, day) for day in (16, 17)}
Days = Callable[[dt.date], bool]


def is_weekday(day: dt.date) -> bool:
    return day.weekday() < 5


def in_term(day: dt.date) -> bool:
    return is_weekday(day) and day not in HOLIDAYS


def until_saturday(day: dt.date) -> bool:
    return day.weekday() < 6


def rules(opens: Days, attends: Days, status: str = "present", **more: Any) -> list[str]:
    students = [{"student_id": k, "school_id": "s", "class_id": "a", "grade_level": 8} for k in range(4)]
    rows = [
        {"student_id": k, "date": day, "status": status} for day in DATES if attends(day) for k in range(4)
    ]
    calendar = [{"date": day, "is_school_day": opens(day)} for day in DATES]
    found = SchoolRecords.from_tables(
        students=students, attendance=rows, calendar=calendar, today=dt.date(2025, 1, 5), **more
    )
    return [problem.rule.code for problem in found.check().problems]


def test_weekends_that_are_open_without_any_attendance_are_named() -> None:
    assert rules(lambda day: True, in_term) == ["DR169"]


def test_a_saturday_that_makes_up_for_a_holiday_changes_nothing() -> None:
    made_up = {dt.date(2024, 9, 14), dt.date(2024, 10, 12)}
    assert rules(lambda day: True, lambda day: in_term(day) or day in made_up) == ["DR169"]


def test_saturdays_alone_are_named_too_where_nobody_has_attendance() -> None:
    assert rules(until_saturday, in_term) == ["DR169"]


def test_public_holidays_that_are_open_without_any_attendance_are_named() -> None:
    assert rules(is_weekday, in_term) == ["DR169"]


def test_weekends_that_are_open_all_through_the_term_are_asked_about() -> None:
    assert rules(lambda day: True, lambda day: True) == ["DR149"]
    assert rules(lambda day: True, lambda day: True, mapping={"calendar": {"week": "listed"}}) == []


@pytest.mark.parametrize(
    ("opens", "attends"),
    [
        (in_term, in_term),
        (is_weekday, is_weekday),
        (until_saturday, until_saturday),
        (lambda day: in_term(day) or day.day == 28, in_term),  # make-up days, of which some are missing
        (lambda day: day.weekday() >= 5, lambda day: day.weekday() >= 5),  # a school that opens on weekends
        (is_weekday, lambda day: in_term(day) and day < dt.date(2024, 9, 28)),  # stops before the holidays
        (is_weekday, lambda day: in_term(day) and day.weekday() == 0),  # a register of one day a week
    ],
)
def test_an_unusual_week_is_not_doubted(opens: Days, attends: Days) -> None:
    assert rules(opens, attends) == []


def test_a_calendar_without_any_attendance_is_asked_about_its_weekends_alone() -> None:
    assert rules(lambda day: True, lambda day: False) == ["DR149"]
    assert rules(is_weekday, lambda day: False) == []
