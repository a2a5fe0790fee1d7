"""Pupils who still came: measured by themselves, on the lists that everybody competes for."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dropout_risk.evaluation.questions.capacity import Lists, of_share
from dropout_risk.evaluation.questions.list_section import UNKNOWN, capacity_section, kinds_of_lists
from dropout_risk.evaluation.result import HeldOut


def _held_out(n=1200, seed=0):
    """A model that sees little but who already stays away."""
    rng = np.random.default_rng(seed)
    away = rng.random(n) < 0.12
    y = (rng.random(n) < np.where(away, 0.6, 0.05)).astype(int)
    risks = np.clip(np.where(away, 0.6, 0.05) + 0.02 * rng.random(n) + 0.01 * y, 0, 1)
    since = np.where(away, 12.0, rng.integers(0, 5, n))
    names = np.array([f"s-{number % 8}" for number in range(n)])
    return HeldOut(y, risks, np.repeat("2025-03-03", n), names, np.arange(n), since_present=since)


def _section(held_out):
    kinds = kinds_of_lists(held_out, share=0.1, capacity=5, lowest=0.0)
    return capacity_section(held_out, [], kinds, held_out.resampling(50))


def test_a_model_that_names_who_stays_away_is_seen_to_miss_who_still_comes():
    held_out = _held_out()
    section, rows = _section(held_out), held_out.since_present < 5
    listed = Lists.of(held_out.y, held_out.p, held_out.as_of, of_share(0.1)).chance
    expected = (listed * held_out.y)[rows].sum() / held_out.y[rows].sum()
    assert section.metrics["still_coming_recall"] == pytest.approx(expected)
    assert section.metrics["still_coming_recall"] < 0.1 < 0.5 < section.metrics["district_recall"]
    auc = roc_auc_score(held_out.y[rows], held_out.p[rows])
    assert section.metrics["still_coming_auc"] == pytest.approx(auc)
    assert section.remarks[1].en.startswith("Of ")


def test_the_table_gives_both_figures_with_intervals():
    table = next(table for table in _section(_held_out()).tables if "still came" in table.title.en)
    assert table.rows[0][0].en == "Model"
    assert all("[" in cell for cell in table.rows[0][1:3])


def test_too_few_who_still_come_are_not_judged():
    held_out = _held_out()
    section = _section(replace(held_out, outcomes=held_out.y * (held_out.since_present >= 5)))
    assert "too few to judge" in section.remarks[1].en
    assert "still_coming_auc" not in section.metrics


def test_without_daily_attendance_it_is_said_that_nobody_can_tell():
    held_out = _held_out()
    for since in (None, np.full(len(held_out.y), np.nan)):
        assert UNKNOWN in _section(replace(held_out, since_present=since)).remarks
