"""Ids that a spreadsheet, a keyboard or another system has changed are named, and never merged."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dropout_risk.records.pupils.id_forms import JOINTS, UNKNOWN, causes_of, ids_alike, rounded_ids
from dropout_risk.records.school_records import SchoolRecords

PUPIL = {"school_id": "s", "class_id": "1", "grade_level": 7}
MARK = {"date": "2024-10-08", "subject": "maths", "exam": "midterm", "score": 80, "max_score": 100}


def records_of(roster, marks, under="student_id", **more):
    students = [PUPIL | (row if isinstance(row, dict) else {"student_id": row}) for row in roster]
    return SchoolRecords.from_tables(
        students=students, grades=[MARK | {under: name} for name in marks], today="2024-12-01", **more
    )


def problems(records, table):
    found = records.check().frame()
    return [(row.rule, row.severity, row.rows) for row in found[found["table"] == table].itertuples()]


def hint(records, rule):
    found = records.check().frame()
    return found[found["rule"] == rule]["hint"].item()


@pytest.mark.parametrize(
    ("roster", "mark", "cause"),
    [
        ("007", "7", "leading zeros"),
        ("7", "007", "leading zeros"),
        ("1001", "1001.0", "a final .0"),
        ("1001.0", "1001", "a final .0"),
        ("s-1", "S-1", "capital letters or width"),
        ("Ｓ００１", "S001", "capital letters or width"),
        ("s 1", "s1", "blanks or quotes"),
        ("1001", "'1001", "blanks or quotes"),
        ("a01", "0A01", "several of these"),
    ],
)
def test_an_id_in_another_form_is_set_apart_with_its_cause(roster, mark, cause):
    records = records_of([roster, "x9"], [mark])

    assert problems(records, "grades") == [("DR156", "error", 1)]
    assert hint(records, "DR156").startswith(cause)


def test_a_pupil_who_is_in_no_form_among_students_is_unknown():
    records = records_of(["s1"], ["s2"])

    assert problems(records, "grades") == [("DR114", "error", 1)]
    assert "007" not in hint(records, "DR114")


@pytest.mark.parametrize(
    ("roster", "mark"),
    [
        ("440106201101150011", "440106201101150000"),
        ("440106201101150000", "440106201101150011"),
        ("440106201101150011", "4.40106E+17"),
        ("s1", "1.2E+05"),
    ],
)
def test_a_rounded_id_is_named_as_rounded(roster, mark):
    assert problems(records_of([roster, "x9"], [mark]), "grades") == [("DR155", "error", 1)]


@pytest.mark.parametrize("table", ["students", "grades"])
def test_a_floating_number_that_is_too_large_for_its_digits_is_named_as_rounded(table):
    ids = {"students": [1, 2], "grades": [1, 2]} | {table: [1.0, 440106201101150011.0]}
    students = pd.DataFrame({"student_id": ids["students"]}).assign(**PUPIL)
    grades = pd.DataFrame({"student_id": ids["grades"]}).assign(**MARK)
    records = SchoolRecords.from_tables(students=students, grades=grades, today="2024-12-01")

    assert ("DR155", "error", 1) in problems(records, table)


def test_attendance_is_told_the_same_causes():
    attendance = [
        {"student_id": name, "date": "2024-10-08", "status": "present"} for name in ("7", "S1", "zz")
    ]
    records = records_of(["007", "s1"], [], attendance=attendance)

    assert problems(records, "attendance") == [
        ("DR114", "error", 1),
        ("DR156", "error", 1),
        ("DR156", "error", 1),
    ]


@pytest.mark.parametrize(
    ("ids", "marked"),
    [
        (["440106201101150000", "440106201203070000"], [True, True]),
        (["440106201101150000", "440106201203070012"], [False, False]),
        (["440106201101150000"], [False]),
        (["1001000", "1002000", "1003000"], [False] * 3),
        (["G440106201101150000", "G440106201203070000"], [False, False]),
        (
            ["440106201101150016", "440106201203070016", "440106201203071040", "440106201203071104"],
            [True] * 4,
        ),
        (["1234567890123450", "1234567890123460", "1234567890123471"], [False] * 3),
    ],
)
def test_long_ids_that_end_in_zeros_or_fit_a_floating_number_are_doubted(ids, marked):
    assert rounded_ids(pa.array(ids)).tolist() == marked
    if ids[0].isdigit():
        assert rounded_ids(pa.array([int(name) for name in ids])).tolist() == marked


def test_two_rows_of_one_rounded_id_are_no_copies():
    long = ["440106201101150000", "440106201101150000", "440106201203070000"]
    records = records_of(long, [])

    assert problems(records, "students") == [("DR155", "warning", 3), ("DR152", "error", 2)]
    assert records.table("students").num_rows == 1


def test_ids_of_students_in_scientific_notation_are_set_apart():
    records = records_of(["4.40106E+17", "4.40106E+17", "s1"], [])

    assert problems(records, "students") == [("DR155", "error", 2)]


@pytest.mark.parametrize("pair", [("007", "7"), ("s1", "S1"), ("1001", "1001.0"), ("s1", "ｓ1")])
def test_ids_of_students_that_differ_in_form_only_stay_two_pupils_and_are_named(pair):
    records = records_of([*pair, "x9"], [])

    assert problems(records, "students") == [("DR156", "warning", 2)]
    assert records.table("students").num_rows == 3


ROSTER = [
    {"学号": "101", "全国学籍号": "G1"},
    {"学号": "102", "全国学籍号": "G2"},
]


def pupils_of_marks(records):
    marks = records.table("grades")
    return list(np.array(records.table("students")["student_id"].to_pylist())[marks["pupil"].to_pylist()])


@pytest.mark.parametrize(
    ("under", "marks"),
    [("学号", ["101", "102"]), ("全国学籍号", ["G1", "G2"]), ("student_id", ["101", "G2"])],
)
def test_rows_are_found_through_either_of_two_ids(under, marks):
    records = records_of(ROSTER, marks, under)

    assert records.check().problems == ()
    assert [str(name) for name in pupils_of_marks(records)] == ["101", "102"]


def test_attendance_is_found_through_either_of_two_ids():
    attendance = [{"全国学籍号": name, "date": "2024-10-08", "status": "present"} for name in ("G2", "G3")]
    records = records_of(ROSTER, [], attendance=attendance)

    assert records.table("attendance")["pupil"].to_pylist() == [1]
    assert problems(records, "attendance") == [("DR114", "error", 1)]


def test_the_header_says_which_of_two_ids_is_meant_where_their_numbers_overlap():
    roster = [{"学号": 1, "全国学籍号": 2}, {"学号": 2, "全国学籍号": 1}]

    assert pupils_of_marks(records_of(roster, [1], "学号")) == [1]
    assert pupils_of_marks(records_of(roster, [1], "全国学籍号")) == [2]
    unclear = records_of(roster, [1], "student_id")
    assert problems(unclear, "grades") == [("DR114", "error", 1)]
    assert "two pupils in two columns" in hint(unclear, "DR114")


def test_an_id_that_two_pupils_share_leads_to_neither():
    roster = [{"学号": "101", "全国学籍号": "G1"}, {"学号": "102", "全国学籍号": "G1"}]

    assert problems(records_of(roster, ["G1"], "全国学籍号"), "grades") == [("DR114", "error", 1)]


def test_a_county_names_its_second_id_in_the_mapping():
    roster = [{"student_id": "101", "state_id": "G1"}, {"student_id": "102", "state_id": "G2"}]
    mapping = {"columns": {"students": {"student_id": "student_id", "state_id": "student_id"}}}
    records = records_of(roster, ["G1", "102"], mapping=mapping)

    assert pupils_of_marks(records) == ["101", "102"]


@pytest.mark.parametrize("header", ["state_id", "考生号", "UPN", "student number"])
def test_ids_of_a_column_that_is_not_used_are_said_to_stand_there(header):
    roster = [{"student_id": name, header: f"G{name}"} for name in ("101", "102", "103")]
    attendance = [{"student_id": "G102", "date": "2024-10-08", "status": "present"}]
    records = records_of(roster, ["G101", "G103"], attendance=attendance)

    for table in ("grades", "attendance"):
        found = records.check().frame()
        assert f"column {header!r} of students" in found[found["table"] == table]["hint"].item()


def test_a_number_of_the_seat_is_no_id_that_somebody_may_have_meant():
    roster = [{"student_id": name, "座号": seat} for name, seat in (("a", 1), ("b", 1), ("c", 2))]

    assert "座号" not in hint(records_of(roster, ["1"]), "DR114")


def test_an_id_with_a_hyphen_that_students_lacks_is_named_and_taken_for_nobody():
    known, given = pa.array(["s-1-07", "A.22"]), pa.array(["s107", "a/22", "s1-7"])

    assert causes_of(given, known).tolist() == [JOINTS.code, JOINTS.code, UNKNOWN.code]
    assert not ids_alike(pa.array(["1-12", "11-2"])).any()
