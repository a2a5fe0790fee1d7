"""Every metric that a picture or a rule names is there; what is counted is what happened."""

import json
import logging
import re
from pathlib import Path

import pytest
import yaml
from serving.logs import json_formatter, log_settings
from serving.metrics import METRICS

from dropout_risk.errors import SettingsError

DEPLOY = Path(__file__).parents[3] / "serving" / "deploy"
DASHBOARD = json.loads((DEPLOY / "dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
ASKED += [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]


def told_metrics():
    """What the service in this process counts."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from prometheus_client import generate_latest

    return generate_latest(BentoMLContainer.metrics_client.get().registry).decode()


def named_in(expression):
    """The metrics that an expression names, without what a histogram adds."""
    found = re.findall(r"\b((?:dropout_risk|bentoml)_\w+)", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def labels_in(expression):
    told = re.findall(r"by \(([^)]*)\)", expression) + re.findall(r"\{([^}=]*)=", expression)
    return {label.strip() for part in told for label in part.split(",")} - {"le"}


@pytest.mark.parametrize("expression", ASKED)
def test_every_metric_that_is_drawn_or_watched_exists_with_its_labels(client, expression):
    client.get("/model")
    there = told_metrics()
    for name in named_in(expression):
        if name.startswith("bentoml"):
            assert f"# TYPE {name.removesuffix('_total')}" in there
            assert all(f'{label}="' in there for label in labels_in(expression))
        else:
            assert labels_in(expression) <= {*METRICS[name].labels}


def test_every_metric_is_on_the_dashboard():
    assert {name for expression in ASKED for name in named_in(expression)} >= METRICS.keys()


def test_panels_do_not_lie_on_each_other():
    squares = [(p["gridPos"]["x"] + x, p["gridPos"]["y"] + y) for p in DASHBOARD["panels"]
               for x in range(p["gridPos"]["w"]) for y in range(p["gridPos"]["h"])]  # fmt: skip
    assert len(squares) == len({*squares})
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def counted(name, **labels):
    told = "".join(f'(?=[^}}]*{label}="{re.escape(value)}")' for label, value in labels.items())
    found = re.search(rf"^{name}{{{told}[^}}]*}} (\S+)$", told_metrics(), re.M)
    return float(found[1]) if found else 0.0


def test_what_is_answered_and_refused_is_counted(client, example):
    def state():
        return [
            counted("dropout_risk_pupils_total", route="/score"),
            counted("dropout_risk_bands_total", band="high"),
            counted("dropout_risk_refusals_total", route="/score", code="DR607"),
            *(counted("dropout_risk_stage_seconds_count", route="/score", stage=stage)
              for stage in ("arrive", "wait", "read", "score", "redact", "note", "write")),
        ]  # fmt: skip

    before = state()
    reply = client.post("/score", json=example).json()
    client.post("/score", json=example | {"strange": 1})
    high = sum(result["band"] == "high" for result in reply["results"])
    assert [after - first for after, first in zip(state(), before, strict=True)] == [
        len(reply["results"]), high, 1, 2, 2, 2, 1, 1, 1, 1,
    ]  # fmt: skip


def test_a_trace_of_a_caller_is_logged_and_answered_and_nothing_else_of_it_is(client, caplog):
    caplog.set_level(logging.INFO)
    logging.getLogger("bentoml").propagate = True
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = f"00-{trace}-00f067aa0ba902b7-01"
    reply = client.get("/model", headers={"traceparent": parent})
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", reply.headers["traceresponse"])
    assert "00f067aa0ba902b7" not in reply.headers["traceresponse"]
    bad = client.get("/model", headers={"traceparent": parent + "zhang-san"})
    assert "traceresponse" not in bad.headers


def test_lines_are_json_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_LOG", "json")
    assert log_settings()["formatters"]["line"] == {"()": "serving.logs.json_formatter"}
    record = logging.LogRecord("bentoml", logging.INFO, "", 1, "%s 张", ("a",), None)
    plain = json.loads(json_formatter().format(record))
    assert (plain["event"], plain["level"]) == ("a 张", "info")
    for name, value in {
        "method": "GET",
        "path": "/score",
        "status": 200,
        "request_id": "r",
        "secret": "s",
    }.items():
        setattr(record, name, value)
    told = json.loads(json_formatter().format(record))
    assert told["event"] == "request"
    assert {name: told[name] for name in ("method", "path", "status", "request_id")} == {
        "method": "GET", "path": "/score", "status": 200, "request_id": "r",
    }  # fmt: skip
    assert "secret" not in told


def test_an_unknown_form_of_logs_is_refused(monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_LOG", "xml")
    with pytest.raises(SettingsError, match="DROPOUT_RISK_LOG"):
        log_settings()
