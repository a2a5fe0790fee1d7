"""Who takes no client of ours has one made from the service's own description, and is told the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving.openapi import TITLES

from dropout_risk.client import ScoringClient
from dropout_risk.errors import RefusedReplyError
from dropout_risk.features.cohort import histories_of
from dropout_risk.simulate.district import simulate_district
from support import machine
from support.running import running_service

pytestmark = pytest.mark.slow
ASKING = Path(__file__).parents[1] / "support" / "generated_client.py"


def run_with_generator(folder, *words):
    """Run Python with what the generator brings, and nothing of the library."""
    found = os.pathsep.join([str(machine.GENERATOR_FOLDER), str(folder)])
    done = subprocess.run(
        [sys.executable, *map(str, words)], env=os.environ | {"PYTHONPATH": found}, cwd=folder,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generated")


@pytest.fixture(scope="module")
def pupils(folder):
    histories = histories_of(simulate_district(n_students=60, seed=12))
    histories.save(folder / "store")
    return histories.student_ids[:2]


@pytest.fixture(scope="module")
def service(folder, bundle, pupils):
    with running_service(folder, bundle, DROPOUT_RISK_STORE=folder / "store") as started:
        yield f"http://127.0.0.1:{started.port}"


@pytest.fixture(scope="module")
def generate(folder, service):
    """Makes the client of what the service says of itself; any warning of the generator fails."""
    import httpx

    machine.require(machine.GENERATOR)
    (folder / "docs.json").write_bytes(httpx.get(f"{service}/docs.json").content)
    (folder / "settings.yaml").write_text("post_hooks: []", encoding="utf-8")
    words = "--path docs.json --output-path generated --meta none --config settings.yaml --fail-on-warning"
    run_with_generator(folder, "-m", "openapi_python_client", "generate", *words.split())


@pytest.fixture
def asked(folder, service, generate):
    def ask(*bodies):
        (folder / "bodies.json").write_text(json.dumps(bodies), encoding="utf-8")
        return json.loads(run_with_generator(folder, ASKING, service, "bodies.json"))

    return ask


def without_names(told):
    return {name: value for name, value in told.items() if name != "request_id"}


def test_a_generated_client_is_told_what_ours_is_told(asked, service, example, pupils):
    rows = [{"student_id": "p", "features": {"absence_share_20d": 0.3}}]
    ids = {"student_ids": [*pupils], "language": "en"}
    records = {"as_of": example["as_of"], "students": example["students"], "language": "zh"}
    with ScoringClient(service) as own:
        expected = [
            own.score(
                example["students"], **{key: part for key, part in example.items() if key != "students"}
            ),
            own.score_features(rows, language="en"),
            own.score_stored(pupils, language="en"),
            own.explain_change(pupils, "2025-03-03", language="en"),
            own.what_if(pupils, most=1, language="en"),
            own.change_of_records(example["students"], "2025-02-03", example["as_of"]),
            own.what_if_of_records(example["students"], example["as_of"], most=1),
            own.model(),
        ]
    replies = asked(
        ("score", example), ("score_features", {"rows": rows, "language": "en"}), ("score_stored", ids),
        ("explain_change", ids | {"before": "2025-03-03"}), ("what_if", ids | {"most": 1}),
        ("explain_change", records | {"before": "2025-02-03"}), ("what_if", records | {"most": 1}),
        ("model", None),
    )  # fmt: skip
    assert [reply["status"] for reply in replies] == [200] * 8
    kinds = [reply["type"] for reply in replies[:-1]]
    told = ("reply", "reply", "reply", "changes", "what_ifs", "changes", "what_ifs")
    assert kinds == [TITLES[name] for name in told]
    assert [without_names(reply["told"]) for reply in replies] == list(map(without_names, expected))


def test_a_generated_client_is_refused_as_ours_is(asked, service, example):
    wrong = example | {"as_of": "2999-01-01"}  # what its types allow and the service does not
    (reply,) = asked(("score", wrong))
    with ScoringClient(service) as own, pytest.raises(RefusedReplyError) as refused:
        own.score(wrong["students"], as_of=wrong["as_of"])
    assert (reply["status"], reply["type"]) == (400, "Refusal")
    assert reply["told"]["problems"] == refused.value.problems
    assert refused.value.status == 400
