"""A request is doubted where files would be: marks in another unit, absences alone, a register that ended."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dropout_risk.scoring.request import score_request

MONDAY = dt.date(2024, 9, 2)
DAYS = [MONDAY + dt.timedelta(days=7 * week + day) for week in range(8) for day in range(5)]
AS_OF = DAYS[-1] + dt.timedelta(days=3)


def pupil(name: str, **more: Any) -> dict[str, Any]:
    return {
        "student_id": name, "school_id": "s", "class_id": "a", "grade_level": 8,
        "attendance": [{"date": day.isoformat(), "status": "present"} for day in DAYS],
    } | more  # fmt: skip


def marks(*scores: float) -> list[dict[str, Any]]:
    return [
        {
            "date": DAYS[7 * k].isoformat(),
            "subject": "maths",
            "exam": f"quiz {k}",
            "score": score,
            "max_score": 100,
        }
        for k, score in enumerate(scores)
    ]


def answer(model: Any, *students: dict[str, Any], as_of: dt.date = AS_OF) -> Any:
    return score_request(model, {"as_of": as_of.isoformat(), "language": "en", "students": [*students]})


def doubts(scores: Any) -> list[list[str]]:
    return [[text for text in found.warnings if "(DR1" in text] for found in scores.pupils]


@pytest.mark.parametrize(
    ("scores", "code"),
    [((0.65, 0.7, 0.81), "DR140"), ((5.0, 4.0, 6.5), "DR140"), ((105.0, 105.0, 110.0), "DR139")],
)
def test_marks_in_another_unit_are_doubted_to_their_pupil_alone(risk_model, scores, code) -> None:
    odd, usual = pupil("odd", grades=marks(*scores)), pupil("usual", grades=marks(71, 80, 64))
    (told,), nothing = doubts(answer(risk_model, odd, usual))
    assert nothing == []
    assert f"({code})" in told
    assert "3 row(s)" in told
    assert doubts(answer(risk_model, odd)) == [[told]]


def test_a_bonus_and_a_poor_mark_are_no_doubt(risk_model) -> None:
    assert doubts(answer(risk_model, pupil("a", grades=marks(105, 71, 4)))) == [[]]


def test_a_pupil_of_whom_nothing_recent_is_known_is_not_judged_and_told_why(risk_model) -> None:
    (found,) = answer(risk_model, pupil("a"), as_of=DAYS[-1] + dt.timedelta(days=60)).pupils
    assert found.band == "unknown"
    assert any("not judged" in text for text in found.warnings)
    (found,) = answer(risk_model, pupil("a")).pupils
    assert found.band != "unknown"


def test_two_absences_over_two_weeks_and_no_other_row_are_refused(risk_model) -> None:
    rows = [{"date": day.isoformat(), "status": "absent"} for day in (DAYS[-10], DAYS[-1])]
    scores = answer(risk_model, pupil("a", attendance=rows), pupil("b"))
    assert [(error.student_id, error.code) for error in scores.errors] == [("a", "DR170")]
    full = [{"date": day.isoformat(), "status": "absent"} for day in DAYS[-10:]]
    assert answer(risk_model, pupil("a", attendance=full)).errors == ()
