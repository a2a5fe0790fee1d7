"""Net benefit against its closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.evaluation.metrics import THRESHOLDS, net_benefit, net_benefit_points
from dropout_risk.evaluation.questions.decision import NEVER, decision_section
from dropout_risk.evaluation.result import HeldOut, all_results
from dropout_risk.text import Text

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=1, max_size=60)
WORDS = Text(zh="模型", en="Model")


@given(rows, st.sampled_from(THRESHOLDS))
def test_net_benefit_is_finds_less_visits_in_vain_at_the_odds_of_the_threshold(pairs, threshold):
    y, p = np.array([a for a, _ in pairs], float), np.array([b / 10 for _, b in pairs])
    finds = sum(a == 1 and b >= threshold for a, b in zip(y, p, strict=True))
    in_vain = sum(a == 0 and b >= threshold for a, b in zip(y, p, strict=True))
    expected = finds / len(y) - in_vain / len(y) * threshold / (1 - threshold)
    assert net_benefit(y, p, threshold) == pytest.approx(expected)


@given(rows)
def test_seeing_everybody_is_worth_nothing_where_the_threshold_is_the_base_rate(pairs):
    y = np.array([a for a, _ in pairs], float)
    for point in net_benefit_points(y, np.zeros_like(y)):
        rate, at = y.mean(), point["threshold"]
        assert point["net_benefit"] == 0
        assert point["everybody"] == pytest.approx(rate - (1 - rate) * at / (1 - at))


def _section(p, y):
    held_out = HeldOut(y, p, np.array(["d"] * len(y)))
    results = all_results(held_out, [], label=WORDS, description=WORDS, share=0.1)
    return decision_section(held_out, results)


def test_a_perfect_model_is_worth_more_at_every_threshold():
    y = np.array([1.0] * 5 + [0.0] * 95)
    assert "1 to 20 %" in _section(np.where(y == 1, 0.9, 0.001), y).remarks[0].en


def test_a_model_that_knows_nothing_is_never_worth_more():
    y = np.array([1.0] * 5 + [0.0] * 95)
    assert _section(np.full(100, 0.05), y).remarks[0] == NEVER
