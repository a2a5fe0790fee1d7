"""Whatever is handed in as a request, the answer is a score or an error of this library's own."""

import contextlib
import copy
import datetime as dt
import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dropout_risk.errors import DropoutRiskError, RequestError
from dropout_risk.scoring.contract_problems import contract_schema, require_shape
from dropout_risk.scoring.request import histories_of_request, score_features_request, score_request

FAST = (Phase.explicit, Phase.generate)  # a failing request is small as it is
EXAMPLE = files("dropout_risk.scoring") / "contract" / "score.request.example.json"
ODD = st.sampled_from([
    None, True, False, 0, -1, 8.0, 8.5, 1e308, 10**400, 10**5000, float("nan"), float("-inf"), "", " ",
    "x", "\ud800",
    "2025-13-40", "9999-12-31", "0001-01-01", b"bytes", [], [[]], {}, {"a": {}}, (), {1: 2}, object(), 1j,
    dt.date(2025, 1, 10), np.int64(3), np.float32("nan"), np.array([1, 2]), {None}, "present", "unknown",
])  # fmt: skip
FIELDS = st.sampled_from(
    ["as_of", "students", "date", "student_id", "attendance", "score", "zz", 7, None, ()]
)


def places_in(value, place=()):
    """Every place of a body, the whole first."""
    yield place
    entries = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    for key, inside in entries.items():
        yield from places_in(inside, (*place, key))


def changed(body, data):
    body = copy.deepcopy(body)
    if not body:
        return body
    *way, last = data.draw(st.sampled_from([place for place in places_in(body) if place]))
    holder = body
    for key in way:
        holder = holder[key]
    what = data.draw(st.sampled_from(["replace", "drop", "add", "repeat"]))
    if what == "replace":
        holder[last] = data.draw(ODD)
    elif what == "drop":
        del holder[last]
    elif isinstance(holder, list):
        holder.append(holder[last] if what == "repeat" else data.draw(ODD))
    else:
        holder[data.draw(FIELDS)] = holder[last] if what == "repeat" else data.draw(ODD)
    return body


def value_of(schema, data, depth=0):
    """Draw a value that the schema allows, as far as it says."""
    if "enum" in schema:
        return data.draw(st.sampled_from(schema["enum"]))
    kind = schema["type"] if isinstance(schema["type"], str) else data.draw(st.sampled_from(schema["type"]))
    if kind == "object":
        given = schema.get("properties", {}).items()
        required = schema.get("required", ())
        return {name: value_of(part, data, depth + 1) for name, part in given
                if name in required or data.draw(st.booleans())}  # fmt: skip
    if kind == "array":
        return [value_of(schema["items"], data, depth + 1) for _ in range(data.draw(st.integers(1, 3)))]
    if schema.get("format") == "date":
        return data.draw(st.dates(dt.date(2024, 9, 1), dt.date(2025, 3, 2))).isoformat()
    if "pattern" in schema:
        return "02-01"
    drawn = {"string": st.text(min_size=1, max_size=4), "boolean": st.booleans(), "null": st.none(),
             "integer": st.integers(1, 12), "number": st.integers(1, 100)}  # fmt: skip
    return data.draw(drawn[kind])


def answered(call):
    with contextlib.suppress(DropoutRiskError):
        call()


@settings(deadline=None, max_examples=80, phases=FAST, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_a_misshapen_request_is_answered_or_refused_by_an_own_error(risk_model, data):
    body = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        body = changed(body, data)
    answered(lambda: score_request(risk_model, body))


@settings(deadline=None, max_examples=40, phases=FAST, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_a_request_drawn_from_the_schema_and_spoilt_once_is_answered_or_refused(risk_model, data):
    body = value_of(contract_schema("score.request"), data)
    body.pop("class_context", None)
    answered(lambda: score_request(risk_model, body))
    answered(lambda: histories_of_request(changed(body, data)))


@settings(deadline=None, max_examples=40, phases=FAST, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_misshapen_features_are_answered_or_refused_by_an_own_error(risk_model, data):
    names = data.draw(st.lists(st.sampled_from(risk_model.catalogue.names), min_size=1, max_size=3))
    body = {"rows": [{"student_id": "a", "features": dict.fromkeys(names, 0.1)}, {"features": {}}]}
    for _ in range(data.draw(st.integers(0, 2))):
        body = changed(body, data)
    answered(lambda: score_features_request(risk_model, body))


@pytest.mark.parametrize("body", [None, 7, "x", [], [{}], {"students": 1}, {"as_of": 1, "students": []}])
def test_what_is_no_request_at_all_is_refused(risk_model, body):
    for score in (score_request, score_features_request):
        with pytest.raises(RequestError):
            score(risk_model, body)


def test_a_misspelt_field_of_a_row_is_named_and_not_left_out_in_silence(risk_model):
    pupil = {"student_id": "a", "attendance": [{"date": "2025-01-10", "status": "present", "sesion": "am"}]}

    with pytest.raises(RequestError, match="sesion") as refused:
        score_request(risk_model, {"as_of": "2025-03-03", "students": [pupil]})

    assert (refused.value.code, refused.value.field) == ("DR607", "students[0].attendance[0].sesion")


def test_no_value_stands_in_the_message_of_a_refused_request():
    pupil = {"student_id": {"secret": 1}, "attendance": "secret"}

    with pytest.raises(RequestError) as refused:
        require_shape({"as_of": "2025-03-03", "students": [pupil]}, "score")

    assert "secret" not in str(refused.value)
