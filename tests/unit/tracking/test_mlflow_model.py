"""The bundle is a model of MLflow: MLflow's own ways of loading and serving give the library's own scores."""

import os
import socket
import subprocess
import sys
import time

import httpx
import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import BundleError, FeatureInputError
from dropout_risk.scoring.bundles.bundle import read_bundle, write_bundle
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.pyfunc_model import PyfuncModel
from dropout_risk.tracking.run_content import RunContent


@pytest.fixture(scope="module")
def features(risk_model):
    """A thousand made-up rows within the ranges of the features, a fifth of their cells missing."""
    random = np.random.default_rng(0)
    columns = {}
    for feature in risk_model.catalogue.values():
        low, high = np.clip(feature.valid_range, -100, 100)
        values = random.uniform(low, high, 1000)
        columns[feature.name] = np.where(random.random(1000) < 0.2, np.nan, values)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def loaded(bundle):
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(bundle))


@pytest.fixture(scope="module")
def store(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    settings = TrackingSettings(uri=f"sqlite:///{folder}/mlflow.db", artifacts=str(folder / "files"))
    log_run(RunContent(bundle=bundle), settings)
    return settings


def test_mlflow_gives_the_scores_of_the_risk_model_to_the_bit(loaded, risk_model, features):
    told = loaded.predict(features)
    own = risk_model.score_features(features)

    assert told["risk"].tolist() == [pupil.risk for pupil in own.pupils]
    assert list(zip(told["low"], told["high"], strict=True)) == [pupil.interval for pupil in own.pupils]
    assert told["band"].tolist() == [pupil.band for pupil in own.pupils]
    assert told["reasons"].tolist() == [[item.text for item in pupil.raising] for pupil in own.pupils]
    assert told["error"].isna().all()


def test_language_and_grade_level_are_heeded(loaded, risk_model, features):
    some = features.head(50)
    told = loaded.predict(some.assign(grade_level=8.0), params={"language": "en"})
    own = risk_model.score_features(some, grade_levels=np.full(50, 8), language="en")

    assert told["reasons"].tolist() == [[item.text for item in pupil.raising] for pupil in own.pupils]
    assert told["risk"].tolist() == [pupil.risk for pupil in own.pupils]


def test_a_row_that_cannot_be_scored_keeps_its_place_and_says_why(risk_model, features):
    spoiled = features.head(3).set_axis(["a", "b", "c"])
    name = next(item.name for item in risk_model.catalogue.values() if item.valid_range[1] < 1e6)
    spoiled.loc["b", name] = 1e9
    told = PyfuncModel(risk_model).predict(spoiled)

    assert told.index.tolist() == ["a", "b", "c"]
    assert told["risk"].isna().tolist() == [False, True, False]
    assert name in told.loc["b", "error"]
    assert "1e" not in told.loc["b", "error"]


@pytest.mark.parametrize("foreign", [pd.DataFrame({"absense_share_20d": [0.1]}), np.ones((2, 3))])
def test_rows_without_a_single_feature_are_refused_although_mlflow_lets_them_pass(loaded, foreign):
    with pytest.raises(FeatureInputError, match="No column is a feature"):
        loaded.predict(foreign)


def test_the_signature_is_the_catalogue_with_every_column_optional(loaded, risk_model):
    inputs, outputs = loaded.metadata.signature.inputs, loaded.metadata.signature.outputs

    assert inputs.input_names() == [*risk_model.catalogue.names, "grade_level"]
    assert inputs.required_input_names() == []
    assert outputs.input_names() == ["risk", "low", "high", "band", "reasons", "error"]


def test_the_input_example_can_be_scored(loaded):
    (told,) = loaded.predict(loaded.input_example).to_dict("records")

    assert 0 < told["risk"] < 1


def test_the_manifest_covers_every_file_and_none_is_a_pickle(bundle):
    files, _ = read_bundle(bundle)

    assert {path.name for path in bundle.iterdir()} == {*files, "manifest.json"}
    assert {"MLmodel", "input_example.json", "requirements.txt"} <= files.keys()
    assert not any(name.endswith((".pkl", ".pickle", ".joblib")) for name in files)


def test_saving_twice_gives_the_same_bytes(risk_model, bundle, tmp_path):
    assert read_bundle(risk_model.save(tmp_path / "again")) == read_bundle(bundle)


def test_a_changed_model_file_is_refused_by_mlflow_as_well(bundle, tmp_path):
    import mlflow.pyfunc

    files, about = read_bundle(bundle)
    kept = {key: value for key, value in about.items() if key not in ("format", "files", "sha256")}
    folder = write_bundle(tmp_path / "spoiled", files, kept)
    (folder / "calibration.json").write_text("{}")
    with pytest.raises(BundleError, match="changed"):
        mlflow.pyfunc.load_model(str(folder))


def test_mlflow_finds_it_by_its_alias_and_the_library_does_too(store, risk_model, features, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    uri = "models:/dropout_risk@challenger"
    own = [pupil.risk for pupil in risk_model.score_features(features.head(20)).pupils]

    assert mlflow.models.get_model_info(uri).signature.inputs.input_names()[-1] == "grade_level"
    assert mlflow.pyfunc.load_model(uri).predict(features.head(20))["risk"].tolist() == own
    assert RiskModel.load(uri).version == risk_model.version, "also after MLflow has left its note in it"


def test_a_bundle_with_the_note_of_mlflow_can_be_replaced(risk_model, tmp_path):
    place = risk_model.save(tmp_path / "bundle")
    (place / "registered_model_meta").write_text("model_name: county\n")

    assert RiskModel.load(risk_model.save(place)).version == risk_model.version


@pytest.mark.slow
def test_mlflow_serves_it(bundle, risk_model, features, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    words = ["-m", "mlflow", "models", "serve", "-m", str(bundle), "-p", str(port), "--env-manager", "local"]
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, *words],
            stdout=log, stderr=log, cwd=tmp_path, env=os.environ | {"PATH": path}, start_new_session=True,
        )  # fmt: skip
    try:
        told = ask_until_answered(server, f"http://127.0.0.1:{port}/invocations", features.head(5))
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)

    own = risk_model.score_features(features.head(5)).pupils
    assert [row["risk"] for row in told["predictions"]] == [pupil.risk for pupil in own]
    assert [row["reasons"] for row in told["predictions"]] == [
        [item.text for item in pupil.raising] for pupil in own
    ]


def ask_until_answered(server, url, frame, seconds=300):
    cells = frame.astype(object).where(frame.notna(), None)
    body = {"dataframe_split": {"columns": list(cells), "data": cells.to_numpy().tolist()}}
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            reply = httpx.post(url, json=body, timeout=seconds)
        except httpx.ConnectError:
            time.sleep(0.5)
            continue
        assert reply.status_code == 200, reply.text
        return reply.json()
    return pytest.fail("the server did not answer")
