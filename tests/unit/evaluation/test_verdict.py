"""What is said of the model beside its baselines, and what publishing asks."""

import numpy as np
import pytest

from dropout_risk.evaluation.baselines import Baseline, auc_within_schools, baseline_section
from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.evaluation.result import HeldOut, all_results
from dropout_risk.text import Text

WORDS = Text(zh="甲", en="A")


def _rows(signal, *, between=0.0, seed=0, n=3000, n_schools=30):
    """Risks that know the pupils by ``signal`` and the schools by ``between``."""
    rng = np.random.default_rng(seed)
    school = rng.integers(n_schools, size=n)
    own, common = rng.normal(size=n), rng.normal(size=n_schools)[school]
    truth = 1 / (1 + np.exp(2.5 - own - common))
    y = (rng.random(n) < truth).astype(int)
    risks = 1 / (1 + np.exp(2.3 - signal * own - between * common))
    return HeldOut(y, risks, np.array(["2025-03-03"] * n), school.astype(str), np.arange(n)), own, common


def _section(held_out, **others):
    rate = np.full(len(held_out.y), held_out.y.mean())
    given = {"base_rate": rate} | others
    baselines = [Baseline(name, Text(zh=name, en=name), WORDS, risks=risks) for name, risks in given.items()]
    draws = Resampling.of(held_out.schools, held_out.pupils, replicates=200)
    results = all_results(held_out, baselines, label=WORDS, description=WORDS, share=0.1, resampling=draws)
    return baseline_section(held_out, results, draws), results


def _checks(section):
    return {check.name: check.passed for check in section.checks}


def test_a_good_model_passes_and_is_said_to_be_better_by_how_much():
    rows, own, _ = _rows(1.0)
    section, results = _section(rows, last_mark=1 / (1 + np.exp(2.3 - 0.2 * own[::-1])))
    assert _checks(section) == {"better_than_base_rate": True, "not_below_baselines": True}
    gap = results[2].differences["auc"]
    assert section.remarks[0].en.startswith('Better than "last_mark" by 0.')
    assert f"{gap['difference']:.2f} [{gap['low']:.2f}, {gap['high']:.2f}]" in section.remarks[0].en


def test_a_model_below_its_baseline_beyond_the_interval_fails():
    rows, own, common = _rows(0.1)
    section, _ = _section(rows, school_only=1 / (1 + np.exp(2.3 - own - common)))
    assert _checks(section)["not_below_baselines"] is False
    assert "Worse than" in section.remarks[0].en


def test_a_model_that_is_not_told_apart_does_not_fail():
    rows, _, _ = _rows(1.0)
    section, results = _section(rows, abc_rule=rows.risks)
    assert _checks(section)["not_below_baselines"] is True
    assert results[2].differences["auc"] == {"difference": 0.0, "low": 0.0, "high": 0.0}
    assert "Not told apart" in section.remarks[0].en


def test_wild_risks_are_not_better_than_the_base_rate():
    rows, _, _ = _rows(1.0)
    section, _ = _section(rows.with_risks(np.where(rows.risks > 0.1, 0.99, 0.01)))
    assert _checks(section)["better_than_base_rate"] is False


def test_a_model_that_only_knows_the_school_says_no_more_than_the_school():
    rows, _, _ = _rows(0.0, between=1.0)
    auc, interval = auc_within_schools(rows, Resampling.of(rows.schools, rows.pupils))
    assert auc == 0.5
    assert interval.low == 0.5
    assert "cannot be said" in _section(rows)[0].remarks[0].en


def test_the_auc_within_schools_is_that_of_a_loop_over_all_pairs():
    rows, _, _ = _rows(0.7, n=300, n_schools=4)
    wins = pairs = 0.0
    for school in set(rows.schools):
        ones, zeros = (rows.p[(rows.schools == school) & (rows.y == label)] for label in (1, 0))
        wins += (ones[:, None] > zeros).sum() + 0.5 * (ones[:, None] == zeros).sum()
        pairs += ones.size * zeros.size
    assert auc_within_schools(rows, Resampling.once(rows.y.size))[0] == pytest.approx(wins / pairs)


def test_without_schools_no_check_can_be_made():
    rows, _, _ = _rows(1.0, n=200)
    bare = HeldOut(rows.outcomes, rows.risks, rows.as_of)
    rate = Baseline("base_rate", WORDS, WORDS, risks=np.full(200, 0.1))
    results = all_results(bare, [rate], label=WORDS, description=WORDS, share=0.1)
    section = baseline_section(bare, results)
    assert _checks(section) == {"better_than_base_rate": None, "not_below_baselines": None}


def test_a_paired_interval_is_narrower_than_the_distance_of_two_single_ones():
    rows, own, _ = _rows(1.0)
    _, (model, _, other) = _section(rows, last_mark=1 / (1 + np.exp(2.3 - 0.8 * own)))
    gap = other.differences["log_loss"]
    alone = model.intervals["log_loss"]
    assert gap["high"] - gap["low"] < 0.7 * (alone["high"] - alone["low"])
