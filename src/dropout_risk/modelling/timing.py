"""How a risk spreads over its horizon: sooner for those whose risk is high."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dropout_risk.errors import SettingsError
from dropout_risk.modelling.hazard import person_periods

Floats = NDArray[np.float64]
PERIODS = 6
PENALTY = 1e-3


@dataclass(frozen=True)
class Timing:
    """The hazard of each period as a function of the score alone: ``logit h = level + slope * log_odds``.

    It says how the calibrated risk of the whole horizon spreads over it. The risk within fewer days is that
    risk times the share of the hazard model's dropouts that fall into them, so the two never contradict each
    other: it never falls with the days, and within the whole horizon it is the risk itself.

    Parameters
    ----------
    edges : tuple of int
        Ends of the periods in school days, rising; the last one is the horizon.
    levels : tuple of float
        One for each period.
    slope : float
        How much a higher score raises the hazard.

    Examples
    --------
    >>> timing = Timing(edges=(30, 60, 90), levels=(-4.0, -4.0, -4.0), slope=1.0)
    >>> timing.within(np.array([0.5]), [30, 90]).round(3).tolist()
    [[0.17, 0.5]]
    """

    edges: tuple[int, ...]
    levels: tuple[float, ...]
    slope: float

    @classmethod
    def fit(cls, log_odds: ArrayLike, days: ArrayLike, dropped_out: ArrayLike, horizon_days: int) -> Self:
        """Fit on rows that were observed for the whole horizon.

        Parameters
        ----------
        log_odds : array-like, shape (n,)
            Calibrated scores. Those of a model that saw the rows do no harm: only shares come from them.
        days : array-like of int, shape (n,)
            School days to the dropout, counted from 0; without one, the horizon.
        dropped_out : array-like of bool, shape (n,)
            Whether the pupil dropped out then.
        horizon_days : int
            Cut into six periods, or fewer where it is shorter.
        """
        edges = np.unique(np.linspace(0, horizon_days, PERIODS + 1).round().astype(int)[1:])
        rows, period, happened = person_periods(days, dropped_out, edges)
        columns = np.column_stack([np.eye(len(edges))[period], np.asarray(log_odds, dtype=np.float64)[rows]])
        weights = _newton(columns, happened.astype(np.float64))
        return cls(tuple(edges.tolist()), tuple(weights[:-1].tolist()), float(weights[-1]))

    @property
    def horizon_days(self) -> int:
        """The end of the last period."""
        return self.edges[-1]

    @property
    def thirds(self) -> tuple[int, ...]:
        """A third, two thirds and the whole of the horizon: 30, 60 and 90 school days by default."""
        return tuple(dict.fromkeys(max(1, round(self.horizon_days * part / 3)) for part in (1, 2, 3)))

    def within(self, risk: Floats, days: Sequence[int]) -> Floats:
        """Give the risk within so many school days from that of the whole horizon, shape (n, len(days)).

        Raises
        ------
        SettingsError
            If a number of days lies beyond the horizon.
        """
        if max(days, default=0) > self.horizon_days or min(days, default=0) < 0:
            raise SettingsError(
                f"The horizon is {self.horizon_days} school days; asked for {sorted(days)}.",
                hint="train with a longer outcome.horizon_days",
            )
        from scipy.special import log_expit, logit

        inside = np.clip(np.asarray(risk, dtype=np.float64), 1e-12, 1 - 1e-12)
        score = logit(inside)
        staying = [np.zeros(len(score))]
        for level in self.levels:
            staying.append(staying[-1] + log_expit(-(level + self.slope * score)))
        whole = -np.expm1(staying[-1])
        return np.column_stack([risk * self._share(staying, whole, day) for day in days])

    def _share(self, staying: Sequence[Floats], whole: Floats, day: int) -> Floats:
        """Give the share of a pupil's dropouts within the horizon that fall into its first days."""
        if day == self.horizon_days:
            return np.ones(len(whole))
        ends = (0, *self.edges)
        place = int(np.searchsorted(ends, day, side="right")) - 1
        part = (day - ends[place]) / (ends[place + 1] - ends[place])
        at = staying[place] + part * (staying[place + 1] - staying[place])
        return np.asarray(-np.expm1(at) / whole)

    def to_dict(self) -> dict[str, Any]:
        """Write the timing as plain data."""
        return {"edges": list(self.edges), "levels": list(self.levels), "slope": self.slope}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(tuple(map(int, data["edges"])), tuple(map(float, data["levels"])), float(data["slope"]))


def _newton(columns: Floats, y: Floats) -> Floats:
    """Fit a logistic regression with a penalty too weak to be felt, which keeps empty periods finite."""
    from scipy.special import expit

    rate = (y.sum() + 0.5) / (len(y) + 1.0)
    centre = np.append(np.full(columns.shape[1] - 1, np.log(rate / (1 - rate))), 1.0)
    weights = centre.copy()
    for _ in range(100):
        risk = expit(columns @ weights)
        gradient = columns.T @ (risk - y) + PENALTY * (weights - centre)
        curvature = (columns.T * (risk * (1 - risk))) @ columns + PENALTY * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(weights)
