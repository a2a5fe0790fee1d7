"""Calibration finds the line that is there, never turns the order round, and trusts few labels little."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from dropout_risk.errors import SettingsError
from dropout_risk.modelling.calibration import LinearCalibration


def drawn(n, a, b, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.0, 1.5, n)
    return margin, (rng.random(n) < expit(a * margin + b)).astype(np.int8)


@pytest.mark.parametrize(("a", "b"), [(0.6, -0.4), (1.0, 0.0), (1.8, 0.7)])
def test_recovers_a_known_line(a, b):
    found = LinearCalibration.fit(*drawn(40_000, a, b))
    errors = np.sqrt(np.diag(found.covariance))
    assert abs(found.a - a) < 4 * errors[0] < 0.2
    assert abs(found.b - b) < 4 * errors[1] < 0.2


def test_agrees_with_scikit_learn_where_labels_are_many():
    margin, y = drawn(20_000, 0.7, 0.3)
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(margin[:, np.newaxis], y)
    found = LinearCalibration.fit(margin, y)
    assert found.a == pytest.approx(oracle.coef_[0, 0], abs=2e-3)
    assert found.b == pytest.approx(oracle.intercept_[0], abs=2e-3)


def test_never_turns_the_order_round():
    margin, y = drawn(2_000, -1.5, 0.0)
    found = LinearCalibration.fit(margin, y)
    assert found.a > 0
    assert expit(found.apply(margin)).mean() == pytest.approx(y.mean(), abs=0.02)


def test_few_labels_stay_near_the_identity():
    found = LinearCalibration.fit(np.array([-2.0, 2.0]), np.array([0, 1], dtype=np.int8))
    assert found.a == pytest.approx(1.0, abs=0.2)
    assert found.b == pytest.approx(0.0, abs=0.2)


def test_perfect_scores_do_not_run_away():
    margin = np.repeat([-400.0, 400.0], 50)
    found = LinearCalibration.fit(margin, (margin > 0).astype(np.int8))
    assert np.isfinite([found.a, found.b]).all()
    assert found.a < 3


def test_the_interval_covers_the_true_risk_as_often_as_it_says():
    hits = []
    for seed in range(200):
        found = LinearCalibration.fit(*drawn(2_000, 0.8, -0.2, seed))
        low, high = found.interval(np.array([0.5]), level=0.9)[0]
        hits.append(low <= expit(0.8 * 0.5 - 0.2) <= high)
    assert 0.82 < np.mean(hits) < 0.97


def test_a_higher_level_is_wider_and_holds_the_risk():
    found = LinearCalibration.fit(*drawn(500, 1.0, 0.0))
    margin = np.linspace(-3, 3, 7)
    narrow, wide = found.interval(margin, 0.5), found.interval(margin, 0.95)
    risk = expit(found.apply(margin))
    assert (wide[:, 0] < narrow[:, 0]).all()
    assert (narrow[:, 0] < risk).all()
    assert (risk < narrow[:, 1]).all()
    assert (narrow[:, 1] < wide[:, 1]).all()


def test_a_level_in_percent_is_refused():
    with pytest.raises(SettingsError, match="between 0 and 1"):
        LinearCalibration().interval(np.zeros(1), 90)


def test_plain_data_round_trip():
    found = LinearCalibration.fit(*drawn(300, 1.2, 0.1))
    assert LinearCalibration.from_dict(found.to_dict()) == found


def test_the_error_of_repeated_rows_of_one_pupil_is_that_of_the_pupils():
    margin, y = drawn(3_000, 0.8, -0.2)
    pupils = np.arange(3_000)
    once = LinearCalibration.fit(margin, y, pupils)
    four_times = LinearCalibration.fit(np.tile(margin, 4), np.tile(y, 4), np.tile(pupils, 4))
    pretending = LinearCalibration.fit(np.tile(margin, 4), np.tile(y, 4))

    assert np.diag(four_times.covariance) == pytest.approx(np.diag(once.covariance), rel=0.1)
    assert np.diag(pretending.covariance).max() < 0.4 * np.diag(once.covariance).max()


def test_the_clustered_error_is_the_spread_over_new_pupils():
    drawn_anew = [LinearCalibration.fit(*drawn(1_500, 0.9, -0.5, seed)) for seed in range(60)]
    spread = np.std([[one.a, one.b] for one in drawn_anew], axis=0)

    assert np.sqrt(np.diag(drawn_anew[0].covariance)) == pytest.approx(spread, rel=0.35)
