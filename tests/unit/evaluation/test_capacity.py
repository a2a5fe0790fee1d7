"""Lists of limited length against every possible order of ties."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.questions.capacity import Lists, at_same_length, at_top_share, top_count

tied_rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.5, 0.9])), min_size=1, max_size=7)


def at_top_count(y, p, k):
    truth, risks = np.array(y, dtype=float), np.array(p, dtype=float)
    return Lists.of(truth, risks, np.zeros(len(y)), lambda _: np.array([k])).total()


def _hits_of_every_order(y, p, k):
    """Hits of the first k rows for every permutation that sorts by falling risk."""
    for order in itertools.permutations(range(len(y))):
        ranked = [p[row] for row in order]
        if ranked == sorted(ranked, reverse=True):
            yield sum(y[row] for row in order[:k])


@given(tied_rows, st.integers(0, 8))
def test_worst_expected_and_best_are_those_of_all_orders_of_the_ties(pairs, k):
    y, p = [a for a, _ in pairs], [b for _, b in pairs]
    hits = list(_hits_of_every_order(y, p, k))
    found = at_top_count(y, p, k).hits
    assert (found.worst, found.best) == (min(hits), max(hits))
    assert found.expected == pytest.approx(sum(hits) / len(hits))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=60), st.floats(0.01, 1))
def test_worst_is_at_most_expected_is_at_most_best(pairs, share):
    top = at_top_share([a for a, _ in pairs], [b / 4 for _, b in pairs], share)
    for bounds in (top.hits, top.precision):
        assert bounds.worst <= bounds.expected + 1e-12 <= bounds.best + 2e-12


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=2, max_size=40), st.randoms())
def test_row_order_does_not_matter(pairs, random):
    mixed = random.sample(pairs, len(pairs))
    one, other = (
        at_top_share([a for a, _ in rows], [b / 4 for _, b in rows], 0.3) for rows in (pairs, mixed)
    )
    assert one == other


def test_precision_recall_and_lift_are_their_definitions():
    y, p = [1, 0, 1, 0, 0, 0, 0, 1, 0, 0], np.linspace(1, 0.1, 10)
    top = at_top_count(y, p, 4)
    assert (top.precision.expected, top.recall.expected) == (2 / 4, 2 / 3)
    assert top.lift.expected == pytest.approx((2 / 4) / (3 / 10))


def test_equal_risks_list_the_base_rate_on_average():
    top = at_top_share([1, 0, 0, 0], [0.5] * 4, 0.25)
    assert (top.precision.worst, top.precision.expected, top.precision.best) == (0.0, 0.25, 1.0)
    assert top.lift.expected == 1.0


def test_each_day_has_its_own_list():
    y, p, day = [0, 0, 1, 0], [0.9, 0.8, 0.2, 0.1], ["mon", "mon", "tue", "tue"]
    assert at_top_share(y, p, 0.5).hits.expected == 0
    assert at_top_share(y, p, 0.5, groups=day).hits.expected == 1


def test_the_same_length_as_a_rule_is_kept_on_every_day():
    y, p, day = [1, 0, 0, 1, 1], [0.9, 0.1, 0.3, 0.8, 0.7], [1, 1, 2, 2, 2]
    top = at_same_length(y, p, [False, True, True, True, False], groups=day)
    assert (top.listed, top.hits.expected, top.recall.expected) == (3, 3, 1.0)


def test_without_dropouts_there_is_no_recall_and_with_nobody_listed_no_precision():
    assert math.isnan(at_top_count([0, 0], [0.1, 0.2], 1).recall.best)
    assert math.isnan(at_top_count([0, 1], [0.1, 0.2], 0).precision.worst)


@pytest.mark.parametrize(
    ("n", "share", "count"), [(100, 0.29, 29), (19, 0.05, 1), (39, 0.05, 1), (40, 0.05, 2), (3, 1, 3)]
)
def test_a_capacity_is_never_exceeded_but_lists_at_least_one(n, share, count):
    assert top_count(n, share) == count


@pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(EvaluationError):
        top_count(10, share)
