"""What MLflow's user has chosen is heeded, by training and by loading alike."""

import os
from pathlib import Path

import pytest

from dropout_risk.errors import BundleError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import load_bundle_path
from dropout_risk.tracking.open_run import log_run, prepare_store
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.tracking_store import TrackingStore

CHOSEN = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """MLflow with nothing chosen, in an empty folder; what a test chooses is forgotten after it."""
    import mlflow

    monkeypatch.chdir(tmp_path)
    for name in CHOSEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    yield mlflow
    while mlflow.active_run() is not None:
        mlflow.end_run()
    for name in CHOSEN:
        os.environ.pop(name, None)


def test_by_default_runs_and_their_files_lie_in_the_folder(mlflow, tmp_path):
    store = TrackingStore.of_settings(TrackingSettings())

    assert Path(store.uri.removeprefix("sqlite:///")) == tmp_path / "mlflow.db"
    assert store.registry == store.uri
    assert store.artifacts == str(tmp_path / "mlartifacts")
    assert (store.experiment, store.experiment_id, store.parent) == ("dropout_risk", None, None)


@pytest.mark.parametrize("way", ["environment", "call"])
def test_the_address_that_the_user_chose_is_written_to_and_read_from(mlflow, way, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path}/chosen/runs.db"
    if way == "environment":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    else:
        mlflow.set_tracking_uri(uri)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "model.txt").write_text("model")
    run = log_run(RunContent(metrics={"auc": 0.5}, bundle=tmp_path / "bundle"), TrackingSettings())

    assert mlflow.get_run(run).data.metrics == {"auc": 0.5}
    assert (load_bundle_path("models:/dropout_risk@challenger") / "model.txt").read_text() == "model"
    assert not (tmp_path / "mlflow.db").exists()


def test_the_settings_go_before_what_the_user_chose(mlflow, tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/chosen.db")
    mlflow.set_experiment("mine")
    own = TrackingSettings(uri=f"sqlite:///{tmp_path}/own.db")

    assert TrackingStore.of_settings(own).uri == own.uri == TrackingStore.of_settings(own).registry
    assert TrackingStore.of_settings(own).experiment_id is None, "an experiment counts in its own store"
    assert TrackingStore.of_settings(TrackingSettings(experiment="county")).experiment_id is None


def test_runs_go_into_the_experiment_that_was_set(mlflow, tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    chosen = mlflow.set_experiment("mine").experiment_id

    assert prepare_store(TrackingSettings()).experiment_id == chosen
    assert mlflow.get_run(log_run(RunContent(), TrackingSettings())).info.experiment_id == chosen


def test_an_experiment_named_by_the_environment_is_used(mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "县")

    run = mlflow.get_run(log_run(RunContent(), TrackingSettings()))
    assert mlflow.get_experiment(run.info.experiment_id).name == "县"


def test_a_run_inside_an_active_run_is_its_child_and_leaves_it_active(mlflow, tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    with mlflow.start_run() as outer:
        inner = mlflow.get_run(log_run(RunContent(), TrackingSettings()))
        assert mlflow.active_run().info.run_id == outer.info.run_id

    assert inner.data.tags["mlflow.parentRunId"] == outer.info.run_id
    assert inner.info.experiment_id == outer.info.experiment_id


def test_an_alias_that_is_not_in_the_chosen_store_is_not_looked_for_elsewhere(mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nothing.db")
    with pytest.raises(BundleError, match="no store"):
        load_bundle_path("models:/dropout_risk@champion")
