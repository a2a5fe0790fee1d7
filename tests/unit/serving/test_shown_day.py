"""A demonstration that takes an earlier day for today is told nothing of what came after it."""

import datetime as dt

import pytest
from serving.review import day_after

import dropout_risk as dr

DAYS = [dt.date(2025, 5, 12) + dt.timedelta(k) for k in range(5)]


@pytest.mark.parametrize(
    ("shown", "found"), [(None, "2025-05-17"), ("2025-05-14", "2025-05-14"), ("2025-06-20", "2025-05-17")]
)
def test_the_day_of_the_pages_is_the_shown_one_where_the_store_goes_on(monkeypatch, shown, found):
    students = [
        {"student_id": f"p-{k}", "school_id": "s", "class_id": "1", "grade_level": 8} for k in range(3)
    ]
    rows = [{"student_id": f"p-{k}", "date": day, "status": "present"} for k in range(3) for day in DAYS]
    records = dr.SchoolRecords.from_tables(students=students, attendance=rows)
    monkeypatch.delenv("DROPOUT_RISK_DAY", raising=False)
    if shown:
        monkeypatch.setenv("DROPOUT_RISK_DAY", shown)
    assert day_after(dr.Histories.from_records(records)).isoformat() == found
