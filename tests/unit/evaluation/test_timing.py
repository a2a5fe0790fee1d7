import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.questions.timing import TimedOutcomes, concordance_index, timed_metrics

ROWS = st.lists(
    st.tuples(st.integers(0, 20), st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.4])),
    min_size=2,
    max_size=40,
)


def plain_concordance(days, out, risk):
    agreed = pairs = 0.0
    for i in range(len(days)):
        for j in range(len(days)):
            if out[i] and (days[j] > days[i] or (days[j] == days[i] and not out[j])):
                pairs += 1
                agreed += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    return agreed / pairs if pairs else float("nan")


def plain_seen(days, out, when):
    """The Kaplan-Meier chance of not being lost sight of before a day, dropouts of a day leaving first."""
    chance = 1.0
    for day in sorted({d for d, o in zip(days, out, strict=True) if not o and d < when}):
        at_risk = sum(d > day or (d == day and not o) for d, o in zip(days, out, strict=True))
        chance *= 1 - sum(d == day and not o for d, o in zip(days, out, strict=True)) / at_risk
    return chance


@given(ROWS)
def test_concordance_is_that_of_a_loop_over_pairs(rows):
    days, out, risk = zip(*rows, strict=True)
    found = concordance_index(TimedOutcomes.of(days, out), risk)

    assert found == pytest.approx(plain_concordance(days, out, risk), nan_ok=True)


@given(ROWS)
def test_weights_are_those_of_a_plain_kaplan_meier(rows):
    days, out, _ = zip(*rows, strict=True)
    _, weight = TimedOutcomes.of(days, out).within(10)
    plain = [
        1 / plain_seen(days, out, min(d, 10)) if (o and d < 10) or d >= 10 else 0.0
        for d, o in zip(days, out, strict=True)
    ]

    np.testing.assert_allclose(weight, plain)


def test_without_censoring_the_figures_are_those_of_sklearn():
    rng = np.random.default_rng(0)
    days, risk = rng.integers(0, 120, 500), rng.uniform(size=500)
    out = days < 90
    row = timed_metrics(TimedOutcomes.of(np.minimum(days, 90), out), risk[:, None], [30]).loc[30]

    assert row["auc"] == pytest.approx(roc_auc_score(days < 30, risk))
    assert row["brier"] == pytest.approx(brier_score_loss(days < 30, risk))
    assert row["observed"] == pytest.approx((days < 30).mean())


def test_risks_of_another_shape_are_refused():
    with pytest.raises(EvaluationError, match="shape"):
        timed_metrics(TimedOutcomes.of([1, 2], [True, False]), [[0.1], [0.2]], [10, 20])
