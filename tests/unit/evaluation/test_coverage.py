"""Coverage of intervals is measured so that too narrow and too wide ones are both found out."""

import numpy as np
import pytest
from scipy.special import expit

from dropout_risk.evaluation.questions.group_calibration import cohort_coverage


def world(spread, told, seed=0, n_schools=150, n_pupils=150):
    """Schools whose shares differ by ``spread``, and intervals that say ``told``."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), n_pupils)
    margin = rng.normal(-1.5, 1.0, len(school))
    y = (rng.random(len(school)) < expit(margin + rng.normal(0, spread, n_schools)[school])).astype(float)
    interval = expit(margin[:, None] + 1.645 * told * np.array([-1.0, 1.0]))
    return y, interval, school.astype(str), np.repeat("d", len(school))


def covered(spread, told):
    return np.mean([cohort_coverage(*world(spread, told, seed), seed=seed).share for seed in range(4)])


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_right_intervals_hold_as_many_cohorts_as_they_say(spread):
    assert covered(spread, spread) == pytest.approx(0.9, abs=0.02)


def test_intervals_that_are_too_narrow_hold_too_few_and_too_wide_ones_too_many():
    assert covered(0.8, 0.0) < 0.75
    assert covered(0.2, 0.9) > 0.95


def test_rows_without_a_school_are_left_out():
    y, interval, school, day = world(0.2, 0.2, n_schools=20)
    school[school == "7"] = ""
    assert cohort_coverage(y, interval, school, day, bands=1).cohorts == 19
    assert cohort_coverage(y, interval, np.full(len(y), ""), day).cohorts == 0


def test_the_same_rows_give_the_same_figure():
    assert cohort_coverage(*world(0.3, 0.3)) == cohort_coverage(*world(0.3, 0.3))
