"""The points behind the pictures: calibration bins, ROC and lists of every length, as aggregates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.evaluation.capacity import at_top_share
from dropout_risk.evaluation.metrics import Array

SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
ROC_POINTS = 101
Z95 = 1.959963984540054


def calibration_bins(y: Array, p: Array, *, bins: int = 10) -> list[dict[str, float]]:
    """Compare mean risk and observed share in bins of about equally many rows.

    Parameters
    ----------
    y, p : array
        Outcomes and risks.
    bins : int, default=10
        At most so many; equal risks share a bin, so there may be fewer.

    Returns
    -------
    list of dict
        ``n``, ``mean_risk``, ``observed`` and its 95 % Wilson interval ``low``, ``high``, by rising risk.
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))
    which = np.searchsorted(edges[1:-1], p, side="right")
    return [_bin(y[which == number], p[which == number]) for number in np.unique(which)]


def _bin(y: Array, p: Array) -> dict[str, float]:
    low, high = wilson_interval(float(y.sum()), y.size)
    return {"n": y.size, "mean_risk": float(p.mean()), "observed": float(y.mean()), "low": low, "high": high}


def wilson_interval(hits: float, n: int) -> tuple[float, float]:
    """Give the 95 % Wilson interval of a share.

    >>> [round(bound, 4) for bound in wilson_interval(5, 10)]
    [0.2366, 0.7634]
    """
    share, spread = hits / n, Z95 * Z95 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def roc_points(y: Array, p: Array) -> dict[str, list[float]]:
    """Give the ROC curve on an even grid of false positive rates; empty lists with one class."""
    if y.min() == y.max():
        return {"false_positive_rate": [], "true_positive_rate": []}
    from sklearn.metrics import roc_curve

    false_positives, true_positives, _ = roc_curve(y, p)
    grid = np.linspace(0, 1, ROC_POINTS)
    rates = np.interp(grid, false_positives, true_positives)
    return {"false_positive_rate": grid.tolist(), "true_positive_rate": rates.tolist()}


def capacity_points(y: Array, p: Array, groups: npt.NDArray[Any]) -> list[dict[str, float]]:
    """Give expected precision and recall (and the recall's bounds) for lists of growing share."""
    points = []
    for share in SHARES:
        top = at_top_share(y, p, share, groups=groups)
        recall = {f"recall_{name}": value for name, value in vars(top.recall).items()}
        points.append({"share": share, "precision": top.precision.expected} | recall)
    return points
