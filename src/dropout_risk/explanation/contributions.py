"""What each feature adds to a score, in log-odds: one interface over the linear closed form and trees.

Scores are sums of contributions, added feature by feature. No matrix product is used: its bits would
depend on how many rows are scored together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import BundleError
from dropout_risk.explanation.background import Background, check_rows
from dropout_risk.explanation.curves import Curves
from dropout_risk.explanation.steps import StepShape
from dropout_risk.kernels import kernel

Floats = NDArray[np.float64]
FEW_ROWS = 256
"""Below this a second thread costs more than it brings, above all on a busy machine."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """A base and, for each row, what each feature adds to it.

    Parameters
    ----------
    base : float or ndarray of float64, shape (n,)
        The log-odds before anything is known of a row: the mean of its background.
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

    base: float | Floats
    values: Floats

    @property
    def log_odds(self) -> Floats:
        """Base plus the contributions, in the order of the features: the same bits alone or in a batch."""
        total = self.bases
        _add_up(self.values, total)
        return total

    @property
    def bases(self) -> Floats:
        """The base of each row."""
        bases = np.empty(len(self.values))
        bases[:] = self.base
        return bases

    def scaled(self, a: float, b: float) -> Contributions:
        """Give the contributions of ``a * log_odds + b``."""
        return Contributions(a * self.base + b, a * self.values)

    def plus(self, other: Contributions) -> Contributions:
        """Give the contributions of the sum of two scores over the same features."""
        return Contributions(self.base + other.base, self.values + other.values)


@kernel
def _add_up(values: Floats, total: Floats) -> None:
    for row in range(len(values)):
        for feature in range(values.shape[1]):
            total[row] += values[row, feature]


class Terms(Protocol):
    """Anything that splits the raw score of encoded rows into contributions.

    ``explainer`` names the method and ``background`` says what a contribution is measured against: the
    training rows, or after :meth:`against` other rows that :meth:`summarised` has read.
    """

    @property
    def explainer(self) -> str:
        """The method, in words."""

    @property
    def background(self) -> str:
        """What the base stands for, in words."""

    @property
    def takes_background(self) -> bool:
        """Whether it can be measured against other rows than the training rows."""

    def contributions(self, encoded: Floats) -> Contributions:
        """Split the raw score of each encoded row."""

    def summarised(self, encoded: Floats, name: str) -> Background:
        """Count what of some rows it needs to know to be measured against them."""

    def against(self, background: Background) -> Terms:
        """Give the same terms measured against a background."""


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
    """The closed form of an additive model: a feature adds its curve less the curve's mean over a background.

    All columns made from one feature (its bends, its categories, its missing flag) are one curve.

    Parameters
    ----------
    base : float
        Mean log-odds over the training rows.
    shapes : sequence of CurveShape, LevelShape or StepShape
        One for each feature, each with mean 0 over the training rows.
    means : float64 array of shape (n_features,), optional
        The mean of each curve over another background.
    background : str
        What that is, in words.

    Examples
    --------
    >>> terms = LinearTerms(-1.0, (CurveShape((0.0, 1.0), (-0.5, 0.5), 0.0),))
    >>> terms.contributions(np.array([[1.0]])).log_odds.tolist()
    [-0.5]
    >>> calm = terms.against(terms.summarised(np.array([[0.0], [0.5]]), "stayed"))
    >>> calm.contributions(np.array([[1.0]]))
    Contributions(base=-1.25, values=array([[0.75]]))
    """

    base: float
    shapes: Sequence[Shape]
    means: Floats | None = field(default=None, repr=False, compare=False)
    background: str = "means over the training rows, each feature by itself"
    explainer = "linear closed form"
    takes_background = True

    def contributions(self, encoded: Floats) -> Contributions:
        """Evaluate each feature's curve, and take its mean over the background off."""
        values = self._curves(encoded)
        if self.means is None:
            return Contributions(self.base, values)
        values -= self.means
        return Contributions(self.base + float(np.sum(self.means)), values)

    def summarised(self, encoded: Floats, name: str) -> Background:
        """Give the mean of each curve over some rows."""
        check_rows(encoded, len(self.shapes))
        return Background(name, len(encoded), self._curves(encoded).mean(axis=0))

    def against(self, background: Background) -> LinearTerms:
        """Take the means of a background instead of those of the training rows."""
        if len(background.means) != len(self.shapes):
            raise BundleError("The background's means are not those of these curves.")
        return replace(self, means=background.means, background=background.words)

    @cached_property
    def _curves(self) -> Curves:
        return Curves.of([shape.points for shape in self.shapes])


@dataclass(frozen=True, eq=False)
class BlendTerms:
    """Contributions of a weighted sum of two scores: the same weighted sum of their contributions.

    Parameters
    ----------
    first, second : Terms
        Over the same features; the first with curves, the second with trees.
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
        """Both backgrounds, or the one they share."""
        return "; ".join(dict.fromkeys((self.first.background, self.second.background)))

    @property
    def takes_background(self) -> bool:
        """Whether both can be measured against other rows."""
        return self.first.takes_background and self.second.takes_background

    def contributions(self, encoded: Floats) -> Contributions:
        """Add the two, each times its weight."""
        first = self.first.contributions(encoded).scaled(1 - self.weight, 0.0)
        return first.plus(self.second.contributions(encoded).scaled(self.weight, 0.0))

    def summarised(self, encoded: Floats, name: str) -> Background:
        """Count what both need to know: the means of the one, the patterns of the other."""
        return self.first.summarised(encoded, name).with_counts(self.second.summarised(encoded, name))

    def against(self, background: Background) -> BlendTerms:
        """Measure both against a background."""
        return replace(self, first=self.first.against(background), second=self.second.against(background))
