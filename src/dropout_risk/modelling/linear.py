"""Penalised logistic regression, bent where the data bend, with signs held where they are known.

Every numeric feature gets a straight line and a few bends between its quantiles, every category a
height, every missing value a height of its own. After the fit each feature is one curve, so the model
is a table of points that one can add by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.contributions import CurveShape, LevelShape, LinearTerms, Shape
from dropout_risk.modelling.folds import CrossFit, fold_losses
from dropout_risk.modelling.newton import fit_logistic

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
SEGMENTS = 5
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties tried, the strongest penalty first."""
BEND = 0.5
"""Size of a column that bends the line, against 1 for the line itself: bends are shrunk more."""


@dataclass(frozen=True)
class LogisticModel:
    """An additive model on the log-odds, one curve for each feature.

    Parameters
    ----------
    terms : LinearTerms
        Base and curves.
    """

    terms: LinearTerms

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        return self.terms.contributions(encoded).log_odds

    def to_dict(self) -> dict[str, Any]:
        """Write base and curves as plain data."""
        return {"base": self.terms.base, "shapes": [_shape_to_dict(shape) for shape in self.terms.shapes]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(LinearTerms(float(data["base"]), tuple(_shape_from_dict(item) for item in data["shapes"])))


@dataclass(frozen=True)
class LogisticCandidate:
    """How the logistic regression is fitted.

    Parameters
    ----------
    monotone : sequence of int
        For each column 1, -1 or 0.
    categorical : sequence of int
        Positions of the categorical columns.
    """

    monotone: Sequence[int]
    categorical: Sequence[int] = ()
    name = "logistic"

    def cross_fit(self, X: Floats, y: Labels, folds: NDArray[np.intp]) -> CrossFit:
        """Fit once for each fold left out and each penalty; the penalty with the least mean loss wins."""
        margins = np.empty((len(STRENGTHS), len(y)))
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            design = Design.learn(X[seen], self.monotone, self.categorical)
            columns, columns_out = design.columns(X[seen]), design.columns(X[left_out])
            weights = design.start(y[seen])
            for place, strength in enumerate(STRENGTHS):
                weights = fit_logistic(columns, y[seen], strength, design.signs, weights)
                margins[place, left_out] = columns_out @ weights
        losses = [fold_losses(margin, y, folds) for margin in margins]
        best = int(np.argmin([loss.mean() for loss in losses]))
        return CrossFit(margins[best], losses[best], {"strength": STRENGTHS[best]})

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> LogisticModel:
        """Fit on all rows with the penalty that cross-validation found."""
        design = Design.learn(X, self.monotone, self.categorical)
        columns = design.columns(X)
        weights = fit_logistic(columns, y, setting["strength"], design.signs, design.start(y))
        return LogisticModel(design.terms(X, weights))


@dataclass(frozen=True)
class NumericBlock:
    """Columns made from one numeric feature: a line, its bends, a missing flag."""

    knots: Floats
    scale: float
    has_missing: bool
    direction: int

    @classmethod
    def learn(cls, column: Floats, direction: int) -> Self:
        """Choose knots at quantiles of the values that are there."""
        known = column[~np.isnan(column)]
        knots = _knots(known)
        scale = float(np.clip(known, knots[0], knots[-1]).std()) if len(known) else 0.0
        return cls(knots, scale, len(known) < len(column), direction)

    @property
    def constant(self) -> bool:
        """Whether there is nothing to learn from the value."""
        return len(self.knots) < 2 or self.scale == 0.0

    def columns(self, column: Floats) -> Floats:
        """Give the block's columns; a missing value is 0 in all but the flag."""
        missing = np.isnan(column)
        parts = [] if self.constant else self._line_and_bends(np.where(missing, self.knots[0], column))
        parts = [np.where(missing, 0.0, part) for part in parts]
        if self.has_missing:
            parts.append(missing.astype(np.float64))
        return np.column_stack(parts) if parts else np.empty((len(column), 0))

    def _line_and_bends(self, column: Floats) -> list[Floats]:
        middle = self.knots[len(self.knots) // 2]
        inside = np.clip(column, self.knots[0], self.knots[-1])
        parts = [(inside - middle) / self.scale]
        if len(self.knots) > 2:
            for low, high in zip(self.knots[:-1], self.knots[1:], strict=True):
                ramp = np.clip((inside - low) / (high - low), 0.0, 1.0)
                parts.append(BEND * (ramp - (middle >= high)))
        return parts

    def signs(self) -> list[int]:
        """Hold the line and every bend to the declared direction."""
        bends = len(self.knots) - 1 if len(self.knots) > 2 else 0
        return [self.direction] * (0 if self.constant else 1 + bends) + [0] * self.has_missing

    def shape(self, weights: Floats) -> CurveShape:
        """Turn the block's weights into one curve."""
        missing = float(weights[-1]) if self.has_missing else 0.0
        if self.constant:
            return CurveShape((float(self.knots[0]) if len(self.knots) else 0.0,), (0.0,), missing)
        slopes = weights[:-1] if self.has_missing else weights
        heights = np.zeros(len(self.knots))
        for part, weight in zip(self._line_and_bends(self.knots), slopes, strict=True):
            heights = heights + part * weight
        heights = _held(heights, self.direction)
        return CurveShape(tuple(map(float, self.knots)), tuple(map(float, heights)), missing)


@dataclass(frozen=True)
class LevelBlock:
    """One column for each category, and one for missing where the fit saw it."""

    n_levels: int
    has_missing: bool

    @classmethod
    def learn(cls, column: Floats) -> Self:
        """Count the categories."""
        known = column[~np.isnan(column)]
        return cls(int(known.max()) + 1 if len(known) else 0, len(known) < len(column))

    def columns(self, column: Floats) -> Floats:
        """Give one column of 0 and 1 for each category."""
        table = np.eye(self.n_levels + 1)[:, : self.n_levels + self.has_missing]
        codes = np.where(np.isnan(column) | (column >= self.n_levels), self.n_levels, column)
        return np.asarray(table[codes.astype(np.intp)])

    def signs(self) -> list[int]:
        """Give no direction to any category."""
        return [0] * (self.n_levels + self.has_missing)

    def shape(self, weights: Floats) -> LevelShape:
        """Give the height of each category."""
        missing = float(weights[-1]) if self.has_missing else 0.0
        return LevelShape(tuple(map(float, weights[: self.n_levels])), missing)


@dataclass(frozen=True)
class Design:
    """The columns that stand for the features, block by block."""

    blocks: tuple[NumericBlock | LevelBlock, ...]

    @classmethod
    def learn(cls, X: Floats, monotone: Sequence[int], categorical: Sequence[int]) -> Self:
        """Learn each feature's block from the rows of the fit."""
        return cls(
            tuple(
                LevelBlock.learn(X[:, i])
                if i in categorical
                else NumericBlock.learn(X[:, i], int(monotone[i]))
                for i in range(X.shape[1])
            )
        )

    def columns(self, X: Floats) -> Floats:
        """Give all columns of all rows, and a last one for the intercept."""
        parts = [block.columns(X[:, i]) for i, block in enumerate(self.blocks)]
        return np.hstack([*parts, np.ones((len(X), 1))])

    @property
    def signs(self) -> Floats:
        """Sign of each column's weight: 1, -1, or 0 where it is free."""
        return np.array([sign for block in self.blocks for sign in block.signs()] + [0], dtype=np.float64)

    def start(self, y: Labels) -> Floats:
        """Give the weights that predict the base rate for everybody."""
        rate = (y.sum() + 0.5) / (len(y) + 1.0)
        return np.append(np.zeros(len(self.signs) - 1), np.log(rate / (1 - rate)))

    def terms(self, X: Floats, weights: Floats) -> LinearTerms:
        """Turn weights into curves, each with mean 0 over the given rows."""
        base, shapes, place = float(weights[-1]), [], 0
        for index, block in enumerate(self.blocks):
            width = len(block.signs())
            shape = block.shape(weights[place : place + width])
            mean = float(shape(X[:, index]).mean())
            shapes.append(_centred(shape, mean, block.has_missing))
            base, place = base + mean, place + width
        return LinearTerms(base, tuple(shapes))


def _knots(known: Floats) -> Floats:
    """Give the few values there are, or quantiles; the ends lie near the extremes, not on outliers."""
    values = np.unique(known)
    if len(values) <= SEGMENTS + 1:
        return values
    segments = int(np.clip(len(known) // 60, 1, SEGMENTS))
    knots = np.unique(np.quantile(known, np.linspace(0.005, 0.995, segments + 1)))
    return knots if len(knots) > 1 else values[[0, -1]]


def _held(heights: Floats, direction: int) -> Floats:
    """Take out what rounding did against the declared direction."""
    if direction == 0:
        return heights
    return np.asarray(direction * np.maximum.accumulate(direction * heights))


def _centred(shape: Shape, mean: float, has_missing: bool) -> Shape:
    """Give the shape with mean 0; a missing value that the fit never saw says nothing."""
    heights = tuple(height - mean for height in shape.heights)
    missing = shape.missing - mean if has_missing else 0.0
    if isinstance(shape, LevelShape):
        return LevelShape(heights, missing)
    return CurveShape(shape.knots, heights, missing)


def _shape_to_dict(shape: Shape) -> dict[str, Any]:
    data: dict[str, Any] = {"heights": list(shape.heights), "missing": shape.missing}
    return data if isinstance(shape, LevelShape) else {"knots": list(shape.knots)} | data


def _shape_from_dict(data: Mapping[str, Any]) -> Shape:
    heights, missing = tuple(data["heights"]), float(data["missing"])
    return (
        CurveShape(tuple(data["knots"]), heights, missing)
        if "knots" in data
        else LevelShape(heights, missing)
    )
