"""Several rows of one pupil in students: spells of enrolment, or two pupils under one id."""

import datetime as dt

import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.records.school_records import SchoolRecords

TODAY = "2025-01-15"
MOVED = [
    {"student_id": "p1", "school_id": "east", "class_id": "1", "grade_level": 7,
     "enrolled_on": "2024-09-02", "left_on": "2024-11-04"},
    {"student_id": "p1", "school_id": "west", "class_id": "3", "grade_level": 8,
     "enrolled_on": "2024-11-18", "left_on": None},
]  # fmt: skip
OTHER = {"student_id": "p2", "school_id": "west", "class_id": "3", "grade_level": 8}


def attendance(*days, pupil="p1"):
    return [{"student_id": pupil, "date": day, "status": "present"} for day in days]


def records_of(students, **tables):
    return SchoolRecords.from_tables(students=students, today=TODAY, **tables)


def codes(records, table="students"):
    found = records.check().frame()
    return dict(found[found["table"] == table][["rule", "column"]].itertuples(index=False))


def test_a_transfer_is_two_spells_and_nothing_is_set_apart():
    records = records_of([*MOVED, OTHER])

    assert records.check().ok
    counts = records.check().counts["students"]
    assert (counts.read, counts.used, counts.set_apart) == (3, 3, 0)
    assert records.table("students").column("school_id").to_pylist() == ["west", "west"]


@pytest.mark.parametrize(
    ("day", "school", "name", "level"), [("2024-10-01", "east", "1", 7), ("2024-12-02", "west", "3", 8)]
)
def test_the_spell_of_the_date_gives_school_class_and_grade(day, school, name, level):
    cohort = dr.Cohort.on(records_of(MOVED), [day])

    assert cohort.frame[["school_id", "class_id", "grade_level"]].to_numpy().tolist() == [
        [school, name, level]
    ]


def test_between_two_spells_a_pupil_is_not_at_school():
    assert not len(dr.Cohort.on(records_of(MOVED), ["2024-11-11"]))


def test_a_later_spell_changes_nothing_before_it_begins():
    days = attendance("2024-09-03", "2024-09-04", "2024-09-05")
    first = {**MOVED[0], "left_on": None}
    now = dr.Cohort.on(records_of(MOVED, attendance=days), ["2024-09-06"])
    then = dr.Cohort.on(records_of([first], attendance=days), ["2024-09-06"])

    pd.testing.assert_frame_equal(now.frame, then.frame)


def test_attendance_between_two_spells_does_not_count_and_is_named():
    records = records_of(MOVED, attendance=attendance("2024-11-01", "2024-11-04", "2024-11-11", "2024-11-18"))

    assert codes(records, "attendance") == {"DR154": "date"}
    assert records.table("attendance").column("date").to_pylist() == [
        dt.date(2024, 11, 1),
        dt.date(2024, 11, 4),
        dt.date(2024, 11, 18),
    ]


def test_who_left_in_the_window_and_had_not_come_back_by_its_end_has_no_label():
    days = [str(day.date()) for day in pd.bdate_range("2024-09-02", "2025-01-14")]
    records = records_of([*MOVED, OTHER], attendance=attendance(*days, pupil="p2"), outcomes_to="2025-01-14")
    labelled = {
        horizon: dr.Cohort.on(records, ["2024-10-28"]).with_labels(records, horizon_days=horizon)
        for horizon in (10, 20)
    }

    assert labelled[10].censored[["student_id", "reason"]].to_numpy().tolist() == [
        ["p1", "left_without_outcome"]
    ]
    assert labelled[20].labels.tolist() == [0, 0]


def test_a_spell_that_begins_after_today_is_not_used_yet():
    ahead = {**MOVED[1], "enrolled_on": "2025-02-17"}
    records = records_of([{**MOVED[0], "left_on": "2025-02-14"}, ahead])

    assert codes(records) == {"DR106": "enrolled_on"}
    assert records.table("students").column("school_id").to_pylist() == ["east"]


def test_overlapping_classes_of_one_school_are_named_and_the_later_counts():
    spells = [{**MOVED[0], "left_on": None}, {**MOVED[1], "school_id": "east"}]
    records = records_of(spells)

    assert codes(records) == {"DR153": "left_on"}
    assert records.check().ok
    assert dr.Cohort.on(records, ["2024-11-11"]).frame["class_id"].tolist() == ["1"]
    assert dr.Cohort.on(records, ["2024-11-19"]).frame["class_id"].tolist() == ["3"]


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        ({"left_on": None}, {}, "school_id"),
        ({"enrolled_on": None}, {"enrolled_on": None}, "school_id"),
        ({"grade_level": 9}, {"grade_level": 7}, "grade_level"),
        ({"sex": "male"}, {"sex": "female"}, "sex"),
        ({"birth_date": "2012-01-01"}, {"birth_date": "2012-01-02"}, "birth_date"),
        ({"姓名": "甲"}, {"姓名": "乙"}, "name"),
        ({"name": "A"}, {"name": "B"}, "name"),
        ({"身份证号": "1"}, {"身份证号": "2"}, "身份证号"),
    ],
)
def test_rows_that_cannot_be_spells_of_one_pupil_are_all_set_apart(first, second, column):
    records = records_of([MOVED[0] | first, MOVED[1] | second, OTHER])

    assert codes(records)["DR152"] == column
    assert records.quarantine.student_ids == ["p1"]
    assert records.table("students").column("student_id").to_pylist() == ["p2"]


@pytest.mark.parametrize(
    ("header", "told"), [("姓名", "name"), ("座号", "seat"), ("备注", "备注"), ("电话", "phone")]
)
def test_rows_that_differ_in_a_column_that_no_feature_reads_are_no_copies(header, told):
    row = MOVED[1]
    records = records_of([row | {header: "1"}, row | {header: "2"}, OTHER])

    assert codes(records)["DR152"] == told


def test_the_number_of_a_row_makes_no_two_pupils_of_one():
    records = records_of([MOVED[1] | {"序号": "1"}, MOVED[1] | {"序号": "2"}])

    assert codes(records)["DR112"] == "student_id"
    assert records.table("students").num_rows == 1


def test_spells_outlast_a_store(tmp_path):
    histories = dr.Histories.from_records(records_of([*MOVED, OTHER]))
    loaded = dr.Histories.load(histories.save(tmp_path / "store"))
    grown = loaded.append(records_of([OTHER | {"class_id": "4"}]))

    for found in (loaded, grown):
        assert dr.Cohort.on(found, ["2024-10-01"]).frame["school_id"].tolist() == ["east", "west"]


def test_spells_are_part_of_the_fingerprint():
    moved = records_of(MOVED).fingerprint

    assert moved == records_of(MOVED[::-1]).fingerprint
    assert moved != records_of([{**MOVED[0], "class_id": "9"}, MOVED[1]]).fingerprint
