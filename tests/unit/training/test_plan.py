"""A plan says in advance what a training would have, and why it would stop."""

import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import ArgumentError


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=400, seed=3)


def test_the_planned_dates_are_those_of_the_training(records):
    settings = dr.Settings(
        models={"candidate": "logistic", "folds": 2}, evaluation={"refits": 0, "learning_curve": False}
    )
    planned = dr.plan(records, settings).frame()
    report = dr.train(records, settings, track=False).report

    for part, key in (("train", "train_as_of"), ("test", "test_as_of")):
        assert planned.index[planned["part"] == part].tolist() == report.split[key]
    assert planned.loc[planned["part"] == "test", "rows"].sum() == report.counts["test"]["rows"]
    assert planned.loc[planned["part"] == "test", "dropouts"].sum() == report.counts["test"]["positives"]


def test_records_that_cannot_carry_a_training_say_why(records):
    plan = dr.plan(records, dr.Settings(outcome={"horizon_days": 1000}))

    assert "the records hold" in str(plan.problem)
    assert "not possible" in repr(plan)
    assert plan.frame().empty


def test_too_few_dropouts_are_told_beside_the_dates_there_are(records):
    plan = dr.plan(records, dr.Settings(split={"fewest_dropouts": 5000}))

    assert plan.problem.hint
    assert len(plan.frame()) > 3


def test_a_plan_is_drawn_and_said_in_a_line(records):
    plan = dr.plan(records)
    (axes,) = plan.chart().axes

    assert len(repr(plan)) < 200
    assert len([bar for bar in axes.patches if bar.get_height()]) == len(plan.frame())
    with pytest.raises(ArgumentError, match="SchoolRecords"):
        dr.plan("records/")
    assert isinstance(plan.censored, pd.Series)
