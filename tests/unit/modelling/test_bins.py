"""Bins are as many as the data bear out, and never turn back where a direction is declared."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.modelling.learners.scorecard import MOST_BINS, SMALLEST_SHARE, Bins, merge_cells


def rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    column = rng.exponential(size=n)
    y = (rng.random(n) < np.where(column > 1, 0.4, 0.1)).astype(np.int8)
    return np.where(rng.random(n) < 0.1, np.nan, column), y


def test_bins_part_where_the_share_jumps_and_nowhere_else():
    edges = Bins.of_numbers(*rows(), 0).edges
    assert edges
    assert edges == pytest.approx([1.0] * len(edges), abs=0.15)


def test_noise_makes_one_bin():
    column, _ = rows()
    y = (np.random.default_rng(1).random(len(column)) < 0.2).astype(np.int8)
    assert Bins.of_numbers(column, y, 0).n_bins == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_direction_is_kept(seed):
    rng = np.random.default_rng(seed)
    column = rng.normal(size=1500)
    y = (rng.random(1500) < 0.3 + 0.25 * np.sin(2 * column)).astype(np.int8)
    bins = Bins.of_numbers(column, y, 1)
    evidence = bins.evidence(column, y, 1)[:-1]
    assert (np.diff(evidence) >= 0).all()
    assert bins.n_bins <= MOST_BINS


def test_a_contradicted_direction_leaves_one_bin():
    column, y = rows()
    assert Bins.of_numbers(column, y, -1).n_bins == 1


def test_missing_is_the_last_bin():
    column, y = rows()
    bins = Bins.of_numbers(column, y, 0)
    assert set(bins.find_bins(column)[np.isnan(column)]) == {bins.n_bins}


def test_categories_of_like_shares_share_a_bin():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 4000).astype(float)
    y = (rng.random(4000) < np.array([0.1, 0.5, 0.1, 0.5])[codes.astype(int)]).astype(np.int8)
    assert Bins.of_categories(codes, y).groups == (0, 1, 0, 1)


def test_a_category_that_the_fit_did_not_see_counts_as_missing():
    bins = Bins.of_categories(np.array([0.0, 1.0] * 50), np.array([0, 1] * 50, dtype=np.int8))
    assert bins.find_bins(np.array([7.0, np.nan])).tolist() == [bins.n_bins, bins.n_bins]


def test_merging_loses_the_least_likelihood():
    assert merge_cells(np.array([500, 500, 500, 500]), np.array([10, 12, 150, 160]), 0) == [1]


def merged_by_a_plain_loop(cells, direction):
    """What merging is: each time every pair of neighbours is looked at anew."""
    bins = [(n, k, end) for end, (n, k) in enumerate(cells)]
    total = sum(n for n, _ in cells)

    def share(item):
        return item[1] / item[0] if item[0] else 0.0

    def likelihood(n, k):
        return sum(part * math.log(part / n) for part in (k, n - k) if part)

    while len(bins) > 1:
        pairs = [(bins[i], bins[i + 1]) for i in range(len(bins) - 1)]
        loss = [
            likelihood(*a[:2]) + likelihood(*b[:2]) - likelihood(a[0] + b[0], a[1] + b[1]) for a, b in pairs
        ]
        small = [i for i, (a, b) in enumerate(pairs) if min(a[0], b[0]) < SMALLEST_SHARE * total]
        wrong = [i for i, (a, b) in enumerate(pairs) if direction * (share(b) - share(a)) < 0]
        least = min(small or wrong or range(len(pairs)), key=lambda i: loss[i])
        worth = 0.5 * math.log(max(total, 2))
        if not small and not wrong and len(bins) <= MOST_BINS and loss[least] > worth:
            break
        (n, k, _), (m, j, end) = pairs[least]
        bins[least : least + 2] = [(n + m, k + j, end)]
    return [end for _, _, end in bins[:-1]]


CELLS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (max(pair), min(pair)))


@given(st.lists(CELLS, min_size=1, max_size=60), st.sampled_from([-1, 0, 1]))
def test_merging_is_that_of_a_plain_loop(cells, direction):
    rows, events = np.array(cells).T
    assert merge_cells(rows, events, direction) == merged_by_a_plain_loop(cells, direction)


def test_ten_thousand_words_are_put_together_within_seconds():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10_000, 20_000).astype(float)
    y = (rng.random(20_000) < 0.2).astype(np.int8)
    begun = time.process_time()
    assert Bins.of_categories(codes, y).n_bins <= MOST_BINS
    assert time.process_time() - begun < 10
