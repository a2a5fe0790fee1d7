"""Move a calibration to another school: by few labels, by many, or by a base rate alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.calibration import (
    SMALLEST_SLOPE,
    LinearCalibration,
    LocalCalibration,
    Matrix,
    newton,
    pair,
    rows_of,
    sandwich,
)

Floats = NDArray[np.float64]
PRIOR_LABELS = 20.0
ENOUGH_FOR_SLOPE = 50
"""Pupils of the rarer class from which on labels may move the slope as well."""


@dataclass(frozen=True)
class _Moved:
    """Slope and shift of the old log-odds, and the covariance of slope and shift of raw scores."""

    a: float
    b: float
    covariance: Matrix


def recalibrated(
    calibration: LinearCalibration,
    margin: Floats,
    y: ArrayLike,
    *,
    pupils: ArrayLike | None = None,
    prior_labels: float = PRIOR_LABELS,
) -> LinearCalibration:
    """Move a calibration to one school by outcomes of its pupils; the order of pupils never changes.

    Few labels shift the log-odds, and no more: the old calibration is the prior, worth as much as
    ``prior_labels`` of them. Where fifty pupils or more of either class are known, the slope moves too.

    Parameters
    ----------
    calibration : LinearCalibration
        The old one.
    margin : array
        Raw scores of the school's pupils, who did not train the model.
    y : array of {0, 1}
        What became of them.
    pupils : array, optional
        The pupil of each row; by default each row is one of its own. Of few labels, only the first row of
        each pupil counts.
    prior_labels : float, default=20
        How many labels the old calibration is worth.

    Raises
    ------
    TrainingError
        If there is no label, or one that is neither 0 nor 1.

    Examples
    --------
    >>> old = LinearCalibration(a=1.0, b=0.0)
    >>> margin, y = np.full(30, -2.0), np.repeat([1, 0], [12, 18])
    >>> new = recalibrated(old, margin, y)
    >>> new.a, 0.5 < new.b < 1.6
    (1.0, True)
    """
    labels = _checked(margin, y)
    owners = np.arange(len(labels)) if pupils is None else np.asarray(pupils)
    n, dropouts = len(np.unique(owners)), len(np.unique(owners[labels == 1]))
    enough = min(dropouts, n - dropouts) >= ENOUGH_FOR_SLOPE
    if enough:
        moved = _line(calibration, margin, labels, owners, prior_labels)
    else:
        seen = np.unique(owners, return_index=True)[1]  # of a pupil who is seen several times, the first row
        moved = _shift(calibration, margin[seen], labels[seen], prior_labels)
    mean = float(calibration.apply(margin).mean())
    return replace(
        calibration,
        a=moved.a * calibration.a,
        b=moved.a * calibration.b + moved.b,
        covariance=moved.covariance,
        spread=None,
        local=LocalCalibration((moved.a - 1) * mean + moved.b, n, dropouts, slope=enough),
    )


def to_base_rate(calibration: LinearCalibration, margin: Floats, rate: float) -> LinearCalibration:
    """Shift a calibration until the mean risk of these pupils is a base rate that is known otherwise.

    Parameters
    ----------
    calibration : LinearCalibration
        The old one.
    margin : array
        Raw scores of the pupils whom the rate is about.
    rate : float
        The share that drops out within the horizon.

    Raises
    ------
    TrainingError
        If the rate does not lie between 0 and 1, or there is no pupil.

    Examples
    --------
    >>> from scipy.special import expit
    >>> margin = np.array([-4.0, -2.0, 0.0])
    >>> new = to_base_rate(LinearCalibration(), margin, 0.5)
    >>> round(float(expit(new.apply(margin)).mean()), 6)
    0.5
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    if not 0 < rate < 1 or len(margin) == 0:
        raise TrainingError(
            f"A base rate lies between 0 and 1 and is that of some pupils; got {rate!r} of {len(margin)}.",
            hint="give the share that drops out within the horizon, such as 0.03, and the pupils' features",
        )
    log_odds = calibration.apply(margin)
    shift = float(brentq(lambda step: float(expit(log_odds + step).mean()) - rate, -80.0, 80.0))
    return replace(calibration, b=calibration.b + shift, local=LocalCalibration(shift, base_rate=float(rate)))


