"""A points scorecard: few features, few bins, whole points that a teacher can add up by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.contributions import LevelShape, LinearTerms
from dropout_risk.explanation.steps import StepShape
from dropout_risk.modelling.bins import Bins
from dropout_risk.modelling.folds import CrossFit, cross_fitted
from dropout_risk.modelling.newton import fit_logistic

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
MOST_FEATURES = 10
MOST_POINTS = 10
"""Of the feature that counts most."""
STRENGTH = 1.0
GRID = 2.0**-20
"""Log-odds are multiples of it, so that sums of points times the factor are exact to the bit."""


@dataclass(frozen=True)
class Card:
    """One feature's bins and points.

    Parameters
    ----------
    feature : int
        Its place among the columns.
    bins : Bins
        Of its values.
    points : tuple of int
        One for each bin, the last for missing values; the least is 0.
    typical : float
        Mean points of the training rows, in log-odds: what a contribution is measured against.
    """

    feature: int
    bins: Bins
    points: tuple[int, ...]
    typical: float

    def shape(self, factor: float) -> StepShape | LevelShape:
        """Give what the feature adds to the raw score: points times factor, less the typical."""
        heights = [factor * points - self.typical for points in self.points]
        if self.bins.edges is not None:
            return StepShape(self.bins.edges, tuple(heights[:-1]), heights[-1])
        return LevelShape(tuple(heights[group] for group in self.bins.groups), heights[-1])


@dataclass(frozen=True)
class ScorecardModel:
    """Raw score ``intercept + factor * points``, the points being a sum of whole numbers.

    Parameters
    ----------
    intercept, factor : float
        In log-odds; the factor is what one point is worth.
    n_features : int
        Columns of the fit, with or without points.
    cards : tuple of Card
        The features that count, in the order of the columns.
    """

    intercept: float
    factor: float
    n_features: int
    cards: tuple[Card, ...]

    @cached_property
    def terms(self) -> LinearTerms:
        """What splits its raw score into contributions."""
        shapes: list[StepShape | LevelShape] = [StepShape((), (0.0,), 0.0)] * self.n_features
        for card in self.cards:
            shapes[card.feature] = card.shape(self.factor)
        return LinearTerms(self.intercept + sum(card.typical for card in self.cards), tuple(shapes))

    def points(self, encoded: Floats) -> NDArray[np.int64]:
        """Add up the points of each row."""
        total = np.zeros(len(encoded), dtype=np.int64)
        for card in self.cards:
            total += np.array(card.points, dtype=np.int64)[card.bins.place(encoded[:, card.feature])]
        return total

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        return self.terms.contributions(encoded).log_odds

    def to_dict(self) -> dict[str, Any]:
        """Write bins and points as plain data."""
        cards = [
            {
                "feature": card.feature,
                "edges": None if card.bins.edges is None else list(card.bins.edges),
                "groups": list(card.bins.groups),
                "points": list(card.points),
                "typical": card.typical,
            }
            for card in self.cards
        ]
        about = {"intercept": self.intercept, "factor": self.factor, "n_features": self.n_features}
        return about | {"cards": cards}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        cards = []
        for item in data["cards"]:
            edges = None if item["edges"] is None else tuple(map(float, item["edges"]))
            bins = Bins(edges, tuple(item["groups"]), len(item["points"]) - 1)
            cards.append(Card(item["feature"], bins, tuple(item["points"]), float(item["typical"])))
        return cls(float(data["intercept"]), float(data["factor"]), int(data["n_features"]), tuple(cards))


@dataclass(frozen=True)
class ScorecardCandidate:
    """How a scorecard is made: bins, the features that say most together, whole points.

    Parameters
    ----------
    monotone : sequence of int
        For each column 1, -1 or 0.
    categorical : sequence of int
        Positions of the categorical columns.
    """

    monotone: Sequence[int]
    categorical: Sequence[int] = ()
    name = "scorecard"

    def cross_fit(self, X: Floats, y: Labels, folds: NDArray[np.intp]) -> CrossFit:
        """Make all once for each fold left out; the number of features with the least mean loss wins."""
        margins = np.empty((MOST_FEATURES, len(y)))
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            models = self._path(X[seen], y[seen], MOST_FEATURES)
            for place in range(MOST_FEATURES):
                margins[place, left_out] = models[min(place, len(models) - 1)].margin(X[left_out])
        margin, losses, best = cross_fitted(margins, y, folds)
        return CrossFit(margin, losses, {"n_features": best + 1})

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> ScorecardModel:
        """Make the scorecard from all rows, with as many features as cross-validation found."""
        return self._path(X, y, setting["n_features"])[-1]

    def _path(self, X: Floats, y: Labels, most: int) -> list[ScorecardModel]:
        """Give the scorecards with one feature, two, ..., each with the one more that says most."""
        bins = [self._bins(X[:, i], y, i) for i in range(X.shape[1])]
        places = [one.place(X[:, i]) for i, one in enumerate(bins)]
        evidence = [one.evidence(X[:, i], y, int(self.monotone[i])) for i, one in enumerate(bins)]
        columns = np.column_stack([part[place] for part, place in zip(evidence, places, strict=True)])
        squares = columns**2
        chosen: list[int] = []
        weights = np.array([np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))])
        models: list[ScorecardModel] = []
        while len(chosen) < min(most, X.shape[1]):
            gain = _gains(columns, squares, y, columns[:, chosen] @ weights[:-1] + weights[-1])
            gain[chosen] = -1.0
            if gain.max() <= 0 and models:
                break
            chosen.append(int(gain.argmax()))
            weights = _weights(columns[:, chosen], y, np.insert(weights, -1, 0.0))
            heights = {i: weight * evidence[i] for i, weight in zip(chosen, weights, strict=False)}
            models.append(_rounded(heights, bins, places, float(weights[-1])))
        return models

    def _bins(self, column: Floats, y: Labels, index: int) -> Bins:
        if index in self.categorical:
            return Bins.of_categories(column, y)
        return Bins.of_numbers(column, y, int(self.monotone[index]))


def _weights(columns: Floats, y: Labels, start: Floats) -> Floats:
    signs = np.append(np.ones(columns.shape[1]), 0.0)
    return fit_logistic(np.column_stack([columns, np.ones(len(y))]), y, STRENGTH, signs, start)


def _gains(columns: Floats, squares: Floats, y: Labels, margin: Floats) -> Floats:
    """Give the score statistic of each column that would be added with a positive weight."""
    from scipy.special import expit

    risk = expit(margin)
    pull = (y - risk) @ columns
    spread = (risk * (1 - risk)) @ squares
    return np.where((pull > 0) & (spread > 0), pull**2 / np.maximum(spread, 1e-12), 0.0)


def _rounded(
    heights: Mapping[int, Floats], bins: Sequence[Bins], places: Sequence[NDArray[np.intp]], intercept: float
) -> ScorecardModel:
    """Turn log-odds into whole points, the least of each feature being 0."""
    widest = max(float(np.ptp(height)) for height in heights.values())
    factor = max(_on_grid(widest / MOST_POINTS), GRID)
    cards, base = [], intercept
    for feature in sorted(heights):
        low = float(heights[feature].min())
        points = np.round((heights[feature] - low) / factor).astype(np.int64)
        base += low
        if points.max() == 0:
            continue
        given = points[places[feature]]
        seen_missing = bool((places[feature] == bins[feature].n_bins).any())
        if not seen_missing:  # a missing value that the fit never saw gets what is typical
            points[-1] = round(float(given.mean()))
        typical = _on_grid(factor * float(given.mean()))
        cards.append(Card(feature, bins[feature], tuple(map(int, points)), typical))
    return ScorecardModel(_on_grid(base), factor, len(bins), tuple(cards))


def _on_grid(value: float) -> float:
    return round(value / GRID) * GRID
