"""Faithfulness, on models whose reasons are right or wrong by construction."""

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.evaluation.questions.faithfulness import CauseAgreement, FaithfulnessReport, reason_curves
from dropout_risk.explanation.contributions import Contributions

NAMES = ["absence_share_20d", "absence_share_60d", "left_behind", "low_income", "distance_km"]
WEIGHTS = np.array([2.0, 1.0, 0.5, 1.5, -1.0])
REST = pd.Series(0.0, index=NAMES)


class Linear:
    """A sum of weights; its reasons can be said in the wrong order."""

    def __init__(self, told=WEIGHTS):
        self.told, self.asked = told, 0

    def contributions(self, X):
        self.asked += 1
        told = self.told if self.asked == 1 else WEIGHTS
        return Contributions(-3.0, X.to_numpy() * told)


def _curves(model, n=60):
    X = pd.DataFrame(np.random.default_rng(0).uniform(size=(n, 5)), columns=NAMES)
    return X, reason_curves(model, X, default_catalogue(), REST)


def test_facts_are_taken_and_given_in_the_order_of_the_reasons_window_variants_together():
    X, made = _curves(Linear())
    sums = np.column_stack(
        [X[NAMES[:2]] @ WEIGHTS[:2], *(X[name] * w for name, w in zip(NAMES[2:], WEIGHTS[2:], strict=True))]
    )
    falling = -np.sort(-sums, axis=1)
    for step in range(5):
        assert made.given[step] == pytest.approx(-3.0 + falling[:, :step].sum(axis=1))
        assert made.taken[step] == pytest.approx(-3.0 + falling[:, step:].sum(axis=1))


def test_both_orders_begin_and_end_at_the_same_score():
    _, made = _curves(Linear())
    for kind in ("taken", "given"):
        ordered, shuffled = getattr(made, kind), getattr(made, f"{kind}_random")
        assert ordered[0] == pytest.approx(shuffled[0])
        assert ordered[-1] == pytest.approx(shuffled[-1])


def test_right_reasons_lie_beyond_random_order_and_wrong_ones_do_not():
    right, wrong = _curves(Linear())[1], _curves(Linear(told=-WEIGHTS))[1]
    for kind in ("taken", "given"):
        assert right.between(kind)[1] > 0
        assert wrong.between(kind)[2] < 0


def test_agreement_and_its_baselines_are_their_definitions():
    sums = pd.DataFrame({"learning": [2.0, 0.1, 0.0, 4.0], "poverty": [0.5, 0.9, 0.3, 1.0]})
    dropped = pd.Series(["learning", "learning", None, "learning"])
    found = CauseAgreement.of(sums, dropped)
    share = 6.1 / (6.1 + 2.7)
    assert (found.right, found.chance, found.always) == (pytest.approx(2 / 3), 0.5, 1.0)
    assert (found.sampled, found.most_named) == (pytest.approx(share), 1.0)
    assert found.frame().loc["learning", ["pupils", "right", "named_poverty"]].tolist() == [
        3,
        pytest.approx(2 / 3),
        1,
    ]


def test_reasons_that_follow_the_truth_beat_global_importance():
    rng = np.random.default_rng(0)
    truth = rng.choice(["learning", "poverty", "distance"], 300, p=[0.6, 0.2, 0.2])
    sums = pd.DataFrame({name: (truth == name) + rng.normal(0, 0.1, 300) for name in set(truth)})
    found = CauseAgreement.of(sums, pd.Series(truth))
    assert found.right > 0.99 > found.always == pytest.approx((truth == "learning").mean())
    assert found.always > found.sampled > found.chance


def test_the_section_says_what_taking_three_reasons_away_does():
    _, made = _curves(Linear())
    section = FaithfulnessReport(made).section()
    assert f"to {made.mean_risk('taken', 3):.1%}" in section.remarks[0].en
    assert section.metrics["taken_between"] == made.between("taken")[0]
    assert "leading_cause_right" not in section.metrics


def _causes(right, n=60):
    """Causes of which a share is named rightly, as often each."""
    names = ["learning", "poverty", "distance", "family", "wellbeing", "disengagement"]
    truth = np.array([names[place % 6] for place in range(n)], dtype=object)
    wrong = np.array([names[(place + 1) % 6] for place in range(n)], dtype=object)
    named = np.where(np.random.default_rng(0).permutation(n) < right * n, truth, wrong)
    return CauseAgreement(truth, named, dict.fromkeys(names, 1 / 6))


def _section(causes=None, model=None):
    return FaithfulnessReport(_curves(model or Linear())[1], causes).section()


def test_reasons_that_move_the_score_pass_and_those_in_the_wrong_order_fail():
    assert [check.passed for check in _section().checks] == [True]
    assert [check.passed for check in _section(model=Linear(told=-WEIGHTS)).checks] == [False]


@pytest.mark.parametrize(("right", "passed"), [(0.8, True), (0.22, None), (0.0, False)])
def test_causes_are_checked_against_chance(right, passed):
    check = _section(_causes(right)).checks[1]
    assert (check.name, check.passed) == ("leading_cause", passed)


def test_causes_no_better_than_chance_are_said_to_be_so_in_words():
    said = [remark.en for remark in _section(_causes(0.22)).remarks]
    assert any("not shown to be better than chance" in remark for remark in said)
    assert not any("better than chance" in remark.en for remark in _section(_causes(0.8)).remarks)
