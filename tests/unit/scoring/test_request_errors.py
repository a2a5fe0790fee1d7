import pytest

from dropout_risk.scoring.request import score_request

AS_OF = "2025-03-03"
GOOD = {"student_id": "good", "grade_level": 8, "enrolled_on": "2024-09-01", "class_id": ""}


def answer(model, *students):
    body = {"as_of": AS_OF, "language": "en", "students": list(students)}
    return score_request(model, body)


def places(scores):
    return [(error.index, error.student_id, error.code, error.field) for error in scores.errors]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("grade_level", 10**30, "DR104"),
        ("grade_level", 8.5, "DR104"),
        ("enrolled_on", "0001-01-01", "DR105"),
        ("left_on", "0001-01-01", "DR105"),
        ("distance_km", -1, "DR109"),
    ],
)
def test_a_value_of_a_pupil_that_cannot_be_read_is_named_and_told(risk_model, field, value, code):
    scores = answer(risk_model, GOOD, {"student_id": "bad", field: value})

    assert places(scores) == [(1, "bad", code, field)]
    assert [pupil.student_id for pupil in scores.pupils] == ["good", "bad"]
    assert any(warning.startswith("1 value(s)") for warning in scores.pupils[1].warnings)
    assert not any("value(s)" in warning for warning in scores.pupils[0].warnings)


def test_each_pupil_hears_of_its_own_values_only_and_the_same_as_alone(risk_model):
    pupils = [
        {"student_id": 1, "grade_level": 10**30, "enrolled_on": "0001-01-01"},
        GOOD,
        {"student_id": 2, "distance_km": -3},
    ]
    together = places(answer(risk_model, *pupils))
    alone = [
        (place, *found[1:])
        for place, pupil in enumerate(pupils)
        for found in places(answer(risk_model, pupil))
    ]

    assert together == alone
    assert {found[0] for found in together} == {0, 2}


@pytest.mark.parametrize(
    ("dates", "field"),
    [({"left_on": "2025-01-10"}, "left_on"), ({"enrolled_on": "2025-03-10"}, "enrolled_on")],
)
def test_who_is_not_at_school_hears_which_date_says_so(risk_model, dates, field):
    assert places(answer(risk_model, GOOD, {"student_id": "x"} | dates)) == [(1, "x", "DR198", field)]


def test_a_register_without_any_school_day_is_no_failure(risk_model):
    scores = answer(risk_model, {"student_id": "x", "grade_level": 8, "registered_to": "2024-10-01"})

    assert [pupil.student_id for pupil in scores.pupils] == ["x"]
