"""The labels of a fit: two classes, of which the greater one is predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from dropout_risk.errors import LabelError, OneClassError, TrainingError


def target_of(y: ArrayLike) -> NDArray[Any]:
    """Give labels as one column.

    Raises
    ------
    LabelError
        If a label is not known.
    """
    values = np.asarray(column_or_1d(y, warn=True))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise LabelError("Input y contains NaN or infinity.", hint="drop rows whose label is not known yet")
    return values


def classes_of(y: ArrayLike, n_rows: int) -> NDArray[Any]:
    """Give the two classes in order.

    Raises
    ------
    TrainingError
        If there are no labels, fewer than two, or not as many as rows.
    LabelError
        If they are of more than two classes, or numbers between two.
    OneClassError
        If there is one class only.

    Examples
    --------
    >>> classes_of(["stayed", "left", "stayed"], 3).tolist()
    ['left', 'stayed']
    """
    if y is None:
        raise TrainingError("This estimator requires y to be passed, but the target y is None.")
    values = target_of(y)
    if len(values) != n_rows:
        raise TrainingError(f"X has {n_rows} rows and y has {len(values)}.")
    if n_rows < 2:
        raise TrainingError("Cannot fit on n_samples = 1: at least two rows are needed.")
    kind = type_of_target(values, input_name="y", raise_unknown=True)
    if kind == "multiclass":
        raise LabelError(
            f"Only binary classification is supported. The type of the target is {kind}.",
            hint="make one label of two classes, such as dropped out or not",
        )
    if kind.startswith("continuous"):
        raise LabelError(
            f"Unknown label type: {kind}. Labels are two classes, not shares or numbers between them.",
            hint="make one label of two classes, such as 1 for dropped out and 0 for not",
        )
    check_classification_targets(values)
    classes = np.unique(values)
    if len(classes) < 2:
        raise OneClassError(
            "The labels hold one class only, so there is nothing to tell apart.",
            hint="add as-of dates or schools until both classes occur",
        )
    return np.asarray(classes)
