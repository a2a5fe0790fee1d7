"""Contributions add up, feature by feature, whatever stands beside a row."""

import lightgbm
import numpy as np
import pytest

from dropout_risk.explanation.contributions import (
    BlendTerms,
    Contributions,
    LinearTerms,
)
from dropout_risk.explanation.curves import CurveShape, LevelShape
from dropout_risk.explanation.trees import TreeTerms


def encoded_rows(n=500, seed=0):
    """Two numbers, one of them often missing, and a category of five."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 5, n).astype(float)])
    X[rng.random(n) < 0.3, 1] = np.nan
    X[rng.random(n) < 0.1, 2] = np.nan
    return X


@pytest.fixture(scope="module")
def booster():
    X = encoded_rows()
    rng = np.random.default_rng(1)
    risky = np.nan_to_num(X[:, 0]) + np.isnan(X[:, 1]) + np.isin(X[:, 2], [1, 3]) + rng.normal(size=len(X))
    data = lightgbm.Dataset(X, (risky > 1).astype(int), categorical_feature=[2], params={"verbose": -1})
    parameters = {
        "objective": "binary",
        "max_depth": 4,
        "verbose": -1,
        "num_threads": 1,
        "min_data_in_leaf": 5,
    }
    return lightgbm.train(parameters, data, num_boost_round=40)


LINEAR = LinearTerms(
    -1.5,
    (
        CurveShape((-1.0, 0.0, 2.0), (-0.7, 0.1, 0.4), 0.0),
        CurveShape((0.0, 1.0), (0.3, -0.3), 0.8),
        LevelShape((0.1, 0.2, -0.4, 0.9, 0.0), -0.05),
    ),
)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
def test_trees_agree_with_shap_where_values_are_missing_and_categorical(booster):
    import shap

    X = encoded_rows(60, seed=2)
    mine = TreeTerms.of(booster.model_to_string()).contributions(X)
    oracle = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")(X)
    assert np.allclose(mine.values, oracle.values, atol=1e-9, rtol=0)
    assert np.allclose(mine.base, oracle.base_values, atol=1e-9, rtol=0)


def test_trees_add_up_to_the_raw_score(booster):
    X = encoded_rows(700, seed=3)
    assert (
        np.abs(
            TreeTerms.of(booster.model_to_string()).contributions(X).log_odds
            - booster.predict(X, raw_score=True)
        ).max()
        < 1e-9
    )


def test_linear_terms_agree_with_a_plain_loop():
    X = encoded_rows(200, seed=4)
    values = LINEAR.contributions(X).values
    first, second, third = LINEAR.shapes
    for row, got in zip(X, values, strict=True):
        expected = [np.interp(row[0], first.knots, first.heights)]
        expected.append(
            second.missing if np.isnan(row[1]) else np.interp(row[1], second.knots, second.heights)
        )
        expected.append(third.missing if np.isnan(row[2]) else third.heights[int(row[2])])
        assert got == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["linear", "trees", "blend"])
def test_a_row_has_the_same_bits_alone_in_a_batch_and_in_another_order(booster, kind):
    trees = TreeTerms.of(booster.model_to_string())
    terms = {"linear": LINEAR, "trees": trees, "blend": BlendTerms(LINEAR, trees, 0.3)}[kind]
    X = encoded_rows(600, seed=5)
    batch = terms.contributions(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(terms.contributions(X[order]).values, batch.values[order])
    for place in (0, 299, 599):
        alone = terms.contributions(X[place : place + 1])
        assert np.array_equal(alone.values[0], batch.values[place])
        assert alone.log_odds[0] == batch.log_odds[place]


def test_a_blend_is_the_weighted_sum_of_both(booster):
    X = encoded_rows(50, seed=6)
    blend = BlendTerms(LINEAR, TreeTerms.of(booster.model_to_string()), 0.25).contributions(X).log_odds
    raw = booster.predict(X, raw_score=True)
    assert np.allclose(blend, 0.75 * LINEAR.contributions(X).log_odds + 0.25 * raw, atol=1e-9, rtol=0)


def test_scaling_scales_the_sum():
    reasons = Contributions(-1.0, np.array([[0.5, 0.25], [1.0, -2.0]]))
    assert reasons.scaled(0.5, 2.0).log_odds.tolist() == [0.5 * -0.25 + 2.0, 0.5 * -2.0 + 2.0]


def test_no_rows_have_a_base_and_no_values(booster):
    X = encoded_rows(3)
    empty, some = (
        TreeTerms.of(booster.model_to_string()).contributions(X[:0]),
        TreeTerms.of(booster.model_to_string()).contributions(X),
    )
    assert empty.values.shape == (0, 3)
    assert empty.base == some.base


def test_a_constant_feature_adds_nothing_but_may_be_missing():
    shape = CurveShape((2.0,), (0.0,), 0.4)
    assert shape(np.array([2.0, 7.0, np.nan])).tolist() == [0.0, 0.0, 0.4]


def test_each_method_names_itself(booster):
    trees = TreeTerms.of(booster.model_to_string())
    assert LINEAR.explainer == "linear closed form"
    assert trees.explainer == "LightGBM trees by decision-pattern tables, path-dependent"
    assert BlendTerms(LINEAR, trees, 0.3).explainer.startswith("0.70 x linear closed form + 0.30 x LightGBM")
