"""What the service reads from its environment."""

from __future__ import annotations

import json

import pytest
from serving.gate.costs import Limits
from serving.served.served_model import bundle_folder

from dropout_risk.errors import BundleError, SettingsError
from dropout_risk.scoring.request import score_request


@pytest.fixture(scope="module")
def service(client):
    """The module that reads it; asking for the client first gives BentoML a home of its own."""
    from serving.served import prepared

    return prepared


def test_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_MAX_BODY", "1000")
    assert Limits.from_environment() == Limits(body=1000)


@pytest.mark.parametrize("text", ["0", "-1", "8 MB", "", "1e6"])
def test_a_limit_that_is_no_positive_number_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("DROPOUT_RISK_TIMEOUT", text)
    with pytest.raises(SettingsError, match="DROPOUT_RISK_TIMEOUT"):
        Limits.from_environment()


def test_a_model_is_required():
    with pytest.raises(SettingsError, match="DROPOUT_RISK_MODEL is not set"):
        bundle_folder("")


def test_a_changed_bundle_is_refused(service, bundle, tmp_path):
    for file in bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(BundleError, match=r"metrics\.json"):
        service.load_model(tmp_path)


def test_a_calendar_is_optional_and_read_as_text(service, tmp_path):
    (tmp_path / "days.csv").write_text("date,school_id\n2025-03-03,007\n")
    assert service.load_calendar("") is None
    assert service.load_calendar(str(tmp_path / "days.csv"))["school_id"].tolist() == ["007"]


@pytest.mark.parametrize("content", [None, "", "day,school_id\n2025-03-03,s\n"])
def test_a_calendar_that_cannot_be_read_is_refused(service, tmp_path, content):
    if content is not None:
        (tmp_path / "days.csv").write_text(content)
    with pytest.raises(SettingsError, match="DROPOUT_RISK_CALENDAR"):
        service.load_calendar(str(tmp_path / "days.csv"))


def test_the_calendar_changes_what_counts_as_a_school_day(service, risk_model, example):
    days = [row["date"] for row in example["students"][0]["attendance"]]
    import pandas as pd

    holidays = pd.DataFrame(
        {"date": days, "is_school_day": [day < "2025-02-28" for day in days]}, dtype="object"
    )
    with_calendar, without = (
        score_request(risk_model, example, calendar=calendar).pupils[0] for calendar in (holidays, None)
    )
    assert next(alert.days for alert in without.alerts) == 3
    assert next(alert.days for alert in with_calendar.alerts) == 2


def test_a_calendar_of_exceptions_adds_the_days_between_those_with_attendance(service, example):
    import pandas as pd

    from dropout_risk.scoring.request import histories_of_request

    days = sorted(row["date"] for row in example["students"][0]["attendance"])
    rows = [row for row in example["students"][0]["attendance"] if row["date"] != days[-2]]
    body = {**example, "students": [{**example["students"][0], "attendance": rows}]}
    holiday = pd.DataFrame({"date": ["2025-01-01"], "is_school_day": ["no"]})
    lengths = [int(histories_of_request(body, calendar).calendar.lengths[0]) for calendar in (holiday, None)]
    assert lengths[0] > lengths[1] == len({row["date"] for row in rows})


@pytest.mark.slow
def test_a_model_is_found_by_its_alias_in_the_store(service, bundle, risk_model, tmp_path, monkeypatch):
    from dropout_risk.settings import TrackingSettings
    from dropout_risk.tracking.open_run import log_run
    from dropout_risk.tracking.run_content import RunContent

    store = TrackingSettings(
        uri=f"sqlite:///{tmp_path}/runs.db", artifacts=str(tmp_path / "kept"), model_name="county"
    )
    log_run(RunContent(bundle=bundle), store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    assert service.load_model(bundle_folder("models:/county@challenger")).version == risk_model.version
    with pytest.raises(BundleError):
        bundle_folder("models:/county@nobody")


def test_a_class_context_is_optional_and_refused_where_it_is_none(service, tmp_path):
    row = dict.fromkeys(("school_id", "class_id", "feature", "subject", "exam"), "x") | {"date": "2025-03-03"}
    (tmp_path / "context.json").write_text(json.dumps([row | {"mean": 0.5, "sd": 0.1, "n": 40}]))
    (tmp_path / "broken.json").write_text('[{"class": "x"}]')

    assert service.load_context("") is None
    assert len(service.load_context(str(tmp_path / "context.json")).table) == 1
    with pytest.raises(SettingsError, match="DROPOUT_RISK_CLASS_CONTEXT"):
        service.load_context(str(tmp_path / "broken.json"))
