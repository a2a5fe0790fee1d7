"""The trees are the same every time, in text as in memory, and keep within their bounds."""

import lightgbm
import numpy as np
import pytest

from dropout_risk.modelling.learners.boosted import BoostedFitter, BoostedModel


def rows(n=800, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=(n, 3)), rng.integers(0, 5, n).astype(float)])
    margin = 2 * X[:, 0] * (X[:, 1] > 0) - 1 + (X[:, 3] == 2)
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    X[rng.random((n, 4)) < 0.1] = np.nan
    return X, y


CANDIDATE = BoostedFitter((1, 0, -1, 0), (3,))


@pytest.fixture(scope="module")
def model():
    return CANDIDATE.fit(*rows(), {"n_trees": 60})


def test_two_fits_write_the_same_text(model):
    assert CANDIDATE.fit(*rows(), {"n_trees": 60}).text == model.text


def test_text_round_trip_is_to_the_bit(model):
    X = rows(300, seed=1)[0]
    again = BoostedModel(lightgbm.Booster(model_str=model.text).model_to_string())
    assert np.array_equal(again.margin(X), model.margin(X))
    assert np.array_equal(again.terms.contributions(X).values, model.terms.contributions(X).values)


def test_trees_are_shallow(model):
    depth = lightgbm.Booster(model_str=model.text).trees_to_dataframe()["node_depth"].max()
    assert depth <= 5  # node_depth counts the root as 1, so four splits


def test_the_number_of_trees_is_where_the_mean_loss_is_least():
    X, y = rows()
    shown = CANDIDATE.cross_fit(X, y, np.arange(len(y)) % 4)
    assert 10 < shown.setting["n_trees"] < 600
    assert shown.losses.shape == (4,)
    assert shown.losses.mean() < 0.69


def test_no_rows_give_no_scores(model):
    assert model.margin(np.empty((0, 4))).shape == (0,)
