"""Folds of whole groups, such as schools or courses, with about as many rows and dropouts in each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Array, Bools, Labels, Longs, Positions
from dropout_risk.modelling.folds.splits import dealt_folds
from dropout_risk.text import Text

FEWEST_FOLDS = 2
LARGE_SHARE = 0.25
"""Share of a fold's rows from which on a group that holds both classes is dealt by its size."""
IN_GROUPS = Text(
    zh="折按整组划分（共{groups}组），同一组不会同时出现在训练和验证两边。",
    en="Folds hold whole groups ({groups} of them), none of which is on both sides.",
)
NOT_IN_GROUPS = Text(
    zh="{groups}组无法分成两类学生都有的折，因此改按学生分折：对新的组，效果可能偏乐观。",
    en="The {groups} groups cannot be dealt into folds that hold both classes, so folds were dealt by "
    "pupils: figures may flatter what happens in a new group.",
)


class GroupFoldsWarning(UserWarning):
    """Groups that cannot be dealt into folds with both classes, so that they were not kept apart."""


@dataclass(frozen=True, eq=False)
class GroupFolds:
    """The fold of each row, and what is to be said of it; None for ``folds`` where a class is too rare.

    >>> keys = [school for school in (b"north", b"south", b"east", b"west") for _ in range(30)]
    >>> y = np.tile(np.array([1, 0, 0], dtype=np.int8), 40)
    >>> dealt = GroupFolds.dealt(keys, keys, y, n_folds=5)
    >>> dealt.n_folds, np.bincount(dealt.folds).tolist()
    (4, [30, 30, 30, 30])
    """

    folds: Positions | None
    note: Text | None = None

    @property
    def n_folds(self) -> int:
        """How many folds there are."""
        return 0 if self.folds is None else int(self.folds.max()) + 1

    @classmethod
    def dealt(
        cls, keys: Sequence[bytes], owners: Sequence[bytes], y: Labels, n_folds: int, seed: int = 0
    ) -> GroupFolds:
        """Deal groups (``keys``) to folds; where that cannot be, their pupils (``owners``), with a warning.

        Groups of few rows are dealt like cards, class by class. Large ones that hold both classes are dealt
        from the largest on, each to the fold that has least of what the group brings, so that rows and
        dropouts are spread; of as many folds as leave both classes in each.
        """
        groups, code = np.unique(np.array(keys, dtype=object), return_inverse=True)
        sizes = np.array([np.bincount(code, y == label, len(groups)) for label in (0, 1)])
        mixed = (sizes > 0).all(axis=0)
        large = bool((sizes.sum(axis=0)[mixed] > LARGE_SHARE * len(y) / n_folds).any())
        rarer = int(min(_n_with(code, y == 1), len(groups) - _n_with(code, y == 1)))
        if rarer >= FEWEST_FOLDS and not large:
            return cls(dealt_folds(keys, y, min(n_folds, rarer), seed))
        for number in range(min(n_folds, len(groups)), FEWEST_FOLDS - 1, -1):
            fold_of_group = _balanced_folds(sizes, _hash_order(groups, seed), number)
            if _all_hold_both(sizes, fold_of_group, number):
                return cls(fold_of_group[code], IN_GROUPS.filled(groups=len(groups)))
        return cls._by_owners(keys, owners, y, n_folds, seed)

    @classmethod
    def _by_owners(
        cls, keys: Sequence[bytes], owners: Sequence[bytes], y: Labels, n_folds: int, seed: int
    ) -> GroupFolds:
        ones = {key for key, label in zip(owners, y, strict=True) if label}
        rarer = min(len(ones), len(set(owners) - ones))
        if rarer < FEWEST_FOLDS:
            return cls(None)
        folds = dealt_folds(owners, y, min(n_folds, rarer), seed)
        if list(keys) == list(owners):
            return cls(folds)
        note = NOT_IN_GROUPS.filled(groups=len(set(keys)))
        warnings.warn(note.en, GroupFoldsWarning, stacklevel=6)
        return cls(folds, note)


def _n_with(code: Longs, rows: Bools) -> int:
    return len(np.unique(code[rows]))


def _hash_order(groups: Array, seed: int) -> Longs:
    """Give each group a number that hangs on its name and the seed alone."""
    alone = dealt_folds(list(groups), np.zeros(len(groups), np.int8), max(len(groups), 1), seed)
    return alone.astype(np.int64)


def _balanced_folds(sizes: Longs, order: Longs, n_folds: int) -> Positions:
    """Deal groups from the largest on; each goes where the largest share of a class, with it, is least."""
    shares = sizes / np.maximum(sizes.sum(axis=1, keepdims=True), 1)
    held = np.zeros((2, n_folds))
    fold = np.empty(sizes.shape[1], dtype=np.intp)
    for group in np.lexsort((order, -shares.max(axis=0))):
        after = held + shares[:, [group]]
        best = np.lexsort((after.sum(axis=0), after.max(axis=0)))[0]
        fold[group] = best
        held[:, best] += shares[:, group]
    return fold


def _all_hold_both(sizes: Longs, fold_of_group: Positions, n_folds: int) -> bool:
    """Say whether each fold holds rows of both classes: then so do the others together."""
    return all(np.bincount(fold_of_group, of_class, n_folds).min() > 0 for of_class in sizes)
