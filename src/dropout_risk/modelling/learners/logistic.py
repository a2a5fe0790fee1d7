"""Penalised logistic regression, bent where the data bend, with signs held where they are known.

Every numeric feature gets a straight line and a few bends between its quantiles, every category a
height, every missing value a height of its own. After the fit each feature is one curve, so the model
is a table of points that one can add by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Labels, Positions
from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import CurveShape, LevelShape
from dropout_risk.modelling.fitter import CrossFit, Fitter, Span, cross_fitted, log_loss
from dropout_risk.modelling.learners.newton import fit_logistic
from dropout_risk.modelling.model import AdditiveModel, centred_terms, keep_direction

SEGMENTS = 5
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties tried, the strongest penalty first."""
PATH_ROWS = 10_000
"""Rows that the penalty is found on, at most."""
BEND = 0.5
"""Size of a column that bends the line, against 1 for the line itself: bends are shrunk more."""
STRONGER = (0.001, 0.003)
"""Those tried before them on a table of more than :data:`MOST_BENT` columns."""
MOST_BENT = 150
"""Columns of a table beyond which each has a straight line: bends would be thousands of columns more."""
MOST_LEVELS = 100
"""Levels of a category that have a height each, the most frequent ones; all others share one."""
SKEWED = 1.0
"""Skewness beyond which the line runs over the logarithm: counts and long tails."""


@dataclass(frozen=True)
class LogisticModel(AdditiveModel):
    """An additive model on the log-odds, one curve for each feature."""


