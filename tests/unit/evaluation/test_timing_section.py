"""Risks that are right of the whole horizon, spread over it well or badly: only timing differs."""

import numpy as np
import pytest

from dropout_risk.evaluation.questions.timing import TimedOutcomes, timing_section
from dropout_risk.evaluation.resampling import Resampling

DAYS = (30, 60, 90)
ALIKE = (1 / 3, 2 / 3, 1.0)


def pupils(early, seed=0, n=6000):
    """Pupils with risks of .1 to .7; a share of the dropouts, by pupil, falls into the first 30 days."""
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0.1, 0.7, n)
    out = rng.uniform(size=n) < risk
    share = np.broadcast_to(early(risk), n)
    first = rng.uniform(size=n) < share
    days = np.where(out, np.where(first, rng.integers(0, 30, n), rng.integers(30, 90, n)), 90)
    rows = Resampling.of(np.repeat(np.arange(60), n // 60), np.arange(n), replicates=100)
    return risk, TimedOutcomes.of(days, out), rows


def checks(outcomes, within, rows):
    section = timing_section(outcomes, within, DAYS, ALIKE, rows)
    return {check.name: check.passed for check in section.checks}, section


def test_ranking_alone_does_not_pass_for_timing():
    """The risks order pupils well, but put the dropouts of high risks late when they come early."""
    risk, outcomes, rows = pupils(lambda risk: np.where(risk > 0.4, 0.6, 0.1))
    early = np.where(risk > 0.4, 0.1, 0.6)[:, None]
    wrong = risk[:, None] * np.column_stack([early, (1 + early) / 2, np.ones(len(risk))])
    passed, section = checks(outcomes, wrong, rows)

    assert passed["timing_not_worse_than_one_curve"] is False
    assert "worse than by that one curve" in section.remarks[1].en


def test_timing_that_is_right_is_told_better_than_one_curve():
    risk, outcomes, rows = pupils(lambda risk: np.where(risk > 0.4, 0.6, 0.1))
    early = np.where(risk > 0.4, 0.6, 0.1)[:, None]
    right = risk[:, None] * np.column_stack([early, (1 + early) / 2, np.ones(len(risk))])
    passed, section = checks(outcomes, right, rows)

    assert passed == {"timing_not_worse_than_one_curve": True, "timing_of_the_mean": True}
    assert "told better" in section.remarks[1].en


@pytest.mark.parametrize(("share", "passed"), [(1 / 3, True), (0.9, False), (0.18, None)])
def test_the_mean_is_checked_against_what_was_observed(share, passed):
    risk, outcomes, rows = pupils(lambda risk: share, n=6000 if passed is not None else 600)
    found, _ = checks(outcomes, risk[:, None] * np.array(ALIKE), rows)

    assert found["timing_of_the_mean"] is passed


def test_without_intervals_nothing_passes():
    risk, outcomes, _ = pupils(lambda risk: 1 / 3, n=600)
    found, _ = checks(outcomes, risk[:, None] * np.array(ALIKE), None)

    assert set(found.values()) == {None}


def test_censoring_is_told_only_where_there_is_any():
    risk, outcomes, rows = pupils(lambda risk: 1 / 3, n=600)
    _, whole = checks(outcomes, risk[:, None] * np.array(ALIKE), rows)
    lost = TimedOutcomes.of(np.where(outcomes.dropped_out, outcomes.days, 50), outcomes.dropped_out)
    _, section = checks(lost, risk[:, None] * np.array(ALIKE), rows)

    assert not any("censored" in remark.en for remark in whole.remarks)
    assert any("weighed as censored" in remark.en for remark in section.remarks)
