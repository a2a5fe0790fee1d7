"""The logistic candidate solves the problem it states, and its curves are that solution."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from dropout_risk.modelling.learners import logistic as linear
from dropout_risk.modelling.learners.logistic import Design, LogisticFitter, LogisticModel
from dropout_risk.modelling.learners.newton import fit_logistic


def rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 4, n).astype(float)])
    margin = X[:, 0] - np.minimum(X[:, 1], 1.5) + 0.5 * (X[:, 2] == 2) - 0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    X[rng.random(n) < 0.2, 1] = np.nan
    return X, y


def test_without_signs_it_agrees_with_scikit_learn():
    X, y = rows()
    columns = np.column_stack([np.nan_to_num(X), np.ones(len(X))])
    mine = fit_logistic(columns, y, 0.3, np.zeros(4), np.zeros(4))
    oracle = LogisticRegression(C=0.3, tol=1e-10, max_iter=1000).fit(columns[:, :-1], y)
    assert mine == pytest.approx([*oracle.coef_[0], oracle.intercept_[0]], abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_with_signs_it_agrees_with_a_bounded_quasi_newton_method(seed):
    rng = np.random.default_rng(seed)
    columns = np.column_stack([rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)), np.ones(200)])
    y = (rng.random(200) < 0.4).astype(np.int8)
    signs = np.array([1, -1, 1, -1, 0, 1, 0.0])

    def objective(w):
        margin = columns @ w
        return np.logaddexp(0, margin).sum() - margin[y == 1].sum() + 0.5 * (w[:-1] ** 2).sum()

    bounds = [{1: (0, None), -1: (None, 0), 0: (None, None)}[int(sign)] for sign in signs]
    oracle = minimize(objective, np.zeros(7), bounds=bounds, method="L-BFGS-B")
    mine = fit_logistic(columns, y, 1.0, signs, np.zeros(7))
    assert (signs * mine >= 0).all()
    assert objective(mine) <= oracle.fun + 1e-6


def test_the_curves_are_the_weighted_columns():
    X, y = rows()
    design = Design.learn(X, [1, 0, 0], [2])
    weights = fit_logistic(design.columns(X), y, 0.3, design.signs, design.start(y))
    margin = LogisticModel(design.terms(X, weights)).margin(X)
    assert np.abs(margin - design.columns(X) @ weights).max() < 1e-12


def test_each_curve_has_mean_zero_over_the_training_rows():
    X, y = rows()
    model = LogisticFitter([0, 0, 0], [2]).fit(X, y, {"strength": 0.3})
    reasons = model.terms.contributions(X)
    assert np.abs(reasons.values.mean(axis=0)).max() < 1e-12
    assert reasons.log_odds.mean() == pytest.approx(reasons.base)


def test_missing_has_a_height_of_its_own():
    X, y = rows()
    y = np.where(np.isnan(X[:, 1]), 1, y).astype(np.int8)
    model = LogisticFitter([0, 0, 0], [2]).fit(X, y, {"strength": 0.3})
    assert model.terms.shapes[1].missing > max(model.terms.shapes[1].heights)


def test_missing_that_the_fit_never_saw_says_nothing():
    X, y = rows()
    model = LogisticFitter([0, 0, 0], [2]).fit(X, y, {"strength": 0.3})
    assert model.terms.contributions(np.full((1, 3), np.nan)).values[0, [0, 2]].tolist() == [0.0, 0.0]


def test_a_feature_whose_direction_contradicts_the_data_is_flat():
    X, y = rows()
    model = LogisticFitter([-1, 0, 0], [2]).fit(X, y, {"strength": 1.0})
    assert np.ptp(model.terms.shapes[0].heights) < 1e-9


def test_cross_fitted_scores_come_from_models_that_did_not_see_the_row(monkeypatch):
    monkeypatch.setattr(linear, "STRENGTHS", (0.3,))
    X, y = rows(200)
    folds = np.arange(200) % 4
    flipped = np.where(folds == 0, 1 - y, y).astype(np.int8)
    before = LogisticFitter([0, 0, 0], [2]).cross_fit(X, y, folds).margin
    after = LogisticFitter([0, 0, 0], [2]).cross_fit(X, flipped, folds).margin
    assert np.array_equal(before[folds == 0], after[folds == 0])
    assert not np.array_equal(before[folds == 1], after[folds == 1])


def test_json_round_trip_is_to_the_bit():
    X, y = rows()
    model = LogisticFitter([1, 0, 0], [2]).fit(X, y, {"strength": 0.3})
    again = LogisticModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert np.array_equal(again.margin(X), model.margin(X))


def test_counts_with_a_long_tail_get_a_line_over_the_logarithm():
    rng = np.random.default_rng(0)
    count = np.where(rng.random(3000) < 0.6, 0.0, rng.lognormal(1.0, 1.2, 3000).round())
    y = (rng.random(3000) < 1 / (1 + np.exp(2.5 - np.log1p(count)))).astype(np.int8)
    block = linear.NumericBlock.learn(count, 0)
    assert len(block.knots) >= 5  # zero is common, and the others still have quantiles of their own
    slopes = np.diff(block.line) / np.diff(block.knots)
    assert (np.diff(slopes) <= 1e-12).all()
    shown = [
        LogisticFitter([0], ()).cross_fit(column[:, np.newaxis], y, np.arange(3000) % 4).losses.mean()
        for column in (count, np.log1p(count))
    ]
    assert shown[0] == pytest.approx(shown[1], abs=0.002)
