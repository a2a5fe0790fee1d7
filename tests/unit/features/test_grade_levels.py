import numpy as np
import pytest

from dropout_risk.features.cohort import Cohort, grade_levels_on
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.school_records import SchoolRecords

STUDENTS = [
    {"student_id": "stays", "school_id": "s", "class_id": "c", "grade_level": 9, "left_on": None},
    {"student_id": "left", "school_id": "s", "class_id": "c", "grade_level": 8, "left_on": "2025-06-20"},
    {"student_id": "unknown", "school_id": "s", "class_id": "c", "grade_level": None, "left_on": None},
]
DAYS = ["2024-09-02", "2025-03-03", "2025-09-01", "2026-03-02"]


@pytest.fixture(scope="module")
def records():
    rows = [{"student_id": "stays", "date": day, "status": "present"} for day in DAYS]
    return SchoolRecords.from_tables(students=STUDENTS, attendance=rows, today="2026-03-03")


@pytest.mark.parametrize(
    ("day", "stays", "left"),
    [
        ("2024-09-02", 8, 8),
        ("2025-07-31", 8, 8),
        ("2025-08-01", 9, 8),
        ("2026-03-03", 9, 8),
        ("2027-01-01", 9, 8),
    ],
)
def test_a_grade_level_is_that_of_the_day_counted_back_from_when_the_pupil_was_last_seen(
    records, day, stays, left
):
    histories = Histories.from_records(records)
    found = grade_levels_on(histories, np.arange(3), np.full(3, ordinal_of(day)))
    by_name = dict(zip(histories.students["student_id"].to_pylist(), found.tolist(), strict=True))

    assert (by_name["stays"], by_name["left"]) == (stays, left)
    assert np.isnan(by_name["unknown"])


def test_a_cohort_holds_the_grade_level_of_its_day(records):
    frame = Cohort.on(records, ["2024-09-02", "2026-03-02"]).frame.set_index(["student_id", "as_of"])

    assert frame.loc["stays", "grade_level"].tolist() == [8, 9]
