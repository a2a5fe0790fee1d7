import os

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
