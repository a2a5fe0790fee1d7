"""Bins are as many as the data bear out, and never turn back where a direction is declared."""

import numpy as np
import pytest

from dropout_risk.modelling.learners.scorecard import MOST_BINS, Bins, merge_cells


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
