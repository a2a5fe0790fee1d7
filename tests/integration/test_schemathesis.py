"""Whatever the description allows is answered, and whatever it does not is refused: asked by schemathesis.

It runs in an environment of its own, since it needs another version of a library that the service needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_risk.features.cohort import histories_of
from dropout_risk.simulate.district import simulate_district
from support import machine
from support.running import running_service

FUZZING = Path(__file__).parents[1] / "support" / "fuzzing"
SECONDS = 25


@pytest.mark.slow
def test_every_check_of_every_address_passes(bundle, tmp_path):
    machine.require(machine.SCHEMATHESIS)
    store = histories_of(simulate_district(n_students=60, seed=12)).save(tmp_path / "store")
    more = {"DROPOUT_RISK_STORE": store, "DROPOUT_RISK_PAGE_RATE": "100000/minute"}
    with running_service(tmp_path, bundle, **more) as service:
        found = os.pathsep.join(map(str, (machine.SCHEMATHESIS_FOLDER, FUZZING)))
        asked = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", FUZZING / "schemathesis.toml", "run",
             f"http://127.0.0.1:{service.port}/docs.json",
             "--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-time", str(SECONDS)],
            env=os.environ | {"PYTHONPATH": found},
            cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS * 5, check=False,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stdout[-4000:] + asked.stderr[-1000:]
        assert "passed" in asked.stdout
        assert " failed: " not in service.said()
