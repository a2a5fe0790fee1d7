"""What leak checks read: the rows of a fit, and for each column how often each value goes with each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_risk.arrays import Array, Bools, Floats, Labels, Longs, Words

MOST_ROWS = 200_000
BINS = 32
_MIXING = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class ColumnCounts:
    """The different values of one column, rising, each with its number of rows by half and label.

    ``counts`` has shape (n_values, 2, 2): half of the pupils, then label; ``missing`` the same for rows
    without a value. Values are codes where the column is categorical.
    """

    name: str
    values: Floats
    counts: Longs
    missing: Longs
    is_categorical: bool

    @classmethod
    def of(cls, name: str, x: Floats, y: Labels, half: Longs, is_categorical: bool) -> ColumnCounts:
        """Count."""
        there = ~np.isnan(x)
        values, index = np.unique(x[there], return_inverse=True)
        cell = 2 * half + y
        counts = np.bincount(4 * index + cell[there], minlength=4 * len(values)).reshape(-1, 2, 2)
        return cls(name, values, counts, np.bincount(cell[~there], minlength=4).reshape(2, 2), is_categorical)

    @cached_property
    def by_label(self) -> Longs:
        """Rows of each value by label, shape (n_values, 2)."""
        return np.asarray(self.counts.sum(axis=1))

    @cached_property
    def missing_by_label(self) -> Longs:
        """Rows without a value by label."""
        return np.asarray(self.missing.sum(axis=0))

    @property
    def n_rows(self) -> int:
        """Rows counted, with and without a value."""
        return int(self.by_label.sum() + self.missing.sum())

    @property
    def is_whole(self) -> bool:
        """Whether every value is a whole number, or a category."""
        return self.is_categorical or bool((self.values == np.round(self.values)).all())

    def ranked(self) -> float:
        """Give the AUC of the values alone, in the better direction, with missing at the better end."""
        ends = [self.by_label]
        if self.missing.any():
            ends = [
                np.vstack([self.missing_by_label, self.by_label]),
                np.vstack([self.by_label, self.missing_by_label]),
            ]
        return max(max(auc, 1 - auc) for auc in map(auc_of, ends))

    def missing_alone(self) -> float:
        """Give the AUC of whether there is a value at all, in the better direction."""
        auc = auc_of(np.vstack([self.by_label.sum(axis=0), self.missing_by_label]))
        return max(auc, 1 - auc)

    def as_levels(self) -> float:
        """Give the AUC of the share of dropouts by level, learned on one half and asked of the other.

        Levels are categories, single values where there are few, else bins of equally many rows; missing
        is one more. So a code that ranks nothing (2 for dropouts, 1 and 3 for others) is seen as well.
        """
        counts = self.counts
        if len(counts) > BINS and not self.is_categorical:
            done = np.cumsum(counts.sum(axis=(1, 2)))
            positions = np.minimum(BINS * (done - 1) // max(int(done[-1]), 1), BINS - 1)
            counts = np.add.reduceat(counts, np.unique(positions, return_index=True)[1], axis=0)
        counts = np.concatenate([counts, self.missing[np.newaxis]])
        return float(np.mean([_auc_across_halves(counts[:, one], counts[:, 1 - one]) for one in (0, 1)]))


@dataclass(frozen=True, eq=False)
class LeakTable:
    """The rows of a fit, encoded: categories as codes, NaN is missing, labels 0 and 1.

    ``categorical`` holds positions of columns, ``groups`` what the folds keep apart (the pupil of each row),
    and ``test`` marks the rows that test; the others train. ``known_late`` maps columns that are declared to
    be known only after the day of the forecast to since when; None where nothing is declared about any.
    """

    names: tuple[str, ...]
    values: Floats
    y: Labels
    categorical: frozenset[int] = frozenset()
    groups: Array | None = None
    test: Bools | None = None
    known_late: Mapping[str, str] | None = None

    @cached_property
    def group(self) -> Longs:
        """The number of each row's group, in the order of their names; without groups that of the row."""
        if self.groups is None:
            return np.arange(len(self.y))
        return np.asarray(np.unique(self.groups, return_inverse=True)[1].reshape(-1), dtype=np.int64)

    @cached_property
    def n_groups(self) -> int:
        """Number of different groups."""
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def is_repeated(self) -> bool:
        """Whether groups of several rows were given."""
        return self.groups is not None and self.n_groups < len(self.y)

    @cached_property
    def counted(self) -> Bools | slice:
        """The rows whose columns are counted: all, or those of a part of the groups where there are many."""
        if len(self.y) <= MOST_ROWS:
            return slice(None)
        kept = np.uint64(2**64 - 1) // np.uint64(len(self.y)) * np.uint64(MOST_ROWS)
        return np.asarray(mix_bits(self.group) <= kept)

    @cached_property
    def columns(self) -> list[ColumnCounts]:
        """The counts of each column."""
        rows, y = self.counted, self.y[self.counted]
        half = np.asarray(mix_bits(self.group[rows]) >> np.uint64(20) & np.uint64(1), dtype=np.int64)
        return [
            ColumnCounts.of(name, self.values[rows, index], y, half, index in self.categorical)
            for index, name in enumerate(self.names)
        ]

    @cached_property
    def of_class(self) -> tuple[int, int]:
        """Number of groups without and with a dropout: what chance is judged by."""
        ones = len(np.unique(self.group[self.y == 1]))
        return self.n_groups - ones or len(np.unique(self.group[self.y == 0])), ones

    def sigmas(self, auc: float) -> float:
        """Give how many standard errors of chance an AUC lies from one half."""
        zeros, ones = self.of_class
        if not zeros or not ones:
            return 0.0
        return abs(auc - 0.5) / float(np.sqrt((zeros + ones + 1) / (12 * zeros * ones)))


def auc_of(counts: Longs) -> float:
    """Give the AUC of levels in rising order from their rows by label; one half where a class is empty.

    >>> auc_of(np.array([[2, 0], [1, 1], [0, 2]]))
    0.9444444444444444
    """
    zeros, ones = counts[:, 0].astype(np.float64), counts[:, 1].astype(np.float64)
    if not zeros.sum() or not ones.sum():
        return 0.5
    below = np.cumsum(zeros) - zeros / 2
    return float((below * ones).sum() / (zeros.sum() * ones.sum()))


def mix_bits(numbers: Longs) -> Words:
    """Scatter whole numbers over 64 bits, the same way every time."""
    bits = numbers.astype(np.uint64) * _MIXING
    bits ^= bits >> np.uint64(29)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(bits ^ bits >> np.uint64(32))


def _auc_across_halves(learned: Longs, asked: Longs) -> float:
    """Order levels by the share of dropouts in one half, and give the AUC in the other."""
    total = learned.sum(axis=0)
    base = total[1] / max(total.sum(), 1)
    share = (learned[:, 1] + 2 * base) / (learned.sum(axis=1) + 2)
    _, index = np.unique(share, return_inverse=True)
    merged = np.zeros((index.max() + 1, 2), dtype=np.int64)
    np.add.at(merged, index, asked)
    return auc_of(merged)
