"""Metrics against plain loops, and what they say where they are not defined."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import CONSTANT, ONE_CLASS, SEPARATED, ranking_and_probability_metrics

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=4, max_size=40)


def _sample(n=20000, seed=0, slope=1.0, shift=0.0):
    """Outcomes whose true log-odds are ``shift + slope * logit(p)``."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2, 1.2, n)
    truth = 1 / (1 + np.exp(-(shift + slope * margin)))
    return (rng.random(n) < truth).astype(int), 1 / (1 + np.exp(-margin))


@given(rows)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    y, p = [a for a, _ in pairs], [b / 10 for _, b in pairs]
    found = ranking_and_probability_metrics(y, p)["auc"]
    ones, zeros = ([b for a, b in pairs if a == label] for label in (1, 0))
    if not ones or not zeros:
        assert math.isnan(found)
        return
    wins = [
        1.0 if one > zero else 0.5 if one == zero else 0.0 for one, zero in itertools.product(ones, zeros)
    ]
    assert found == pytest.approx(sum(wins) / len(wins))


@given(rows)
def test_brier_and_log_loss_are_their_definitions(pairs):
    y, p = [a for a, _ in pairs], [b / 10 for _, b in pairs]
    found = ranking_and_probability_metrics(y, p)
    assert found["brier"] == pytest.approx(sum((a - b) ** 2 for a, b in zip(y, p, strict=True)) / len(y))
    losses = [-math.log(b if a else 1 - b) for a, b in zip(y, p, strict=True)]
    assert found["log_loss"] == pytest.approx(sum(losses) / len(losses))


def test_average_precision_is_the_mean_precision_at_each_dropout():
    y, p = [1, 0, 1, 0, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert ranking_and_probability_metrics(y, p)["average_precision"] == pytest.approx(
        (1 / 1 + 2 / 3 + 3 / 6) / 3
    )


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.0), (1.6, 0.0)])
def test_the_calibration_slope_is_recovered(slope, shift):
    y, p = _sample(slope=slope, shift=shift)
    assert ranking_and_probability_metrics(y, p)["calibration_slope"] == pytest.approx(slope, rel=0.06)


@pytest.mark.parametrize("shift", [0.0, 0.7, -0.7])
def test_the_calibration_intercept_is_the_shift_at_slope_one(shift):
    y, p = _sample(shift=shift)
    assert ranking_and_probability_metrics(y, p)["calibration_intercept"] == pytest.approx(shift, abs=0.06)


def test_the_intercept_makes_the_mean_risk_equal_the_base_rate():
    y, p = _sample(n=500, slope=0.3, shift=1.0)
    shift = ranking_and_probability_metrics(y, p)["calibration_intercept"]
    moved = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))
    assert moved.mean() == pytest.approx(y.mean(), abs=1e-9)


def test_the_slope_maximises_the_likelihood():
    y, p = _sample(n=800, slope=0.7)
    margin = np.log(p / (1 - p))
    slope = ranking_and_probability_metrics(y, p)["calibration_slope"]

    def best_loss(candidate):
        shifts = np.linspace(-3, 3, 1201)
        log_odds = shifts[:, None] + candidate * margin
        return (np.logaddexp(0, log_odds) - y * log_odds).sum(1).min()

    assert best_loss(slope) <= min(best_loss(slope - 0.02), best_loss(slope + 0.02))


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_gives_nan_with_a_note_and_still_a_brier_score(label):
    found = ranking_and_probability_metrics([label] * 3, [0.1, 0.2, 0.3])
    assert found["note"] == ONE_CLASS
    assert all(math.isnan(found[name]) for name in ("auc", "average_precision", "calibration_slope"))
    assert math.isfinite(found["brier"])


def test_equal_risks_and_separated_classes_have_no_slope_and_say_so():
    assert ranking_and_probability_metrics([0, 1, 0], [0.3, 0.3, 0.3])["note"] == CONSTANT
    assert ranking_and_probability_metrics([0, 0, 1], [0.1, 0.2, 0.9])["note"] == SEPARATED


def test_risks_of_zero_and_one_stay_finite():
    found = ranking_and_probability_metrics([0, 1, 1, 0, 1], [0.0, 1.0, 0.4, 0.6, 0.5])
    assert math.isfinite(found["log_loss"])
    assert math.isfinite(found["calibration_slope"])


@pytest.mark.parametrize(
    ("y", "p"),
    [([0, 1], [0.1]), ([], []), ([0, 2], [0.1, 0.2]), ([0, 1], [0.1, 1.2]), ([0, 1], [0.1, float("nan")])],
)
def test_impossible_input_is_refused(y, p):
    with pytest.raises(EvaluationError, match="DR403"):
        ranking_and_probability_metrics(y, p)
