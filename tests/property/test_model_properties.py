"""What must hold for every row: risk rises with a risky feature, reasons add up, windows never overlap."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.errors import SplitError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.folds.splits import TemporalSplit

DIRECTIONS = (1, -1, 0, 1, -1)
KINDS = ["scorecard", "logistic", "lightgbm", "blend"]
value = st.one_of(st.floats(-5, 5), st.just(0.0), st.just(float("nan")))


@functools.cache
def fitted(kind):
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(1500, 5)), 1)
    margin = X[:, 0] * (1 + (X[:, 2] > 0)) - np.abs(X[:, 1]) + np.sin(3 * X[:, 3]) - 0.5 * X[:, 4]
    X[rng.random(X.shape) < 0.1] = np.nan
    y = rng.random(1500) < 1 / (1 + np.exp(-np.nan_to_num(margin)))
    monotone = {f"x{place}": direction for place, direction in enumerate(DIRECTIONS)}
    return RiskClassifier(kind, monotone=monotone).fit(X, y).calibrated_model_


@pytest.mark.parametrize("kind", KINDS)
@given(
    row=st.lists(value, min_size=5, max_size=5),
    place=st.sampled_from([i for i, d in enumerate(DIRECTIONS) if d]),
    ends=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
)
@settings(max_examples=150, deadline=None)
def test_moving_a_feature_the_risky_way_never_lowers_the_raw_score(kind, row, place, ends):
    model = fitted(kind)
    low, high = sorted(ends, reverse=DIRECTIONS[place] < 0)
    pair = np.array([row, row])
    pair[:, place] = low, high
    raw = model.model.margin(pair)
    assert raw[1] >= raw[0] - (1e-12 if kind == "blend" else 0.0)
    calibrated = model.log_odds(pair)
    assert calibrated[1] >= calibrated[0] - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@given(rows=st.lists(st.lists(value, min_size=5, max_size=5), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_contributions_add_up_and_do_not_depend_on_company(kind, rows):
    model, X = fitted(kind), np.array(rows)
    reasons = model.contributions(X)
    assert np.abs(reasons.log_odds - model.calibration.apply(model.model.margin(X))).max() < 1e-9
    assert np.array_equal(model.log_odds(X[:1]), reasons.log_odds[:1])
    assert np.array_equal(model.log_odds(X[::-1]), reasons.log_odds[::-1])


@given(
    index=st.lists(st.integers(0, 400), min_size=1, max_size=60),
    n_splits=st.integers(1, 4),
    horizon=st.integers(1, 120),
    test_snapshots=st.integers(1, 3),
)
@settings(max_examples=300, deadline=None)
def test_label_windows_of_training_end_before_the_test_begins(index, n_splits, horizon, test_snapshots):
    days = np.array(index)
    try:
        parts = list(TemporalSplit(n_splits, horizon, test_snapshots).split(as_of_index=days))
    except SplitError:
        return
    tested = []
    for train, test in parts:
        assert len(train)
        assert len(np.unique(days[test])) == test_snapshots
        assert (days[train] + horizon).max() <= days[test].min()
        tested.extend(test.tolist())
    assert len(tested) == len(set(tested))
