"""Contributions in points of probability, which add up to the difference between a risk and its base."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, exprel

Floats = npt.NDArray[np.float64]


def points_per_log_odds(base: npt.ArrayLike, log_odds: npt.ArrayLike) -> Floats:
    """Give the mean slope of the risk on the straight way from the base's log-odds to the score's.

    A contribution times this slope is its Aumann-Shapley value in points of probability: all of a score's
    contributions together give exactly the risk less the base's risk.

    Parameters
    ----------
    base, log_odds : array-like
        Where the way begins and ends.

    Returns
    -------
    ndarray
        ``(expit(log_odds) - expit(base)) / (log_odds - base)``, without the loss of digits where the two lie
        close together; the derivative where they are equal.

    Examples
    --------
    >>> slope = points_per_log_odds(-3.0, -1.0)
    >>> bool(abs(slope * 2.0 - (expit(-1.0) - expit(-3.0))) < 1e-15)
    True
    >>> float(points_per_log_odds(0.0, 0.0))
    0.25
    """
    low, high = np.minimum(base, log_odds), np.maximum(base, log_odds)
    return np.asarray(expit(high) * expit(-low) * exprel(low - high))
