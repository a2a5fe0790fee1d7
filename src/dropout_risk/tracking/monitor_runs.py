"""The monthly check as runs: figures of a month beside the version of the model, and nothing of a pupil."""

from __future__ import annotations

import hashlib
import json

import pandas as pd

from dropout_risk.monitoring.matured import MaturedReport
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.open_run import experiment_of, log_run
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.tracking_store import TrackingStore

MONITOR = "monitor"
VERSION, AS_OF, DIGEST = "model_version", "as_of", "monitor_digest"


def log_matured(report: MaturedReport, settings: TrackingSettings) -> list[str]:
    """Log a run for each month; what is logged already makes none. Gives the ids of the new runs.

    MissingExtraError without MLflow, TrackingError if the store cannot take a run.
    """
    contents = []
    for month in report.months:
        figures = json.dumps(month.metrics, sort_keys=True)
        digest = hashlib.sha256(f"{report.version} {month.as_of} {figures}".encode()).hexdigest()
        contents.append(
            RunContent(
                name=f"{MONITOR} {report.version} {month.as_of}",
                params={VERSION: report.version, AS_OF: month.as_of},
                metrics={f"{MONITOR}/{name}": value for name, value in month.metrics.items()},
                tags={"kind": MONITOR, VERSION: report.version, AS_OF: month.as_of, DIGEST: digest},
                artefacts={"month.txt": month.told("zh") + "\n" + month.told("en") + "\n"},
            )
        )
    known = set(matured_history(settings)["digest"]) if contents else set()
    return [log_run(content, settings) for content in contents if content.tags[DIGEST] not in known]


def matured_history(settings: TrackingSettings, version: str | None = None) -> pd.DataFrame:
    """Give the logged months, of all versions or one: ``version``, ``as_of``, ``digest`` and the figures."""
    store = TrackingStore.of_settings(settings)
    with client_of(store, create=True) as client:
        asked = f"tags.kind = '{MONITOR}' and status = 'FINISHED'"
        runs = client.search_runs([experiment_of(client, store)], asked, order_by=["start_time"])
        rows = [
            {
                "version": run.data.tags[VERSION],
                "as_of": run.data.tags[AS_OF],
                "digest": run.data.tags[DIGEST],
            }
            | {name.removeprefix(f"{MONITOR}/"): value for name, value in run.data.metrics.items()}
            for run in runs
        ]
    frame = pd.DataFrame(rows, columns=["version", "as_of", "digest"] if not rows else None)
    kept = frame if version is None else frame[frame["version"] == version]
    latest = kept.drop_duplicates(["version", "as_of"], keep="last")
    return latest.sort_values(["version", "as_of"], kind="stable").reset_index(drop=True)