def undo_sampling(log_odds: Floats, rate_in_sample: float, true_rate: float) -> Floats:
    """Give the log-odds that a model fitted on a resampled (or class-weighted) table means in truth.

    The training of this library neither resamples nor weights classes; this is for a table of rows that
    somebody has resampled before. Multiplying the odds of every pupil by one factor is what keeping
    dropouts and leaving out others does, so dividing by it undoes that exactly.

    Parameters
    ----------
    log_odds : array
        Of a model fitted on the sample.
    rate_in_sample, true_rate : float
        Shares of dropouts, each strictly between 0 and 1.

    Examples
    --------
    >>> undo_sampling(np.array([0.0]), rate_in_sample=0.5, true_rate=0.05).round(3).tolist()
    [-2.944]
    """
    for rate in (rate_in_sample, true_rate):
        if not 0 < rate < 1:
            raise TrainingError(
                f"A share of dropouts lies strictly between 0 and 1, got {rate!r}.",
                hint="give the shares of dropouts in the sample and where the rows were drawn from",
            )
    odds = true_rate / (1 - true_rate) * (1 - rate_in_sample) / rate_in_sample
    return np.asarray(log_odds + np.log(odds))


def _shift(old: LinearCalibration, margin: Floats, y: NDArray[np.int8], prior_labels: float) -> _Moved:
    """Move the log-odds alone."""
    from scipy.special import expit

    rows = rows_of(old.apply(margin))
    point, precision = newton(rows, y, np.array([False, True]), _prior(rows, prior_labels))
    risk = expit(rows[:, 0])
    around = float(np.average(margin, weights=np.maximum(risk * (1 - risk), 1e-12)))
    slope = old.covariance[0][0]
    error = np.array([[slope, -around * slope], [0.0, around**2 * slope + 1 / float(precision[1, 1])]])
    return _Moved(1.0, float(point[1]), pair(error))


def _line(
    old: LinearCalibration,
    margin: Floats,
    y: NDArray[np.int8],
    pupils: NDArray[Any],
    prior_labels: float,
) -> _Moved:
    """Move slope and shift."""
    rows = rows_of(old.apply(margin))
    prior = _prior(rows, prior_labels)
    fitted = newton(rows, y, np.array([True, True]), prior)
    if fitted[0][0] < SMALLEST_SLOPE:
        held = np.array([SMALLEST_SLOPE, 0.0]), prior[1]
        fitted = newton(rows, y, np.array([False, True]), held)
    back = np.array([[old.a, 0.0], [old.b, 1.0]])  # from slope and shift of log-odds to those of raw scores
    error = back @ sandwich(rows, y, fitted, pupils, prior) @ back.T
    return _Moved(float(fitted[0][0]), float(fitted[0][1]), pair(error))


def _prior(rows: Floats, prior_labels: float) -> tuple[Floats, Floats]:
    """Give mean and precision of slope and shift: what so many labels of such pupils would tell."""
    from scipy.special import expit

    risk = expit(rows[:, 0])
    told = (rows.T * (risk * (1 - risk))) @ rows / len(rows)
    return np.array([1.0, 0.0]), prior_labels * told + np.diag([1e-6, 1e-6])


def _checked(margin: Floats, y: ArrayLike) -> NDArray[np.int8]:
    labels = np.asarray(y)
    if len(labels) == 0 or len(labels) != len(margin) or not np.isin(labels, (0, 1)).all():
        raise TrainingError(
            f"Recalibration needs a label of 0 or 1 for each pupil; got {len(labels)} for {len(margin)}.",
            hint="leave out pupils whose outcome is not known yet; with none, give a base rate",
        )
    return labels.astype(np.int8)
