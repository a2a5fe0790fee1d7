"""What the page on MLflow shows runs as it stands there."""

import re
from pathlib import Path

import mlflow
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "mlflow.md"


@pytest.mark.slow
def test_the_page_runs_and_its_training_is_inside_the_active_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(block.replace("800", "500"), names)  # noqa: S102

    tags = mlflow.get_run(names["run"].run_id).data.tags
    assert mlflow.get_run(tags["mlflow.parentRunId"]).info.run_name == "spring"
