"""Few labels bring risks nearer to another school's truth; the order of its pupils never changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.calibration import (
    OF_ONE_SCHOOL,
    LinearCalibration,
    recalibrate,
    to_base_rate,
    undo_sampling,
)
from dropout_risk.modelling.fitter import log_loss

OLD = LinearCalibration(a=0.9, b=-0.3, covariance=((0.002, 0.001), (0.001, 0.003)))


def school(n, seed, a=0.9, b=0.9):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2.5, 1.2, n)
    return margin, (rng.random(n) < expit(a * margin + b)).astype(np.int8)


def test_thirty_labels_bring_most_of_what_a_refit_on_all_would():
    lost = []
    for seed in range(60):
        new = recalibrate(OLD, *school(30, seed))
        margin, y = school(4_000, [seed, 1])
        best = LinearCalibration.fit(margin, y)
        lost.append([log_loss(one.apply(margin), y).mean() for one in (OLD, new, best)])
    old, new, best = np.mean(lost, axis=0)
    assert best < new < old
    assert new - best < 0.4 * (old - best)


def test_labels_that_agree_with_the_old_calibration_hardly_move_it():
    moved = [recalibrate(OLD, *school(30, seed, b=-0.3)).b - OLD.b for seed in range(40)]
    assert abs(np.mean(moved)) < 0.1
    assert np.std(moved) < 0.5


def test_the_prior_is_worth_as_many_labels_as_it_says():
    margin, y = np.full(200, -2.0), np.repeat([1, 0], [40, 160]).astype(np.int8)
    loose, firm = (recalibrate(OLD, margin, y, prior_labels=worth).b for worth in (1e-3, 1e5))
    assert OLD.a * -2.0 + loose == pytest.approx(logit(0.2), abs=1e-3)
    assert firm == pytest.approx(OLD.b, abs=0.01)


def test_many_labels_move_the_slope_to_that_of_scikit_learn():
    margin, y = school(20_000, 0, a=0.5, b=0.2)
    new = recalibrate(OLD, margin, y)
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(margin[:, None], y)
    assert new.local.slope
    assert (new.a, new.b) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), abs=0.01)


def test_fifty_of_each_class_are_needed_for_the_slope():
    margin = np.linspace(-3, 1, 200)
    for dropouts, moved in ((49, False), (50, True)):
        new = recalibrate(OLD, margin, np.repeat([0, 1], [200 - dropouts, dropouts]))
        assert new.local.slope is moved
        assert (new.a == OLD.a) is not moved


def test_the_interval_after_few_labels_holds_the_truth_as_often_as_it_says():
    held = []
    for seed in range(300):
        truth = np.random.default_rng([seed, 3]).normal(-0.3, 0.7)
        low, high = recalibrate(OLD, *school(80, seed, b=truth)).interval(np.array([-2.5]))[0]
        held.append(low <= expit(0.9 * -2.5 + truth) <= high)
    assert 0.84 < np.mean(held) < 0.97
    assert recalibrate(OLD, *school(80, 0)).meaning == OF_ONE_SCHOOL


def test_a_pupil_who_is_seen_four_times_is_one_label():
    margin, y = school(40, 1)
    once = recalibrate(OLD, margin, y, pupils=np.arange(40))
    often = recalibrate(OLD, np.tile(margin, 4), np.tile(y, 4), pupils=np.tile(np.arange(40), 4))
    assert often.b == pytest.approx(once.b, abs=1e-9)
    assert often.covariance[1] == pytest.approx(once.covariance[1])
    assert often.local == once.local


@given(st.floats(0.001, 0.999), st.integers(0, 50))
def test_a_base_rate_is_reached_and_nobody_overtakes_anybody(rate, seed):
    margin = school(60, seed)[0]
    new = to_base_rate(OLD, margin, rate)
    assert expit(new.apply(margin)).mean() == pytest.approx(rate, abs=1e-9)
    assert np.array_equal(np.argsort(new.apply(margin)), np.argsort(OLD.apply(margin)))


@given(st.lists(st.tuples(st.floats(-8, 8), st.integers(0, 1)), min_size=1, max_size=120))
def test_no_labels_whatever_change_the_order_of_pupils(rows):
    margin, y = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    new = recalibrate(OLD, margin, y)
    grid = np.linspace(-8, 8, 33)
    assert new.a > 0
    assert np.isfinite(new.apply(grid)).all()
    assert (np.diff(new.apply(grid)) > 0).all()


def test_undoing_a_sample_gives_the_risks_of_all():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200_000)
    y = rng.random(len(x)) < expit(x - 3.5)
    kept = y | (rng.random(len(x)) < 0.05)
    sampled = LogisticRegression(C=np.inf).fit(x[kept, None], y[kept])
    undone = undo_sampling(sampled.decision_function(x[:, None]), y[kept].mean(), y.mean())
    assert expit(undone).mean() == pytest.approx(y.mean(), rel=0.02)
    assert np.abs(undone - (x - 3.5)).max() < 0.4


@pytest.mark.parametrize(
    "broken",
    [
        lambda: recalibrate(OLD, np.zeros(0), []),
        lambda: recalibrate(OLD, np.zeros(2), [0, 2]),
        lambda: recalibrate(OLD, np.zeros(2), [0, np.nan]),
        lambda: to_base_rate(OLD, np.zeros(2), 3.0),
        lambda: to_base_rate(OLD, np.zeros(0), 0.1),
        lambda: undo_sampling(np.zeros(1), 0.0, 0.1),
    ],
)
def test_what_cannot_be_is_refused(broken):
    with pytest.raises(TrainingError):
        broken()
