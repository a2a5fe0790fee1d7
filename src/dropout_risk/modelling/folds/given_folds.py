"""Folds that somebody else deals: a splitter of scikit-learn, or its pairs of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Labels, Positions
from dropout_risk.errors import SplitError


def folds_of_splitter(
    splitter: Any, X: Any, y: ArrayLike, groups: ArrayLike | None, kept: Positions | slice = slice(None)
) -> Positions:
    """Give each row's fold, as a splitter deals them.

    Parameters
    ----------
    splitter : object with ``split``, or iterable of (train, test)
        What scikit-learn takes as ``cv=``.
    X, y, groups
        What is split. Rows of one group must share a fold.
    kept : array of int, optional
        Rows whose folds are wanted, by default all. The others are dealt and then left out.

    Raises
    ------
    SplitError
        If a row is tested never or twice, or a part trains on less than all the rest: candidates are
        compared, and risks calibrated, on every row once. A split in time judges a model; it fits none.
        If a group stands on both sides of a fold, or a part would train on one class.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> folds_of_splitter(KFold(2), np.zeros((4, 1)), [0, 1, 0, 1], None).tolist()
    [0, 0, 1, 1]
    """
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    try:
        pairs = list(splitter.split(X, y, groups) if hasattr(splitter, "split") else splitter)
        parts = [(np.asarray(train), np.asarray(test)) for train, test in pairs]
    except (TypeError, ValueError) as error:
        raise SplitError(
            f"folds could not deal the rows: {type(error).__name__}.", hint="a number, or a splitter of cv="
        ) from error
    folds = np.full(n, -1, dtype=np.intp)
    for number, (train, test) in enumerate(parts):
        every = np.array_equal(np.unique(np.concatenate([train, test])), np.arange(n))
        if not every or (folds[test] >= 0).any():
            break
        folds[test] = number
    if len(parts) < 2 or (folds < 0).any():
        raise SplitError(
            "folds must test every row once, by a model of all other rows.",
            hint="KFold, GroupKFold, StratifiedGroupKFold, PredefinedSplit or SchoolSplit do; "
            "a split in time is for judging: cross_val_score(classifier, X, y, cv=TemporalSplit(...))",
        )
    numbers = np.unique(folds[kept], return_inverse=True)[1]
    _refuse_one_class(numbers, np.asarray(y)[kept])
    if groups is not None:
        _refuse_split_groups(numbers, np.asarray(groups)[kept])
    return numbers


def _refuse_one_class(folds: Positions, y: Labels) -> None:
    if any(len(np.unique(y[folds != number])) < 2 for number in range(folds.max() + 1)):
        raise SplitError(
            "folds leave a part whose rows to train on are of one class only, or none.",
            hint="fewer folds, or a splitter that spreads the classes, such as StratifiedGroupKFold",
        )


def _refuse_split_groups(folds: Positions, groups: Array) -> None:
    folds_of_group: dict[str, set[int]] = {}
    for group, fold in zip(groups, folds, strict=True):
        folds_of_group.setdefault(str(group), set()).add(int(fold))
    split = sum(len(several) > 1 for several in folds_of_group.values())
    if split:
        raise SplitError(
            f"folds put rows of {split} of {len(folds_of_group)} groups on both sides of a fold (groups are "
            "those handed in as groups=, else the index level student_id).",
            hint="GroupKFold and StratifiedGroupKFold keep groups whole, and so does a number: folds=5",
        )
