"""Splits that do not fool: in time with the label gap respected, and by pupil."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dropout_risk.errors import SplitError

Positions = NDArray[np.intp]
Calendar = Mapping[Any, int] | Callable[[Any], int]


@dataclass(frozen=True)
class TemporalSplit:
    """Rolling origin over as-of dates: train on the past, test on later snapshots.

    A snapshot may train only if its labels were known when the test began: its as-of day plus the
    horizon, in school days, is not after the first as-of day of the test. Snapshots between the two
    are used by neither.

    Parameters
    ----------
    n_splits : int, default=3
        Number of test blocks, at the end of the data, one after the other.
    horizon_days : int, default=90
        School days a label looks ahead.
    test_snapshots : int, default=1
        As-of dates in each test block.
    min_train : int, default=1
        Fewest as-of dates to train on.
    calendar : mapping or callable, optional
        Gives the school-day index of an as-of date. Without it, ``as_of_index`` must be handed in.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["p1", "p2"], [0, 20, 40, 60]], names=["student_id", "as_of"])
    >>> X = pd.DataFrame({"absent": range(8)}, index=rows)
    >>> split = TemporalSplit(n_splits=2, horizon_days=30, calendar=int)
    >>> [(train.tolist(), test.tolist()) for train, test in split.split(X)]
    [([0, 4], [2, 6]), ([0, 1, 4, 5], [3, 7])]
    """

    n_splits: int = 3
    horizon_days: int = 90
    test_snapshots: int = 1
    min_train: int = 1
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        """Check that every count is a positive number."""
        for name in ("n_splits", "horizon_days", "test_snapshots", "min_train"):
            if getattr(self, name) < 1:
                raise SplitError(f"{name} must be at least 1, got {getattr(self, name)!r}.")

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Give the number of splits, as scikit-learn asks."""
        return self.n_splits

    def split(
        self,
        X: pd.DataFrame | None = None,
        y: object = None,
        groups: object = None,
        *,
        as_of: ArrayLike | None = None,
        as_of_index: ArrayLike | None = None,
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows, the earliest test first.

        Parameters
        ----------
        X : DataFrame, optional
            With an index level ``as_of``.
        y, groups : ignored
            For scikit-learn.
        as_of : array-like, optional
            The as-of date of each row, where X has no such level.
        as_of_index : array-like of int, optional
            The school-day index of each row's as-of date, where no calendar was given. Where schools
            count differently, the latest index of a training date is held against the earliest of
            the test.

        Raises
        ------
        SplitError
            If a part would be empty, with the way out.
        """
        days, index = self._days(X, as_of, as_of_index)
        for train_days, test_days in self._blocks(days, index):
            train = np.flatnonzero(np.isin(days, train_days))
            yield train, np.flatnonzero(np.isin(days, test_days))

    def frame(
        self,
        X: pd.DataFrame | None = None,
        *,
        as_of: ArrayLike | None = None,
        as_of_index: ArrayLike | None = None,
    ) -> pd.DataFrame:
        """List the splits: dates and numbers of rows of each part, and of what neither uses."""
        days, index = self._days(X, as_of, as_of_index)
        lines = []
        for number, (train_days, test_days) in enumerate(self._blocks(days, index)):
            train, test = np.isin(days, train_days).sum(), np.isin(days, test_days).sum()
            between = (days < test_days[0]).sum() - train
            lines.append(
                (number, train_days[0], train_days[-1], train, between, test_days[0], test_days[-1], test)
            )
        columns = [
            "split",
            "train_from",
            "train_to",
            "train_rows",
            "gap_rows",
            "test_from",
            "test_to",
            "test_rows",
        ]
        return pd.DataFrame(lines, columns=columns)

    def _days(
        self, X: pd.DataFrame | None, as_of: ArrayLike | None, as_of_index: ArrayLike | None
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        if as_of is not None:
            days = np.asarray(as_of)
        elif isinstance(X, pd.DataFrame) and "as_of" in X.index.names:
            days = X.index.get_level_values("as_of").to_numpy()
        elif as_of_index is not None:
            days = np.asarray(as_of_index)
        else:
            raise SplitError(
                "No as-of dates.", hint="give X an index level 'as_of', or hand in as_of or as_of_index"
            )
        if len(days) == 0:
            raise SplitError("There are no rows to split.")
        return days, self._index(days) if as_of_index is None else np.asarray(as_of_index, dtype=np.int64)

    def _index(self, days: NDArray[Any]) -> NDArray[np.int64]:
        if self.calendar is None:
            raise SplitError(
                "School days cannot be counted without a calendar.",
                hint="give TemporalSplit a calendar (as-of date to school-day index), or hand in as_of_index",
            )
        look_up = self.calendar if callable(self.calendar) else self.calendar.__getitem__
        unique, place = np.unique(days, return_inverse=True)
        try:
            return np.array([look_up(day) for day in pd.Index(unique)], dtype=np.int64)[place]
        except KeyError as error:
            raise SplitError(
                f"The calendar has no school-day index for {error.args[0]}.",
                hint="give an index for every as-of date",
            ) from None

    def _blocks(
        self, days: NDArray[Any], index: NDArray[np.int64]
    ) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        unique, place = np.unique(days, return_inverse=True)
        first = np.full(len(unique), np.iinfo(np.int64).max)
        last = np.full(len(unique), np.iinfo(np.int64).min)
        np.minimum.at(first, place, index)
        np.maximum.at(last, place, index)
        blocks = []
        for number in range(self.n_splits):
            start = len(unique) - (self.n_splits - number) * self.test_snapshots
            self._require(start > 0, len(unique), "as-of dates before the test")
            begin = first[start : start + self.test_snapshots].min()
            known = (np.arange(len(unique)) < start) & (last + self.horizon_days <= begin)
            self._require(
                known.sum() >= self.min_train, len(unique), "as-of dates whose labels were known in time"
            )
            blocks.append((unique[known], unique[start : start + self.test_snapshots]))
        return blocks

    def _require(self, enough: bool | np.bool_, n_dates: int, what: str) -> None:
        if enough:
            return
        raise SplitError(
            f"{n_dates} as-of dates leave too few {what}: {self.n_splits} split(s) of {self.test_snapshots} "
            f"with a horizon of {self.horizon_days} school days need at least {self.min_train} to train on.",
            hint="add earlier as-of dates, shorten horizon_days, or lower n_splits or test_snapshots",
        )


def calibration_part(student_ids: ArrayLike, share: float = 0.2, seed: int = 0) -> NDArray[np.bool_]:
    """Mark the rows of the pupils who are set aside to calibrate on.

    All rows of a pupil fall on the same side, and the side depends on the pupil's id alone.

    Parameters
    ----------
    student_ids : array-like
        The pupil of each row.
    share : float, default=0.2
        Share of pupils set aside.
    seed : int, default=0
        Another seed sets other pupils aside.

    Examples
    --------
    >>> calibration_part(["a", "b", "a", "c"], share=0.5).tolist()
    [False, True, False, False]
    """
    if not 0 < share < 1:
        raise SplitError(f"The share set aside must lie between 0 and 1, got {share!r}.")
    keys = pd.Series(np.asarray(student_ids)).astype(str)
    part = {key: _hash(key.encode(), seed) / 2**64 < share for key in keys.unique()}
    return np.asarray(keys.map(part), dtype=np.bool_)


def dealt_folds(keys: Sequence[bytes], y: NDArray[np.int8], n_folds: int, seed: int = 0) -> Positions:
    """Deal rows to folds like cards, class by class; rows with the same key stay together.

    The fold depends on the keys and labels alone, never on the order of the rows.

    Parameters
    ----------
    keys : sequence of bytes
        What identifies each row, or the group it belongs to.
    y : ndarray of int8
        Labels, 0 or 1; a group counts as 1 when any of its rows does.
    n_folds : int
        Number of folds.
    seed : int, default=0
        Another seed deals otherwise.

    Examples
    --------
    >>> dealt_folds([b"a", b"b", b"c", b"d"], np.array([0, 0, 1, 1], dtype=np.int8), 2).tolist()
    [1, 0, 1, 0]
    """
    label: dict[bytes, int] = {}
    for key, value in zip(keys, y, strict=True):
        label[key] = max(label.get(key, 0), int(value))
    ordered = sorted(label, key=lambda key: (-label[key], _hash(key, seed), key))
    fold = {key: place % n_folds for place, key in enumerate(ordered)}
    return np.array([fold[key] for key in keys], dtype=np.intp)


def _hash(key: bytes, seed: int) -> int:
    salt = str(seed).encode()[:16]
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, salt=salt).digest(), "big")
