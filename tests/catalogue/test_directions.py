"""Directions that contradict each other: two features that differ by what a class shares direct the class."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr

FIXED = 0.999
"""Share of the variance of one feature within a class from which another says the same there."""


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, pd.Series]:
    """Give the features of a district on two dates, and the class of each row."""
    records = dr.simulate_district(n_students=600, seed=3)
    cohort = dr.Cohort.on(records, ["2025-03-03", "2025-04-07"])
    parts = cohort.frame[["school_id", "class_id", "grade_level", "as_of"]].astype(str)
    return dr.build_features(records, cohort), parts.agg("|".join, axis=1)


def explained(one: pd.Series, other: pd.Series) -> float:
    """Give the square of the correlation."""
    one, other = one - one.mean(), other - other.mean()
    spread = float((one**2).sum() * (other**2).sum())
    return float((one * other).sum()) ** 2 / spread if spread > 1e-12 else np.nan


def blocked(X: pd.DataFrame, cls: pd.Series, directed: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Find pairs with a direction that are one within (almost) every class, and not over all classes.

    Beside the one, a direction of the other is a direction of what the class shares.
    """
    for one, other in combinations([name for name in X if directed[name]], 2):
        known = (X[one].notna() & X[other].notna()).to_numpy()
        pair = X.loc[known, [one, other]].reset_index(drop=True)
        within = [explained(part[one], part[other]) for _, part in pair.groupby(cls.to_numpy()[known])]
        within = [share for share in within if not np.isnan(share)]
        apart = explained(pair[one], pair[other]) < 0.95
        if len(within) >= 10 and apart and np.mean(np.array(within) > FIXED) > 0.5:
            yield one, other


def test_no_two_directions_together_direct_what_a_class_shares(rows):
    catalogue = dr.default_catalogue()
    assert list(blocked(*rows, {name: item.monotone for name, item in catalogue.items()})) == []


def test_gaps_to_the_class_beside_their_own_values_would_be_found(rows):
    directed = {name: item.worse for name, item in dr.default_catalogue().items()}
    found = set(blocked(*rows, directed))
    assert ("absence_share_20d", "absence_gap_to_class_20d") in found
    assert ("score_mean_year", "score_gap_to_class_year") in found


def test_a_gap_without_direction_is_still_never_worded_against_its_value():
    catalogue = dr.default_catalogue()
    assert catalogue["absence_gap_to_class_20d"].worse == 1
    assert catalogue["score_gap_to_class_year"].worse == -1
