"""Runs are logged to a real SQLite store; nothing is needed but a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from dropout_risk.errors import BundleError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import load_bundle_path
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.run_dataset import RunDataset, fingerprint_of

FINGERPRINT = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    return TrackingSettings(uri=f"sqlite:///{folder}/deep/mlflow.db", artifacts=str(folder / "artefacts"))


@pytest.fixture(scope="module")
def runs(store, tmp_path_factory):
    """Three versions, logged one after the other."""
    return [log_run(_content(tmp_path_factory.mktemp("bundle"), number), store) for number in (1, 2, 3)]


def _content(folder: Path, number: int) -> RunContent:
    (folder / "model.txt").write_text(f"model {number}")
    return RunContent(
        params={"outcome.horizon_days": 90, **{f"p{place}": place for place in range(120)}},
        metrics={"auc": 0.8, "baseline.abc_rule.auc": 0.6, "calibration_slope": float("nan")},
        tags={"synthetic": "true"},
        dataset=RunDataset("records", FINGERPRINT),
        artefacts={"report.json": "{}", "plots/evaluation.png": b"png", "card.md": folder / "model.txt"},
        bundle=folder,
    )


def _client(store):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)


def test_a_run_keeps_params_metrics_and_the_dataset(store, runs):
    run = _client(store).get_run(runs[0])
    assert run.info.status == "FINISHED"
    assert run.data.params["outcome.horizon_days"] == "90"
    assert len(run.data.params) == 121
    assert run.data.metrics == {"auc": 0.8, "baseline.abc_rule.auc": 0.6}
    assert fingerprint_of(run) == FINGERPRINT


def test_a_run_keeps_its_artefacts_and_the_bundle(store, runs):
    client = _client(store)
    names = {item.path for item in client.list_artifacts(runs[0])}
    assert names == {"report.json", "plots", "card.md", "bundle"}
    assert [item.path for item in client.list_artifacts(runs[0], "bundle")] == ["bundle/model.txt"]


def test_every_new_version_is_a_challenger_and_none_a_champion_by_itself(store, runs):
    assert (load_bundle_path("challenger", store) / "model.txt").read_text() == "model 3"
    with pytest.raises(BundleError, match="publish"):
        load_bundle_path("champion", store)


@pytest.mark.parametrize(
    ("uri", "text"), [("models:/dropout_risk/2", "model 2"), ("models:/dropout_risk@challenger", "model 3")]
)
def test_a_version_is_found_by_number_and_by_alias(store, runs, uri, text):
    assert (load_bundle_path(uri, store) / "model.txt").read_text() == text


@pytest.mark.parametrize("uri", ["models:/other@champion", "nobody", "models:/dropout_risk/99", "runs:/x/y"])
def test_what_the_store_does_not_hold_is_a_clear_error(store, runs, uri):
    with pytest.raises(BundleError, match="DR501"):
        load_bundle_path(uri, store)


def test_a_bundle_folder_that_is_gone_is_a_clear_error(store, tmp_path):
    other = store.model_copy(update={"model_name": "gone"})
    log_run(_content(tmp_path, 9), other)
    folder = load_bundle_path("challenger", other)
    folder.rename(folder.with_name("moved"))
    with pytest.raises(BundleError):
        load_bundle_path("challenger", other)


def test_a_run_that_fails_is_marked_and_the_error_passes_on(store, runs):
    with pytest.raises(FileNotFoundError):
        log_run(RunContent(artefacts={"card.md": Path("nowhere.md")}), store)
    client = _client(store)
    experiment = client.get_experiment_by_name("dropout_risk").experiment_id
    assert client.search_runs([experiment])[0].info.status == "FAILED"


def test_nothing_is_written_beside_the_store_and_nothing_is_said(store, runs, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    log_run(RunContent(metrics={"auc": 0.5}), store)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_not_even_the_first_run_of_a_process_says_anything(tmp_path):
    code = (
        "from dropout_risk.settings import TrackingSettings; "
        "from dropout_risk.tracking.open_run import log_run; "
        "from dropout_risk.tracking.run_content import RunContent; "
        "log_run(RunContent(metrics={'auc': 0.5}), TrackingSettings())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (said.stdout, said.stderr) == ("", "")
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db", "mlflow.db.lock", "mlartifacts"}


def test_runs_inside_a_run_are_nested_and_named(store, runs):
    fold = RunContent(name="logistic, fold 0", metrics={"log_loss": 0.4})
    candidate = RunContent(name="logistic", metrics={"log_loss": 0.5}, parts=(fold,))
    outer = log_run(RunContent(metrics={"auc": 0.8}, parts=(candidate,)), store)
    client = _client(store)
    experiment = client.get_experiment_by_name("dropout_risk").experiment_id

    def inside(run_id):
        return client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run_id}'")

    (middle,) = inside(outer)
    (inner,) = inside(middle.info.run_id)
    assert (middle.info.run_name, inner.info.run_name) == ("logistic", "logistic, fold 0")
    assert inner.data.metrics == {"log_loss": 0.4}
