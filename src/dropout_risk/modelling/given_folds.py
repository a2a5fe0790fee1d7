"""Folds that somebody else deals: a splitter of scikit-learn, or its pairs of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dropout_risk.arrays import Positions
from dropout_risk.errors import SplitError


def folds_of_splitter(splitter: Any, X: Any, y: ArrayLike, groups: ArrayLike | None) -> Positions:
    """Give each row's fold, as a splitter deals them.

    Parameters
    ----------
    splitter : object with ``split``, or iterable of (train, test)
        What scikit-learn takes as ``cv=``.
    X, y, groups
        What is split.

    Raises
    ------
    SplitError
        If a row is tested never or twice, or a part trains on less than all the rest: candidates are
        compared, and risks calibrated, on every row once. A split in time judges a model; it fits none.

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
        if (folds[test] >= 0).any() or len(np.unique(np.concatenate([train, test]))) < n:
            break
        folds[test] = number
    if len(parts) < 2 or (folds < 0).any():
        raise SplitError(
            "folds must test every row once, by a model of all other rows.",
            hint="KFold, GroupKFold, StratifiedGroupKFold, PredefinedSplit or SchoolSplit do; "
            "a split in time is for judging: cross_val_score(classifier, X, y, cv=TemporalSplit(...))",
        )
    codes = np.asarray(y)
    if any(len(np.unique(codes[folds != number])) < 2 for number in range(len(parts))):
        raise SplitError(
            "folds leave a part whose rows to train on are of one class only.",
            hint="fewer folds, or a splitter that spreads the classes, such as StratifiedGroupKFold",
        )
    return folds
