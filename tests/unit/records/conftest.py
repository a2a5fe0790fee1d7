"""A small county without any fault, as lists of dicts, and what each rule makes of one fault in it."""

import copy

import pytest

from dropout_risk.records.school_records import SchoolRecords

TODAY = "2025-01-31"

_COUNTY = {
    "students": [
        {
            "student_id": "p1",
            "school_id": "s1",
            "class_id": "c1",
            "grade_level": 7,
            "enrolled_on": "2024-09-01",
        },
        {"student_id": "p2", "school_id": "s1", "class_id": "c1", "grade_level": 7, "left_on": "2025-06-30"},
        {"student_id": "p3", "school_id": "s2", "class_id": "c2", "grade_level": 8, "boarding": "yes"},
    ],
    "attendance": [
        {"student_id": "p1", "date": "2024-09-02", "session": "am", "status": "present"},
        {"student_id": "p1", "date": "2024-09-02", "session": "pm", "status": "absent"},
        {"student_id": "p2", "date": "2024-09-02", "session": "am", "status": "late"},
        {
            "student_id": "p3",
            "date": "2024-09-03",
            "session": "am",
            "status": "excused",
            "recorded_on": "2024-09-05",
        },
    ],
    "attendance_totals": [
        {
            "student_id": "p3",
            "period_start": "2024-09-01",
            "period_end": "2024-09-30",
            "days_enrolled": 20,
            "days_absent": 3,
        }
    ],
    "grades": [
        {
            "student_id": "p1",
            "date": "2024-11-08",
            "subject": "maths",
            "exam": "midterm",
            "score": 88.5,
            "max_score": 120,
        },
        {
            "student_id": "p2",
            "date": "2024-11-08",
            "subject": "maths",
            "exam": "midterm",
            "score": 40,
            "max_score": 120,
        },
    ],
    "wellbeing": [
        {
            "student_id": "p1",
            "date": "2024-10-10",
            "instrument": "MHT",
            "scale": "total",
            "score": 41,
            "valid": "yes",
        },
        {
            "student_id": "p2",
            "date": "2024-10-10",
            "instrument": "OWN",
            "scale": "total",
            "score": None,
            "valid": "no",
        },
    ],
    "family": [
        {
            "student_id": "p1",
            "factor": "left_behind",
            "value": "both_parents",
            "valid_from": "2023-01-01",
            "valid_to": "2023-12-31",
        },
        {"student_id": "p1", "factor": "left_behind", "value": "both_parents", "valid_from": "2023-12-31"},
        {"student_id": "p2", "factor": "none", "valid_from": "2024-09-01"},
    ],
    "outcomes": [{"student_id": "p2", "date": "2024-12-01", "event": "suspected_dropout"}],
    "calendar": [
        {"date": "2024-09-02", "is_school_day": True},
        {"date": "2024-09-03", "is_school_day": True},
        {"date": "2024-09-04", "is_school_day": True},
        {"date": "2024-09-04", "school_id": "s2", "is_school_day": False},
        {"date": "2025-05-06", "is_school_day": True},
    ],
}


@pytest.fixture
def county():
    return copy.deepcopy(_COUNTY)


@pytest.fixture
def checked():
    """Read tables with the county's today, checked."""

    def read(tables, **options):
        return SchoolRecords.from_tables(**tables, today=TODAY, **options)

    return read
