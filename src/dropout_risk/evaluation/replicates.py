"""Every figure of a result once per replicate, from pieces computed once per row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.evaluation.metrics import (
    Array,
    calibration_in_the_large,
    log_odds,
)
from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.kernels import kernel

Flags = npt.NDArray[np.bool_]


def figures_by_replicate(
    y: Array, p: Array, chance: Array, resampling: Resampling, *, slope: float, intercept: float
) -> dict[str, Array]:
    """Compute the figures of a result in every replicate.

    Means are sums over clusters, drawn again. AUC and average precision walk once through rows that were
    sorted once. Slope and intercept take one Newton step from the estimate of all rows (the one-step
    bootstrap of Shao & Tu 1995). Lists stay as they were drawn up: what is drawn again is whose outcome
    they are judged by.

    Parameters
    ----------
    y, p : array
        Outcomes and risks.
    chance : array of float
        Each row's chance of being on the list at capacity.
    resampling : Resampling
        The draws.
    slope, intercept : float
        Of the calibration of all rows; NaN where they are not defined.

    Returns
    -------
    dict of str to array of shape (n_replicates,)
        NaN where a replicate does not define the figure.
    """
    found = {"auc": auc_by_replicate(y, p, resampling), "average_precision": _precision(y, p, resampling)}
    loss = -np.where(y == 1, np.log(np.clip(p, _SMALLEST, 1)), np.log(np.clip(1 - p, _SMALLEST, 1)))
    sums = resampling.sums(np.column_stack([np.ones_like(y), (y - p) ** 2, loss]))
    found |= {"brier": _ratio(sums[:, 1], sums[:, 0]), "log_loss": _ratio(sums[:, 2], sums[:, 0])}
    found |= _calibration(y, p, resampling, slope, intercept)
    return found | {
        f"{name}_at_capacity": drawn for name, drawn in list_figures(y, chance, resampling).items()
    }


def list_figures(y: Array, chance: Array, resampling: Resampling) -> dict[str, Array]:
    """Compute precision, recall and lift of lists in every replicate, from each row's chance to be listed."""
    n, positives, listed, hits = resampling.sums(np.column_stack([np.ones_like(y), y, chance, chance * y])).T
    precision = _ratio(hits, listed)
    return {
        "precision": precision,
        "recall": _ratio(hits, positives),
        "lift": _ratio(precision, _ratio(positives, n)),
    }


def auc_by_replicate(
    y: Array, p: Array, resampling: Resampling, groups: npt.NDArray[np.intp] | None = None
) -> Array:
    """Compute the AUC in every replicate; with groups, only pairs within one group are compared."""
    group = np.zeros(len(y), dtype=np.intp) if groups is None else groups
    order, ends = _order(y, p, resampling.codes, group)
    last = np.append(np.diff(group[order]) != 0, True)
    drawn = np.empty(len(resampling.weights))
    _auc(resampling.codes[order], y[order] == 1, ends, last, resampling.weights, drawn)
    return drawn


def _precision(y: Array, p: Array, resampling: Resampling) -> Array:
    order, ends = _order(y, p, resampling.codes, np.zeros(len(y), dtype=np.intp))
    drawn = np.empty(len(resampling.weights))
    _average_precision(resampling.codes[order], y[order] == 1, ends, resampling.weights, drawn)
    return drawn


def _order(
    y: Array, p: Array, codes: npt.NDArray[np.intp], group: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], Flags]:
    """Sort by group and rising risk, whatever the order of the rows; mark the last row of each tie."""
    order = np.lexsort((y, codes, p, group))
    same = (np.diff(p[order]) == 0) & (np.diff(group[order]) == 0)
    return order, np.append(~same, True)


@kernel
def _auc(  # noqa: PLR0917
    codes: npt.NDArray[np.intp], positive: Flags, tie_ends: Flags, group_ends: Flags,
    weights: npt.NDArray[np.uint16], drawn: Array,
) -> None:  # fmt: skip
    for replicate in range(len(weights)):
        wins = pairs = below = above = ones = zeros = 0.0
        for row in range(len(codes)):
            times = float(weights[replicate, codes[row]])
            if positive[row]:
                ones += times
            else:
                zeros += times
            if tie_ends[row]:
                wins += ones * (below + zeros / 2)
                above += ones
                below += zeros
                ones = zeros = 0.0
            if group_ends[row]:
                pairs += above * below
                above = below = 0.0
        drawn[replicate] = wins / pairs


@kernel
def _average_precision(
    codes: npt.NDArray[np.intp], positive: Flags, tie_ends: Flags, weights: npt.NDArray[np.uint16],
    drawn: Array,
) -> None:  # fmt: skip
    for replicate in range(len(weights)):
        area = hits = listed = tied = 0.0
        for row in range(len(codes) - 1, -1, -1):
            times = float(weights[replicate, codes[row]])
            listed += times
            if positive[row]:
                tied += times
            if (row == 0 or tie_ends[row - 1]) and tied > 0:
                hits += tied
                area += tied * hits / listed
                tied = 0.0
        drawn[replicate] = area / hits


def _calibration(
    y: Array, p: Array, resampling: Resampling, slope: float, intercept: float
) -> dict[str, Array]:
    margin, nothing = log_odds(p), np.full(len(resampling.weights), np.nan)
    found = {"calibration_slope": nothing, "calibration_intercept": nothing}
    if np.isfinite(intercept):
        sums = resampling.sums(np.column_stack(_score(y, margin + intercept)))
        found["calibration_intercept"] = intercept + _ratio(sums[:, 0], sums[:, 1])
    if np.isfinite(slope):
        found["calibration_slope"] = _slopes(y, margin, slope, resampling)
    return found


def _slopes(y: Array, margin: Array, slope: float, resampling: Resampling) -> Array:
    """Take one Newton step from the fit of all rows, in every replicate."""
    from scipy.special import expit

    scaled = slope * margin
    gap, spread = _score(y, scaled + calibration_in_the_large(y, expit(scaled)))
    pieces = np.column_stack([gap, gap * margin, spread, spread * margin, spread * margin**2])
    g0, g1, h00, h01, h11 = resampling.sums(pieces).T
    return np.asarray(slope + _ratio(h00 * g1 - h01 * g0, h00 * h11 - h01**2))


def _score(y: Array, margin: Array) -> tuple[Array, Array]:
    """Give each row's gap between outcome and risk, and the risk's variance."""
    from scipy.special import expit

    risk = expit(margin)
    return np.asarray(y - risk), np.asarray(risk * (1 - risk))


def _ratio(part: Array, whole: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))


_SMALLEST = np.finfo(np.float64).eps
"""What scikit-learn's log loss moves risks inside by."""
