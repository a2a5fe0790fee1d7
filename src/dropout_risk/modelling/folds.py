"""What a candidate shows on folds it did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dropout_risk.arrays import Floats, Labels, Positions
from dropout_risk.modelling.newton import fit_logistic


@dataclass(frozen=True, eq=False)
class CrossFit:
    """What a candidate shows on folds: raw scores of rows by a model that did not see them.

    With the mean log loss of each fold, and the setting that it needs to fit again on all rows.
    """

    margin: Floats
    losses: Floats
    setting: dict[str, Any]


def log_loss(margin: Floats, y: Labels) -> Floats:
    """Give the log loss of each row."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin)


def fold_losses(margin: Floats, y: Labels, folds: Positions) -> Floats:
    """Give the mean log loss of each fold."""
    losses = log_loss(margin, y)
    return np.array([losses[folds == fold].mean() for fold in range(folds.max() + 1)])


def best_elsewhere(losses: Floats) -> Positions:
    """Give for each fold the setting with the least mean loss on the other folds.

    So a fold never chooses the setting it is judged by, and a candidate with many settings to choose from
    looks no better for it. Losses have shape (n_settings, n_folds).

    >>> best_elsewhere(np.array([[0.1, 0.5, 0.4], [0.4, 0.3, 0.3]])).tolist()
    [1, 0, 0]
    """
    others = losses.sum(axis=1, keepdims=True) - losses
    return np.asarray(others.argmin(axis=0))


def cross_fitted(margins: Floats, y: Labels, folds: Positions) -> tuple[Floats, Floats, int]:
    """Give raw scores and losses with each fold's setting chosen on the others, and the best setting.

    ``margins`` has shape (n_settings, n): raw scores of rows by models that did not see them.
    """
    losses = np.array([fold_losses(margin, y, folds) for margin in margins])
    margin = margins[best_elsewhere(losses)[folds], np.arange(len(y))]
    return margin, fold_losses(margin, y, folds), int(losses.mean(axis=1).argmin())


def raw_calibration(margin: Floats, y: Labels) -> tuple[float, float]:
    """Give slope and intercept of the line from raw scores to log-odds; 1 and 0 where they are right."""
    columns = np.column_stack([margin, np.ones(len(margin))])
    slope, intercept = fit_logistic(columns, y, 1e6, np.zeros(2), np.array([1.0, 0.0]))
    return float(slope), float(intercept)
