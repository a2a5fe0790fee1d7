"""A request is read without a mapping: no hint of a reply sends anybody to one."""

import pytest

from dropout_risk.records.rules import RULES
from dropout_risk.scoring.request import score_request

ROW = {"date": "2024-10-08"}
MARK = ROW | {"subject": "maths", "exam": "final", "score": 60, "max_score": 100}
TEST = ROW | {"instrument": "PHQ-9", "scale": "total", "score": 4}
WEEK = [{"date": f"2024-10-{day:02d}", "status": "present"} for day in range(14, 19)]
TOTAL = {
    "period_start": "2024-10-14", "period_end": "2024-10-18", "days_enrolled": 5, "days_absent": 3,
}  # fmt: skip
STAY = {"factor": "orphan", "valid_from": "2023-09-01"}
FAULTS = [
    ({"attendance": [ROW | {"status": "present"}, ROW | {"status": "blip", "session": "am"}]}, "DR107"),
    ({"grades": [MARK | {"score": "B+"}]}, "DR104"),
    ({"grades": [MARK | {"score": 160}]}, "DR108"),
    ({"grades": [MARK | {"score": 0.6}]}, "DR140"),
    ({"grades": [MARK | {"score": 104}]}, "DR139"),
    ({"grades": [MARK | {"subject": "Eng"}]}, "DR176"),
    ({"grades": [MARK | {"subject": "maht"}]}, "DR176"),
    ({"attendance": WEEK, "attendance_totals": [TOTAL]}, "DR909"),
    ({"wellbeing": [TEST | {"score": 31}]}, "DR175"),
    ({"wellbeing": [TEST | {"score": 0.4}]}, "DR140"),
    ({"wellbeing": [TEST | {"score": 1.44}]}, "DR140"),
    ({"wellbeing": [TEST | {"norm": "of the county"}]}, "DR142"),
    ({"wellbeing": [TEST | {"scale": "lie"}]}, "DR142"),
    ({"wellbeing": [TEST | {"instrument": "total", "scale": "PHQ-9"}]}, "DR142"),
    ({"family": [STAY | {"value": "perhaps"}]}, "DR135"),
    ({"grade_level": 2023}, "DR136"),
    ({"distance_km": 4500}, "DR137"),
]


@pytest.mark.parametrize(("change", "code"), FAULTS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_fault_in_a_request_is_named_with_a_way_out_that_a_request_has(risk_model, change, code, language):
    pupil = {"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8} | change
    body = {"as_of": "2025-03-03", "language": language, "students": [pupil]}
    errors = score_request(risk_model, body).errors

    assert [error.code for error in errors] == [code]
    assert not any(word in errors[0].hint for word in ("mapping", "映射", "[words"))


@pytest.mark.parametrize("code", ["DR103", "DR104", "DR105", "DR106", "DR107", "DR108", "DR122", "DR135"])
def test_no_hint_for_a_request_names_the_mapping(code):
    rule = next(rule for rule in RULES.values() if rule.code == code)
    places = [("grades", "score"), ("attendance", "status"), ("grades", "taken"), ("students", "boarding")]
    hints = [rule.wording_in_request(*place).hint for place in places]

    assert not any("mapping" in hint.en or "映射" in hint.zh for hint in hints)
