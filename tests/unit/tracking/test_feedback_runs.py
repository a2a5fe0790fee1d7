"""Feedback goes to MLflow by version of the model, once, and without anything of a pupil."""

import pandas as pd
import pytest

from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.feedback_runs import DIGEST, VERSION, log_feedback
from dropout_risk.tracking.mlflow_store import client_of


@pytest.fixture
def store(tmp_path):
    return TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=str(tmp_path / "artifacts"))


def counted(right=9, version="1.0"):
    return pd.DataFrame(
        {"run": [version], "feature": ["absence_share_20d"], "right": [right], "wrong": [1],
         "share_true": [0.9], "pupil": ["p-secret"]}
    )  # fmt: skip


def test_a_run_holds_the_counts_beside_the_version_and_no_other_column(store, tmp_path):
    (run_id,) = log_feedback(counted(), store)
    with client_of(store) as client:
        run = client.get_run(run_id)

    assert run.data.params == {VERSION: "1.0"}
    assert run.data.metrics == {
        "feedback/absence_share_20d/right": 9, "feedback/absence_share_20d/wrong": 1,
        "feedback/absence_share_20d/share_true": 0.9,
    }  # fmt: skip
    assert len(run.data.tags[DIGEST]) == 64
    assert not any(b"p-secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_what_is_logged_already_is_not_logged_again_and_more_answers_are(store):
    both = pd.concat([counted(), counted(version="2.0")])

    assert len(log_feedback(both, store)) == 2
    assert log_feedback(both, store) == []
    assert len(log_feedback(pd.concat([counted(10), counted(version="2.0")]), store)) == 1


def test_without_feedback_there_is_no_run(store):
    assert log_feedback(counted().iloc[:0], store) == []
