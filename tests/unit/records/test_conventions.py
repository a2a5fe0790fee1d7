import pytest

from dropout_risk.records.school_records import SchoolRecords

PUPIL = {"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 7}


def students(*changes, **options):
    rows = [PUPIL | {"student_id": f"p{n}"} | change for n, change in enumerate(changes)]
    return SchoolRecords.from_tables(students=rows, today="2024-11-30", **options)


def found(records):
    return [(p.column, p.rule.name, p.severity) for p in records.check().problems]


@pytest.mark.parametrize(
    ("dates", "written"),
    [
        ("dmy", "03/04/2023"),
        ("dmy", "3.4.23"),
        ("mdy", "04/03/2023"),
        ("ymd", "23-4-3"),
        ("serial", "45019"),
        (["dmy", "serial"], "45019"),
        ("dmy", "2023-04-03"),
        ("mdy", "04/03/2023 12:00:00 AM"),
        ("mdy", "4/3/2023 12:00 am"),
        ("mdy", "4/3/2023 4:30:00 PM"),
        ("dmy", "3/4/2023 12:15 pm"),
        ("ymd", "2023-04-03 08:00 AM"),
        ("ymd", "2023-04-03 星期一"),
        ("ymd", "2023/4/3（周一）"),
        ("ymd", "03-Apr-2023"),
        ("ymd", "April 3, 2023"),
    ],
)
def test_dates_are_read_in_the_order_that_the_county_declares(dates, written):
    records = students({"enrolled_on": written}, mapping={"dates": dates})
    assert str(records.table("students")["enrolled_on"].to_pylist()[0]) == "2023-04-03"


@pytest.mark.parametrize("written", [
    "03/04/2023", "3.4.23", "23-4-3", "45019", "04/03/2023 12:00:00 AM", "04/03/2023 4:00 PM", "03-Avr-2023",
    "Mon 2023-04-03",
])  # fmt: skip
def test_without_a_word_on_their_order_such_dates_are_named(written):
    assert found(students({"enrolled_on": written})) == [("enrolled_on", "unparsable_date", "warning")]


@pytest.mark.parametrize(
    ("written", "level"),
    [("初 一", 7), ("高二", 11), ("七年级", 7), ("7年级", 7), ("Grade 7", 7), ("Year 9", 9), ("８", 8)],
)
def test_a_grade_level_may_be_written_as_schools_do(written, level):
    records = students({"grade_level": written})
    assert records.table("students")["grade_level"].to_pylist() == [level]
    assert records.check().problems == ()


@pytest.mark.parametrize("written", [2023, "2023", "2023级"])
def test_a_year_of_entry_is_no_grade_level_unless_the_county_says_where_it_begins(written):
    named = students({"grade_level": written})
    assert named.table("students")["grade_level"].to_pylist() == [None]
    assert found(named) == [("grade_level", "cohort_year", "warning")]

    told = students(
        {"grade_level": written},
        {"grade_level": written, "left_on": "2024-06-30"},
        mapping={"cohort_enters": 7},
    )
    assert told.table("students")["grade_level"].to_pylist() == [8, 7]
    assert told.check().ok


@pytest.mark.parametrize(
    ("code", "rule"), [(999, "code_for_unknown"), (9999, "code_for_unknown"), (1500, "implausible_number")]
)
def test_a_distance_that_cannot_be_is_named_and_left_empty(code, rule):
    records = students({"distance_km": code}, {"distance_km": 2})
    assert records.table("students")["distance_km"].to_pylist() == [None, 2]
    assert found(records) == [("distance_km", rule, "warning")]


def test_metres_are_doubted_or_declared():
    metres = [{"distance_km": far} for far in (80, 120, 250)]
    assert found(students(*metres)) == [("distance_km", "doubtful_unit", "warning")]
    declared = students(*metres, mapping={"units": {"distance_km": "m"}})
    assert declared.table("students")["distance_km"].to_pylist() == pytest.approx([0.08, 0.12, 0.25])
    assert declared.check().ok


def test_years_of_entry_count_by_the_school_year_that_is_declared():
    entered = {"grade_level": "2023", "left_on": "2024-05-10"}
    told = students(entered, mapping={"cohort_enters": 7, "year_start": "02-01"})
    usual = students(entered, mapping={"cohort_enters": 7})

    assert [records.table("students")["grade_level"].to_pylist() for records in (told, usual)] == [[8], [7]]


def test_a_header_is_not_proposed_for_its_opposite():
    from dropout_risk.records.reading import nearest_header

    assert "days_present" not in nearest_header(["days_present"], ["days_absent", "缺勤天数"]).en
    assert "days_absnt" in nearest_header(["days_absnt"], ["days_absent", "缺勤天数"]).en


def marks_of(*highest, **options):
    """Marks whose full marks are given, or are not."""
    rows = [
        {"student_id": "p0", "date": "2024-11-08", "subject": "maths", "exam": f"quiz {n}", "score": 60}
        | ({} if full is None else {"max_score": full})
        for n, full in enumerate(highest)
    ]
    return SchoolRecords.from_tables(
        students=[PUPIL | {"student_id": "p0"}], grades=rows, today="2024-11-30", **options
    )


@pytest.mark.parametrize("empty", ["", None, "N/A"])
def test_full_marks_that_the_county_gives_once_fill_the_empty_cells(empty):
    records = marks_of(120, empty, mapping={"max_score": 100})

    assert found(records) == []
    assert records.table("grades")["max_score"].to_pylist() == [120, 100]


def test_full_marks_that_cannot_be_read_are_not_filled():
    assert found(marks_of("blip", mapping={"max_score": 100})) == [("max_score", "wrong_type", "error")]


def test_the_hint_for_empty_full_marks_is_an_entry_that_fills_them():
    (problem,) = marks_of(120, "").check().problems

    assert "max_score = 100" in problem.hint("en")
    assert "max_score = 100" in problem.hint("zh")
    assert found(marks_of(120, "", mapping={"max_score": 100})) == []
