"""One exam of a class and a subject has one day; rows on others are named, and stay."""

import datetime as dt

import pytest

from dropout_risk.records.school_records import SchoolRecords

DAY = dt.date(2024, 11, 8)
PUPILS = [
    {"student_id": f"{school}{n}", "school_id": school, "class_id": "c", "grade_level": 7}
    for school in "st"
    for n in range(12)
]


def mark(pupil, day, exam="midterm", subject="maths", **more):
    return {
        "student_id": pupil,
        "date": day,
        "subject": subject,
        "exam": exam,
        "score": 60,
        "max_score": 100,
    } | more


def sat(days, school="s", **more):
    """Each pupil of a school on a day of its own."""
    return [mark(f"{school}{n}", day, **more) for n, day in enumerate(days)]


def named(marks):
    records = SchoolRecords.from_tables(students=PUPILS, grades=marks, today="2025-06-30")
    found = [p for p in records.check().problems if p.rule.code == "DR910"]
    assert records.check().ok
    return sum(p.rows for p in found)


@pytest.mark.parametrize(
    "slip",
    [
        dt.date(2023, 11, 8),
        dt.date(2024, 11, 18),
        dt.date(2024, 12, 8),
        dt.date(2024, 11, 9),
        dt.date(2024, 10, 8),
    ],
)
def test_a_mistyped_day_is_named(slip):
    assert named(sat([slip, *[DAY] * 11])) == 1


def test_a_day_on_which_an_exam_is_sat_again_is_named():
    assert named([*sat([DAY] * 12), mark("s3", DAY + dt.timedelta(days=14))]) == 1


def test_days_of_marking_in_the_place_of_that_of_the_exam_are_named():
    assert named(sat([DAY + dt.timedelta(days=n // 2) for n in range(12)])) == 12


def test_exams_of_every_month_are_as_many_exams():
    days = [dt.date(2024, month, 20) for month in (9, 10, 11, 12)]
    marks = [row for day in days for row in sat([day] * 12, exam="monthly")]

    assert named(marks) == 0


def test_weekly_quizzes_of_one_name_are_as_many_exams():
    marks = [row for week in range(6) for row in sat([DAY + dt.timedelta(days=7 * week)] * 12, exam="quiz")]

    assert named(marks) == 0


def test_each_class_and_each_subject_has_a_day_of_its_own():
    marks = sat([DAY] * 12)
    marks += sat([DAY + dt.timedelta(days=1)] * 12, school="t")
    marks += sat([DAY + dt.timedelta(days=2)] * 12, subject="english")

    assert named(marks) == 0


def test_half_a_class_may_sit_an_oral_exam_on_another_day():
    assert named(sat([DAY + dt.timedelta(days=n // 6) for n in range(12)])) == 0


def test_few_marks_have_no_day_of_a_class():
    assert named(sat([DAY + dt.timedelta(days=n) for n in range(3)])) == 0


def test_a_correction_lies_on_the_day_of_the_exam():
    marks = sat([DAY] * 12)

    assert named([*marks, marks[0] | {"score": 70, "recorded_on": DAY + dt.timedelta(days=9)}]) == 0


def test_an_exam_of_another_year_that_the_class_sat_is_one_of_its_own():
    assert named([*sat([DAY] * 12), *sat([DAY.replace(year=2023)] * 12)]) == 0
