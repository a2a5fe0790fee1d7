import datetime as dt

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import DateError, RecordsError
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import TABLES


def test_tables_are_canonical_and_sorted(county, checked):
    records = checked(county)
    ids = records.table("students").column("student_id").to_pylist()
    attendance = records.table("attendance").to_pylist()
    assert ids == sorted(ids)
    assert [
        (ids[row["pupil"]], str(row["date"]), row["session"], STATUSES.words[row["status"]])
        for row in attendance
    ] == [
        ("p1", "2024-09-02", "am", "present"),
        ("p1", "2024-09-02", "pm", "absent"),
        ("p2", "2024-09-02", "am", "late"),
        ("p3", "2024-09-03", "am", "excused"),
    ]
    assert [str(row["recorded_on"]) for row in attendance][2:] == ["2024-09-02", "2024-09-05"]


def test_every_table_has_its_schema_even_when_it_was_not_given(county, checked):
    full, bare = checked(county), checked({"students": county["students"]})
    for name, table in TABLES.items():
        id_type = full.table("students").schema.field("student_id").type
        assert full.table(name).schema.equals(table.schema(id_type))
        assert bare.table(name).schema.equals(table.schema(id_type))
    assert set(bare.check().counts) == {"students"}


@pytest.mark.parametrize(
    ("table", "filled", "from_column"),
    [("attendance_totals", "recorded_on", "period_end"), ("family", "recorded_on", "valid_from")],
)
def test_recorded_on_defaults_to_the_day_a_row_is_about(county, checked, table, filled, from_column):
    usable = checked(county).table(table)
    assert usable.column(filled).equals(usable.column(from_column))


def test_observed_to_is_the_last_day_with_attendance(county, checked):
    assert checked(county).observed_to == dt.date(2024, 9, 3)
    del county["attendance"]
    assert checked(county).observed_to == dt.date(2024, 12, 1)
    with pytest.raises(DateError):
        _ = checked({"students": county["students"]}).observed_to


def test_the_calendar_table_gives_the_school_days_and_a_schools_own_rows_win(county, checked):
    calendar = checked(county).calendar
    first = np.datetime64("2024-09-01").astype(int)
    counts = {
        school: calendar.index(calendar.row_of(school), first + 10).item() for school in calendar.schools
    }
    assert counts == {"s1": 3, "s2": 2}


def test_without_a_calendar_attended_days_are_school_days(county, checked):
    del county["calendar"]
    county["students"][2]["school_id"] = None
    calendar = checked(county).calendar
    assert calendar.schools == ("", "s1")
    assert calendar.lengths.tolist() == [1, 1]


def test_a_school_without_attendance_has_an_empty_calendar(county, checked):
    calendar = checked({"students": county["students"]}).calendar
    assert calendar.lengths.tolist() == [0, 0]


def test_the_fingerprint_follows_the_content(county, checked):
    before = checked(county).fingerprint
    county["grades"][0]["score"] = 89
    after = checked(county).fingerprint
    assert before != after
    assert len(before) == 64


def test_the_words_of_rows_set_apart_leave_no_trace(county, checked):
    expected = checked(county).fingerprint
    county["grades"].append({**county["grades"][0], "subject": "aaa", "date": None})
    county["wellbeing"].append({**county["wellbeing"][0], "instrument": "aaa", "student_id": "nobody"})
    assert checked(county).fingerprint == expected


def test_truth_and_synthetic_are_carried_along(county):
    truth = pd.DataFrame({"student_id": ["p1"]})
    records = SchoolRecords.from_tables(**county, truth=truth, synthetic=True)
    assert records.truth is truth
    assert records.synthetic
    assert repr(records).startswith("<synthetic SchoolRecords: students, attendance")


def test_only_tables_of_the_contract_can_be_asked_for(county, checked):
    with pytest.raises(RecordsError, match="grade"):
        checked(county).table("grade")


def test_the_check_runs_once(county, checked, monkeypatch):
    records = checked(county)
    first = records.check()
    monkeypatch.setattr("dropout_risk.records.school_records.RecordsCheck", None)
    assert records.check() is first
    assert records.calendar is records.calendar
