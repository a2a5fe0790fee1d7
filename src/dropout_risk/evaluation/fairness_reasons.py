"""Reasons by group at equal risk: whether pupils of like risk get other reasons in other groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.fairness_rates import AuditRows

COMPARED = 0.2
"""The share of pupils with the highest risks: below it a leading reason says little."""
FEWEST = 20
MOST_BINS, PUPILS_PER_BIN = 10, 40
SHUFFLES = 999
NONE = "none"
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReasonShares:
    """Leading reasons of the groups of one attribute, beside what their risks alone would give.

    Parameters
    ----------
    shares, expected : DataFrame
        By group and kind of reason: the share of pupils it leads for, and the share it would lead for if
        within each bin of risk the group were like everyone.
    pupils : Series of int
        Pupils compared, by group; groups with fewer than 20 are left out of both tables.
    distance : Series of float
        Total variation distance of each group's shares from the expected ones (0: none, 1: all differ).
    overall, by_chance, p : float
        The mean distance, its mean if groups are dealt at random within bins of risk, and the share of
        such deals that are as far apart.
    """

    shares: pd.DataFrame
    expected: pd.DataFrame
    pupils: pd.Series
    distance: pd.Series
    overall: float
    by_chance: float
    p: float


def leading(sums: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Name the column that raises the risk most, or "none".

    >>> leading(pd.DataFrame({"attendance": [0.4, -1.0], "grades": [0.9, -0.2]})).tolist()
    ['grades', 'none']
    """
    values = sums.to_numpy(dtype=np.float64)
    names = np.array([*sums.columns, NONE], dtype=object)
    place = np.where(values.max(axis=1) > 0, values.argmax(axis=1), len(sums.columns))
    return np.asarray(names[place])


def reasons_at_equal_risk(
    rows: AuditRows, groups: pd.Series, sums: pd.DataFrame, *, seed: int = 0
) -> ReasonShares | None:
    """Compare the leading reasons of the groups of one attribute among pupils of like risk.

    Of each pupil the last day counts; of these the fifth with the highest risks is compared, in bins of risk.

    Parameters
    ----------
    rows : AuditRows
        The test part.
    groups : Series of str
        The group of each row.
    sums : DataFrame
        Contributions summed by domain or by cause, one row per row.
    seed : int, default=0
        Deals the groups.

    Returns
    -------
    ReasonShares or None
        None where fewer than two groups are large enough.
    """
    last = _last_rows(rows)
    risk = rows.risks[last]
    high = last[risk >= np.quantile(risk, 1 - COMPARED)]
    names = groups.to_numpy(dtype=object)
    large = [name for name, n in sorted(pd.Series(names[high]).value_counts().items()) if n >= FEWEST]
    high = high[np.isin(names[high].astype(str), [str(name) for name in large])]
    if len(large) < 2:
        return None
    group = pd.Categorical(names[high], categories=large).codes
    words = [*map(str, sums.columns), NONE]
    word = pd.Categorical(leading(sums.iloc[high]), categories=words).codes
    table = _tables(_bins(rows.risks[high]), np.asarray(group), np.asarray(word), len(large), len(words))
    dealt = _dealt(table, seed)
    observed, expected = table.sum(axis=0), _expected(table)
    n = observed.sum(axis=1)
    distance = _distance(observed, expected)
    overall, by_chance = distance @ n / n.sum(), _distance(dealt, expected) @ n / n.sum()
    return ReasonShares(
        shares=pd.DataFrame(observed / n[:, None], index=large, columns=words),
        expected=pd.DataFrame(expected / n[:, None], index=large, columns=words),
        pupils=pd.Series(n, index=large),
        distance=pd.Series(distance, index=large),
        overall=float(overall),
        by_chance=float(by_chance.mean()),
        p=float((1 + (by_chance >= overall - 1e-12).sum()) / (1 + SHUFFLES)),
    )


def _last_rows(rows: AuditRows) -> npt.NDArray[np.intp]:
    order = np.argsort(rows.days, kind="stable")
    place = np.full(int(rows.pupils.max()) + 1, -1, dtype=np.intp)
    place[rows.pupils[order]] = order
    return np.sort(place[place >= 0])


def _bins(risks: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    n_bins = int(np.clip(len(risks) // PUPILS_PER_BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(risks, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, risks, side="right")


def _tables(bins: Any, group: Any, word: Any, n_groups: int, n_words: int) -> Counts:
    table = np.zeros((int(bins.max()) + 1, n_groups, n_words), dtype=np.int64)
    np.add.at(table, (bins, group, word), 1)
    return np.asarray(table[table.sum(axis=(1, 2)) > 0])


def _expected(table: Counts) -> npt.NDArray[np.float64]:
    """Give each group the words of everyone in its bins."""
    of_group, of_word = table.sum(axis=2), table.sum(axis=1)
    return np.asarray(
        (of_group[:, :, None] * of_word[:, None, :] / of_group.sum(axis=1)[:, None, None]).sum(0)
    )


def _dealt(table: Counts, seed: int) -> Counts:
    """Deal the groups at random within each bin; rows and columns keep their sums."""
    from scipy.stats import random_table

    rng = np.random.default_rng(seed)
    dealt = np.zeros((SHUFFLES, *table.shape[1:]), dtype=np.int64)
    for part in table:
        dealt += random_table.rvs(part.sum(axis=1), part.sum(axis=0), size=SHUFFLES, random_state=rng).astype(
            int
        )
    return dealt


def _distance(counts: npt.NDArray[Any], expected: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.abs(counts - expected).sum(axis=-1) / 2 / expected.sum(axis=-1))
