"""The quick reader of JSON gives what the careful one gives, and refuses in its words."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving.gate import body as door

from dropout_risk.errors import DuplicateKeyError, JsonBombError, RequestError
from dropout_risk.scoring.contract_problems import is_finite

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def outcome(read, body):
    try:
        return json.dumps(read(body), sort_keys=True)
    except RequestError as error:
        return error.code, error.message, error.field


def parsed(body):
    """What is read; where it is said to be finite, it is."""
    data, finite = door._parse_body(body)
    assert not finite or is_finite(data)
    return data


@given(VALUES)
def test_json_is_read_as_it_is_with_care(value):
    body = json.dumps({"as_of": value}).encode()
    assert outcome(parsed, body) == outcome(door._parse_with_care, body)


@given(VALUES, st.integers(0, 60), st.binary(max_size=3))
def test_what_is_no_json_is_refused_in_the_same_words(value, at, put):
    body = json.dumps({"students": [{"grades": [value]}]}).encode()
    body = body[:at] + put + body[at + len(put) :]
    assert outcome(parsed, body) == outcome(door._parse_with_care, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"as_of": 1, "as_of": 2}',
        b'{"students": [{"a": 1, "a": 1}]}',
        b'{"students": [{"grades": [{"date": "x"}, {"date": "x", "date": "y"}]}]}',
        b'{"rows": [{"features": {"a": 1, "a": 1}}], "note": "10:30"}',
    ],
)
def test_a_field_that_is_given_twice_is_refused_wherever_it_stands(body):
    with pytest.raises(DuplicateKeyError):
        door._parse_body(body)


def test_an_object_with_too_many_fields_is_refused():
    many = {f"k{n}": n for n in range(door.MOST_FIELDS + 1)}
    for content in ({"a": many}, {"rows": [many]}, {"rows": [{}, many]}):
        with pytest.raises(JsonBombError):
            door._parse_body(json.dumps(content).encode())


def test_a_number_of_thousands_of_digits_is_refused_and_one_of_hundreds_is_read():
    assert [parsed(b'{"a": %s' % sign + b"1" * 5000 + b"}")["a"] for sign in (b"", b"-")] == [math.inf] * 2
    assert parsed(b'{"a": ' + b"1" * 310 + b"}")["a"] == int("1" * 310)
