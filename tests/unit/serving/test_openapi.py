"""The description of the service says who is asked who they are, as the table of rights does."""

import json

import pytest
from serving.gate.body import Contract, RefusedError
from serving.gate.door import HEALTH, POSTED
from serving.openapi import EXAMPLES, service_description

from dropout_risk.access.route_rights import ANYONE, parts_of


def test_the_description_says_where_nobody_is_asked_who_they_are():
    described = service_description()
    for path, ways in described["paths"].items():
        route = HEALTH.get(path, path.replace("/{model}", "").replace("models/ready", "models"))
        route = route.partition("/{")[0]
        for way in ways.values():
            is_open = way.get("security") == []
            assert is_open == bool(parts_of(ANYONE, route)), path
            assert is_open != ("401" in way["responses"]), path


def test_every_way_of_saying_who_asks_is_described():
    described = service_description()
    named = {name for way in described["security"] for name in way}
    assert named == described["components"]["securitySchemes"].keys()


def test_whoever_is_asked_who_they_are_may_be_told_that_it_cannot_be_looked_up():
    for path, ways in service_description()["paths"].items():
        for way in ways.values():
            for status, code in (("503", "DR623"), ("504", "DR618")):
                told = way["responses"].get(status, {"description": "", "content": {}})
                is_asked = way.get("security") != []
                assert (code in told["description"]) == is_asked, path
                assert ("application/json" in told["content"]) == is_asked, path


def test_every_operation_has_a_name_of_its_own():
    names = [way["operationId"] for ways in service_description()["paths"].values() for way in ways.values()]
    assert len({*names}) == len(names)
    assert all(name.isidentifier() for name in names)


def test_every_address_that_takes_a_body_is_described_with_an_example():
    described = service_description()["paths"]
    told = [path for path, ways in described.items() if "post" in ways]
    assert sorted(path.replace("/{model}", "") for path in told) == sorted(POSTED)
    for path in told:
        (content,) = described[path]["post"]["requestBody"]["content"].values()
        assert content["example"] == EXAMPLES[described[path]["post"]["operationId"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_keeps_the_contract(name):
    contract, example = Contract(name), EXAMPLES[name]
    assert contract.read(json.dumps(example).encode()) == example
    with pytest.raises(RefusedError):
        contract.read(json.dumps(example | {"no such field": 1}).encode())


@pytest.mark.parametrize("name", ["score", "score_features"])
def test_every_example_that_brings_its_records_is_answered(client, name):
    reply = client.post(f"/v1/{name}", json=EXAMPLES[name])
    assert reply.status_code == 200
    assert reply.json()["results"]
