"""What each feature adds to a score, in log-odds: one interface over the linear closed form and trees.

Scores are sums of contributions, added feature by feature. No matrix product is used: its bits would
depend on how many rows are scored together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, exprel

from dropout_risk.arrays import Array, Floats, Longs
from dropout_risk.errors import BackgroundError, BundleError, MissingExtraError
from dropout_risk.explanation.curves import Curves, Shape
from dropout_risk.kernels import kernel


@dataclass(frozen=True, eq=False)
class Background:
    """Rows as far as a model's terms need to know them; ``name`` says whose they are ("stayed, grade 8").

    ``means`` is the mean of each feature's curve over the rows, empty for a model without curves; ``counts``
    how many rows show each pattern of each leaf, empty for a model without trees.
    """

    name: str
    rows: int
    means: Floats = field(default_factory=lambda: np.empty(0))
    counts: Longs = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def words(self) -> str:
        """Whose rows they are, and how many."""
        return f"{self.name}: {self.rows:,} rows"

    def with_counts(self, other: Self) -> Self:
        """Add what the trees of a blend need to know of the same rows."""
        return replace(self, counts=other.counts)


def check_rows(rows: Floats, n_features: int) -> None:
    """BackgroundError if rows are none, or have other columns than the model reads."""
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise BackgroundError(
            f"The model reads {n_features} columns, the background is an array of shape {rows.shape}.",
            hint="give rows with the columns of the fit",
        )
    if not len(rows):
        raise BackgroundError("The background has no rows.", hint="give typical rows, such as 2,000")


FEW_ROWS = 256
"""Below this a second thread costs more than it brings, above all on a busy machine."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """A base and, for each row, what each feature adds to its log-odds, shape (n, n_features).

    The base is the log-odds before anything is known of a row: the mean of its background; one for all rows
    or one for each.

    >>> reasons = Contributions(-2.0, np.array([[0.5, 1.0], [0.0, -1.0]]))
    >>> reasons.log_odds.tolist()
    [-0.5, -3.0]
    >>> reasons.scaled(2.0, 1.0).log_odds.tolist()
    [0.0, -5.0]
    """

    base: float | Floats
    values: Floats

    @classmethod
    def joined(cls, parts: Sequence[Contributions]) -> Contributions:
        """Lay blocks of rows one after the other."""
        if len(parts) == 1:
            return parts[0]
        bases = np.concatenate([part.bases for part in parts])
        return cls(bases, np.concatenate([part.values for part in parts]))

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
class LinearTerms:
    """The closed form of an additive model: a feature adds its curve less the curve's mean over a background.

    All columns made from one feature (its bends, its categories, its missing flag) are one curve. Base and
    shapes, one for each feature with mean 0, are those of the training rows; ``means`` are of each curve over
    another background, and ``background`` says in words what that is.

    >>> from dropout_risk.explanation.curves import CurveShape
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

    The first has curves, the second trees, over the same features; the weight is of the second.
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


def as_shap(parts: Contributions, data: Floats, names: Sequence[str], displayed: Array | None = None) -> Any:
    """Give base and contributions (in log-odds) of some rows, beside their values as numbers; needs shap.

    ``displayed`` are the values as a reader sees them, where some are words.
    """
    try:
        import shap
    except ImportError as error:
        raise MissingExtraError(
            "shap is not installed.", hint="pip install 'dropout-risk[explain]'"
        ) from error
    shown = None if displayed is None else _unwalked_data(displayed)
    return shap.Explanation(
        parts.values, parts.bases, data=data, display_data=shown, feature_names=list(names)
    )


def _unwalked_data(data: Array) -> Any:
    """Wrap an array of objects as one of two dimensions: shap would look into every cell to count them."""
    if data.dtype != object:
        return data
    from slicer import Obj

    wrapped = Obj(np.empty((1, 1)), dim=(0, 1))
    wrapped.o = data
    return wrapped


def points_per_log_odds(base: npt.ArrayLike, log_odds: npt.ArrayLike) -> Floats:
    """Give the mean slope of the risk on the straight way from the base's log-odds to the score's.

    A contribution times this slope is its Aumann-Shapley value in points of probability: all of a score's
    contributions together give exactly the risk less the base's risk. It is ``(expit(log_odds) - expit(base))
    / (log_odds - base)``, without the loss of digits where the two lie close together; the derivative where
    they are equal.

    >>> slope = points_per_log_odds(-3.0, -1.0)
    >>> bool(abs(slope * 2.0 - (expit(-1.0) - expit(-3.0))) < 1e-15)
    True
    >>> float(points_per_log_odds(0.0, 0.0))
    0.25
    """
    low, high = np.minimum(base, log_odds), np.maximum(base, log_odds)
    return np.asarray(expit(high) * expit(-low) * exprel(low - high))
