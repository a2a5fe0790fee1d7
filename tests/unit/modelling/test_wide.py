"""A wide table or a column of thousands of words ends in time, and the fit says what was made simpler."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.input_checks import WideTableWarning
from dropout_risk.modelling.learners import newton
from dropout_risk.modelling.learners.logistic import MOST_BENT, MOST_LEVELS, LevelBlock
from dropout_risk.modelling.learners.newton import fit_logistic


def wide(n, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_columns))
    return X, (rng.random(n) < expit(X[:, :5].sum(axis=1) - 1)).astype(np.int8)


def test_gradients_come_to_the_point_that_the_solved_equations_give(monkeypatch):
    X, y = wide(400, 60)
    columns = np.column_stack([X, np.ones(len(y))])
    signs = np.append(np.resize([1.0, -1.0, 0.0], 60), 0.0)
    solved = fit_logistic(columns, y, 0.3, signs, np.zeros(61))
    monkeypatch.setattr(newton, "MOST_SOLVED", 10)
    followed = fit_logistic(columns, y, 0.3, signs, np.zeros(61))

    assert np.abs(expit(columns @ solved) - expit(columns @ followed)).max() < 2e-3
    assert (signs * followed >= 0).all()


def test_a_wide_fit_agrees_with_scikit_learn():
    X, y = wide(500, newton.MOST_SOLVED + 50)
    columns = np.column_stack([X, np.ones(len(y))])
    start = np.zeros(columns.shape[1])
    ours = columns @ fit_logistic(columns, y, 0.1, start, start)
    theirs = LogisticRegression(C=0.1, tol=1e-8, max_iter=2000).fit(X, y).decision_function(X)

    assert np.abs(expit(ours) - expit(theirs)).max() < 5e-3


def test_columns_far_from_zero_are_the_same_columns_and_cost_no_more_steps(monkeypatch):
    X, y = wide(500, newton.MOST_SOLVED + 50)
    steps, minimise = [], optimize.minimize

    def counted(*given, **more):
        found = minimise(*given, **more)
        steps.append(found.nfev)
        return found

    monkeypatch.setattr(optimize, "minimize", counted)
    start, risks = np.zeros(X.shape[1] + 1), []
    for moved in (X, X - 3.0):
        columns = np.column_stack([moved, np.ones(len(y))])
        risks.append(expit(columns @ fit_logistic(columns, y, 0.003, start, start)))

    assert np.abs(risks[0] - risks[1]).max() < 1e-3
    assert max(steps) <= 30


def test_a_wide_table_says_that_its_lines_do_not_bend_and_still_ranks_as_scikit_learn():
    X, y = wide(600, MOST_BENT + 50)
    clf = RiskClassifier("logistic", folds=2, leaks="ignore")
    with pytest.warns(WideTableWarning, match="200 columns each has a straight line"):
        clf.fit(X, y)
    plain = LogisticRegression(C=0.01, max_iter=1000)
    theirs = cross_val_predict(plain, X, y, cv=KFold(2), method="decision_function")
    assert roc_auc_score(y, clf.out_of_fold_) > roc_auc_score(y, theirs) - 0.03


def test_rare_words_share_a_height_and_the_fit_says_so():
    rng = np.random.default_rng(0)
    village = rng.integers(0, 300, 2000)
    y = (rng.random(2000) < np.where(village < 5, 0.8, 0.2)).astype(int)
    village[village >= 5] = 5 + rng.integers(0, 295, (village >= 5).sum())
    clf = RiskClassifier("logistic", folds=2, leaks="ignore")
    with pytest.warns(WideTableWarning, match=f"all but the {MOST_LEVELS} most frequent"):
        clf.fit(pd.DataFrame({"village": village.astype(str)}), y)
    (shape,) = clf.calibrated_model_.terms.shapes
    assert len(shape.heights) == len(np.unique(village))
    assert len(set(shape.heights)) <= MOST_LEVELS + 1


def test_up_to_a_hundred_levels_each_has_its_own_column():
    codes = np.array([*range(MOST_LEVELS), np.nan, 0.0])
    block = LevelBlock.learn(codes)
    columns = block.columns(codes)

    assert block.places == ()
    assert columns.shape == (MOST_LEVELS + 2, MOST_LEVELS + 1)
    assert (columns.sum(axis=1) == 1).all()


def test_a_level_that_the_fit_did_not_see_is_of_no_column():
    codes = np.repeat(np.arange(MOST_LEVELS + 50, dtype=float), 2)
    block = LevelBlock.learn(codes)
    assert block.columns(codes).sum() == len(codes)
    assert block.columns(np.array([1e6])).sum() == 0
