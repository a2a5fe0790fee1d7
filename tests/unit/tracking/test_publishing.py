"""Publishing against a real SQLite store, with bundles that hold nothing but a report."""

import json

import pytest

from dropout_risk.errors import BundleError, PublishingError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import load_bundle_path, log_run
from dropout_risk.tracking.publishing import publish
from dropout_risk.tracking.run_content import RunContent
from support.reports import report

REASON = "The county's board decided so on 3 March."


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two sound versions and a third whose report lacks everything."""
    folder = tmp_path_factory.mktemp("store")
    settings = TrackingSettings(uri=f"sqlite:///{folder}/mlflow.db", artifacts=str(folder / "artefacts"))
    for number, made in enumerate([report(), report(), report([])]):
        bundle = folder / str(number)
        bundle.mkdir()
        (bundle / "metrics.json").write_text(json.dumps(made.to_dict()))
        (bundle / "model.txt").write_text(f"model {number + 1}")
        log_run(RunContent(bundle=bundle), settings)
    return settings


def champion(store):
    return (load_bundle_path("champion", store) / "model.txt").read_text()


def tags(store, version):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    return client.get_model_version(store.model_name, str(version)).tags


def test_a_sound_version_becomes_champion_and_the_one_before_is_named(store):
    assert publish(1, store) is None
    assert publish(2, store) == "1"
    assert champion(store) == "model 2"
    assert "override" not in tags(store, 2)


def test_a_version_with_checks_against_it_is_refused_with_all_of_them_and_nothing_moves(store):
    publish(1, store)
    with pytest.raises(PublishingError, match=r"leaks.*calibration.*fairness"):
        publish(3, store)
    assert champion(store) == "model 1"
    assert "published_on" not in tags(store, 3)


def test_an_override_needs_a_reason_in_words(store):
    with pytest.raises(PublishingError, match="fewer than 4 words"):
        publish(3, store, override="because")


def test_an_override_publishes_and_keeps_its_reason_and_what_stood_against_it(store):
    publish(3, store, override=REASON)

    assert champion(store) == "model 3"
    assert tags(store, 3)["override"] == REASON
    assert "leaks" in tags(store, 3)["verdict"]


def test_a_version_that_is_not_there_leaves_the_champion(store):
    publish(1, store)
    with pytest.raises(BundleError):
        publish(99, store)
    assert champion(store) == "model 1"


def test_a_bundle_without_a_report_cannot_be_published(store, tmp_path):
    other = store.model_copy(update={"model_name": "bare"})
    (tmp_path / "model.txt").write_text("bare")
    log_run(RunContent(bundle=tmp_path), other)
    with pytest.raises(PublishingError, match="no evaluation report"):
        publish(1, other)
