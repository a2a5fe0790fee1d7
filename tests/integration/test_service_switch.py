"""The service as it is run, while its model is exchanged: nobody notices but by the version."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from dropout_risk.scoring.risk_model import RiskModel
from support.running import environment, running_service

pytestmark = pytest.mark.slow
AGREE_WITHIN = 1.0
"""Seconds within which two workers that have both loaded a model answer with it."""


@pytest.fixture(scope="module")
def other(bundle, tmp_path_factory):
    """Another model: the same by another name."""
    model = RiskModel.load(bundle)
    object.__setattr__(model, "metrics", {**model.metrics, "another": 1.0})
    object.__setattr__(model, "version", "the-other")
    return model.save(tmp_path_factory.mktemp("other") / "model")


@pytest.fixture
def started(bundle, tmp_path):
    """Two workers with a switch."""
    switch = tmp_path / "switch"
    with running_service(tmp_path, bundle, "--workers", "2", DROPOUT_RISK_SWITCH=switch) as service:
        yield service, switch


def run_command(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "dropout_risk", "model", *map(str, words)], env=environment(folder),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class Asker(threading.Thread):
    """Asks for a score again and again, each time by a connection of its own, until it is stopped."""

    def __init__(self, port, example):
        super().__init__(daemon=True)
        self.address, self.body = f"http://127.0.0.1:{port}/score", json.dumps(example)
        self.told, self.ended = [], False

    def run(self):
        while not self.ended:
            began = time.monotonic()
            reply = httpx.post(
                self.address, content=self.body, headers={"content-type": "application/json"}, timeout=60
            )
            version = reply.json()["model"]["version"] if reply.status_code == 200 else None
            self.told.append((began, time.monotonic(), reply.status_code, version))


@contextlib.contextmanager
def asked_all_the_time(service, example, number=2):
    askers = [Asker(service.port, example) for _ in range(number)]
    for asker in askers:
        asker.start()
    yield askers
    for asker in askers:
        asker.ended = True
        asker.join()


def until(what, seconds=90):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def workers_with(service, version):
    """How many workers answer with a version, as the metrics say."""
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}") as fresh:
        told = re.findall(rf'model_info{{[^}}]*version="{version}"}} (\S+)', fresh.get("/metrics").text)
    return sum(map(float, told))


def test_two_workers_change_the_model_together_between_two_requests_and_back(started, other, bundle, example):
    service, switch = started
    first = json.loads((bundle / "manifest.json").read_text())["version"]
    until(lambda: workers_with(service, first) == 2)
    with asked_all_the_time(service, example) as askers:
        run_command(switch.parent, "use", other, "--switch", switch, "--within", 25)
        until(lambda: workers_with(service, "the-other") == 2)
        time.sleep(1)
    told = sorted(one for asker in askers for one in asker.told)
    assert {status for *_, status, _ in told} == {200}
    assert {version for *_, version in told} == {first, "the-other"}
    last_of_old = max(began for began, _, _, version in told if version == first)
    first_of_new = min(ended for _, ended, _, version in told if version == "the-other")
    assert last_of_old - first_of_new < AGREE_WITHIN
    assert "model=" not in service.said().replace("model name=", "")
    assert service.said().count("name=dropout_risk version=the-other") == 2
    run_command(switch.parent, "back", "--switch", switch, "--within", 0)
    until(lambda: workers_with(service, first) == 2)
    assert workers_with(service, "the-other") == 0


def test_a_worker_that_dies_comes_back_with_the_model_of_the_switch(started, other, example):
    service, switch = started
    run_command(switch.parent, "use", other, "--switch", switch, "--within", 0)
    until(lambda: workers_with(service, "the-other") == 2)
    os.kill(service.worker(), signal.SIGKILL)
    until(lambda: service.said().count("Started server process") == 3)
    until(lambda: workers_with(service, "the-other") == 2)
    assert {httpx.get(f"http://127.0.0.1:{service.port}/model").json()["version"] for _ in range(8)} == {
        "the-other"
    }


def test_a_kept_bundle_that_was_broken_changes_no_answer(started, other, bundle):
    service, switch = started
    run_command(switch.parent, "use", other, "--switch", switch, "--within", 0)
    until(lambda: workers_with(service, "the-other") == 2)
    manifest = json.loads((bundle / "manifest.json").read_text())["sha256"]
    (switch / "bundles" / manifest / "model.txt").write_text("broken")
    run_command(switch.parent, "back", "--switch", switch, "--within", 0)
    until(lambda: service.said().count("cannot be served: DR501") >= 2)
    assert workers_with(service, "the-other") == 2
    assert httpx.get(f"http://127.0.0.1:{service.port}/readyz").status_code == 200


def test_a_challenger_is_asked_the_same_and_not_heard(started, other, example):
    service, switch = started
    run_command(switch.parent, "shadow", other, "--switch", switch)
    until(lambda: service.said().count("challenger name=") == 2)
    for _ in range(4):
        reply = httpx.post(f"http://127.0.0.1:{service.port}/score", json=example)
        assert reply.json()["model"]["version"] != "the-other"
    pupils = 4 * len(example["students"])

    def counted():
        found = re.search(
            r'shadow_pupils_total{band="same"} (\S+)',
            httpx.get(f"http://127.0.0.1:{service.port}/metrics").text,
        )
        return found is not None and float(found[1]) == pupils

    until(counted)


# --- An alias of a real MLflow store that moves ------------------------------------------------------------


@pytest.fixture
def move_alias(bundle, other, tmp_path):
    """Moves the alias ``trial`` of a store that has two versions of a model; it begins at the first."""
    from mlflow import MlflowClient

    from dropout_risk.settings import TrackingSettings
    from dropout_risk.tracking.open_run import log_run
    from dropout_risk.tracking.run_content import RunContent

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    store = TrackingSettings(uri=uri, artifacts=str(tmp_path / "artefacts"), model_name="county")
    for made in (bundle, other):
        log_run(RunContent(bundle=made), store)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def move(version):
        client.set_registered_model_alias("county", "trial", version)

    move("1")
    return move


def test_an_alias_of_a_real_store_moves_all_workers_and_somebody_may_go_back(move_alias, bundle, tmp_path):
    alias, switch = "models:/county@trial", tmp_path / "switch"
    first = json.loads((bundle / "manifest.json").read_text())["version"]
    told = {
        "DROPOUT_RISK_MODEL": alias, "DROPOUT_RISK_FOLLOW": alias, "DROPOUT_RISK_FOLLOW_SECONDS": 1,
        "DROPOUT_RISK_SWITCH": switch, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
    }  # fmt: skip
    with running_service(tmp_path, bundle, "--workers", "2", **told) as service:
        until(lambda: workers_with(service, first) == 2)
        move_alias("2")
        until(lambda: workers_with(service, "the-other") == 2)
        assert workers_with(service, first) == 0
        assert (switch / "bundles").is_dir()  # what is answered with is the switch's own copy
        run_command(tmp_path, "back", "--switch", switch, "--within", 0)
        until(lambda: workers_with(service, first) == 2)
        assert "cannot be followed" not in service.said()
