"""What each feature adds to a score, in log-odds: one interface over the linear closed form and trees.

Scores are sums of contributions, added feature by feature. No matrix product is used: its bits would
depend on how many rows are scored together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.curves import Curves
from dropout_risk.explanation.steps import StepShape

Floats = NDArray[np.float64]
FEW_ROWS = 256
"""Below this a second thread costs more than it brings, above all on a busy machine."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """A base and, for each row, what each feature adds to it.

    Parameters
    ----------
    base : float
        The log-odds before anything is known of a row.
    values : ndarray of float64, shape (n, n_features)
        What each feature adds to the log-odds of each row.

    Examples
    --------
    >>> reasons = Contributions(-2.0, np.array([[0.5, 1.0], [0.0, -1.0]]))
    >>> reasons.log_odds.tolist()
    [-0.5, -3.0]
    >>> reasons.scaled(2.0, 1.0).log_odds.tolist()
    [0.0, -5.0]
    """

    base: float
    values: Floats

    @property
    def log_odds(self) -> Floats:
        """Base plus the contributions, in the order of the features: the same bits alone or in a batch."""
        total = np.full(len(self.values), self.base)
        for column in self.values.T:
            total = total + column
        return total

    def scaled(self, a: float, b: float) -> Contributions:
        """Give the contributions of ``a * log_odds + b``."""
        return Contributions(a * self.base + b, a * self.values)

    def plus(self, other: Contributions) -> Contributions:
        """Give the contributions of the sum of two scores over the same features."""
        return Contributions(self.base + other.base, self.values + other.values)


class Terms(Protocol):
    """Anything that splits the raw score of encoded rows into contributions.

    ``explainer`` names the method and ``background`` says what a contribution is measured against.
    """

    @property
    def explainer(self) -> str:
        """The method, in words."""

    @property
    def background(self) -> str:
        """What the base stands for, in words."""

    def contributions(self, encoded: Floats) -> Contributions:
        """Split the raw score of each encoded row."""


@dataclass(frozen=True)
class CurveShape:
    """What a numeric feature adds: a line through points, level beyond the first and the last.

    Parameters
    ----------
    knots : tuple of float
        Values of the feature, rising.
    heights : tuple of float
        Log-odds at the knots.
    missing : float
        Log-odds where the value is missing.

    Examples
    --------
    >>> CurveShape((0.0, 10.0), (-1.0, 1.0), 0.3)(np.array([-5.0, 5.0, 10.0, np.nan])).tolist()
    [-1.0, 0.0, 1.0, 0.3]
    """

    knots: tuple[float, ...]
    heights: tuple[float, ...]
    missing: float

    def __call__(self, column: Floats) -> Floats:
        """Evaluate the curve, element by element."""
        return _alone(self, column)

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """Knots, heights and the height of a missing value."""
        return self.knots, self.heights, self.missing


@dataclass(frozen=True)
class LevelShape:
    """What a categorical feature adds: one height for each code, and one where it is missing.

    Examples
    --------
    >>> LevelShape((0.2, -0.2), 0.1)(np.array([1.0, 0.0, np.nan])).tolist()
    [-0.2, 0.2, 0.1]
    """

    heights: tuple[float, ...]
    missing: float

    def __call__(self, column: Floats) -> Floats:
        """Look up the height of each code; one that the fit did not see counts as missing."""
        return _alone(self, column)

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """No knots, the heights, and the height of a missing value."""
        return None, self.heights, self.missing


Shape = CurveShape | LevelShape | StepShape


def _alone(shape: Shape, column: Floats) -> Floats:
    return Curves.of([shape.points])(np.asarray(column, dtype=np.float64)[:, np.newaxis])[:, 0]


@dataclass(frozen=True)
class LinearTerms:
    """The closed form of an additive model: a feature adds its curve, centred on the training rows.

    All columns made from one feature (its bends, its categories, its missing flag) are one curve.

    Parameters
    ----------
    base : float
        Mean log-odds over the training rows.
    shapes : sequence of CurveShape, LevelShape or StepShape
        One for each feature, each with mean 0 over the training rows.

    Examples
    --------
    >>> terms = LinearTerms(-1.0, (CurveShape((0.0, 1.0), (-0.5, 0.5), 0.0),))
    >>> terms.contributions(np.array([[1.0]])).log_odds.tolist()
    [-0.5]
    """

    base: float
    shapes: Sequence[Shape]
    explainer = "linear closed form"
    background = "means over the training rows, each feature by itself"

    def contributions(self, encoded: Floats) -> Contributions:
        """Evaluate each feature's curve."""
        return Contributions(self.base, self._curves(encoded))

    @cached_property
    def _curves(self) -> Curves:
        return Curves.of([shape.points for shape in self.shapes])


@dataclass(frozen=True, eq=False)
class BlendTerms:
    """Contributions of a weighted sum of two scores: the same weighted sum of their contributions.

    Parameters
    ----------
    first, second : Terms
        Over the same features.
    weight : float
        Of the second, between 0 and 1.
    """

    first: Terms
    second: Terms
    weight: float

    @property
    def explainer(self) -> str:
        """Both methods with their weights."""
        return f"{1 - self.weight:.2f} x {self.first.explainer} + {self.weight:.2f} x {self.second.explainer}"

    @property
    def background(self) -> str:
        """Both backgrounds."""
        return f"{self.first.background}; {self.second.background}"

    def contributions(self, encoded: Floats) -> Contributions:
        """Add the two, each times its weight."""
        first = self.first.contributions(encoded).scaled(1 - self.weight, 0.0)
        return first.plus(self.second.contributions(encoded).scaled(self.weight, 0.0))
