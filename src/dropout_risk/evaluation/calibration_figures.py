"""Calibration in figures: slope, shift and error of risks, each with an interval clustered by school."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.metrics import (
    Array,
    calibration_in_the_large,
    calibration_slope,
    log_odds,
    outcomes_and_risks,
)
from dropout_risk.modelling.intervals import known_codes

Labels = npt.NDArray[Any]
Bounds = tuple[float, float]
FEWEST_SCHOOLS = 10
"""Schools below which errors are clustered by pupil: a bootstrap over three schools says nothing."""
BINS, REPEATS = 10, 200


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows that a model did not see: what it said of them and what happened.

    Parameters
    ----------
    outcomes, risks : array
        0 or 1, and between 0 and 1.
    pupils, schools, days : array
        Of each row; a school may be unknown (None or an empty text).
    interval : array of shape (n, 2), optional
        The model's intervals at 90 %.
    open_outcomes : bool array of shape (n, 2), optional
        Whether each pupil's conformal set holds "stay", and "drop out".
    groups : mapping of str to array
        Other ways to group the rows.
    """

    outcomes: npt.NDArray[Any]
    risks: npt.NDArray[Any]
    pupils: Labels
    schools: Labels
    days: Labels
    interval: Array | None = None
    open_outcomes: npt.NDArray[np.bool_] | None = None
    groups: Mapping[str, Labels] = field(default_factory=dict)

    @cached_property
    def clusters(self) -> tuple[str, npt.NDArray[np.intp]]:
        """By what errors are clustered, ``school`` or ``pupil``, and the cluster of each row."""
        school = known_codes(self.schools)
        by_school = school.min(initial=0) >= 0 and school.max(initial=-1) + 1 >= FEWEST_SCHOOLS
        code = school if by_school else pd.factorize(self.pupils)[0]
        return ("school" if by_school else "pupil"), np.asarray(code, dtype=np.intp)


@dataclass(frozen=True)
class CalibrationFigures:
    """Calibration in figures, each with its 95 % interval.

    Parameters
    ----------
    slope, in_the_large, error : float
        Of log-odds (1 is right); the shift of log-odds that is missing (0 is right); the mean distance
        between risk and share over ten bins of risk.
    slope_bounds, in_the_large_bounds, error_bounds : tuple of float
    by_chance : float
        The error that a perfectly calibrated model would show on as many rows.
    """

    slope: float
    slope_bounds: Bounds
    in_the_large: float
    in_the_large_bounds: Bounds
    error: float
    error_bounds: Bounds
    by_chance: float

    @classmethod
    def of(cls, judged: Judged, seed: int = 0) -> Self:
        """Measure them; NaN where a figure is not defined."""
        y, p = outcomes_and_risks(judged.outcomes, judged.risks)
        _, clusters = judged.clusters
        error, bounds = expected_calibration_error(y, p, clusters, seed)
        chance = _error_by_chance(p, seed)
        if y.min() == y.max():
            nothing = (float("nan"), float("nan"))
            return cls(float("nan"), nothing, float("nan"), nothing, error, bounds, chance)
        slope, _ = calibration_slope(y, p)
        large = calibration_in_the_large(y, p)
        return cls(
            slope, _slope_bounds(y, p, slope, clusters), large, _large_bounds(y, p, large, clusters),
            error, bounds, chance,
        )  # fmt: skip


def expected_calibration_error(
    y: Array, p: Array, clusters: npt.NDArray[np.intp], seed: int = 0
) -> tuple[float, Bounds]:
    """Give the mean distance between risk and share over ten bins, and its interval.

    The bins are fixed and hold about as many rows each. Whole clusters are drawn with replacement, 200
    times; since an absolute value grows by noise, the draws are moved so that their mean is the error.
    """
    bin_of = _bins(p)
    n, bins = int(clusters.max()) + 1, int(bin_of.max()) + 1
    place = clusters * bins + bin_of
    surplus = np.bincount(place, weights=y - p, minlength=n * bins).reshape(n, bins)
    rows = np.bincount(clusters, minlength=n).astype(np.float64)
    error = float(np.abs(surplus.sum(axis=0)).sum() / rows.sum())
    rng = np.random.default_rng(seed)
    drawn = np.empty(REPEATS)
    for repeat in range(REPEATS):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        drawn[repeat] = np.abs(times @ surplus).sum() / (times @ rows)
    low, high = np.quantile(drawn - drawn.mean() + error, [0.025, 0.975])
    return error, (max(float(low), 0.0), float(high))


def _error_by_chance(p: Array, seed: int) -> float:
    rng, bin_of = np.random.default_rng([seed, 2]), _bins(p)
    drawn = [
        np.abs(np.bincount(bin_of, weights=(rng.random(len(p)) < p) - p)).sum() / len(p) for _ in range(50)
    ]
    return float(np.mean(drawn))


def _bins(p: Array) -> npt.NDArray[np.intp]:
    edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)))[1:-1]
    return np.searchsorted(edges, p, side="right")


def _slope_bounds(y: Array, p: Array, slope: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    """Give the slope's interval: the sandwich estimate, clustered, with as many degrees as clusters."""
    from scipy.optimize import brentq
    from scipy.special import expit

    if not np.isfinite(slope):
        return float("nan"), float("nan")
    margin = slope * log_odds(p)
    shift = float(brentq(lambda step: float(expit(margin + step).sum() - y.sum()), -80.0, 80.0))
    risk = expit(margin + shift)
    rows = np.column_stack([log_odds(p), np.ones(len(p))])
    bread = np.linalg.pinv((rows.T * (risk * (1 - risk))) @ rows)
    scores = np.column_stack([np.bincount(clusters, weights=column * (y - risk)) for column in rows.T])
    error = float(np.sqrt((bread @ (scores.T @ scores) @ bread)[0, 0]))
    return _around(slope, error, clusters)


def _large_bounds(y: Array, p: Array, shift: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    risk = 1 / (1 + np.exp(-(log_odds(p) + shift)))
    surplus = np.bincount(clusters, weights=y - risk)
    return _around(shift, float(np.sqrt((surplus**2).sum()) / (risk * (1 - risk)).sum()), clusters)


def _around(middle: float, error: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    from scipy.special import stdtrit

    n = int(clusters.max()) + 1
    half = float(stdtrit(max(n - 1, 1), 0.975)) * error * np.sqrt(n / max(n - 1, 1))
    return float(middle - half), float(middle + half)
