import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[3]
OWN = ROOT / "src" / "dropout_risk" / "scoring" / "contract"
SHARED = ROOT.parent / "shared" / "contract"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared contract is not beside this repository")
@pytest.mark.parametrize("name", sorted(path.name for path in OWN.iterdir()))
def test_own_copies_of_the_contract_are_the_shared_bytes(name):
    assert (OWN / name).read_bytes() == (SHARED / name).read_bytes()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared contract is not beside this repository")
def test_no_file_of_the_shared_contract_is_left_out():
    assert {path.name for path in SHARED.glob("*.json")} == {path.name for path in OWN.iterdir()}


def test_the_example_keeps_the_request_schema(example):
    schema = json.loads((OWN / "score.request.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(example)
