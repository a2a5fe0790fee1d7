"""Tables that can be read and yet cannot be meant as they stand: each such fault is named by the check."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk import SchoolRecords
from dropout_risk.records.days.calendar import date_of

MONDAY = dt.date(2024, 9, 2)
DAYS = [MONDAY + dt.timedelta(days=7 * week + day) for week in range(8) for day in range(5)]
SUBJECTS = ("chinese", "maths", "english")
Rows = list[dict[str, Any]]


def pupils(number: int = 12) -> Rows:
    return [
        {"student_id": f"p{k}", "school_id": "s", "class_id": "8-1", "grade_level": 8} for k in range(number)
    ]


def register(away: str = "absent", here: str = "present") -> Rows:
    return [
        {"student_id": f"p{k}", "date": day, "status": away if (number + 2 * k) % 12 == 0 else here}
        for k in range(12)
        for number, day in enumerate(DAYS)
    ]


def totals(**changes: Any) -> Rows:
    """Write two months of 20 days in which everybody missed a day or two."""
    months = (("2024-09-01", "2024-09-30"), ("2024-10-01", "2024-10-31"))
    row = {"days_enrolled": 20}
    return [
        {"student_id": f"p{k}", "period_start": first, "period_end": last, "days_absent": 1 + k % 2}
        | row
        | changes
        for k in range(12)
        for first, last in months
    ]


def marks(score: dict[str, float] | None = None, subjects: tuple[str, ...] = SUBJECTS) -> Rows:
    """Write an exam that everybody sat; ``score`` gives what p0 has instead."""
    return [
        {"student_id": f"p{k}", "date": DAYS[20], "subject": subject, "exam": "midterm", "max_score": 100}
        | {"score": (score or {}).get(subject, 60 + k) if k == 0 else 60 + k}
        for k in range(12)
        for subject in subjects
    ]


def rules(students: Rows | None = None, **tables: Any) -> list[str]:
    records = SchoolRecords.from_tables(students=students or pupils(), today="2024-12-01", **tables)
    return sorted({problem.rule.name for problem in records.check().problems})


def test_nothing_is_said_of_clean_tables() -> None:
    assert rules(attendance=register(), grades=marks()) == rules(attendance_totals=totals()) == []


def aged(age: float, level: int, enrolled: dt.date | None = dt.date(2024, 9, 1), **more: Any) -> Rows:
    born = dt.date(2024, 9, 1) - dt.timedelta(days=round(age * 365.25))
    return [
        row | {"grade_level": level, "birth_date": born, "enrolled_on": enrolled} | more for row in pupils()
    ]


@pytest.mark.parametrize("level", range(13))
def test_pupils_of_the_usual_age_are_not_doubted_nor_those_two_years_behind(level: int) -> None:
    for years in (-1, 0, 2):
        assert rules(aged(6.3 + level + years, level), attendance=register()) == []


@pytest.mark.parametrize(("age", "level"), [(12.5, 1), (15.6, 2), (13.1, 12), (0.2, 8)])
def test_levels_that_count_from_another_school_are_doubted(age: float, level: int) -> None:
    assert rules(aged(age, level), attendance=register()) == ["odd_ages"]
    mapped = {"words": {"grade_level": {str(level): round(age) - 6}}}
    if age > 1:
        assert rules(aged(age, level), attendance=register(), mapping=mapped) == []


@pytest.mark.parametrize(("level", "named"), [(2023, "cohort_year"), (40, "implausible_number")])
def test_a_level_that_is_none_says_nothing_of_ages(level: int, named: str) -> None:
    assert rules(aged(13.5, level), attendance=register()) == [named]


def test_ages_of_old_records_are_not_judged_by_the_day_they_are_read_on() -> None:
    long_ago = aged(13.5 + 9, 7, enrolled=dt.date(2014, 9, 1))
    assert rules(long_ago) == rules(aged(13.5 + 9, 7, enrolled=None)) == []
    assert rules(aged(12.5, 1, left_on=dt.date(2024, 10, 1))) == []


def test_a_register_with_its_words_exchanged_is_doubted() -> None:
    assert rules(attendance=register(away="present", here="absent")) == ["words_exchanged"]


def test_the_few_of_a_class_who_stopped_coming_are_no_exchanged_words() -> None:
    left = [row | {"class_id": "8-2", "student_id": f"q{k}"} for k, row in enumerate(pupils(4))]
    away = [
        {"student_id": row["student_id"], "date": day, "status": "present" if number < 9 else "absent"}
        for row in left
        for number, day in enumerate(DAYS)
    ]
    assert rules(students=pupils() + left, attendance=register() + away) == []
    assert rules(students=left, attendance=away) == ["words_exchanged"]


def test_who_declares_that_everybody_is_named_hears_no_doubt_of_the_register() -> None:
    mapping = {"unrecorded": "unknown"}
    assert rules(attendance=register(away="present", here="absent"), mapping=mapping) == []
    few = [row for number, row in enumerate(register()) if number % 5 == 0]
    assert rules(attendance=few, mapping=mapping) == []


@settings(max_examples=20, deadline=None)
@given(every=st.integers(4, 9), seed=st.integers(0, 1000))
def test_a_register_that_leaves_most_pupils_out_is_doubted(every: int, seed: int) -> None:
    chance = random.Random(seed)
    rows = [row for row in register() if row["status"] == "absent" or chance.random() < 1 / every]
    found = rules(attendance=rows)
    assert found in (["sparse_register"], ["mostly_absences"]), found


def test_one_class_that_leaves_most_out_is_named_by_itself() -> None:
    students = pupils()
    for row in students[6:]:
        row["class_id"] = "8-2"
    others = {row["student_id"] for row in students[6:]}
    rows = [
        row for n, row in enumerate(register()) if row["student_id"] not in others or (n + n // 40) % 4 == 0
    ]
    records = SchoolRecords.from_tables(students=students, attendance=rows, today="2024-12-01")
    (problem,) = records.check().problems
    assert problem.rule.name == "sparse_register"
    assert "8/8-2" in problem.detail.en
    assert "8/8-1" not in problem.detail.en


@pytest.mark.parametrize(
    "odd",
    [{"days_absent": 0.05}, {"days_absent": 19}, {"days_enrolled": 30}],
    ids=["shares", "days present", "days of the calendar"],
)
def test_totals_in_another_unit_are_doubted(odd: dict[str, Any]) -> None:
    assert rules(attendance_totals=totals(**odd)) == ["doubtful_unit"]


def test_half_days_and_a_single_odd_pupil_are_no_other_unit() -> None:
    assert rules(attendance_totals=totals(days_absent=0.5)) == []
    rows = totals()
    rows[0]["days_absent"] = 19
    assert rules(attendance_totals=rows) == []


@settings(max_examples=20, deadline=None)
@given(scores=st.lists(st.sampled_from([0, 0, 40]), min_size=3, max_size=3))
def test_zeros_are_doubted_where_a_whole_exam_is_zero(scores: list[float]) -> None:
    found = rules(grades=marks(dict(zip(SUBJECTS, scores, strict=True))))
    assert ("zero_marks" in found) == (not any(scores))


def test_zero_in_two_subjects_of_two_is_a_mark() -> None:
    assert "zero_marks" not in rules(grades=marks({"chinese": 0, "maths": 0}, SUBJECTS[:2]))


def test_pupils_without_a_class_and_classes_of_one_are_named() -> None:
    students = pupils()
    students[3]["class_id"] = None
    assert rules(students) == ["no_class"]
    assert rules([row | {"class_id": f"{k}"} for k, row in enumerate(pupils())]) == ["classes_of_one"]


def test_what_follows_after_death_or_graduation_is_named() -> None:
    ended = {"student_id": "p0", "date": DAYS[5], "event": "died"}
    later = {"student_id": "p0", "date": DAYS[9], "event": "returned"}
    assert "after_the_end" in rules(outcomes=[ended, later])
    assert "after_the_end" not in rules(outcomes=[ended, later | {"date": DAYS[2]}])


@pytest.mark.parametrize(
    ("table", "headers"),
    [
        ("attendance", [str(day) for day in DAYS[:5]]),
        ("attendance", ["9月2日", "9月3日", "9月4日"]),
        ("grades", ["语文", "数学", "英语"]),
        ("family", ["孤儿", "低保", "单亲"]),
    ],
)
def test_a_wide_sheet_is_named_once_and_not_by_each_of_its_columns(table: str, headers: list[str]) -> None:
    row = {"student_id": "p0"} | dict.fromkeys(headers, "1")
    found = rules(**{table: [row]})
    assert found == ["missing_column", "one_column_each"]


def test_a_request_of_one_pupil_is_judged_by_no_table_as_a_whole() -> None:
    found = rules(pupils(1), attendance_totals=totals(days_absent=19)[:2])
    assert found == []


def test_weekends_on_which_nobody_is_ever_away_are_doubted_and_real_saturdays_are_not() -> None:
    week = [MONDAY + dt.timedelta(days=day) for day in range(70)]
    away = {
        (f"p{k}", day) for k in range(12) for number, day in enumerate(week) if (number + 2 * k) % 13 == 0
    }

    def rows(days: list[dt.date]) -> Rows:
        return [
            {"student_id": f"p{k}", "date": day, "status": "absent" if (f"p{k}", day) in away else "present"}
            for k in range(12)
            for day in days
        ]

    weekdays = [day for day in week if day.weekday() < 5]
    filled = rows(weekdays) + [
        {"student_id": f"p{k}", "date": day, "status": "present"}
        for k in range(12)
        for day in week
        if day.weekday() >= 5
    ]
    assert rules(attendance=filled) == ["filled_days"]
    assert rules(attendance=rows([day for day in week if day.weekday() < 6])) == []
    closed = [{"date": day, "is_school_day": day.weekday() < 5} for day in week]
    assert rules(attendance=filled, calendar=closed) == ["no_school_day"]


@pytest.mark.parametrize("week", ["weekdays", "china"])
def test_a_small_school_with_few_absences_has_the_days_of_its_calendar(week: str) -> None:
    away = [
        ("p1", "2024-09-10"),
        ("p2", "2024-09-24"),
        ("p1", "2024-10-15"),
        ("p3", "2024-11-05"),
        ("p4", "2024-11-29"),
    ]
    told = [{"student_id": pupil, "date": day, "status": "absent"} for pupil, day in away]
    mapping = {"unrecorded": "present", "calendar": {"week": week}}
    records = SchoolRecords.from_tables(
        students=pupils(5), attendance=told, mapping=mapping, today="2024-12-01"
    )
    holidays = (
        {"2024-09-16", "2024-09-17", *(f"2024-10-0{day}" for day in range(1, 8))} if week == "china" else ()
    )
    first, last = dt.date(2024, 9, 10), dt.date(2024, 11, 29)
    days = [first + dt.timedelta(day) for day in range((last - first).days + 1)]
    expected = [day for day in days if day.weekday() < 5 and day.isoformat() not in holidays]
    makeup = {dt.date(2024, 9, 14), dt.date(2024, 9, 29), dt.date(2024, 10, 12)} if week == "china" else set()
    assert [date_of(day) for day in records.calendar.days_of("s")[0].tolist()] == sorted({*expected, *makeup})


def test_two_months_without_an_absence_are_holidays_also_of_a_small_school() -> None:
    away = ["2024-06-03", "2024-06-07", "2024-09-02", "2024-09-06"]
    told = [{"student_id": "p1", "date": day, "status": "absent"} for day in away]
    mapping = {"unrecorded": "present", "calendar": {"week": "weekdays"}}
    records = SchoolRecords.from_tables(
        students=pupils(5), attendance=told, mapping=mapping, today="2024-12-01"
    )
    assert len(records.calendar.days_of("s")[0]) == 10


@pytest.mark.parametrize("everybody", [True, False])
def test_lessons_that_name_absences_only_beside_a_roll_call_are_doubted(everybody: bool) -> None:
    roll = [row | {"session": "homeroom"} for row in register()]
    missed = {("p3", day) for day in DAYS[::3]}
    lesson = [
        {"student_id": f"p{k}", "date": day, "session": "pe", "status": "absent" if away else "present"}
        for k in range(12)
        for day in DAYS
        if (away := (f"p{k}", day) in missed) or everybody
    ]
    assert rules(attendance=roll + lesson) == ([] if everybody else ["lessons_of_absences"])


@pytest.mark.parametrize("word", ["总分", "Total", " 平均分", "班级名次", "TOTAL SCORE"])
def test_totals_means_and_ranks_are_no_subjects_beside_subjects(word: str) -> None:
    sums = [row | {"subject": word, "score": 180, "max_score": 300} for row in marks(subjects=("maths",))]
    records = SchoolRecords.from_tables(students=pupils(), grades=marks() + sums, today="2024-12-01")
    assert [problem.rule.name for problem in records.check().problems] == ["sum_as_subject"]
    assert records.table("grades").num_rows == len(marks())
    assert "sum_as_subject" not in rules(grades=sums)


@pytest.mark.parametrize(("no", "known"), [("0", 12), ("2", 0)])
def test_levels_of_a_sheet_that_writes_two_for_no_are_no_levels(no: str, known: int) -> None:
    family = [
        {"student_id": f"p{k}", "factor": factor, "valid_from": MONDAY, "value": "1" if k < 2 else no}
        for k in range(12)
        for factor in ("disability", "orphan")
    ]
    records = SchoolRecords.from_tables(students=pupils(), family=family, today="2024-12-01")
    named = [problem.rows for problem in records.check().problems]
    assert named == ([] if known else [12 + 10])
    rows = records.table("family").to_pylist()
    assert sum(row["factor"] == "disability" and row["value"] != "unknown" for row in rows) == known


@pytest.mark.parametrize(
    ("instrument", "norm", "doubted"),
    [
        ("SDQ", "sdq-cn-parent", False), ("SDQ", None, False), ("SDQ", "SDQ-CN-Parent", False),
        ("SDQ", "中国常模", True), ("SCL-90", "1-5", False), ("SCL-90", None, True), ("SCL-90", "1~6", True),
        ("自编问卷", "校内常模", False),
    ],
)  # fmt: skip
def test_a_test_whose_norm_gives_no_band_is_doubted(instrument: str, norm: str | None, doubted: bool) -> None:
    tests = [
        {"student_id": f"p{k}", "date": DAYS[3], "instrument": instrument, "scale": "total", "score": 12 + k}
        | ({"score": 120 + k} if instrument == "SCL-90" else {})
        | ({"norm": norm} if norm else {})
        for k in range(12)
    ]
    records = SchoolRecords.from_tables(students=pupils(), wellbeing=tests, today="2024-12-01")
    found = [(problem.column, problem.rows) for problem in records.check().problems]
    assert [item for item in found if item[0] == "norm"] == ([("norm", 12)] if doubted else [])


# --- Days of recording, dates for names, scales of which 1 may be the best --------------------------


@pytest.mark.parametrize(
    ("recorded", "named"),
    [
        (lambda day: dt.date(2024, 11, 30), True),
        (lambda day: day, False),
        (lambda day: day + dt.timedelta(days=7), False),
        (lambda day: dt.date(2024, 11, 30) if day < DAYS[20] else day, False),
    ],
    ids=["the day of the export", "the day itself", "a week later", "the half of it typed in later"],
)
@pytest.mark.parametrize("table", ["attendance", "discipline"])
def test_a_day_of_recording_that_is_that_of_the_export_is_doubted(table, recorded, named) -> None:
    if table == "attendance":
        rows = [row | {"recorded_on": recorded(row["date"])} for row in register()]
    else:
        rows = [
            {"student_id": f"p{k}", "date": day, "kind": "fight", "recorded_on": recorded(day)}
            for k, day in zip([*range(12)] * 4, DAYS, strict=False)
        ]

    assert ("recorded_at_once" in rules(**{table: rows})) is named


def test_the_day_of_an_export_is_ignored_as_its_hint_says() -> None:
    rows = [row | {"登记日期": dt.date(2024, 11, 30)} for row in register()]
    records = SchoolRecords.from_tables(
        students=pupils(), attendance=rows, today="2024-12-01", mapping={"ignored": ["登记日期"]}
    )

    assert records.check().problems == ()
    assert records.table("attendance")["recorded_on"].to_pylist()[0] == MONDAY


@pytest.mark.parametrize(
    "name", ["8月1日", "2024-08-01", "2024年8月1日", "1-Aug", "Aug-01", "2024-08-01 00:00:00"]
)
def test_a_class_that_became_a_date_is_named(name: str) -> None:
    students = [row | {"class_id": name if k < 6 else "8-2"} for k, row in enumerate(pupils())]
    problems = SchoolRecords.from_tables(students=students, today="2024-12-01").check().problems

    assert [(p.rule.name, p.column, p.rows) for p in problems] == [("date_for_name", "class_id", 6)]


def test_lessons_that_became_a_date_are_named() -> None:
    assert "date_for_name" in rules(attendance=[row | {"session": "1月2日"} for row in register()])
    assert "date_for_name" not in rules(attendance=[row | {"session": "1-2节"} for row in register()])


@pytest.mark.parametrize(
    ("scores", "highest", "named"),
    [((1, 2, 6), 6, True), ((1, 3.7, 5), 5, True), ((0, 2, 6), 6, False), ((1, 2, 6), 10, False)],
)
def test_marks_of_which_1_may_be_the_best_are_doubted(scores: Any, highest: float, named: bool) -> None:
    rows = [row | {"score": scores[k % 3], "max_score": highest} for k, row in enumerate(marks())]

    assert ("best_mark_unsure" in rules(grades=rows)) is named


def test_marks_are_turned_round_as_the_hint_says() -> None:
    rows = [row | {"score": 1 + k % 6, "max_score": 6} for k, row in enumerate(marks())]
    turned = {"words": {"score": {str(k): 7 - k for k in range(1, 7)}}}
    records = SchoolRecords.from_tables(students=pupils(), grades=rows, today="2024-12-01", mapping=turned)

    assert sorted(records.table("grades")["score"].to_pylist()) == sorted(7 - row["score"] for row in rows)


@pytest.mark.parametrize(("far", "named"), [(99, True), (70, False), (2, False)])
def test_99_kilometres_of_several_pupils_alone_are_a_code(far: float, named: bool) -> None:
    students = [
        row | {"distance_km": 99 if k < 3 else 1 + k if k > 3 else far} for k, row in enumerate(pupils())
    ]
    if far == 2:
        students = [row | {"distance_km": 1 + k} for k, row in enumerate(pupils())]

    assert ("code_for_unknown" in rules(students)) is named


# --- Rows that a column tells apart which nobody mapped ---------------------------------------------


@pytest.mark.parametrize("table", ["attendance", "grades"])
def test_copies_that_an_unused_column_tells_apart_are_named_by_it(table: str) -> None:
    rows = [
        row | {"Task": task} for row in (register() if table == "attendance" else marks()) for task in "ab"
    ]
    records = SchoolRecords.from_tables(students=pupils(), today="2024-12-01", **{table: rows})
    (found,) = [p for p in records.check().problems if p.rule.name == "duplicate_row"]

    assert "'Task'" in found.detail.en


def test_true_copies_are_told_by_no_column() -> None:
    rows = [row | {"Task": "a", "row id": str(k)} for k, row in enumerate(marks() * 2)]
    records = SchoolRecords.from_tables(students=pupils(), today="2024-12-01", grades=rows)
    (found,) = [p for p in records.check().problems if p.rule.name == "duplicate_row"]

    assert found.detail.en == ""


# --- Presence that is filled in, lessons for days, sums for subjects, columns that say who left ------


@pytest.mark.parametrize(("number", "away", "named"), [(30, 0, True), (30, 1, False), (12, 0, False)])
def test_a_register_in_which_nobody_was_ever_away_is_doubted(number: int, away: int, named: bool) -> None:
    rows = [{"student_id": f"p{k}", "date": day, "status": "present"} for k in range(number) for day in DAYS]
    for row in rows[:away]:
        row["status"] = "late"

    assert ("nobody_ever_away" in rules(pupils(number), attendance=rows)) is named


def test_absences_that_were_recorded_late_are_absences() -> None:
    rows = [{"student_id": f"p{k}", "date": day, "status": "present"} for k in range(30) for day in DAYS]
    rows[5] |= {"status": "absent", "recorded_on": DAYS[20]}

    assert "nobody_ever_away" not in rules(pupils(30), attendance=rows)


@pytest.mark.parametrize(
    ("days", "found"), [((7, 14), ["doubtful_unit"]), ((0, 0), []), ((2, 4), []), ((7, 7), []), ((6, 10), [])]
)
def test_totals_that_are_all_multiples_of_lessons_are_doubted(
    days: tuple[int, int], found: list[str]
) -> None:
    rows = [row | {"days_absent": days[k % 2]} for k, row in enumerate(totals())]

    assert rules(attendance_totals=rows) == found


def test_totals_in_which_nobody_was_ever_away_are_doubted() -> None:
    rows = [
        row | {"days_absent": 0, "student_id": f"p{pupil}"} for pupil in range(30) for row in totals()[:2]
    ]

    assert rules(pupils(30), attendance_totals=rows) == ["nobody_ever_away"]


@pytest.mark.parametrize(
    "name", ["三科总分", "语数英总分", "Total Score", "overall", "班级排名", "年级名次", "平均"]
)
def test_sums_and_ranks_among_subjects_are_no_subjects(name: str) -> None:
    assert "sum_as_subject" in rules(grades=[*marks(), *marks(subjects=(name,))])


@pytest.mark.parametrize("name", ["综合实践", "总务", "rankings of poems", "meaning"])
def test_a_subject_that_holds_such_a_word_is_one(name: str) -> None:
    assert "sum_as_subject" not in rules(grades=[*marks(), *marks(subjects=(name,))])


@pytest.mark.parametrize(
    ("table", "header", "said"),
    [("students", "学籍状态", "[filters.students]"), ("attendance", "Excuse", "[combined.attendance]")],
)
def test_an_unused_column_that_changes_what_others_mean_is_told_so(
    table: str, header: str, said: str
) -> None:
    tables = {"students": pupils(), "attendance": register()}
    tables[table] = [row | {header: "x"} for row in tables[table]]
    (problem,) = SchoolRecords.from_tables(**tables, today="2024-12-01").check().problems

    assert (problem.rule.name, problem.column) == ("unknown_column", header)
    assert said in problem.hint("en")


def test_a_class_with_its_term_in_brackets_is_the_class() -> None:
    students = [row | {"class_id": "8-1(2024秋)" if k % 2 else "8-1"} for k, row in enumerate(pupils())]

    assert rules(students) == ["words_alike"]
    assert rules([row | {"class_id": f"({2023 + k % 2})1班"} for k, row in enumerate(pupils())]) == []
