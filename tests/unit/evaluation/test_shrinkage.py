"""Shifts of schools are drawn towards the whole, and no further than chance asks."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit

from dropout_risk.evaluation.questions import group_calibration as shrinkage
from dropout_risk.evaluation.questions.group_calibration import shrunk_shifts
from dropout_risk.modelling import uncertainty as intervals


def schools(sizes, spread, seed=0):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(len(sizes)), sizes)
    shift = rng.normal(0, spread, len(sizes))
    margin = rng.normal(-2.0, 1.0, len(school))
    y = (rng.random(len(school)) < expit(margin + shift[school])).astype(float)
    return y, expit(margin), school, np.arange(len(school)), shift


def by_group(found):
    return {int(one.group): one for one in found.groups}


def test_drawn_shifts_are_nearer_to_the_truth_than_each_by_itself():
    sizes = np.random.default_rng(0).integers(15, 150, 60)
    y, p, school, pupils, truth = schools(sizes, 0.4)
    found = by_group(shrunk_shifts(y, p, school, pupils))
    drawn = np.array([found[number].shift for number in range(60)])
    alone = np.array([(y - p)[school == n].sum() / (p * (1 - p))[school == n].sum() for n in range(60)])
    assert np.mean((drawn - truth) ** 2) < 0.75 * np.mean((alone - truth) ** 2)


def test_the_intervals_hold_the_true_shifts():
    held = []
    for seed in range(10):
        y, p, school, pupils, truth = schools(np.full(100, 60), 0.4, seed)
        found = by_group(shrunk_shifts(y, p, school, pupils))
        held += [found[number].low <= truth[number] <= found[number].high for number in range(100)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_a_school_is_the_mode_that_a_general_optimiser_finds(monkeypatch):
    monkeypatch.setattr(shrinkage, "SPREADS", np.array([0.0, 0.5]))
    monkeypatch.setattr(intervals, "SPREADS", np.array([0.0, 0.5]))
    y, p, school, pupils, _ = schools(np.full(12, 80), 0.5, 3)
    found = shrunk_shifts(y, p, school, pupils)
    variance = 0.25
    whole = minimize_scalar(lambda s: np.logaddexp(0, np.log(p / (1 - p)) + s).sum() - s * y.sum()).x
    margin = np.log(p / (1 - p)) + whole
    for number, one in by_group(found).items():
        own = school == number
        lost = lambda s, own=own: (  # noqa: E731
            np.logaddexp(0, margin[own] + s).sum() - s * y[own].sum() + s**2 / (2 * variance)
        )
        assert one.shift - whole == pytest.approx(minimize_scalar(lost).x, abs=1e-5)


def test_a_school_without_a_dropout_has_a_finite_shift_and_small_ones_are_not_told():
    y, p, school, pupils, _ = schools([300, 300, 20, 9, 9], 0.0)
    y[school == 2] = 0
    found = shrunk_shifts(y, p, school, pupils)
    assert found.small == 2
    assert set(by_group(found)) == {0, 1, 2}
    assert np.isfinite([by_group(found)[2].low, by_group(found)[2].high]).all()
    assert by_group(found)[2].dropouts == 0


def test_rows_of_one_pupil_on_several_days_do_not_make_an_interval_narrower():
    y, p, school, pupils, _ = schools(np.full(20, 60), 0.4)
    once = shrunk_shifts(y, p, school, pupils)
    often = shrunk_shifts(*(np.tile(part, 5) for part in (y, p, school, pupils)))
    for one, again in zip(once.groups, often.groups, strict=True):
        assert again.high - again.low == pytest.approx(one.high - one.low, rel=0.02)
        assert (again.pupils, again.dropouts) == (one.pupils, one.dropouts)
