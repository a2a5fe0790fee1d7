"""Gaps: right denominators, right intervals, no pair left out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from dropout_risk.evaluation.questions.fairness_rates import (
    AuditRows,
    compare_groups,
    group_rates,
    holm_adjusted,
    newcombe_interval,
    p_of_difference,
)


def _rates(missed, listed, stayed=200):
    """Groups by name, of so many missed and listed who dropped out; nobody who stayed is listed."""
    outcomes, risks, groups = [], [], []
    for name in missed:
        n = missed[name] + listed[name] + stayed
        outcomes += [1] * (missed[name] + listed[name]) + [0] * stayed
        risks += [0.1] * missed[name] + [0.9] * listed[name] + [0.2] * stayed
        groups += [name] * n
    share = sum(listed.values()) / len(outcomes)
    rows = AuditRows.of(outcomes, risks, np.zeros(len(outcomes)), None, share)
    return {"sex": group_rates(rows, pd.Series(groups), 10)}


def test_a_gap_of_missed_pupils_is_tested_on_those_who_dropped_out_not_on_all_pupils():
    """Fault 1 of edvise: its test takes the size of the group, so chance looks like a finding."""
    found = compare_groups(_rates({"f": 12, "m": 8}, {"f": 8, "m": 12}), "fnr")[0]
    right = chi2_contingency([[12, 8], [8, 12]], correction=False).pvalue
    wrong = chi2_contingency([[132, 88], [88, 132]], correction=False).pvalue
    assert found.p == pytest.approx(right)
    assert right > 0.2 > 0.001 > wrong


def test_a_pair_in_which_one_group_has_nobody_missed_is_compared():
    """Fault 3 of edvise: it skips such pairs, which are the largest gaps there are."""
    found = compare_groups(_rates({"f": 30, "m": 0}, {"f": 10, "m": 40}), "fnr")
    assert [(gap.higher, gap.lower, gap.size) for gap in found] == [("f", "m", 0.75)]
    assert found[0].beyond(0.1)
    assert found[0].p < 1e-6


def test_a_gap_that_chance_explains_is_not_beyond_the_bound():
    found = compare_groups(_rates({"f": 6, "m": 4}, {"f": 4, "m": 6}), "fnr")[0]
    assert found.size == pytest.approx(0.2)
    assert found.low < 0 < found.high
    assert not found.beyond(0.1)


def test_more_groups_make_the_intervals_of_all_pairs_wider():
    two = compare_groups(_rates({"a": 35, "b": 15}, {"a": 15, "b": 35}), "fnr")[0]
    many = dict.fromkeys("cdefgh", 25)
    eight = compare_groups(_rates({"a": 35, "b": 15} | many, {"a": 15, "b": 35} | many), "fnr")[0]
    assert (two.pairs, eight.pairs) == (1, 28)
    assert eight.low < two.low < two.high < eight.high
    assert eight.p_adjusted == pytest.approx(28 * eight.p)


def test_a_gap_among_many_attributes_must_be_beyond_chance_among_all_their_pairs():
    alone = _rates({"f": 18, "m": 8}, {"f": 12, "m": 22})
    assert compare_groups(alone, "fnr")[0].beyond(0.1)
    even = {f"a{number}": _rates({"f": 15, "m": 15}, {"f": 15, "m": 15})["sex"] for number in range(20)}
    among = compare_groups(alone | even, "fnr")[0]
    assert among.low > 0
    assert among.p_adjusted > 0.05
    assert not among.beyond(0.1)


def test_an_attribute_with_one_group_to_show_has_no_gap():
    assert compare_groups(_rates({"f": 30, "m": 3}, {"f": 10, "m": 3}), "fnr") == []


def test_of_many_groups_every_pair_is_counted_and_the_largest_are_told():
    names = [f"s{number:02d}" for number in range(30)]
    found = compare_groups(
        _rates({name: 10 + number for number, name in enumerate(names)}, dict.fromkeys(names, 20)), "fnr"
    )
    assert len(found) == 100
    assert (found[0].higher, found[0].lower, found[0].pairs) == ("s29", "s00", 435)


@given(st.integers(10, 60), st.integers(10, 60), st.data())
def test_an_interval_holds_the_difference_and_stays_within_one(n1, n2, data):
    p1, p2 = (data.draw(st.integers(0, n)) / n for n in (n1, n2))
    low, high = newcombe_interval(*(np.array([x], dtype=float) for x in (p1, n1, p2, n2)), z=1.96)
    assert -1 <= low[0] <= p1 - p2 + 1e-12
    assert p1 - p2 - 1e-12 <= high[0] <= 1


def test_intervals_hold_the_true_difference_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    one, two = rng.binomial(25, 0.9, 4000) / 25, rng.binomial(40, 0.7, 4000) / 40
    low, high = newcombe_interval(one, np.full(4000, 25.0), two, np.full(4000, 40.0), z=1.959964)
    assert np.mean((low <= 0.2) & (high >= 0.2)) == pytest.approx(0.95, abs=0.015)


def test_equal_shares_of_zero_do_not_differ():
    assert p_of_difference(*(np.array([x]) for x in (0.0, 12.0, 0.0, 30.0))).tolist() == [1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_a_stepwise_loop_rejects(p):
    adjusted, alive = holm_adjusted(np.array(p)), True
    for step, place in enumerate(np.argsort(p, kind="stable")):
        alive = alive and p[place] * (len(p) - step) <= 0.05
        assert (adjusted[place] <= 0.05) == alive
