"""The service says yes and no exactly where the contract's JSON Schemas do."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from serving.gate.body import SCORE, SCORE_FEATURES, RefusedError

from dropout_risk.scoring.contract_problems import contract_schema

FULL = {
    "as_of": "2025-03-03",
    "language": "zh",
    "class_context": [{"class_id": "a", "mean": 0.5, "of": [1, {"deep": None}]}],
    "students": [
        {
            "student_id": "p-1",
            "school_id": 4,
            "class_id": "8-2",
            "grade_level": 8,
            "enrolled_on": "2023-09-01",
            "left_on": "2025-07-01",
            "boarding": False,
            "distance_km": 0,
            "attendance": [
                {"date": "2025-02-17", "session": "", "status": "late", "recorded_on": "2025-02-18"}
            ],
            "attendance_totals": [
                {
                    "period_start": "2024-09-01",
                    "period_end": "2024-09-30",
                    "days_enrolled": 20,
                    "days_absent": 0,
                }
            ],
            "grades": [{"date": "2025-01-10", "subject": "m", "exam": "e", "score": -1.5, "max_score": 0.1}],
            "wellbeing": [
                {"date": "2025-01-10", "instrument": "MHT", "scale": "total", "score": 58, "norm": "n"}
            ],
            "family": [{"factor": "f", "value": True, "valid_from": "2024-09-01", "source": "s"}],
        }
    ],
}
ROW = {"student_id": 1, "features": {"a": 1, "b": "x", "c": None, "d": False, "e": 0.5}}
FEATURES = {"rows": [ROW, {"features": {}}], "language": "en"}
GONE = object()

SCORE_CHANGES = [
    *[(key, GONE) for key in ("as_of", "students", "language", "class_context")],
    *[("as_of", value) for value in ("2025-3-3", "2025-02-29", "20250303", "03/03/2025",
                                     "2025-03-03T00:00:00", "٢٠٢٥-٠٣-٠٣",
                                     " 2025-03-03", "", 20250303, None, "0000-01-01")],
    *[("language", value) for value in ("en", "fr", "", None, ["zh"])],
    *[("students", value) for value in ([], {}, None, "p", [None], [[]], [{}])],
    *[("class_context", value) for value in ([], [{}], [1], {}, None)],
    ("unknown", 1),
    *[("year_start", value) for value in ("02-01", "2-1", "02-30", "13-01", "", None, 2, "02-01 ", "x02-01")],
    *[("unrecorded", value) for value in ("present", "absent", "", None, True)],
    *[("students.0.unrecorded", value) for value in ("unknown", "Present", None)],
    *[("students.0.registered_to", value) for value in ("2025-02-28", "28/02/2025", "", None)],
    *[("students.0.student_id", value) for value in (7, -7, 7.0, 7.5, "", True, None, [], {}, GONE)],
    *[("students.0.school_id", value) for value in (False, None, 1.5, "s")],
    *[("students.0.grade_level", value) for value in (8.0, 8.5, "8", True, None, -1)],
    *[("students.0.enrolled_on", value) for value in (None, "2023-13-01", GONE)],
    *[("students.0.boarding", value) for value in (1, "true", None, True)],
    *[("students.0.distance_km", value) for value in (-0.1, "3", True, None, 3, 1e300)],
    *[("students.0.attendance", value) for value in ([], None, {}, [None], ["x"])],
    *[("students.0.attendance.0.status", value) for value in ("absent", "Absent", "", None, 1, GONE)],
    *[("students.0.attendance.0.session", value) for value in ("am", None, 1)],
    *[("students.0.attendance.0.recorded_on", value) for value in (None, "2025", GONE)],
    ("students.0.attendance.0.statuss", "absent"),
    *[("students.0.attendance_totals.0.days_absent", value) for value in (-1, 1.5, 2.0, "2", True, GONE)],
    *[("students.0.attendance_totals.0.days_late", value) for value in (0, -1, None)],
    *[("students.0.grades.0.score", value) for value in ("52", True, None, 52, GONE)],
    *[("students.0.grades.0.max_score", value) for value in (0, -1, 1e-9, "120", GONE)],
    *[("students.0.grades.0.subject", value) for value in ("", 1, None, "数学", GONE)],
    *[("students.0.wellbeing.0.score", value) for value in (None, "58", GONE)],
    *[("students.0.wellbeing.0.valid", value) for value in (True, 1, None)],
    *[("students.0.family.0.value", value) for value in ("v", "", 1, 1.5, False, None, [], {}, GONE)],
    *[("students.0.family.0.valid_to", value) for value in ("2025-01-01", None, "x")],
    *[("students.0.family.0.source", value) for value in ("", None, "x")],
]  # fmt: skip
FEATURE_CHANGES = [
    *[("rows", value) for value in (GONE, [], {}, None, [None])],
    *[("rows.0.features", value) for value in (GONE, {}, None, [], "x")],
    *[("rows.0.features.a", value) for value in (None, "1", True, 1.5, [], {})],
    *[("rows.0.student_id", value) for value in (GONE, "p", 1.0, 1.5, None, True)],
    ("rows.0.weight", 1),
    ("as_of", "2025-03-03"),
    ("language", "de"),
]


def changed(request, path, value):
    request = copy.deepcopy(request)
    *parents, last = path.split(".")
    place = request
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    if value is GONE:
        place.pop(last, None)
    else:
        place[last] = value
    return request


def accepts(contract, request):
    try:
        contract.read(json.dumps(request).encode())
    except RefusedError:
        return False
    return True


def allows(name, request):
    schema = contract_schema(name)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return validator.is_valid(request)


@pytest.mark.parametrize(("path", "value"), SCORE_CHANGES)
def test_score_requests_pass_exactly_where_the_contract_lets_them(path, value):
    request = changed(FULL, path, value)
    assert accepts(SCORE, request) is allows("score.request", request)


@pytest.mark.parametrize(("path", "value"), FEATURE_CHANGES)
def test_feature_requests_pass_exactly_where_the_contract_lets_them(path, value):
    request = changed(FEATURES, path, value)
    assert accepts(SCORE_FEATURES, request) is allows("score_features.request", request)


def test_the_unchanged_requests_are_accepted():
    assert accepts(SCORE, FULL)
    assert accepts(SCORE_FEATURES, FEATURES)


@pytest.mark.parametrize(("number", "passes"), [(200, True), (201, False)])
def test_two_hundred_pupils_are_the_most(number, passes):
    request = FULL | {"students": [{"student_id": place} for place in range(number)]}
    assert accepts(SCORE, request) is allows("score.request", request) is passes


@pytest.mark.parametrize(("number", "passes"), [(10_000, True), (10_001, False)])
def test_ten_thousand_rows_of_features_are_the_most(number, passes):
    request = {"rows": [{"features": {}}] * number}
    assert accepts(SCORE_FEATURES, request) is allows("score_features.request", request) is passes


def test_a_checked_request_is_the_json_that_was_sent():
    assert SCORE.read(json.dumps(FULL).encode()) == FULL


def test_whole_numbers_written_with_a_point_become_integers():
    request = SCORE.read(json.dumps(changed(FULL, "students.0.grade_level", 8.0)).encode())
    assert type(request["students"][0]["grade_level"]) is int


KEYWORDS = {
    "type", "enum", "format", "pattern", "minLength", "minimum", "exclusiveMinimum", "items", "minItems",
    "maxItems", "properties", "required", "additionalProperties", "$schema", "title", "description",
    "default",
}  # fmt: skip


def keywords(schema):
    yield from schema
    for part in [
        *schema.get("properties", {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]:
        if isinstance(part, dict):
            yield from keywords(part)


@pytest.mark.parametrize("contract", [SCORE, SCORE_FEATURES])
def test_every_keyword_of_the_contract_is_looked_at(contract):
    assert set(keywords(contract.schema)) <= KEYWORDS


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("students.0.distance_km", 10**310, "students[0].distance_km", "should be a valid number."),
        ("students.0.enrolled_on", "0000-01-01", "students[0].enrolled_on",
         "should be a date written as YYYY-MM-DD."),
        ("students.0.grades.0.exam", "", "students[0].grades[0].exam",
         "String should have at least 1 character."),
        ("students.0.grades.0.max_score", 0, "students[0].grades[0].max_score", "should be greater than 0."),
        ("students.0.family.0.value", [], "students[0].family[0].value",
         "should be a number, a string or a truth value."),
        ("students.0.school_id", [], "students[0].school_id", "should be a string or an integer."),
        ("class_context.0.mean", float("nan"), "class_context[0]", "should hold finite numbers only."),
        ("language", "de", "language", "should be 'zh' or 'en'."),
        ("strange", float("nan"), "strange", "should be a finite number."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_these_words(path, value, field, words):
    with pytest.raises(RefusedError) as refused:
        SCORE.read(json.dumps(changed(FULL, path, value)).encode())
    (problem,) = refused.value.problems
    assert (problem.field, problem.message) == (field, f"{field} {words}")
