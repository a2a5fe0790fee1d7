"""Publishing against a real SQLite store, with bundles that hold nothing but a report."""

import json

import pytest

from dropout_risk.errors import BundleError, PublishingError
from dropout_risk.scoring.bundles.bundle import write_bundle
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import load_bundle_path
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.published import publish_version
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
        files = {"metrics.json": json.dumps(made.to_dict()), "model.txt": f"model {number + 1}"}
        write_bundle(bundle, {name: text.encode() for name, text in files.items()}, {})
        log_run(RunContent(bundle=bundle), settings)
    return settings


def champion(store):
    return (load_bundle_path("champion", store) / "model.txt").read_text()


def client(store):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)


def tags(store, version):
    return client(store).get_model_version(store.model_name, str(version)).tags


def test_a_sound_version_becomes_champion_and_the_one_before_is_named(store):
    assert publish_version(1, store) is None
    assert publish_version(2, store) == "1"
    assert champion(store) == "model 2"
    assert "override" not in tags(store, 2)


def test_a_version_with_checks_against_it_is_refused_with_all_of_them_and_nothing_moves(store):
    publish_version(1, store)
    with pytest.raises(PublishingError, match=r"leaks.*calibration.*fairness"):
        publish_version(3, store)
    assert champion(store) == "model 1"
    assert "published_on" not in tags(store, 3)


@pytest.mark.parametrize(
    "words", ["because", "asdfghjk", "no no no no", "a b c d", "12345678", "同意同意同意同意"]
)
def test_an_override_needs_a_reason_in_words(store, words):
    with pytest.raises(PublishingError, match="fewer than 4 words"):
        publish_version(3, store, override=words)


def test_a_champion_made_past_the_gate_is_not_given_out(store):
    if "override" in tags(store, 3):
        client(store).delete_model_version_tag(store.model_name, "3", "override")
    client(store).set_registered_model_alias(store.model_name, "champion", "3")
    with pytest.raises(PublishingError, match=r"without having been published.*leaks"):
        load_bundle_path("champion", store)


def test_a_report_changed_in_the_store_does_not_publish(store, tmp_path):
    other = store.model_copy(update={"model_name": "changed"})
    write_bundle(tmp_path / "bundle", {"metrics.json": json.dumps(report([]).to_dict()).encode()}, {})
    log_run(RunContent(bundle=tmp_path / "bundle"), other)
    kept = load_bundle_path("challenger", other)
    (kept / "metrics.json").write_text(json.dumps(report().to_dict()))
    with pytest.raises(BundleError, match="changed after"):
        publish_version(1, other)


def test_who_published_is_kept(store, monkeypatch):
    monkeypatch.setenv("LOGNAME", "registrar")
    publish_version(1, store)
    assert tags(store, 1)["published_by"] == "registrar"


def test_an_override_publishes_and_keeps_its_reason_and_what_stood_against_it(store):
    publish_version(3, store, override=REASON)

    assert champion(store) == "model 3"
    assert tags(store, 3)["override"] == REASON
    assert "leaks" in tags(store, 3)["verdict"]


def test_a_version_that_is_not_there_leaves_the_champion(store):
    publish_version(1, store)
    with pytest.raises(BundleError):
        publish_version(99, store)
    assert champion(store) == "model 1"


def test_a_bundle_without_a_report_cannot_be_published(store, tmp_path):
    other = store.model_copy(update={"model_name": "bare"})
    write_bundle(tmp_path / "bundle", {"model.txt": b"bare"}, {})
    log_run(RunContent(bundle=tmp_path / "bundle"), other)
    with pytest.raises(PublishingError, match="no evaluation report"):
        publish_version(1, other)


def test_a_model_of_simulated_pupils_is_published_for_no_reason(store, tmp_path):
    other = store.model_copy(update={"model_name": "made_up"})
    made = json.dumps(report(synthetic=True).to_dict()).encode()
    write_bundle(tmp_path / "bundle", {"metrics.json": made}, {})
    log_run(RunContent(bundle=tmp_path / "bundle"), other)
    with pytest.raises(PublishingError, match="simulated pupils"):
        publish_version(1, other, override=REASON)
    with pytest.raises(BundleError):
        load_bundle_path("champion", other)
