"""A small school whose pupils have rows that cannot be used."""

import pandas as pd

from dropout_risk.records.school_records import SchoolRecords

DAYS = [day.date() for day in pd.bdate_range("2024-09-02", "2024-11-29")]
AS_OF = "2024-11-30"


def pupils(number=4):
    return [
        {"student_id": f"p{k}", "school_id": "s", "class_id": "7-1", "grade_level": 7} for k in range(number)
    ]


def attendance(number=4, wrong=None):
    """Everybody is there every day; ``wrong`` gives, by pupil, how many days nobody can read, the
    last but one and those before it."""
    wrong = wrong or {}
    return [
        {
            "student_id": pupil["student_id"],
            "date": str(day),
            "status": "??" if 1 < len(DAYS) - at <= wrong.get(pupil["student_id"], 0) + 1 else "present",
        }
        for pupil in pupils(number)
        for at, day in enumerate(DAYS)
    ]


def school(wrong=None, number=4, **tables):
    """The school of :func:`attendance`, with further tables."""
    given = {"students": pupils(number), "attendance": attendance(number, wrong)} | tables
    return SchoolRecords.from_tables(**given, today=AS_OF)


def told(scores):
    """The warnings of each pupil."""
    return {pupil.student_id: " | ".join(pupil.warnings) for pupil in scores.pupils}


def mark(pupil, score=60, **others):
    row = {"student_id": pupil, "date": "2024-11-04", "subject": "maths", "exam": "midterm"}
    return row | {"score": score, "max_score": 100} | others
