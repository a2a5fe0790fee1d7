"""Everything that is wrong with a body is said at once, by path, and without a value."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from serving.gate.body import SCORE, SCORE_FEATURES, RefusedError

TODAY = dt.datetime.now(dt.UTC).date()


def problems(body, contract=SCORE):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RefusedError) as refused:
        contract.read(body)
    return refused.value.problems


def only(body, contract=SCORE):
    (problem,) = problems(body, contract)
    return problem.code, problem.field


def one_pupil(**fields):
    return {"as_of": "2025-03-03", "students": [{"student_id": "p", **fields}]}


@pytest.mark.parametrize("body", [b"{", b"", b"as_of=1", b"{'a': 1}", b"\xff\xfe{", b'{"a": 01}'])
def test_what_is_not_json_is_said_to_be_so(body):
    assert only(body) == ("DR603", "body")


@pytest.mark.parametrize("field", ["grade_level", "class_id", "home_distance_km"])
def test_a_number_of_thousands_of_digits_is_refused_where_it_stands(field):
    body = json.dumps(one_pupil(**{field: 0})).replace(f'"{field}": 0', f'"{field}": ' + "9" * 5000)
    assert [path for _, path in ((one.code, one.field) for one in problems(body.encode()))] == [
        f"students[0].{field}"
    ]


def test_half_a_surrogate_pair_is_not_text():
    assert only(b'{"as_of": "2025-03-03", "students": [{"student_id": "\\ud800"}]}') == ("DR603", "body")


def test_a_field_given_twice_is_refused():
    assert only(b'{"as_of": "2025-03-03", "as_of": "2025-03-04", "students": []}') == ("DR604", "as_of")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"class_context":' + b"[" * 3_000_000]
)
def test_deep_nesting_is_refused(body):
    assert only(body) == ("DR605", "body")


def test_an_object_with_very_many_fields_is_refused():
    assert only({f"f{number}": 1 for number in range(1001)}) == ("DR605", "body")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (b'{"as_of": "2025-03-03", "students": [{"student_id": "p", "distance_km": ', b"}]}",
         "students[0].distance_km"),
        (b'{"as_of": "2025-03-03", "students": [{"student_id": ', b"}]}", "students[0].student_id"),
        (b'{"as_of": "2025-03-03", "class_context": [{"x": [[', b']]}], "students": [{"student_id": 1}]}',
         "class_context[0]"),
    ],
)  # fmt: skip
def test_numbers_that_are_none_are_refused_wherever_they_stand(start, number, end, field):
    assert only(start + number + end) == ("DR606", field)


def test_numbers_that_are_none_are_refused_among_features():
    body = b'{"rows": [{"features": {}}, {"features": {"absence_share_20d": NaN}}]}'
    assert only(body, SCORE_FEATURES) == ("DR606", "rows[1].features.absence_share_20d")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"atendance": []}, "DR607", "students[0].atendance"),
        ({"grades": [{"date": "2025-01-10", "subject": "m", "exam": "e", "score": 1}]}, "DR608",
         "students[0].grades[0].max_score"),
        ({"grade_level": "8"}, "DR609", "students[0].grade_level"),
        ({"attendance": [{"date": "2025-01-10", "status": "away"}]}, "DR610",
         "students[0].attendance[0].status"),
        ({"distance_km": -1}, "DR610", "students[0].distance_km"),
        ({"family": [{"factor": "f", "valid_from": "2025-02-30"}]}, "DR611",
         "students[0].family[0].valid_from"),
    ],
)  # fmt: skip
def test_each_kind_of_problem_has_its_code_and_its_path(fields, code, field):
    assert only(one_pupil(**fields)) == (code, field)


@pytest.mark.parametrize(
    "fields",
    [
        {"attendance": [{"date": "2025-01-10", "status": "away"}]},
        {"attendance": [{"date": "10.1.2025", "status": "absent"}]},
        {"distance_km": -1},
        {"left_on": "2025-02-30"},
        {"grades": [{"date": "2025-01-10", "subject": "", "exam": "e", "score": 1, "max_score": 0}]},
        {"family": [{"factor": "f", "valid_from": "2025-02-30"}]},
    ],
)
def test_a_cell_that_says_what_cannot_be_used_is_left_to_the_check_of_rows(fields):
    body = json.dumps(one_pupil(**fields)).encode()
    assert SCORE.read(body, by_row=True)["students"] == [{"student_id": "p", **fields}]


@pytest.mark.parametrize(
    "fields",
    [
        {"grade_level": "8"},
        {"attendance": [{"date": "2025-01-10", "status": 5}]},
        {"unrecorded": "maybe"},
        {"registered_to": "2025-02-30"},
    ],
)
def test_a_cell_of_another_type_or_one_that_says_how_to_read_the_rest_refuses_the_body(fields):
    with pytest.raises(RefusedError):
        SCORE.read(json.dumps(one_pupil(**fields)).encode(), by_row=True)


def test_an_unknown_field_comes_with_the_nearest_right_name():
    assert problems(one_pupil(atendance=[]))[0].hint == "did you mean 'attendance'?"
    assert problems(one_pupil() | {"as_off": 1})[0].hint == "did you mean 'as_of'?"


def test_the_future_is_refused_and_today_is_not():
    assert only(one_pupil() | {"as_of": f"{TODAY + dt.timedelta(days=2)}"}) == ("DR612", "as_of")
    assert SCORE.read(json.dumps(one_pupil() | {"as_of": f"{TODAY}"}).encode())


def test_empty_and_overlong_lists_have_their_own_codes():
    assert only({"as_of": "2025-03-03", "students": []}) == ("DR613", "students")
    assert only({"as_of": "2025-03-03", "students": [{"student_id": 1}] * 201}) == ("DR614", "students")
    assert only({"rows": []}, SCORE_FEATURES) == ("DR613", "rows")


def test_all_problems_are_told_at_once_in_order():
    request = one_pupil(grade_level="8", attendance=[{"date": "x", "status": "absent"}, {"status": "absent"}])
    del request["as_of"]
    assert [(problem.code, problem.field) for problem in problems(request)] == [
        ("DR608", "as_of"),
        ("DR609", "students[0].grade_level"),
        ("DR611", "students[0].attendance[0].date"),
        ("DR608", "students[0].attendance[1].date"),
    ]


def test_at_most_twenty_problems_are_told():
    assert len(problems({"as_of": "2025-03-03", "students": [{"student_id": None}] * 200})) == 20


def test_a_million_problems_cost_no_more_than_reading_them():
    body = (
        b'{"as_of": "2025-03-03", "students": [{"student_id": 1}], "class_context": ['
        + b"0," * 1_000_000
        + b"0]}"
    )
    started = time.process_time()
    assert len(problems(body)) == 20
    assert time.process_time() - started < 3


def test_no_value_is_repeated():
    marker = "Zhang-San-13800000000"
    request = one_pupil(
        grade_level=marker, enrolled_on=marker, grades=marker, family=[{"factor": "", "value": [marker]}]
    )
    request |= {"as_of": marker, "language": marker, "class_context": [marker]}
    told = problems(request)
    assert len(told) == 9
    assert marker not in " ".join(f"{problem} {problem.field} {problem.hint}" for problem in told)


def test_a_long_name_of_a_field_is_cut():
    assert (
        len(problems({"as_of": "2025-03-03", "students": [{"student_id": 1}], "x" * 5000: 1})[0].field) < 200
    )
