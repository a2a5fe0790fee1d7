"""What lies outside of enrolment because a date was misread is named by that cause."""

import datetime as dt

import numpy as np
import pytest

from dropout_risk.records.days.dates import cause_of_outside
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import NO_WORDS

FIRST, TODAY = dt.date(2024, 9, 2), "2025-01-31"
PUPILS = [
    {"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 7, "enrolled_on": FIRST}
    for n in range(4)
]
DAYS = [day for n in range(80) if (day := FIRST + dt.timedelta(n)).weekday() < 5]


def attendance(write=lambda day: day, wrong=()):
    rows = [
        {"student_id": pupil["student_id"], "date": write(day), "status": "present"}
        for pupil in PUPILS
        for day in DAYS
    ]
    return SchoolRecords.from_tables(students=PUPILS, attendance=[*rows, *wrong], today=TODAY)


def grades(write=lambda day: day, wrong=()):
    days = [FIRST + dt.timedelta(3 * n) for n in range(20)]
    rows = [
        {"student_id": pupil["student_id"], "date": write(day), "subject": "maths", "exam": f"quiz {n}"}
        | {"score": 60, "max_score": 100}
        for pupil in PUPILS
        for n, day in enumerate(days)
    ]
    return SchoolRecords.from_tables(students=PUPILS, grades=[*rows, *wrong], today=TODAY)


def exchanged(day):
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


def problems(records):
    return [(p.rule.name, p.column) for p in records.check().problems if p.severity == "error"]


@pytest.mark.parametrize("table", [attendance, grades])
def test_days_with_day_and_month_exchanged_are_named_by_that(table):
    (found,) = [p for p in table(exchanged).check().problems if p.severity == "error"]

    assert found.rule.name == "misread_dates"
    assert "day and month exchanged" in found.detail.en


@pytest.mark.parametrize("table", [attendance, grades])
@pytest.mark.parametrize("years", [-10, -100, 10])
def test_a_wrong_year_in_a_whole_column_is_named_by_that(table, years):
    if years > 0:
        assert problems(table(lambda day: day.replace(year=day.year + years))) == [("future_date", "date")]
        return
    (found,) = [
        p
        for p in table(lambda day: day.replace(year=day.year + years)).check().problems
        if p.severity == "error"
    ]

    assert found.rule.name == "misread_dates"
    assert f"{-years} years later" in found.detail.en


@pytest.mark.parametrize("year", [1924, 2014])
def test_a_mistyped_year_of_one_row_is_a_lone_date_and_counts_as_refused(year):
    wrong = {"student_id": "p0", "date": f"{year}-11-01", "status": "present"}
    records = attendance(wrong=[wrong])

    assert problems(records) == [("lone_date", "date")]
    assert len(records.refused) == 1
    mark = wrong | {"subject": "maths", "exam": "quiz 99", "score": 60, "max_score": 100}
    del mark["status"]
    assert problems(grades(wrong=[mark])) == [("lone_date", "date")]


def test_rows_of_before_enrolment_that_no_slip_explains_stay_such():
    earlier = [
        {"student_id": "p0", "date": FIRST - dt.timedelta(days), "status": "present"} for days in range(1, 30)
    ]

    assert problems(attendance(wrong=earlier)) == [("before_enrolled", "date")]


def test_few_of_many_rows_have_no_common_cause():
    march = np.array([19_791, 19_822, 19_852])
    assert cause_of_outside(march, np.full(3, 19_967), np.full(3, 20_100), 100) == NO_WORDS
    assert cause_of_outside(march[:2], np.full(2, 19_967), np.full(2, 20_100), 2) == NO_WORDS
