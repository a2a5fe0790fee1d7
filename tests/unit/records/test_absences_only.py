"""A register of absences only is recognised and refused; the declared convention reads it as it is meant."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dropout_risk import Cohort, DropoutRiskError, SchoolRecords, build_features

MONDAY = dt.date(2024, 9, 2)
WEEKDAYS = [MONDAY + dt.timedelta(days=7 * week + day) for week in range(8) for day in range(5)]
TODAY = dt.date(2024, 12, 1)
Rows = list[dict[str, Any]]
WEEK = {"calendar": {"week": "weekdays"}}


def pupils(number: int = 6, school: str = "s-1") -> Rows:
    return [
        {"student_id": f"{school}-{k}", "school_id": school, "class_id": "8-1", "grade_level": 8}
        for k in range(number)
    ]


def absences(students: Rows, every: int = 12) -> Rows:
    """Write one row for each absence: each pupil misses one day in twelve, someone most days."""
    return [
        {"student_id": student["student_id"], "date": day, "status": ("absent", "excused")[k % 2]}
        for k, student in enumerate(students)
        for number, day in enumerate(WEEKDAYS)
        if (number + 2 * k) % every == 0
    ]


def everybody(students: Rows) -> Rows:
    away = {(row["student_id"], row["date"]) for row in absences(students)}
    return absences(students) + [
        {"student_id": student["student_id"], "date": day, "status": "present"}
        for student in students
        for day in WEEKDAYS
        if (student["student_id"], day) not in away
    ]


def records(students: Rows, attendance: Rows, **more: Any) -> SchoolRecords:
    return SchoolRecords.from_tables(students=students, attendance=attendance, today=TODAY, **more)


def rules(found: SchoolRecords) -> list[str]:
    return [problem.rule.name for problem in found.check().problems]


def shares(found: SchoolRecords) -> list[float]:
    day = WEEKDAYS[-1] + dt.timedelta(days=1)
    features = build_features(found, Cohort.on(found, day))
    return list(features["absence_share_year"])


def test_a_register_of_absences_only_is_refused_with_the_way_out() -> None:
    students = pupils()
    found = records(students, absences(students))
    problem = next(item for item in found.check().problems if item.rule.code == "DR170")
    assert problem.severity == "error"
    assert problem.rows == len(absences(students))
    assert 'unrecorded = "present"' in problem.hint("en")
    assert 'unrecorded = "present"' in problem.hint("zh")
    assert not len(found.attendance)


@pytest.mark.parametrize("status", ["late", "left_early", "suspended"])
def test_a_register_of_exceptions_of_every_kind_is_one_of_absences(status: str) -> None:
    students = pupils()
    rows = [row | ({"status": status} if k % 3 == 0 else {}) for k, row in enumerate(absences(students))]
    assert "absences_only" in rules(records(students, rows))


def test_a_register_of_absences_that_were_entered_late_is_recognised_too() -> None:
    students = pupils()
    rows = [row | {"recorded_on": row["date"] + dt.timedelta(days=1)} for row in absences(students)]
    found = records(students, rows)
    assert "absences_only" in rules(found)
    assert not len(found.attendance)


def test_a_register_that_names_everybody_is_not_doubted() -> None:
    students = pupils()
    assert rules(records(students, everybody(students))) == []


def test_absences_of_a_pupil_or_two_are_refused_where_most_weekdays_have_no_row() -> None:
    students = pupils(2)
    assert rules(records(students, absences(students))) == ["absences_only"]
    one = [{"student_id": "s-1-0", "date": day, "status": "absent"} for day in WEEKDAYS[-20:]]
    assert rules(records(students[:1], one)) == []
    assert rules(records(students[:1], one[:1])) == []


def test_five_absences_of_a_school_are_refused_where_the_others_have_no_row() -> None:
    students = pupils(20)
    few = [
        {"student_id": f"s-1-{k}", "date": WEEKDAYS[7 * (k % 2)], "status": "absent"}
        for k in (2, 3, 5, 7, 11)
    ]
    assert rules(records(students, few)) == ["absences_only"]
    assert rules(records(students, few, unrecorded="unknown")) == []


def test_a_small_register_that_names_everybody_is_not_doubted() -> None:
    students = pupils(4)
    rows = [
        {"student_id": student["student_id"], "date": day, "status": ("absent", "present")[k == 0]}
        for day in WEEKDAYS[:2]
        for k, student in enumerate(students)
    ]
    assert rules(records(students, rows)) == []


@pytest.mark.parametrize("days", [1, 3, 15])
def test_days_on_which_nobody_comes_are_not_doubted(days: int) -> None:
    students = pupils(6)
    rows = [
        {"student_id": student["student_id"], "date": day, "status": "absent"}
        for day in WEEKDAYS[:days]
        for student in students
    ]
    assert rules(records(students, rows)) == []


def test_who_has_left_is_not_left_out() -> None:
    students = pupils(4)
    for student in students[1:]:
        student["left_on"] = WEEKDAYS[2]
    rows = [{"student_id": "s-1-0", "date": day, "status": "absent"} for day in WEEKDAYS[5:20]]
    assert rules(records(students, rows)) == []


def test_only_the_school_whose_register_names_absences_is_refused() -> None:
    one, other = pupils(school="s-1"), pupils(school="s-2")
    found = records(one + other, absences(one) + everybody(other))
    problem = next(item for item in found.check().problems if item.rule.code == "DR170")
    assert problem.rows == len(absences(one))
    assert len(found.attendance) == len(everybody(other))


def test_a_register_of_mostly_absences_with_gaps_is_asked_about() -> None:
    students = pupils(30)
    rows = absences(students)
    rows += [row for row in everybody(students) if row["status"] == "present"][: len(rows) // 4]
    found = records(students, rows)
    assert "mostly_absences" in rules(found)
    assert len(found.attendance) == len(rows)


def test_the_declaration_unknown_takes_the_rows_at_their_word() -> None:
    students = pupils()
    found = records(students, absences(students), unrecorded="unknown")
    assert rules(found) == []
    assert len(found.attendance) == len(absences(students))


@pytest.mark.parametrize(
    "declared",
    [
        {"unrecorded": "present"},
        {"unrecorded": {"s-1": "present"}},
        {"mapping": WEEK | {"unrecorded": "present"}},
        {"mapping": WEEK | {"unrecorded": {"all": "unknown", "s-1": "present"}}},
    ],
)
def test_days_without_a_row_are_days_at_school_where_that_is_declared(declared: dict[str, Any]) -> None:
    students = pupils()
    found = records(students, absences(students), **({"mapping": WEEK} | declared))
    assert rules(found) == []
    assert all(0.05 < share < 0.12 for share in shares(found))


def test_the_convention_needs_school_days() -> None:
    students = pupils()
    found = records(students, absences(students), unrecorded="present")
    assert rules(found) == ["presence_without_school_days"]
    assert not len(found.attendance)


def test_the_convention_is_refused_for_sessions_of_which_nobody_knows_the_number() -> None:
    students = pupils()
    rows = [row | {"session": "1"} for row in absences(students)]
    assert rules(records(students, rows, mapping=WEEK, unrecorded="present")) == ["presence_of_sessions"]


def test_a_declaration_for_a_school_that_nobody_attends_is_an_error() -> None:
    students = pupils()
    declared = {"s-1": "present", "s-I": "present"}
    found = records(students, absences(students), mapping=WEEK, unrecorded=declared)
    assert "declared_school_unknown" in rules(found)


@pytest.mark.parametrize("wrong", ["absent", 4, ["present"], {"s-1": "yes"}])
def test_a_word_that_means_nothing_is_refused_before_anything_is_read(wrong: Any) -> None:
    with pytest.raises(DropoutRiskError, match="unrecorded"):
        SchoolRecords.from_tables(students=pupils(), unrecorded=wrong)
    with pytest.raises(DropoutRiskError, match="unrecorded"):
        SchoolRecords.from_tables(students=pupils(), mapping={"unrecorded": wrong})


def day_for_all(students: Rows, rows: Rows, day: dt.date) -> Rows:
    away = {row["student_id"] for row in rows if row["date"] == day}
    there = [student["student_id"] for student in students if student["student_id"] not in away]
    return [{"student_id": name, "date": day, "status": "present"} for name in there]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("trips", [1, 3])
def test_days_that_name_everybody_do_not_clear_a_register_of_absences(trips: int, late: bool) -> None:
    students = pupils(30)
    rows = absences(students[:9])
    for day in WEEKDAYS[7 : 7 + trips]:
        rows = rows + day_for_all(students, rows, day)
    if late:
        rows = [row | {"recorded_on": row["date"] + dt.timedelta(days=1)} for row in rows]
    assert sum(row["status"] == "present" for row in rows) > 0.4 * len(rows)
    assert "absences_only" in rules(records(students, rows))


def test_a_few_absences_of_which_some_were_corrected_are_asked_about() -> None:
    students = pupils(30)
    rows = [
        {"student_id": f"s-1-{k % 6}", "date": day, "status": "absent" if k % 8 else "present"}
        for k, day in enumerate(WEEKDAYS[:24])
    ]
    assert "mostly_absences" in rules(records(students, rows))


@pytest.mark.parametrize("number", [5, 10])
def test_two_weeks_in_which_each_pupil_was_away_once_are_absences_only(number: int) -> None:
    students = pupils(number)
    rows = [
        {"student_id": student["student_id"], "date": WEEKDAYS[k], "status": "absent"}
        for k, student in enumerate(students)
    ]
    assert "absences_only" in rules(records(students, rows))


@pytest.mark.parametrize("number", [2, 4, 10])
def test_days_of_snow_in_a_small_register_are_not_doubted(number: int) -> None:
    students = pupils(number)
    rows = [
        {"student_id": student["student_id"], "date": day, "status": "excused" if snow else "present"}
        for student in students
        for day, snow in zip(WEEKDAYS[:7], [0, 0, 1, 1, 1, 1, 0], strict=True)
    ]
    assert not {"absences_only", "mostly_absences"} & {*rules(records(students, rows))}


def four_weeks_later(rows: Rows) -> Rows:
    """Give the rows of four weeks as of the four weeks after the register."""
    first = [row for row in rows if row["date"] < WEEKDAYS[20]]
    return [row | {"date": row["date"] + dt.timedelta(weeks=8)} for row in first]


def test_a_register_that_names_absences_only_since_some_weeks_is_doubted() -> None:
    students = pupils(30)
    rows = everybody(students) + four_weeks_later(absences(students))
    (problem,) = records(students, rows).check().problems
    assert (problem.rule.name, problem.severity) == ("mostly_absences", "warning")
    assert "last 3 weeks" in problem.detail.en
    assert "最近3周" in problem.detail.zh
    assert "mostly_absences" not in rules(records(students, rows, mapping={"unrecorded": "unknown"}))


def test_a_class_that_turns_beside_one_that_goes_on_is_doubted_by_itself() -> None:
    students, others = pupils(30), pupils(30, "s-2")
    for row in others:
        row |= {"school_id": "s-1", "class_id": "8-2"}
    rows = everybody(students) + four_weeks_later(absences(students))
    beside = everybody(others) + four_weeks_later(everybody(others))
    (problem,) = records(students + others, rows + beside).check().problems
    assert (problem.rule.name, problem.rows) == ("mostly_absences", len(rows))


@pytest.mark.parametrize("rest", [everybody, lambda students: absences(students)[:5], lambda students: []])
def test_a_register_that_goes_on_or_ends_has_not_turned(rest: Any) -> None:
    students = pupils(30)
    rows = everybody(students) + four_weeks_later(rest(students))
    assert "mostly_absences" not in rules(records(students, rows))
