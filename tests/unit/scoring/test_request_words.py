import pytest

from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.request import histories_of_request, request_of, score_request

AS_OF = "2025-03-03"
MARK = {"date": "2025-01-10", "subject": "maths", "exam": "final", "max_score": 100}


def body(**lists):
    pupil = {"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}
    return {"as_of": AS_OF, "language": "en", "students": [pupil | lists]}


def test_a_family_value_that_says_nothing_known_is_named_and_its_row_stays(risk_model):
    family = [
        {"factor": "orphan", "valid_from": "2023-09-01", "value": "no"},
        {"factor": "disability", "valid_from": "2023-09-01", "value": "perhaps"},
        {"factor": "disability", "valid_from": "2024-09-01", "value": 2},
    ]
    scores = score_request(risk_model, body(family=family))

    assert [(error.code, error.field) for error in scores.errors] == [("DR135", "family[1].value")]
    assert any(warning.startswith("1 value(s)") for warning in scores.pupils[0].warnings)


@pytest.mark.parametrize("value", ["", " ", "N/A", "-", "perhaps"])
def test_a_value_that_says_nothing_in_a_request_is_named_and_leaves_its_factor_in_doubt(risk_model, value):
    family = [{"factor": "orphan", "valid_from": "2023-09-01", "value": value}]
    snapshot = histories_of_request(body(family=family)).on(AS_OF)

    assert len(snapshot.family["holds"]) == 0
    assert len(snapshot.family_in_doubt["holds"]) == 1
    assert [error.code for error in score_request(risk_model, body(family=family)).errors] == ["DR135"]


def test_a_row_without_a_value_in_a_request_is_a_yes(risk_model):
    family = [
        {"factor": "orphan", "valid_from": "2023-09-01"},
        {"factor": "low_income", "valid_from": "2023-09-01", "value": "no"},
    ]
    snapshot = histories_of_request(body(family=family)).on(AS_OF)

    assert sorted(snapshot.family["holds"].tolist()) == [False, True]
    assert score_request(risk_model, body(family=family)).errors == ()


@pytest.mark.parametrize("value", [False, 0, "0", "No", "否"])
def test_a_no_in_a_request_is_no(value):
    family = [{"factor": "orphan", "valid_from": "2023-09-01", "value": value}]
    snapshot = histories_of_request(body(family=family)).on(AS_OF)

    assert snapshot.family["holds"].tolist() == [False]


def test_what_stands_in_place_of_a_mark_is_taken_in_its_place(risk_model):
    exempt = body(grades=[MARK | {"score": "exempt"}])
    unread = body(grades=[MARK | {"score": "eight"}])

    assert score_request(risk_model, exempt).errors == ()
    assert [(error.code, error.field) for error in score_request(risk_model, unread).errors] == [
        ("DR104", "grades[0].score")
    ]
    assert len(histories_of_request(exempt).on(AS_OF).grades.rows["percent"]) == 0


@pytest.mark.parametrize("word", ["missed", "exempt", "deferred", "eight"])
def test_a_request_of_records_says_what_stands_in_place_of_a_mark(word):
    students = [{"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}]
    records = SchoolRecords.from_tables(
        students=students, grades=[{"student_id": "a", "score": word} | MARK], today="2025-03-31"
    )
    row = request_of(records, ["a"], AS_OF)["students"][0]["grades"][0]

    assert row["score"] == ("unknown" if word == "eight" else word)
    assert "taken" not in row
