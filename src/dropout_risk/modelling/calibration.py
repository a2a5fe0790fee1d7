"""Calibration that is linear in log-odds, so that reasons still add up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import SettingsError

Floats = NDArray[np.float64]
SMALLEST_SLOPE = 0.05
PRIOR_MEAN = np.array([1.0, 0.0])
PRIOR_PRECISION = np.diag([25.0, 4.0])
LARGEST_MARGIN = 30.0


@dataclass(frozen=True)
class LinearCalibration:
    """Calibrated log-odds ``a * margin + b``, with the error of ``a`` and ``b``.

    Parameters
    ----------
    a, b : float
        Slope (always above 0, so that the order of pupils never changes) and shift.
    covariance : tuple of tuple of float
        Of ``(a, b)``.

    Examples
    --------
    >>> LinearCalibration(a=2.0, b=-1.0).apply(np.array([0.0, 1.0])).tolist()
    [-1.0, 1.0]
    """

    a: float = 1.0
    b: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    meaning = "error of the calibration alone: where the true risk of pupils with this score lies on average"

    @classmethod
    def fit(cls, margin: Floats, y: NDArray[np.int8], groups: NDArray[Any] | None = None) -> Self:
        """Fit on margins of a model that did not see the rows, by Newton's method.

        A weak prior about ``a = 1, b = 0``, worth some tens of labels, keeps the fit near the
        identity when labels are few and is not felt when they are many. Rows of one group (the
        snapshots of one pupil) are not independent: the error of ``a`` and ``b`` is the sandwich
        estimate clustered by group (Liang and Zeger 1986).
        """
        rows = np.column_stack([np.clip(margin, -LARGEST_MARGIN, LARGEST_MARGIN), np.ones(len(margin))])
        point, free = PRIOR_MEAN.copy(), np.array([True, True])
        point, precision = _newton(rows, y, point, free)
        if point[0] < SMALLEST_SLOPE:
            point, free = np.array([SMALLEST_SLOPE, 0.0]), np.array([False, True])
            point, precision = _newton(rows, y, point, free)
        bread = np.linalg.inv(precision)
        error = bread @ _scatter(rows, y, point, groups) @ bread
        shared = float(error[0, 1])
        return cls(
            float(point[0]), float(point[1]), ((float(error[0, 0]), shared), (shared, float(error[1, 1])))
        )

    def apply(self, margin: Floats) -> Floats:
        """Give the calibrated log-odds of raw scores."""
        return self.a * margin + self.b

    def interval(self, margin: Floats, level: float = 0.9) -> Floats:
        """Give the lower and upper risk of each raw score, shape (n, 2).

        The width comes from the error of ``a`` and ``b`` alone (delta method); see ``meaning``.
        """
        from scipy.special import expit, ndtri

        if not 0 < level < 1:
            raise SettingsError(
                f"The level of an interval lies between 0 and 1, got {level!r}.", hint="such as 0.9"
            )
        (va, cab), (_, vb) = self.covariance
        spread = np.sqrt(np.maximum(margin * margin * va + 2.0 * margin * cab + vb, 0.0))
        centre, width = self.apply(margin), float(ndtri(0.5 + level / 2)) * spread
        return np.column_stack([expit(centre - width), expit(centre + width)])

    def to_dict(self) -> dict[str, Any]:
        """Write the calibration as plain data."""
        return {"a": self.a, "b": self.b, "covariance": [list(row) for row in self.covariance]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        (va, cab), (cba, vb) = data["covariance"]
        return cls(float(data["a"]), float(data["b"]), ((va, cab), (cba, vb)))


def _newton(
    rows: Floats, y: NDArray[np.int8], point: Floats, free: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Minimise log loss plus prior over the free coordinates; give the point and its precision."""
    for _ in range(50):
        gradient, precision = _slope(rows, y, point)
        step = np.zeros(2)
        step[free] = np.linalg.solve(precision[np.ix_(free, free)], gradient[free])
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        point = point - step
        if np.abs(step).max() < 1e-10:
            break
    return point, _slope(rows, y, point)[1]


def _scatter(
    rows: Floats, y: NDArray[np.int8], point: Floats, groups: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Give how much the gradient would vary between samples of groups, the prior's part included."""
    from scipy.special import expit

    scores = rows * (expit(rows @ point) - y)[:, None]
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        scores = np.column_stack([np.bincount(group, weights=column) for column in scores.T])
    return np.asarray(scores.T @ scores + PRIOR_PRECISION)


def _slope(rows: Floats, y: NDArray[np.int8], point: Floats) -> tuple[Floats, Floats]:
    from scipy.special import expit

    risk = expit(rows @ point)
    gradient = rows.T @ (risk - y) + PRIOR_PRECISION @ (point - PRIOR_MEAN)
    return gradient, (rows.T * (risk * (1 - risk))) @ rows + PRIOR_PRECISION
