"""The contract in the package is the shared one, grown: what kept the one keeps the other."""

import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[3]
OWN = ROOT / "src" / "dropout_risk" / "scoring" / "contract"
SHARED = ROOT.parent / "shared" / "contract"
NAMES = sorted(path.name for path in OWN.iterdir())
SHARED_NAMES = {path.name for path in SHARED.iterdir()} if SHARED.is_dir() else set()
"""Requests of our own stand beside the shared ones, and keep nobody from them."""
beside = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared contract is not beside this repository")


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def types_of(schema: dict) -> set[str]:
    named = schema.get("type", [])
    types = {named} if isinstance(named, str) else set(named)
    return types | {"integer"} if "number" in types else types


def changed_meanings(shared: dict, own: dict, reply: bool, at: str = "") -> list[str]:
    """Places where the shared schema is no longer kept: nothing may go, a request may ask for no more,
    and a reply may promise no less."""
    found = []
    for word, value in shared.items():
        here = f"{at}/{word}"
        if word not in own:
            found.append(here)
        elif word == "description":
            continue
        elif word == "type":
            asked, given = types_of(shared), types_of(own)
            found += [] if (given <= asked if reply else asked <= given) else [here]
        elif word == "enum":
            found += [] if set(value) <= set(own[word]) else [here]
        elif word == "required":
            asked, given = set(value), set(own[word])
            found += [] if (asked <= given if reply else given <= asked) else [here]
        elif word in ("properties", "$defs"):
            found += [f"{here}/{name}" for name in value.keys() - own[word].keys()]
            for name in value.keys() & own[word].keys():
                found += changed_meanings(value[name], own[word][name], reply, f"{here}/{name}")
        elif isinstance(value, dict):
            found += changed_meanings(value, own[word], reply, here)
        elif value != own[word]:
            found.append(here)
    new = own.keys() - shared.keys() - {"description", "default", "properties"}
    return found + [f"{at}/{word}" for word in sorted(new)]


@beside
@pytest.mark.parametrize("name", [name for name in NAMES if "schema" in name and name in SHARED_NAMES])
def test_own_schemas_say_all_that_the_shared_ones_say(name):
    assert changed_meanings(read(SHARED, name), read(OWN, name), reply="reply" in name) == []


@beside
def test_the_example_is_the_shared_one():
    name = "score.request.example.json"
    assert read(OWN, name) == read(SHARED, name)


@beside
def test_no_file_of_the_shared_contract_is_left_out():
    assert {path.name for path in SHARED.glob("*.json")} <= set(NAMES)


@pytest.mark.parametrize(
    ("own", "reply"),
    [
        ({"type": "object", "properties": {}}, False),
        ({"type": "object", "properties": {"days": {"type": "string"}}}, False),
        ({"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}, False),
        ({"type": "object", "properties": {"days": {"type": "integer", "minimum": 1}}}, False),
    ],
    ids=["gone", "another type", "asked for", "narrower"],
)
def test_a_changed_meaning_is_seen(own, reply):
    shared = {"type": "object", "properties": {"days": {"type": "integer"}}}
    assert changed_meanings(shared, own, reply)


def test_the_example_keeps_the_request_schema(example):
    kept = jsonschema.Draft202012Validator(read(OWN, "score.request.schema.json"))

    assert [error.message for error in kept.iter_errors(example)] == []
