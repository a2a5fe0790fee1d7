import os
from pathlib import Path

from typer.testing import CliRunner

from dropout_risk.cli import app


def test_serving_hands_the_store_role_and_language_of_the_pages_to_the_service(bundle, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(os, "execve", lambda _, words, environment: asked.update(environment))
    more = ["--store", str(tmp_path), "--role", "counsellor", "--language", "en"]
    result = CliRunner().invoke(app, ["serve", "--model", str(bundle), *more])

    assert result.exit_code == 0
    assert asked["DROPOUT_RISK_STORE"] == str(tmp_path)
    assert (asked["DROPOUT_RISK_ROLE"], asked["DROPOUT_RISK_LANGUAGE"]) == ("counsellor", "en")


def test_serving_without_a_store_leaves_the_pages_as_the_environment_has_them(bundle, monkeypatch):
    asked = {}
    monkeypatch.setattr(os, "execve", lambda _, words, environment: asked.update(environment))
    monkeypatch.delenv("DROPOUT_RISK_STORE", raising=False)
    CliRunner().invoke(app, ["serve", "--model", str(bundle)])

    assert "DROPOUT_RISK_STORE" not in asked
    assert asked["DROPOUT_RISK_MODEL"] == str(bundle)


def test_serving_starts_the_application_under_uvicorn_with_as_many_workers_as_asked(bundle, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "execve", lambda _, words, environment: asked.extend([words, environment]))
    CliRunner().invoke(app, ["serve", "--model", str(bundle), "--workers", "3"])
    words, environment = asked

    assert words[1:] == [
        "-m", "serving.run", "--host", "127.0.0.1", "--port", "3000", "--workers", "3",
    ]  # fmt: skip
    assert (Path(environment["PYTHONPATH"].split(os.pathsep)[0]) / "serving" / "run.py").exists()


def test_an_alias_is_looked_up_where_the_tracking_address_says(bundle, tmp_path, monkeypatch):
    from dropout_risk.settings import TrackingSettings
    from dropout_risk.tracking import mlflow_store
    from dropout_risk.tracking.tracking_store import TrackingStore

    asked = []

    def find(model):
        asked.append((model, TrackingStore.of_settings(TrackingSettings()).uri))
        return bundle

    monkeypatch.setattr(mlflow_store, "load_bundle_path", find)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere.db")
    environment = {}
    monkeypatch.setattr(os, "execve", lambda _, words, given: environment.update(given))
    CliRunner().invoke(app, ["serve", "--model", "models:/county@champion"])

    assert asked == [("models:/county@champion", "sqlite:///elsewhere.db")]
    assert environment["DROPOUT_RISK_MODEL"] == str(bundle)


def test_a_switch_and_an_alias_to_follow_reach_the_service(bundle, tmp_path, monkeypatch):
    environment = {}
    monkeypatch.setattr(os, "execve", lambda _, words, given: environment.update(given))
    words = ["serve", "--model", str(bundle), "--switch", str(tmp_path / "switch"), "--follow"]
    assert CliRunner().invoke(app, words).exit_code == 0
    told = {name: environment[f"DROPOUT_RISK_{name}"] for name in ("SWITCH", "FOLLOW")}
    assert told == {"SWITCH": str(tmp_path / "switch"), "FOLLOW": str(bundle)}


def test_what_has_no_switch_is_not_followed(bundle):
    ended = CliRunner().invoke(app, ["serve", "--model", str(bundle), "--follow"])
    assert ended.exit_code == 2
    assert "--switch" in ended.output
