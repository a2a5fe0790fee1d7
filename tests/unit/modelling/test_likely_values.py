"""Missing is never zero: where the fit never saw a value missing, those of rows alike stand in for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.errors import BundleError
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.likely_values import DRAWS, LikelyValues, always_recorded, hardly_missing

CANDIDATES = ("scorecard", "logistic", "lightgbm", "blend")


def paid_and_passed(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Make rows of whom nearly all have paid, and whose two marks say nearly the same."""
    rng = np.random.default_rng(seed)
    able = rng.normal(size=n)
    X = pd.DataFrame({
        "paid": (rng.random(n) < 0.9).astype(float),
        "passed": np.round(4 + 1.5 * able + rng.normal(scale=0.4, size=n)),
        "passed_before": np.round(4 + 1.5 * able + rng.normal(scale=0.4, size=n)),
        "route": rng.choice(["bus", "foot", "bike"], n),
        "distance": np.where(rng.random(n) < 0.3, np.nan, rng.exponential(5, n)),
    })  # fmt: skip
    log_odds = -1.5 - 1.2 * able + 2.5 * (1 - X["paid"])
    return X, (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)


@pytest.fixture(scope="module", params=CANDIDATES)
def fitted(request) -> RiskClassifier:
    return RiskClassifier(request.param, leaks="ignore").fit(*paid_and_passed())


def mean_loss(risk: np.ndarray, y: np.ndarray) -> float:
    return float(-np.mean(y * np.log(risk) + (1 - y) * np.log(1 - risk)))


def test_a_missing_mark_is_not_read_as_zero(fitted):
    X, _ = paid_and_passed(600, seed=1)
    usual = X[(X["passed"] >= 3) & (X["passed_before"] >= 4)]
    hidden = fitted.predict_proba(usual.assign(passed=np.nan))[:, 1]
    zero = fitted.predict_proba(usual.assign(passed=0.0, passed_before=0.0))[:, 1]
    assert hidden.mean() < fitted.predict_proba(usual)[:, 1].mean() + 0.03
    assert hidden.mean() < 0.5 * zero.mean()


@pytest.mark.parametrize("name", ["paid", "passed"])
def test_hiding_a_column_costs_little_more_than_never_having_had_it(fitted, name):
    (X, y), (X_out, y_out) = paid_and_passed(), paid_and_passed(3000, seed=2)
    without = RiskClassifier(fitted.model, leaks="ignore").fit(X.drop(columns=name), y)
    hidden = mean_loss(fitted.predict_proba(X_out.assign(**{name: np.nan}))[:, 1], y_out)
    known = mean_loss(fitted.predict_proba(X_out)[:, 1], y_out)
    lost = mean_loss(without.predict_proba(X_out.drop(columns=name))[:, 1], y_out) - known
    assert hidden - known <= 1.5 * lost + 0.004


def test_contributions_still_add_up_exactly_and_alone_as_in_a_batch(fitted):
    X = paid_and_passed(300, seed=3)[0].assign(paid=np.nan)
    X.loc[::3, "passed"] = np.nan
    X.loc[::5, "route"] = None
    model = fitted.calibrated_model_
    parts = model.contributions(X)
    assert np.array_equal(parts.log_odds, model.log_odds(X))
    total = np.asarray(parts.bases) + parts.values.sum(axis=1)
    assert np.abs(total - model.log_odds(X)).max() < 1e-9
    alone = [model.log_odds(X.iloc[[row]])[0] for row in (0, 1, 15, 299)]
    assert alone == model.log_odds(X)[[0, 1, 15, 299]].tolist()
    assert np.array_equal(model.log_odds(X.iloc[::-1]), model.log_odds(X)[::-1])


def test_files_keep_what_stands_in_and_older_files_are_read_without(fitted):
    X, model = paid_and_passed(100, seed=4)[0].assign(passed=np.nan), fitted.calibrated_model_
    again = CalibratedModel.from_files(model.to_files())
    assert np.array_equal(again.log_odds(X), model.log_odds(X))
    old = replace(model, likely=None).to_files()
    old["calibration.json"] = old["calibration.json"].replace(b'"format": 2', b'"format": 1')
    older = CalibratedModel.from_files(old)
    assert older.likely is None
    known = paid_and_passed(100, seed=4)[0]
    assert np.array_equal(older.log_odds(known), model.log_odds(known))


def test_a_broken_file_is_refused():
    with pytest.raises(BundleError, match=r"likely\.arrow"):
        LikelyValues.from_bytes(b"no arrow file")


def test_what_the_fit_saw_missing_keeps_what_it_learned(fitted):
    X = paid_and_passed(50, seed=5)[0].assign(distance=np.nan)
    likely = fitted.calibrated_model_.likely
    assert not likely.missing(fitted.calibrated_model_.encoding.encode(X)).any()


def test_a_column_missing_in_a_whole_fold_only_is_not_read_as_zero():
    X, y = paid_and_passed(1200, seed=6)
    schools = np.arange(len(X)) % 6
    X.loc[schools == 0, "passed"] = np.nan
    clf = RiskClassifier("lightgbm", leaks="ignore", folds=6).fit(X, y, groups=schools)
    risk = 1 / (1 + np.exp(-clf.out_of_fold_))
    assert abs(risk[schools == 0].mean() - y[schools == 0].mean()) < 0.06


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4))
def test_what_stands_in_lies_within_the_fit_and_changes_nothing_else(seed, hidden):
    rng = np.random.default_rng(seed)
    rows = np.column_stack([
        rng.normal(size=80), rng.integers(0, 2, 80), rng.integers(0, 5, 80), rng.exponential(size=80),
        np.full(80, 3.0),
    ])  # fmt: skip
    likely, asked = LikelyValues.learn(rows, categorical=(2,)), rows[:7].copy()
    asked[:, hidden] = np.nan
    draws = np.array(list(likely.draws(asked, likely.missing(asked))))
    assert draws.shape == (DRAWS, 7, 5)
    others = [column for column in range(5) if column != hidden]
    assert np.array_equal(draws[:, :, others], np.tile(rows[:7, others], (DRAWS, 1, 1)))
    assert (draws[..., hidden] >= rows[:, hidden].min()).all()
    assert (draws[..., hidden] <= rows[:, hidden].max()).all()
    if hidden in (1, 2):
        assert np.isin(draws[..., hidden], rows[:, hidden]).all()


def test_the_values_that_stand_in_are_those_of_a_regression_on_the_rest():
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(5000, 3)) @ rng.normal(size=(3, 3))
    design = np.column_stack([rows[:, 1:], np.ones(5000)])
    weights, *_ = np.linalg.lstsq(design, rows[:, 0], rcond=None)
    asked = np.array([[np.nan, 0.3, -0.2], [np.nan, -1.0, 0.5]])
    expected = np.column_stack([asked[:, 1:], np.ones(2)]) @ weights
    assert LikelyValues.learn(rows).middle(asked)[:, 0] == pytest.approx(expected, abs=0.02)


def test_a_few_missing_values_teach_nothing():
    rows = np.zeros((1000, 3))
    rows[:19, 0], rows[:20, 1] = np.nan, np.nan
    assert hardly_missing(rows).tolist() == [True, False, True]


def test_a_table_that_every_school_records_of_somebody_is_always_recorded():
    cohorts = pd.DataFrame({"school_id": np.repeat(["a", "b", "c"], 100), "as_of": "2025-03-03"})
    rows = np.ones((300, 3))
    rows[::2, 0], rows[:100, 1] = np.nan, np.nan
    assert always_recorded(rows, ["family", "wellbeing", "grades"], cohorts).tolist() == [True, False, True]
