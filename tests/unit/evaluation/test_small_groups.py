import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.evaluation.questions.fairness import _covering_groups, _group_table
from dropout_risk.evaluation.questions.list_section import _school_table
from dropout_risk.evaluation.report_tables import _levels_in_words
from dropout_risk.evaluation.small_groups import FEWEST, WITHHELD, withheld_groups

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


@given(COUNTS)
def test_what_a_total_leaves_is_never_a_small_group(counts):
    """A reader has the total and every number that is shown: only the sum of the withheld ones is left."""
    hidden = withheld_groups(counts)
    sizes = np.array(counts)
    assert hidden[(sizes > 0) & (sizes < FEWEST)].all()
    if hidden.any() and not hidden[sizes > 0].all():
        assert hidden.sum() >= 2
        assert sizes[hidden].sum() >= FEWEST


@given(COUNTS)
def test_nothing_is_withheld_where_no_group_is_small(counts):
    sizes = np.array(counts)
    if not ((sizes > 0) & (sizes < FEWEST)).any():
        assert not withheld_groups(counts).any()


@given(COUNTS, st.permutations(range(8)))
def test_how_many_are_withheld_does_not_depend_on_the_order(counts, order):
    shuffled = [counts[place] for place in order if place < len(counts)]
    assert withheld_groups(shuffled).sum() == withheld_groups(counts).sum()


def test_a_small_grade_level_is_withheld_with_the_next_smallest():
    assert _levels_in_words({"7": 40, "8": 3, "9": 25}) == "7 (40), 8 (–), 9 (–)"
    assert _levels_in_words({"7": 40, "9": 25}) == "7 (40), 9 (25)"
    assert _levels_in_words({}) is None


def rates(**groups):
    """Rates of groups: pupils, and whether a group is large enough."""
    figures = ("positives", "fnr", "fpr", "selection", "mean_risk", "observed", "shift", "shift_error",
               "shift_shrunk", "auc")  # fmt: skip
    frame = pd.DataFrame.from_dict(groups, orient="index", columns=["pupils", "shown"])
    for name in figures:
        frame[name] = 0.123456
        frame[f"{name}_low"] = frame[f"{name}_high"] = 0.123456
    frame["positives"] = 20.0
    return frame


def test_beside_a_small_group_the_next_keeps_its_rates_and_loses_its_counts():
    rows = {str(row[0]): row for row in _group_table("sex", rates(
        female=(120, True), male=(140, True), other=(4, False))).rows}  # fmt: skip
    cover = next(row for row in rows.values() if WITHHELD in row)
    whole = next(row for row in rows.values() if 140 in row)
    assert cover[1:3] == (WITHHELD, WITHHELD)
    assert cover[3] == whole[3]
    assert 0.12 in cover
    assert 120 not in cover


def test_two_small_groups_that_are_enough_together_cover_each_other():
    assert _covering_groups(rates(a=(120, True), b=(6, False), c=(7, False))) == set()
    assert _covering_groups(rates(a=(120, True), b=(2, False), c=(3, False))) == {"a"}
    assert _covering_groups(rates(a=(120, True), b=(30, True))) == set()


class Top:
    """The list of one school, in counts."""

    def __init__(self, n, positives):
        from dropout_risk.evaluation.questions.capacity import TieBounds, TopRanked

        self.made = TopRanked(max(n // 20, 1), n, positives, TieBounds(0, 0, 0))


@pytest.mark.parametrize(("dropouts", "shown"), [
    ([40, 30, 3], ["s0"]), ([40, 30, 20], ["s0", "s1", "s2"]), ([40, 3, 8], ["s0"]), ([40, 30, 2, 3], ["s0"]),
])  # fmt: skip
def test_a_school_with_few_dropouts_never_stands_alone_in_the_last_row(dropouts, shown):
    schools = [(f"s{place}", Top(10 * number, number).made) for place, number in enumerate(dropouts)]
    rows = _school_table(schools).rows
    assert [row[0] for row in rows if isinstance(row[0], str)] == shown
    together = [row for row in rows if not isinstance(row[0], str)]
    assert all(row[2] >= FEWEST for row in together)