@dataclass(frozen=True)
class LogisticFitter(Fitter):
    """How the logistic regression is fitted: most pieces of a curve, and how easily a line bends."""

    segments: int = SEGMENTS
    bend: float = BEND
    model = LogisticModel
    space: ClassVar[Mapping[str, Span]] = {"segments": Span(1, 10), "bend": Span(0.1, 1.0, log=True)}

    def cross_fit(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> CrossFit:
        """Fit once for each fold left out and each penalty; the penalty with the least mean loss wins.

        On a wide table a fold goes no further once a weaker penalty did clearly worse than a stronger one:
        the weaker it is, the longer the fit. What was not tried counts as what was tried last.

        The best penalty does not depend on how many rows there are, so of many rows it is found on some.
        """
        strengths: Sequence[float] = STRENGTHS if X.shape[1] <= MOST_BENT else (*STRONGER, *STRENGTHS)
        if len(y) > PATH_ROWS:
            some = slice(None, None, -(-len(y) // PATH_ROWS))
            strengths = [self._best(X[some], y[some], folds[some], strengths).setting["strength"]]
        return self._best(X, y, folds, strengths)

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> LogisticModel:
        """Fit on all rows with the penalty that cross-validation found."""
        shaped = replace(self, **setting.get("shape", {}))
        design = shaped._design(X)
        columns = design.columns(X)
        weights = fit_logistic(columns, y, setting["strength"], design.signs, design.start(y))
        return LogisticModel(design.terms(X, weights))

    def _best(self, X: Floats, y: Labels, folds: Positions, strengths: Sequence[float]) -> CrossFit:
        margins = np.empty((len(strengths), len(y)))
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            design, rows = self._design(X[seen]), X.copy()
            rows[left_out] = self.rows_left_out(X, seen, left_out)
            whole = design.columns(rows)
            columns, columns_out = whole[seen], whole[left_out]
            weights, path = design.start(y[seen]), np.empty((0, left_out.sum()))
            signs = design.signs
            for strength in strengths:
                weights = fit_logistic(columns, y[seen], strength, signs, weights)
                path = np.vstack([path, columns_out @ weights])
                if X.shape[1] > MOST_BENT and _gets_worse(path, y[left_out]):
                    break
            margins[:, left_out] = path[np.minimum(np.arange(len(strengths)), len(path) - 1)]
        margin, losses, best = cross_fitted(margins, y, folds)
        return CrossFit(margin, losses, {"strength": strengths[best], "shape": self.settings})

    def _design(self, X: Floats) -> Design:
        return Design.learn(X, self.monotone, self.categorical, self.segments, self.bend)


def _gets_worse(path: Floats, y: Labels) -> bool:
    """Say whether the last of the raw scores have clearly more loss than the best before them."""
    losses = np.array([log_loss(margin, y) for margin in path])
    more = losses[-1] - losses[losses.mean(axis=1).argmin()]
    return bool(more.mean() > 2 * more.std() / np.sqrt(len(y)))


@dataclass(frozen=True)
class NumericBlock:
    """Columns made from one numeric feature: a line, its bends at the knots, a missing flag.

    ``line`` is its height at the knots: straight, or logarithmic where values are skewed; its standard
    deviation over the rows of the fit is 1, and it is empty where there is nothing to learn from the value.
    ``has_missing`` says whether the fit saw missing values, and ``bend`` is the size of a column that bends
    the line.
    """

    knots: Floats
    line: Floats
    has_missing: bool
    direction: int
    bend: float = BEND

    @classmethod
    def learn(cls, column: Floats, direction: int, segments: int = SEGMENTS, bend: float = BEND) -> Self:
        """Choose knots at quantiles of the values that are there."""
        known = column[~np.isnan(column)]
        knots = _choose_knots(known, segments)
        return cls(knots, _line_heights(known, knots), len(known) < len(column), direction, bend)

    @property
    def constant(self) -> bool:
        """Whether there is nothing to learn from the value."""
        return len(self.line) == 0

    def columns(self, column: Floats) -> Floats:
        """Give the block's columns; a missing value is 0 in all but the flag."""
        missing = np.isnan(column)
        if not missing.any():
            parts = [] if self.constant else self._line_and_bends(column)
        else:
            parts = [] if self.constant else self._line_and_bends(np.where(missing, self.knots[0], column))
            parts = [np.where(missing, 0.0, part) for part in parts]
        if self.has_missing:
            parts.append(missing.astype(np.float64))
        return np.column_stack(parts) if parts else np.empty((len(column), 0))

    def _line_and_bends(self, column: Floats) -> list[Floats]:
        middle = self.knots[len(self.knots) // 2]
        inside = np.minimum(np.maximum(column, self.knots[0]), self.knots[-1])
        parts = [np.interp(inside, self.knots, self.line)]
        if len(self.knots) > 2:
            for low, high in zip(self.knots[:-1], self.knots[1:], strict=True):
                ramp = np.clip((inside - low) / (high - low), 0.0, 1.0)
                parts.append(self.bend * (ramp - (middle >= high)))
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
        heights = keep_direction(heights, self.direction)
        return CurveShape(tuple(map(float, self.knots)), tuple(map(float, heights)), missing)


@dataclass(frozen=True)
class LevelBlock:
    """One column for each category, and one for missing where the fit saw it.

    Of more than a hundred categories the rare ones share a column: ``places`` names the column of each; empty
    where each has its own.
    """

    n_levels: int
    has_missing: bool
    places: tuple[int, ...] = ()

    @classmethod
    def learn(cls, column: Floats) -> Self:
        """Count the categories."""
        known = column[~np.isnan(column)]
        n_levels, has_missing = int(known.max()) + 1 if len(known) else 0, len(known) < len(column)
        if n_levels <= MOST_LEVELS:
            return cls(n_levels, has_missing)
        counts = np.bincount(known.astype(np.intp), minlength=n_levels)
        places = np.full(n_levels, MOST_LEVELS)
        places[np.sort(np.argsort(-counts, kind="stable")[:MOST_LEVELS])] = np.arange(MOST_LEVELS)
        return cls(n_levels, has_missing, tuple(places.tolist()))

    @property
    def n_columns(self) -> int:
        """How many columns the categories have."""
        return MOST_LEVELS + 1 if self.places else self.n_levels

    def columns(self, column: Floats) -> Floats:
        """Give one column of 0 and 1 for each category."""
        table = np.eye(self.n_columns + 1)[:, : self.n_columns + self.has_missing]
        places = np.append(self.places or np.arange(self.n_levels), self.n_columns).astype(np.intp)
        codes = np.where(np.isnan(column) | (column >= self.n_levels), self.n_levels, column)
        return np.asarray(table[places[codes.astype(np.intp)]])

    def signs(self) -> list[int]:
        """Give no direction to any category."""
        return [0] * (self.n_columns + self.has_missing)

    def shape(self, weights: Floats) -> LevelShape:
        """Give the height of each category."""
        missing = float(weights[-1]) if self.has_missing else 0.0
        heights = weights[list(self.places)] if self.places else weights[: self.n_levels]
        return LevelShape(tuple(map(float, heights)), missing)


@dataclass(frozen=True)
class Design:
    """The columns that stand for the features, block by block."""

    blocks: tuple[NumericBlock | LevelBlock, ...]

    @classmethod
    def learn(
        cls,
        X: Floats,
        monotone: Sequence[int],
        categorical: Sequence[int],
        segments: int = SEGMENTS,
        bend: float = BEND,
    ) -> Self:
        """Learn each feature's block from the rows of the fit; of a wide table each is a straight line."""
        segments, levels = 1 if X.shape[1] > MOST_BENT else segments, frozenset(categorical)
        return cls(
            tuple(
                LevelBlock.learn(column)
                if i in levels
                else NumericBlock.learn(column, int(monotone[i]), segments, bend)
                for i, column in enumerate(np.ascontiguousarray(X.T))
            )
        )

    def columns(self, X: Floats) -> Floats:
        """Give all columns of all rows, and a last one for the intercept."""
        values = np.ascontiguousarray(X.T)
        parts = [block.columns(column) for block, column in zip(self.blocks, values, strict=True)]
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
        shapes, index = [], 0
        for block in self.blocks:
            width = len(block.signs())
            shapes.append(block.shape(weights[index : index + width]))
            index += width
        return centred_terms(float(weights[-1]), shapes, X)


def _choose_knots(known: Floats, segments: int) -> Floats:
    """Give the few values there are, or quantiles; the ends lie near the extremes, not on outliers."""
    ordered = np.sort(known)
    if 1 + np.count_nonzero(ordered[1:] != ordered[:-1]) <= segments + 1:
        return np.unique(known)
    pieces = min(max(len(known) // 60, 1), segments)
    knots = sorted_quantiles(ordered, _shares_of_knots(pieces + 1))
    knots = knots if (knots[1:] > knots[:-1]).all() else np.unique(knots)
    if len(knots) <= pieces:  # many pupils share one value, such as no absence: the others have quantiles too
        values, counts = np.unique(known, return_counts=True)
        common = values[counts.argmax()]
        rest = np.quantile(known[known != common], np.linspace(0.005, 0.995, pieces))
        knots = np.unique(np.append(rest, common))
    return knots if len(knots) > 1 else ordered[[0, -1]]


@cache
def _shares_of_knots(number: int) -> Floats:
    return np.linspace(0.005, 0.995, number)


def sorted_quantiles(ordered: Floats, shares: Floats) -> Floats:
    """Give quantiles of values in order, bit by bit those of ``np.quantile``, which sorts and takes longer.

    >>> sorted_quantiles(np.array([1.0, 2.0, 4.0]), np.array([0.25, 1.0])).tolist()
    [1.5, 4.0]
    """
    at = shares * (len(ordered) - 1)
    below = np.floor(at).astype(np.intp)
    low, high, part = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)], at - below
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))


def _line_heights(known: Floats, knots: Floats) -> Floats:
    """Give the heights of a line at the knots, over the logarithm where the values are skewed."""
    if len(knots) < 2:
        return np.empty(0)
    inside = np.minimum(np.maximum(known, knots[0]), knots[-1])
    centred = inside - inside.mean()
    spread = float(np.sqrt((centred * centred).mean()))
    if spread == 0.0:
        return np.empty(0)
    middle = knots[len(knots) // 2]
    line, along = knots - middle, inside - middle
    score = centred / spread
    if abs(float((score * score * score).mean())) > SKEWED:
        centre = float(np.median(inside))
        near = float(np.abs(inside - centre).mean())
        line = np.arcsinh((knots - centre) / near) - np.arcsinh((middle - centre) / near)
        along = np.interp(inside, knots, line)
    return np.asarray(line / along.std())
