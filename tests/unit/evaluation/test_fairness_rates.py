"""Figures of groups against fairlearn's own rates, plain loops and published intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import wilson_interval
from dropout_risk.evaluation.questions.capacity import at_top_share
from dropout_risk.evaluation.questions.fairness_rates import AuditRows, group_rates, places_on_lists


def _rows(n=600, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    risks = rng.uniform(size=n)
    outcomes = (rng.uniform(size=n) < risks**2).astype(int)
    days = np.repeat(["2025-03-03", "2025-04-07"], n // 2)
    return AuditRows.of(outcomes, risks, days, None, share), pd.Series(rng.choice(["a", "b"], n))


def test_rates_of_untied_risks_are_those_of_fairlearn():
    rows, groups = _rows()
    own = group_rates(rows, groups, 10)
    metrics = {"fnr": false_negative_rate, "fpr": false_positive_rate, "selection": selection_rate}
    theirs = MetricFrame(
        metrics=metrics, y_true=rows.outcomes, y_pred=rows.listed.astype(int), sensitive_features=groups
    )
    pd.testing.assert_frame_equal(own[list(metrics)], theirs.by_group, check_names=False)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=2, max_size=40), st.floats(0.05, 1))
def test_shared_places_find_as_many_as_the_list_is_expected_to(pairs, share):
    y, p = np.array([a for a, _ in pairs]), np.array([b / 4 for _, b in pairs])
    listed = places_on_lists(p, np.zeros(len(p)), share)
    assert (listed * y).sum() == pytest.approx(at_top_share(y, p, share).hits.expected)


def test_a_group_of_ten_who_dropped_out_has_its_own_missed_share_not_one_drawn_to_zero():
    """Fault 2 of edvise: it divides by positives + log1p(positives), so small groups look safer."""
    outcomes = np.array([1] * 10 + [0] * 90)
    risks = np.concatenate([np.full(2, 0.9), np.full(8, 0.1), np.full(90, 0.2)])
    rows = AuditRows.of(outcomes, risks, np.zeros(100), None, 0.02)
    assert group_rates(rows, pd.Series(["small"] * 100), 10).loc["small", "fnr"] == 0.8


def test_a_group_with_nine_who_dropped_out_gets_no_figure_at_all():
    outcomes = np.array(([1] * 9 + [0] * 51) + ([1] * 20 + [0] * 120))
    rows = AuditRows.of(outcomes, np.linspace(0, 1, 200), np.zeros(200), None, 0.1)
    line = group_rates(rows, pd.Series(["few"] * 60 + ["many"] * 140), 10).loc["few"]
    assert (line["pupils"], line["shown"]) == (60, False)
    assert line.drop(["pupils", "shown"]).isna().all()


def test_a_pupil_seen_on_two_days_is_one_pupil():
    outcomes, risks = np.array([1] * 5 + [0] * 45), np.linspace(0, 1, 50)
    twice = AuditRows.of(
        np.tile(outcomes, 2), np.tile(risks, 2), np.repeat([1, 2], 50), np.tile(range(50), 2), 0.1
    )
    line = group_rates(twice, pd.Series(["all"] * 100), 5).loc["all"]
    assert (line["pupils"], line["positives"], line["negatives"]) == (50, 5, 45)
    assert not group_rates(twice, pd.Series(["all"] * 100), 6).loc["all", "shown"]


def test_wilson_is_the_interval_that_scipy_gives():
    from scipy.stats import binomtest

    theirs = binomtest(3, 17).proportion_ci(method="wilson")
    assert wilson_interval(3 / 17, 17) == pytest.approx((theirs.low, theirs.high))


def test_the_interval_of_the_auc_is_delongs_where_every_row_is_a_pupil():
    rows, _ = _rows(n=120)
    line = group_rates(rows, pd.Series(["all"] * 120), 10).loc["all"]
    one, none = rows.risks[rows.outcomes == 1], rows.risks[rows.outcomes == 0]
    wins = (one[:, None] > none[None, :]).astype(float)
    auc = wins.mean()
    error = math.sqrt(wins.mean(1).var(ddof=1) / len(one) + wins.mean(0).var(ddof=1) / len(none))
    half = 1.959963984540054 * error / (auc * (1 - auc))
    low, high = (1 / (1 + math.exp(-(math.log(auc / (1 - auc)) + side * half))) for side in (-1, 1))
    assert (line["auc"], line["auc_low"], line["auc_high"]) == pytest.approx((auc, low, high), rel=1e-6)


def test_the_same_rows_twice_do_not_make_an_interval_narrower():
    rows, _ = _rows(n=200)
    rows = AuditRows.of(rows.outcomes, rows.risks, np.zeros(200), None, 0.2)
    once = group_rates(rows, pd.Series(["all"] * 200), 10).loc["all"]
    both = AuditRows.of(
        np.tile(rows.outcomes, 2), np.tile(rows.risks, 2), np.repeat([1, 2], 200), np.tile(range(200), 2), 0.2
    )
    twice = group_rates(both, pd.Series(["all"] * 400), 10).loc["all"]
    for name in ("auc_low", "shift_error", "fpr_high"):
        assert twice[name] == pytest.approx(once[name], rel=0.02)


def test_a_shift_is_drawn_to_the_common_one_the_more_the_less_is_known():
    rng = np.random.default_rng(1)
    sizes = {"a": 4000, "b": 4000, "c": 4000, "d": 150}
    groups = np.repeat(list(sizes), list(sizes.values()))
    risks = np.full(len(groups), 0.2)
    true = pd.Series(groups).map({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.3}).to_numpy()
    rows = AuditRows.of(
        (rng.uniform(size=len(groups)) < true).astype(int), risks, np.zeros(len(groups)), None, 0.1
    )
    frame = group_rates(rows, pd.Series(groups), 10)
    drawn = (frame["shift"] - frame["shift_shrunk"]).abs()
    assert drawn["d"] > 5 * drawn["c"]
    assert 0 < frame.loc["d", "shift_shrunk"] < frame.loc["d", "shift"]


def test_columns_that_do_not_belong_together_are_refused():
    with pytest.raises(EvaluationError, match="3 outcomes, 2 dates"):
        AuditRows.of([0, 1, 1], [0.1, 0.2, 0.3], ["a", "b"], None, 0.1)
