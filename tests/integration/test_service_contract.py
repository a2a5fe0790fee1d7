"""Whatever keeps the contract is answered with 200 and a reply that keeps it, however odd it is."""

from __future__ import annotations

import json

import jsonschema
import pytest

from dropout_risk.scoring.contract_problems import contract_schema

REQUEST = jsonschema.Draft202012Validator(contract_schema("score.request"))
REPLY = jsonschema.Draft202012Validator(
    contract_schema("score.reply"), format_checker=jsonschema.FormatChecker()
)
PLACED = {"student_id": "p", "school_id": "s", "class_id": "c", "grade_level": 8}


def family(*values):
    return PLACED | {
        "family": [{"factor": "x", "value": value, "valid_from": "2024-09-01"} for value in values]
    }


@pytest.mark.parametrize(
    "students",
    [
        [PLACED],
        [PLACED, PLACED],
        [PLACED | {"student_id": 7}, PLACED],
        [PLACED | {"student_id": 10**30}],
        [PLACED | {"student_id": ""}],
        [PLACED | {"student_id": "\u0000\n张三"}],
        [PLACED | {"attendance": [], "grades": [], "family": []}],
        [PLACED | {"attendance": [{"date": "0001-01-01", "status": "absent"}]}],
        [PLACED | {"enrolled_on": "2025-09-01", "left_on": "2024-09-01"}],
        [PLACED | {"distance_km": 1e308}],
        [family("text")],
        [{"student_id": "p"}],
        [{"student_id": "p", "school_id": "s", "class_id": "c"}],
        [PLACED, PLACED | {"student_id": "q", "school_id": 7}],
        [PLACED, PLACED | {"student_id": "q", "class_id": 7}],
        [PLACED | {"school_id": 10**30}],
        [PLACED | {"grade_level": 10**30}],
        [family("text", 1, True)],
    ],
)
def test_odd_pupils_that_keep_the_contract_are_answered(client, students):
    assert answered(client, "2025-03-03", students) == {student["student_id"] for student in students}


@pytest.mark.parametrize("as_of", ["1970-01-01", "0001-01-01"])
def test_odd_days_that_keep_the_contract_are_answered(client, as_of):
    assert answered(client, as_of, [PLACED]) == {PLACED["student_id"]}


def answered(client, as_of, students):
    """The pupils that the reply, which keeps the contract, speaks of."""
    request = {"as_of": as_of, "students": students}
    REQUEST.validate(request)
    reply = client.post(
        "/score", content=json.dumps(request).encode(), headers={"content-type": "application/json"}
    )
    assert reply.status_code == 200
    REPLY.validate(reply.json())
    told = {result["student_id"] for result in reply.json()["results"]}
    return told | {error["student_id"] for error in reply.json()["errors"]}
