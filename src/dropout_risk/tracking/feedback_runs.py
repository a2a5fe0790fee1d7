"""Feedback on reasons as runs: counts per feature beside the version of the model, and nothing of a pupil."""

from __future__ import annotations

import hashlib

import pandas as pd

from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.open_run import experiment_of, log_run
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.tracking_store import TrackingStore

FEEDBACK = "feedback"
DIGEST, VERSION = "feedback_digest", "model_version"
_TABLE = "feedback.csv"


def log_feedback(counts: pd.DataFrame, settings: TrackingSettings) -> list[str]:
    """Log counts of feedback, one run per version of the model; counts that are logged already make no run.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``run`` (the model's version), ``feature``, and columns of numbers, as
        :func:`dropout_risk.casebook.lessons.feedback.feedback_counts` gives them. Others are not logged.
    settings : TrackingSettings

    Returns
    -------
    list of str
        The ids of the new runs.

    Raises
    ------
    MissingExtraError
        If MLflow is not installed.
    TrackingError
        If the store cannot take a run.
    """
    contents = [_content_of(str(version), part) for version, part in counts.groupby("run")]
    known = _logged_digests(settings) if contents else set()
    return [log_run(content, settings) for content in contents if content.tags[DIGEST] not in known]


def _content_of(version: str, part: pd.DataFrame) -> RunContent:
    numbers = part.set_index("feature").select_dtypes("number").sort_index()
    table = numbers.to_csv(lineterminator="\n")
    digest = hashlib.sha256(f"{version}\n{table}".encode()).hexdigest()
    return RunContent(
        name=f"{FEEDBACK} {version}",
        params={VERSION: version},
        metrics={
            f"{FEEDBACK}/{feature}/{name}": float(value)
            for feature, row in numbers.iterrows()
            for name, value in row.items()
        },
        tags={"kind": FEEDBACK, VERSION: version, DIGEST: digest},
        artefacts={_TABLE: table},
    )


def _logged_digests(settings: TrackingSettings) -> set[str]:
    store = TrackingStore.of_settings(settings)
    with client_of(store, create=True) as client:
        runs = client.search_runs(
            [experiment_of(client, store)], f"tags.kind = '{FEEDBACK}' and status = 'FINISHED'"
        )
        return {run.data.tags[DIGEST] for run in runs}
