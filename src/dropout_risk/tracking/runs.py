"""What was logged, read back: the report of a run, and two runs beside each other."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_risk.errors import BundleError
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import client_of

REPORT = "report.json"
MAIN = (
    "auc", "average_precision", "brier", "log_loss", "calibration_slope", "calibration_intercept",
    "base_rate", "mean_risk", "precision_at_capacity", "recall_at_capacity", "lift_at_capacity",
    "recall_ratio_to_abc_rule", "baselines.auc_within_schools", "baseline.abc_rule.auc",
    "baseline.last_mark.auc", "capacity.teacher_recall", "lead_time.median_days", "timing.integrated_brier",
    "timing.concordance", "fairness.largest_fnr_gap", "stability.kept", "leaks.found",
)  # fmt: skip
"""Figures that two runs are compared by unless every one is asked for."""


def report_of_run(run_id: str, settings: TrackingSettings) -> EvaluationReport:
    """Rebuild the evaluation report from what the run holds, and from nothing else.

    BundleError if there is no such run, or it holds no report.
    """
    from mlflow.exceptions import MlflowException

    with client_of(settings) as client, tempfile.TemporaryDirectory() as folder:
        _find_run(client, run_id)
        try:
            place = Path(client.download_artifacts(run_id, REPORT, folder))
            data = json.loads(place.read_text(encoding="utf-8"))
        except (MlflowException, OSError) as error:
            raise BundleError(
                f"Run {run_id} holds no {REPORT}.", hint="a training run does; its candidates' runs do not"
            ) from error
    return EvaluationReport.from_dict(data)


def compare_runs(first: str, second: str, settings: TrackingSettings, *, every: bool = False) -> pd.DataFrame:
    """Put two runs side by side: their main figures, or ``every`` one, and every setting that differs.

    Rows by ``kind`` (``data``, ``setting`` or ``figure``) and ``name``; columns ``first``, ``second`` and,
    for figures, ``difference`` (second less first). Runs on different data say so in the first row.
    """
    with client_of(settings) as client:
        runs = [_find_run(client, run_id) for run_id in (first, second)]
    rows: list[tuple[Any, ...]] = [("data", "fingerprint", *(_data_fingerprint(run) for run in runs), None)]
    one, two = (run.data.params for run in runs)
    rows += [
        ("setting", name, one.get(name), two.get(name), None)
        for name in sorted({*one, *two})
        if one.get(name) != two.get(name)
    ]
    one, two = (run.data.metrics for run in runs)
    rows += [
        ("figure", name, one.get(name), two.get(name), _difference_or_none(one.get(name), two.get(name)))
        for name in sorted({*one, *two}, key=_main_first)
        if every or name in MAIN
    ]
    columns = ["kind", "name", "first", "second", "difference"]
    return pd.DataFrame(rows, columns=columns).set_index(["kind", "name"])


def _find_run(client: Any, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        raise BundleError(
            f"The store has no run {run_id!r}.", hint="ids are printed by training and listed by MLflow"
        ) from error


def _data_fingerprint(run: Any) -> str | None:
    inputs = run.inputs.dataset_inputs
    return str(inputs[0].dataset.source) if inputs else None


def _main_first(name: str) -> tuple[int, str]:
    """Order the main figures as they are listed, and before all others."""
    return (MAIN.index(name) if name in MAIN else len(MAIN)), name


def _difference_or_none(one: float | None, two: float | None) -> float | None:
    return None if one is None or two is None else two - one
