"""Which rows are lost of whom: counted where a pupil can be named, and only where something is lost."""

import pytest

from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.refused_rows import REFUSED_TABLES, UNDATED
from dropout_risk.records.school_records import SchoolRecords
from support.refused import AS_OF, mark, pupils, school

TEST = {"student_id": "p1", "date": "2024-11-04", "instrument": "phq9", "scale": "total", "score": 3}
TOTALS = {"student_id": "p1", "period_start": "2024-09-02", "period_end": "2024-10-31", "days_enrolled": 40}
WRONG = {
    "attendance_totals": TOTALS | {"days_absent": 41},
    "grades": mark("p1", score=160),
    "wellbeing": TEST | {"score": "much"},
    "family": {"student_id": "p1", "factor": "single_parent", "valid_from": "2024-09-99"},
    "discipline": {"student_id": "p1", "date": "2024-10-10", "kind": "fight", "days": -1},
    "outcomes": {"student_id": "p1", "date": "2024-10-10", "event": "gone"},
}


def refused(records):
    """Each refused row: pupil, table and day, in order."""
    rows = records.refused
    names = [REFUSED_TABLES[code] for code in rows.table]
    return sorted(zip(rows.pupil.tolist(), names, rows.date.tolist(), strict=True))


def attended(*rows):
    return SchoolRecords.from_tables(
        students=pupils(),
        attendance=[{"student_id": "p1", "date": "2024-11-04", "status": "present"} | row for row in rows],
        today=AS_OF,
    )


@pytest.mark.parametrize("table", WRONG)
def test_a_refused_row_of_every_table_is_counted_for_its_pupil(table):
    records = school(**{table: [WRONG[table]]})

    assert records.check().counts[table].set_apart == 1
    assert [(pupil, name) for pupil, name, _ in refused(records)] == [(1, table)]


def test_attendance_that_cannot_be_read_keeps_its_day_and_a_day_that_cannot_be_read_has_none():
    found = refused(attended({"status": "??"}, {"date": "4th of May"}))

    assert found == [(1, "attendance", UNDATED), (1, "attendance", ordinal_of("2024-11-04"))]


@pytest.mark.parametrize("late", [{}, {"recorded_on": "2024-11-06"}])
def test_rows_that_contradict_each_other_are_all_lost(late):
    found = refused(attended(late, {"status": "absent"} | late, {"date": "2024-11-05"} | late))

    assert found == [(1, "attendance", ordinal_of("2024-11-04"))] * 2


def test_with_a_copy_of_a_row_in_use_nothing_is_lost():
    records = attended({}, {})

    assert records.check().counts["attendance"].set_apart == 1
    assert refused(records) == []


def test_rows_of_pupils_who_are_not_listed_are_nobodys():
    assert refused(attended({"student_id": "who"}, {"student_id": "", "status": "absent"})) == []
