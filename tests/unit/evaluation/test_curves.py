import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.evaluation.metrics import wilson_interval
from dropout_risk.evaluation.result import calibration_bins, capacity_points, roc_points
from dropout_risk.evaluation.section import Table


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=200))
def test_calibration_bins_hold_every_row_once_in_rising_order(pairs):
    y, p = np.array([a for a, _ in pairs], float), np.array([b / 20 for _, b in pairs])
    bins = calibration_bins(y, p)
    assert sum(item["n"] for item in bins) == len(pairs)
    assert sum(item["n"] * item["observed"] for item in bins) == pytest.approx(y.sum())
    assert sum(item["n"] * item["mean_risk"] for item in bins) == pytest.approx(p.sum())
    means = [item["mean_risk"] for item in bins]
    assert means == sorted(means)
    assert all(
        item["low"] <= item["observed"] + 1e-12 and item["observed"] <= item["high"] + 1e-12 for item in bins
    )


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (50, 200), (10, 10)])
def test_the_wilson_interval_is_scipys(hits, n):
    from scipy.stats import binomtest

    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((expected.low, expected.high))


def test_roc_points_run_from_none_to_all_and_enclose_the_auc():
    rng = np.random.default_rng(0)
    y = (rng.random(500) < 0.2).astype(float)
    p = np.clip(0.2 + 0.2 * y + rng.normal(0, 0.1, 500), 0, 1)
    points = roc_points(y, p)
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    from sklearn.metrics import roc_auc_score

    assert area == pytest.approx(roc_auc_score(y, p), abs=0.01)


def test_recall_never_falls_with_a_longer_list():
    rng = np.random.default_rng(1)
    y = (rng.random(300) < 0.2).astype(float)
    recall = [point["recall_expected"] for point in capacity_points(y, rng.random(300), np.zeros(300))]
    assert recall == sorted(recall)


def test_tables_escape_html_and_markdown():
    table = Table("<t>", ["a|b"], [["<i>\\"]])
    assert "<i>" not in table.to_html()
    assert "&lt;t&gt;" in table.to_html()
    assert "| &lt;i&gt;\\\\ |" in table.to_markdown()
    assert "a\\|b" in table.to_markdown()
