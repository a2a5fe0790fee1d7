"""What tests share: one small trained model, and the service that answers with it."""

from __future__ import annotations

import gc
import json
import os
import sys
import warnings
from itertools import count
from pathlib import Path

import hypothesis
import pytest

from support import machine
from support.machine import LEFT_OUT
from support.postgres import started_server
from support.sharing import made_once

# the same examples in every run of CI, and no clock: a busy machine is no failure
NO_CLOCK = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("ci", derandomize=True, **NO_CLOCK)
hypothesis.settings.register_profile("here", **NO_CLOCK)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

collect_ignore_glob = ["support/fuzzing/*"]
"""Read by schemathesis, in an environment of its own."""
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
CONTRACT = ROOT / "src" / "dropout_risk" / "scoring" / "contract"


def pytest_unconfigure():
    """Thaw what the service froze when it started, so that Python's end finds nothing left over."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Give all tests that one need leaves out the same place, so that they are one line of the summary."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]:
        report.longrepr = ("tests", 0, report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """A bundle trained on a small simulated district, once for all workers."""
    from dropout_risk.settings import Settings
    from dropout_risk.simulate.district import simulate_district
    from dropout_risk.training.train import train

    settings = Settings(
        models={"candidate": "lightgbm", "folds": 4}, evaluation={"refits": 0, "learning_curve": False}
    )

    def make(place):
        train(simulate_district(n_students=400, seed=3), settings, track=False).model.save(place)

    return made_once(tmp_path_factory, "model", make)


@pytest.fixture(scope="session")
def risk_model(bundle):
    """The model of that bundle."""
    from dropout_risk.scoring.risk_model import RiskModel

    return RiskModel.load(bundle)


@pytest.fixture(scope="session")
def client(bundle, tmp_path_factory):
    """A client of the real service, in this process."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("BENTOML_HOME", os.environ.get("BENTOML_HOME", str(tmp_path_factory.mktemp("bentoml"))))
        patch.setenv("DROPOUT_RISK_MODEL", str(bundle))
        patch.setenv("DROPOUT_RISK_ALLOW_SYNTHETIC", "1")
        from serving.service import DropoutRisk
        from starlette.testclient import TestClient

        with TestClient(DropoutRisk.to_asgi()) as started:
            yield started


@pytest.fixture
def example():
    """The contract's example request."""
    return json.loads((CONTRACT / "score.request.example.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for each worker."""
    machine.require(machine.POSTGRES)
    with started_server() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_url(request, tmp_path_factory):
    """Gives the address of another empty book at each call, on both databases in turn."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_url
    numbers = count(1)
    folder = tmp_path_factory.mktemp("books")
    return lambda: f"sqlite:///{folder}/{next(numbers)}.db"


@pytest.fixture
def book_url(new_url):
    """The address of an empty book."""
    return new_url()
