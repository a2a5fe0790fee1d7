"""What a candidate shows on folds it did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.newton import fit_logistic

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Raw scores of rows by a model that did not see them, and the setting that gave the best ones.

    Parameters
    ----------
    margin : ndarray of float64
        One raw score for each row.
    losses : ndarray of float64
        Mean log loss of each fold.
    setting : dict
        What the candidate needs to fit again on all rows.
    """

    margin: Floats
    losses: Floats
    setting: dict[str, Any]


def log_loss(margin: Floats, y: NDArray[np.int8]) -> Floats:
    """Give the log loss of each row."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin)


def fold_losses(margin: Floats, y: NDArray[np.int8], folds: NDArray[np.intp]) -> Floats:
    """Give the mean log loss of each fold."""
    losses = log_loss(margin, y)
    return np.array([losses[folds == fold].mean() for fold in range(folds.max() + 1)])


def raw_calibration(margin: Floats, y: NDArray[np.int8]) -> tuple[float, float]:
    """Give slope and intercept of the line from raw scores to log-odds; 1 and 0 where they are right."""
    columns = np.column_stack([margin, np.ones(len(margin))])
    slope, intercept = fit_logistic(columns, y, 1e6, np.zeros(2), np.array([1.0, 0.0]))
    return float(slope), float(intercept)
