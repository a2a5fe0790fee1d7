"""Splits without regard to time: at random by pupil, and by school."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dropout_risk.errors import SplitError
from dropout_risk.modelling.split_dates import Positions, keys_of
from dropout_risk.modelling.splits import dealt_folds


@dataclass(frozen=True)
class RandomSplit:
    """Folds dealt at random, all rows of a pupil in the same one: **no forecast**, training sees the future.

    A term that was hard for everybody, a new head teacher or a closed road is in training and in the test
    alike, so figures are better than any later day will be. Use it to compare with published figures, and
    name it: a report made from one says so.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds; each tests once.
    seed : int, default=0
        Another seed deals otherwise.

    Examples
    --------
    >>> X = pd.DataFrame({"absent": range(6)})
    >>> split = RandomSplit(n_splits=3)
    >>> [test.tolist() for _, test in split.split(X, groups=["a", "a", "b", "b", "c", "c"])]
    [[2, 3], [0, 1], [4, 5]]
    """

    n_splits: int = 5
    seed: int = 0
    kind = "random"

    def __post_init__(self) -> None:
        """Check that there are at least two folds."""
        _require_folds(self.n_splits)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Give the number of splits, as scikit-learn asks."""
        return self.n_splits

    def split(
        self, X: pd.DataFrame | ArrayLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows of each fold.

        Parameters
        ----------
        X : DataFrame or array-like
            The rows.
        y : array-like, optional
            Labels 0 and 1, whose share is then about the same in every fold.
        groups : array-like, optional
            The pupil of each row; by default the index level ``student_id``, else each row is a pupil.

        Raises
        ------
        SplitError
            If there are fewer pupils than folds.
        """
        keys = keys_of(X, groups, "student_id", otherwise=np.arange(len(np.asarray(X))))
        labels = np.zeros(len(keys), dtype=np.int8) if y is None else np.asarray(y).astype(np.int8)
        yield from _each(keys, labels, self.n_splits, self.seed, "pupils")


@dataclass(frozen=True)
class SchoolSplit:
    """Each school is left out once, whatever the dates: how the model does at a school it never saw.

    Where rows have as-of dates, ``TemporalSplit(schools="leave_out")`` asks the harder question: at a new
    school *and* later.

    Parameters
    ----------
    n_splits : int, optional
        Parts into which schools are dealt; by default each school is one.

    Examples
    --------
    >>> X = pd.DataFrame({"absent": range(4)})
    >>> [test.tolist() for _, test in SchoolSplit().split(X, groups=["north", "south", "north", "east"])]
    [[3], [0, 2], [1]]
    """

    n_splits: int | None = None
    kind = "school"

    def __post_init__(self) -> None:
        """Check that there are at least two folds."""
        _require_folds(2 if self.n_splits is None else self.n_splits)

    def get_n_splits(
        self, X: pd.DataFrame | None = None, y: object = None, groups: ArrayLike | None = None
    ) -> int:
        """Give the number of splits, as scikit-learn asks: the number of schools, if none was given."""
        return self.n_splits or len(pd.unique(keys_of(X, groups, "school_id")))

    def split(
        self, X: pd.DataFrame | None = None, y: object = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows, school by school.

        Parameters
        ----------
        X : DataFrame, optional
            The rows.
        y : ignored
            For scikit-learn.
        groups : array-like, optional
            The school of each row; by default the index level ``school_id``.

        Raises
        ------
        SplitError
            If there are fewer schools than parts.
        """
        keys = keys_of(X, groups, "school_id")
        if self.n_splits is not None:
            yield from _each(keys, np.zeros(len(keys), dtype=np.int8), self.n_splits, 0, "schools")
            return
        codes, names = pd.factorize(keys, sort=True)
        _require_groups(len(names), 2, "schools")
        for place in range(len(names)):
            yield np.flatnonzero(codes != place), np.flatnonzero(codes == place)


def _each(
    keys: NDArray[np.generic], y: NDArray[np.int8], n_splits: int, seed: int, what: str
) -> Iterator[tuple[Positions, Positions]]:
    codes, names = pd.factorize(keys, sort=True)
    _require_groups(len(names), n_splits, what)
    label = np.zeros(len(names), dtype=np.int8)
    np.maximum.at(label, codes, y)
    fold = dealt_folds([str(name).encode() for name in names], label, n_splits, seed)[codes]
    for number in range(n_splits):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _require_folds(n_splits: int) -> None:
    if n_splits < 2:
        raise SplitError(f"n_splits must be at least 2, got {n_splits!r}.", hint="5 is usual")


def _require_groups(number: int, n_splits: int, what: str) -> None:
    if number < n_splits:
        raise SplitError(
            f"{number} {what} cannot be dealt into {n_splits} folds.",
            hint=f"give rows of more {what}, or lower n_splits",
        )
