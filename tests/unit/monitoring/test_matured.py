"""The monthly check: what was said beside what happened, and what it advises."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import dropout_risk as dr
from dropout_risk.cli import app
from dropout_risk.errors import DateError
from dropout_risk.evaluation.parts import labelled_cohort
from dropout_risk.monitoring.matured import MaturedMonth, check_matured
from dropout_risk.settings import TrackingSettings
from dropout_risk.simulate.district import simulate_tables
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.monitor_runs import log_matured, matured_history


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(900, seed=3)


@pytest.fixture(scope="module")
def report(risk_model, records):
    return check_matured(risk_model, records)


def test_the_figures_are_those_of_the_scores_and_the_labels(risk_model, records, report):
    cohort = labelled_cohort(dr.Histories.from_records(records), risk_model.settings)
    for month in report.months:
        frame = cohort.frame.assign(label=cohort.labels.to_numpy())
        frame = frame[frame["as_of"].dt.strftime("%Y-%m-%d") == month.as_of].set_index("student_id")
        risks = {pupil.student_id: pupil.risk for pupil in risk_model.score(records, month.as_of).pupils}
        said = np.array([risks[name] for name in frame.index])
        happened = frame["label"].to_numpy(dtype=float)

        assert (month.pupils, month.dropouts) == (len(frame), int(happened.sum()))
        assert month.mean_risk == pytest.approx(said.mean())
        assert month.brier == pytest.approx(((said - happened) ** 2).mean())


def test_only_months_that_the_model_could_not_have_learned_from_are_looked_at(risk_model, report):
    assert report.months
    assert all(month.as_of >= risk_model.trained_to for month in report.months)


def test_days_without_known_outcomes_are_refused_with_those_that_have_them(risk_model, records):
    with pytest.raises(DateError, match="whole horizon") as caught:
        check_matured(risk_model, records, ["2031-01-01"])
    assert "2025" in str(caught.value)


WELL = MaturedMonth(
    as_of="2026-03-02", pupils=900, dropouts=40, mean_risk=0.04, share=0.044, auc=0.85, brier=0.03,
    slope=1.0, slope_low=0.85, slope_high=1.2, shift=0.1, shift_low=-0.2, shift_high=0.4, psi=0.1,
    reason_drift=0.05,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slope": 0.6, "slope_low": 0.5, "slope_high": 0.7}, "too extreme"),
        ({"slope": 1.6, "slope_low": 1.4, "slope_high": 1.8}, "too close to the mean"),
        ({"shift": 0.8, "shift_low": 0.5}, "too low as a whole"),
        ({"shift": -0.8, "shift_low": -1.0, "shift_high": -0.6}, "too high as a whole"),
        ({"moved": ("score_mean",)}, "1 feature(s) moved far"),
        ({"reason_drift": 0.3, "reasons": ("mht_total",)}, "other features (30% moved): mht_total"),
    ],
)
def test_advice_is_given_where_a_figure_is_surely_off_and_nowhere_else(change, words):
    assert WELL.advice == ()
    (told,) = replace(WELL, **change).advice
    assert words in told.en


def test_months_are_logged_once_beside_the_version_and_read_back(report, tmp_path):
    store = TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=str(tmp_path / "artifacts"))
    runs = log_matured(report, store)
    history = matured_history(store, report.version)
    with client_of(store) as client:
        tags = client.get_run(runs[0]).data.tags

    assert len(runs) == len(report.months)
    assert log_matured(report, store) == []
    assert history["as_of"].tolist() == [month.as_of for month in report.months]
    assert history["mean_risk"].tolist() == [month.mean_risk for month in report.months]
    assert tags["kind"] == "monitor"
    assert matured_history(store, "another").empty
    corrected = replace(report, months=(replace(report.months[0], mean_risk=0.5), *report.months[1:]))
    assert len(log_matured(corrected, store)) == 1
    assert matured_history(store, report.version)["mean_risk"][0] == 0.5


def test_the_command_prints_each_month_and_writes_the_figures(bundle, tmp_path):
    made = simulate_tables(900, 3)
    for name, table in made.tables.items():
        table.to_pandas().to_csv(tmp_path / f"{name}.csv", index=False)
    out = tmp_path / "months.json"
    words = [
        "monitor",
        str(tmp_path),
        "--model",
        str(bundle),
        "--no-track",
        "--out",
        str(out),
        "--allow-synthetic",
    ]
    done = CliRunner().invoke(app, [*words, "--language", "en", "--outcomes-to", made.last_day.isoformat()])

    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written
    assert all(f"{month['as_of']}: {month['pupils']} pupils" in done.output for month in written)
