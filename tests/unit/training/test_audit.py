"""What a training run says of fairness, stability and faithfulness."""

import sys

import pytest

import dropout_risk as dr
from dropout_risk.settings import Settings
from dropout_risk.training.train import train

SETTINGS = Settings(models={"candidate": "logistic", "folds": 2}, evaluation={"refits": 1})


@pytest.fixture(scope="module")
def report():
    return train(dr.simulate_district(n_students=800, seed=3), SETTINGS, track=False).report


def test_a_run_holds_the_three_audits_with_their_figures(report):
    names = [section.name for section in report.sections]
    assert names == ["fairness", "stability", "faithfulness"]
    figures = report.metrics()
    assert 0 < figures["stability.kept"] <= 1
    assert figures["faithfulness.taken_between"] > 0
    assert figures["faithfulness.leading_cause_by_chance"] == pytest.approx(1 / 6)


def test_no_audit_figure_depends_on_who_was_asked_to_compute_it(report):
    again = train(dr.simulate_district(n_students=800, seed=3), SETTINGS, track=False).report
    assert [section.to_dict() for section in again.sections] == [
        section.to_dict() for section in report.sections
    ]


def test_without_fairlearn_a_model_is_trained_and_the_check_stays_open(monkeypatch):
    monkeypatch.setitem(sys.modules, "fairlearn.metrics", None)
    none = SETTINGS.model_copy(update={"evaluation": SETTINGS.evaluation.model_copy(update={"refits": 0})})
    made = train(dr.simulate_district(n_students=800, seed=3), none, track=False).report
    assert [section.name for section in made.sections] == ["fairness", "faithfulness"]
    assert made.sections[0].checks[0].passed is None
