import numpy as np
import pandas as pd
import pytest

from dropout_risk.evaluation.questions.data_section import data_section
from dropout_risk.records.school_records import SchoolRecords


@pytest.fixture(scope="module")
def section():
    grades = pd.DataFrame(
        {
            "student_id": [1, 1, 1, 2, 2],
            "date": pd.to_datetime(["2024-11-01", "2024-11-02", "2025-01-10", "2024-11-01", "2025-01-10"]),
            "subject": ["maths", "maths", "maths", "maths", "maths"],
            "exam": ["mid", "quiz", "final", "mid", "final"],
            "score": [50, 60, 70, 80, "x"],
            "max_score": 100,
            "recorded_on": pd.to_datetime(["2024-11-04", "2024-11-02", "2025-01-20", None, "2025-01-11"]),
        }
    )
    students = [{"student_id": n, "school_id": "s", "class_id": "c", "grade_level": 8} for n in (1, 2)]
    return data_section(SchoolRecords.from_tables(students=students, grades=grades, today="2025-02-01"))


def test_rows_days_and_lateness_of_each_table_are_counted(section):
    rows = {row[0].zh: row[1:] for row in section.tables[0].rows}

    assert rows["学生名册"][:2] == (2, 0)
    late = [3, 0, 10, 0, 1]  # a row whose mark cannot be read still tells of its exam
    used, apart, first, last, half, most = rows["成绩"]
    assert (used, apart, first, last) == (4, 1, "2024-11-01", "2025-01-10")
    assert (half, most) == tuple(f"{day:.0f}" for day in np.quantile(late, [0.5, 0.9]))


def test_the_period_is_that_of_what_happened_at_school(section):
    assert "2024年11月1日到2025年1月10日" in section.remarks[0].zh
    assert section.points["observed_to"] == "2025-01-10"
