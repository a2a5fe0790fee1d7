from __future__ import annotations

import json

import pytest
from serving.gate.body import SCORE, RefusedError

ROWS = {
    "attendance": (4000, {"date": "2025-02-24", "status": "present"}),
    "attendance_totals": (
        2000,
        {"period_start": "2025-02-01", "period_end": "2025-02-28", "days_enrolled": 20, "days_absent": 1},
    ),
    "grades": (2000, {"date": "2025-02-24", "subject": "a", "exam": "b", "score": 1, "max_score": 2}),
    "wellbeing": (2000, {"date": "2025-02-24", "instrument": "a", "scale": "b", "score": 1}),
    "family": (2000, {"factor": "a", "valid_from": "2025-02-24"}),
}


def body(table, number):
    pupils = [{"student_id": 1}, {"student_id": 2, table: [ROWS[table][1]] * number}]
    return json.dumps({"as_of": "2025-03-03", "students": pupils}).encode()


@pytest.mark.parametrize("table", ROWS)
def test_a_pupil_may_have_so_many_rows_and_no_more(table):
    most = ROWS[table][0]
    assert len(SCORE.read(body(table, most))["students"][1][table]) == most
    with pytest.raises(RefusedError) as refused:
        SCORE.read(body(table, most + 1))
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == ("DR614", f"students[1].{table}")
