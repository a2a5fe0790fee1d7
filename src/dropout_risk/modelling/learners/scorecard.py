"""A points scorecard: few features, few bins, whole points that a teacher can add up by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Labels, Longs, Positions
from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import LevelShape, StepShape
from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.fitter import CrossFit, Fitter, cross_fitted
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.learners.newton import fit_logistic
from dropout_risk.modelling.model import JsonModel, keep_direction
from dropout_risk.text import Language, Text

CELLS = 20
"""Quantile cells that bins are made of."""
MOST_BINS = 5
SMALLEST_SHARE = 0.05
"""Of the known values in one bin."""
PRIOR_ROWS = 10.0
"""Rows at the base rate added to each bin: a small bin says little."""


@dataclass(frozen=True)
class Bins:
    """The bins of one feature; the last one, beyond ``n_bins``, is that of missing values.

    ``edges`` is where one bin ends and the next begins, None for categories; ``groups`` the bin of each
    category, empty for numbers.
    """

    edges: tuple[float, ...] | None
    groups: tuple[int, ...]
    n_bins: int

    @classmethod
    def of_numbers(cls, column: Floats, y: Labels, direction: int) -> Self:
        """Cut numbers where the share of dropouts changes; with a direction it never turns back."""
        known = ~np.isnan(column)
        cuts = _round_cuts(column[known])
        cells = np.searchsorted(cuts, column[known], side="right")
        ends = merge_cells(*_count_cells(cells, y[known], len(cuts) + 1), direction)
        edges = tuple(float(cuts[end]) for end in ends)
        return cls(edges, (), len(edges) + 1)

    @classmethod
    def of_categories(cls, column: Floats, y: Labels) -> Self:
        """Put together categories with like shares of dropouts."""
        known = ~np.isnan(column)
        if not known.any():
            return cls(None, (), 0)
        codes = column[known].astype(np.intp)
        rows, events = _count_cells(codes, y[known], int(codes.max()) + 1)
        order = np.argsort((events + PRIOR_ROWS * y.mean()) / (rows + PRIOR_ROWS), kind="stable")
        ends = merge_cells(rows[order], events[order], 0)
        group = np.empty(len(order), dtype=np.int64)
        group[order] = np.searchsorted(ends, np.arange(len(order)), side="left")
        return cls(None, tuple(map(int, group)), len(ends) + 1)

    def find_bins(self, column: Floats) -> Positions:
        """Give the bin of each value; a category that the fit did not see counts as missing."""
        missing = np.isnan(column)
        if self.edges is not None:
            found = np.searchsorted(np.array(self.edges), np.where(missing, 0.0, column), side="right")
            return np.where(missing, self.n_bins, found)
        table = np.array([*self.groups, self.n_bins], dtype=np.intp)
        codes = np.where(missing, len(self.groups), column).astype(np.intp)
        return table[np.minimum(codes, len(self.groups))]

    def evidence(self, column: Floats, y: Labels, direction: int) -> Floats:
        """Give for each bin how far its log-odds lie from those of all rows; few rows say little."""
        rows, events = _count_cells(self.find_bins(column), y, self.n_bins + 1)
        rate = (y.sum() + 0.5) / (len(y) + 1.0)
        share = (events + PRIOR_ROWS * rate) / (rows + PRIOR_ROWS)
        found = np.log(share / (1 - share)) - np.log(rate / (1 - rate))
        return np.append(keep_direction(found[:-1], direction), found[-1])


def merge_cells(rows: Longs, events: Longs, direction: int) -> list[int]:
    """Merge neighbouring cells and give the last cell of each bin but the last.

    Cells that are too small, that go against the direction, or whose difference is not worth a bin of its
    own (Bayesian information criterion) are put together with the neighbour that is most alike.

    >>> merge_cells(np.array([100, 100, 100]), np.array([5, 6, 60]), 1)
    [1]
    >>> merge_cells(np.array([100, 100, 100]), np.array([60, 5, 5]), 1)
    []
    """
    smallest, worth = SMALLEST_SHARE * int(rows.sum()), 0.5 * math.log(max(int(rows.sum()), 2))
    bins = _without_small(rows.tolist(), events.tolist(), smallest)
    loss = [_loss_of_merging(*pair) for pair in pairwise(bins)]
    while loss:
        wrong = [
            i
            for i in range(len(loss))
            if direction * (_share_of_events(bins[i + 1]) - _share_of_events(bins[i])) < 0
        ]
        cheapest = min(wrong or range(len(loss)), key=loss.__getitem__)
        if not wrong and len(bins) <= MOST_BINS and loss[cheapest] > worth:
            break
        (n, k, _), (m, j, end) = bins[cheapest : cheapest + 2]
        bins[cheapest : cheapest + 2] = [(n + m, k + j, end)]
        beside = slice(max(cheapest - 1, 0), cheapest + 2)
        loss[beside] = [_loss_of_merging(*pair) for pair in pairwise(bins[beside])]
    return [end for _, _, end in bins[:-1]]


Bin = tuple[int, int, int]
"""Rows, events, and the last cell of a bin."""


def _without_small(rows: list[int], events: list[int], smallest: float) -> list[Bin]:
    """Merge cells until no bin is too small, each time the two that are most alike of those with a small one.

    Of thousands of words each is a cell. So pairs wait in a heap, the most alike and of equals the first on
    top, and each cell is followed to the next: a pair counts only if its bins are still what they were.
    """
    bins = {first: (n, k, first) for first, (n, k) in enumerate(zip(rows, events, strict=True))}
    before = {first: first - 1 for first in bins}
    waiting: list[tuple[float, int, Bin, Bin]] = []

    def wait(first: int) -> None:
        left = bins.get(first)
        right = bins.get(left[2] + 1) if left else None
        if left and right and min(left[0], right[0]) < smallest:
            heappush(waiting, (_loss_of_merging(left, right), first, left, right))

    for first in range(len(rows)):
        wait(first)
    while waiting:
        _, first, left, right = heappop(waiting)
        second = left[2] + 1
        if (bins.get(first), bins.get(second)) != (left, right):
            continue
        bins[first] = (left[0] + right[0], left[1] + right[1], right[2])
        del bins[second]
        before[right[2] + 1] = first
        wait(before[first])
        wait(first)
    return list(bins.values())


def _share_of_events(item: Bin) -> float:
    return item[1] / item[0] if item[0] else 0.0


def _loss_of_merging(left: Bin, right: Bin) -> float:
    """Give the log likelihood that is lost when two bins become one."""
    n, k = left[0] + right[0], left[1] + right[1]
    return _log_likelihood(*left[:2]) + _log_likelihood(*right[:2]) - _log_likelihood(n, k)


def _log_likelihood(n: int, k: int) -> float:
    return sum(part * math.log(part / n) for part in (k, n - k) if part)


def _count_cells(positions: Positions, y: Labels, n: int) -> tuple[Longs, Longs]:
    rows = np.bincount(positions, minlength=n)
    return rows, np.bincount(positions, weights=y, minlength=n).astype(np.int64)


def _round_cuts(known: Floats) -> Floats:
    """Give round numbers near the quantiles, each above the smallest value."""
    if len(known) == 0:
        return np.empty(0)
    values = np.unique(known)
    if len(values) <= CELLS:
        return values[1:]
    spread = float(values[-1] - values[0])
    digits = 2 - int(np.floor(np.log10(spread)))
    cuts = np.unique(np.round(np.quantile(known, np.linspace(0, 1, CELLS + 1)[1:-1]), digits))
    return np.asarray(cuts[cuts > values[0]])


MOST_FEATURES = 10
MOST_POINTS = 10
"""Of the feature that counts most."""
STRENGTH = 1.0
GRID = 2.0**-20
"""Log-odds are multiples of it, so that sums of points times the factor are exact to the bit."""


@dataclass(frozen=True)
class FeatureCard:
    """One feature's bins and points: the least is 0, the last is for missing values.

    ``typical`` is the mean points of the training rows, in log-odds: what a contribution is measured against.
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
class ScorecardModel(JsonModel):
    """Raw score ``intercept + factor * points``, the points being a sum of whole numbers.

    ``n_features`` counts the columns of the fit, with or without points; cards stand in their order.
    """

    intercept: float
    factor: float
    n_features: int
    cards: tuple[FeatureCard, ...]

    @cached_property
    def terms(self) -> LinearTerms:
        """What splits its raw score into contributions."""
        shapes: list[StepShape | LevelShape] = [StepShape((), (0.0,), 0.0)] * self.n_features
        for card in self.cards:
            shapes[card.feature] = card.shape(self.factor)
        return LinearTerms(self.intercept + sum(card.typical for card in self.cards), tuple(shapes))

    def points(self, encoded: Floats) -> Longs:
        """Add up the points of each row."""
        total = np.zeros(len(encoded), dtype=np.int64)
        for card in self.cards:
            total += np.array(card.points, dtype=np.int64)[card.bins.find_bins(encoded[:, card.feature])]
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
            cards.append(FeatureCard(item["feature"], bins, tuple(item["points"]), float(item["typical"])))
        return cls(float(data["intercept"]), float(data["factor"]), int(data["n_features"]), tuple(cards))


@dataclass(frozen=True)
class ScorecardFitter(Fitter):
    """How a scorecard is made: bins, the features that say most together, whole points."""

    model = ScorecardModel

    def cross_fit(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> CrossFit:
        """Make all once for each fold left out; the number of features with the least mean loss wins."""
        margins = np.empty((MOST_FEATURES, len(y)))
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            models, X_out = self._path(X[seen], y[seen], MOST_FEATURES), self.rows_left_out(X, seen, left_out)
            for position in range(MOST_FEATURES):
                margins[position, left_out] = models[min(position, len(models) - 1)].margin(X_out)
        margin, losses, best = cross_fitted(margins, y, folds)
        return CrossFit(margin, losses, {"n_features": best + 1})

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> ScorecardModel:
        """Make the scorecard from all rows, with as many features as cross-validation found."""
        return self._path(X, y, setting["n_features"])[-1]

    def _path(self, X: Floats, y: Labels, most: int) -> list[ScorecardModel]:
        """Give the scorecards with one feature, two, ..., each with the one more that says most."""
        bins = [self._bins(X[:, i], y, i) for i in range(X.shape[1])]
        positions = [one.find_bins(X[:, i]) for i, one in enumerate(bins)]
        evidence = [one.evidence(X[:, i], y, int(self.monotone[i])) for i, one in enumerate(bins)]
        columns = np.column_stack(
            [part[position] for part, position in zip(evidence, positions, strict=True)]
        )
        squares = columns**2
        chosen: list[int] = []
        weights = np.array([np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))])
        models: list[ScorecardModel] = []
        while len(chosen) < min(most, X.shape[1]):
            gain = _column_gains(columns, squares, y, columns[:, chosen] @ weights[:-1] + weights[-1])
            gain[chosen] = -1.0
            if gain.max() <= 0 and models:
                break
            chosen.append(int(gain.argmax()))
            weights = _fit_weights(columns[:, chosen], y, np.insert(weights, -1, 0.0))
            heights = {i: weight * evidence[i] for i, weight in zip(chosen, weights, strict=False)}
            models.append(_round_points(heights, bins, positions, float(weights[-1])))
        return models

    def _bins(self, column: Floats, y: Labels, index: int) -> Bins:
        if index in self.categorical:
            return Bins.of_categories(column, y)
        return Bins.of_numbers(column, y, int(self.monotone[index]))


def _fit_weights(columns: Floats, y: Labels, start: Floats) -> Floats:
    signs = np.append(np.ones(columns.shape[1]), 0.0)
    return fit_logistic(np.column_stack([columns, np.ones(len(y))]), y, STRENGTH, signs, start)


def _column_gains(columns: Floats, squares: Floats, y: Labels, margin: Floats) -> Floats:
    """Give the score statistic of each column that would be added with a positive weight."""
    from scipy.special import expit

    risk = expit(margin)
    pull = (y - risk) @ columns
    spread = (risk * (1 - risk)) @ squares
    return np.where((pull > 0) & (spread > 0), pull**2 / np.maximum(spread, 1e-12), 0.0)


def _round_points(
    heights: Mapping[int, Floats], bins: Sequence[Bins], positions: Sequence[Positions], intercept: float
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
        given = points[positions[feature]]
        seen_missing = bool((positions[feature] == bins[feature].n_bins).any())
        if not seen_missing:  # a missing value that the fit never saw gets what is typical
            points[-1] = round(float(given.mean()))
        typical = _on_grid(factor * float(given.mean()))
        cards.append(FeatureCard(feature, bins[feature], tuple(map(int, points)), typical))
    return ScorecardModel(_on_grid(base), factor, len(bins), tuple(cards))


def _on_grid(value: float) -> float:
    return round(value / GRID) * GRID


BELOW = Text(zh="低于{high:g}", en="below {high:g}")
BETWEEN = Text(zh="{low:g}至{high:g}（不含）", en="{low:g} to below {high:g}")
FROM = Text(zh="{low:g}及以上", en="{low:g} or more")
ANY = Text(zh="任何数值", en="any value")
MISSING = Text(zh="没有记录", en="not recorded")
HEADS: dict[str, tuple[str, ...]] = {"zh": ("指标", "取值", "分数"), "en": ("feature", "value", "points")}
RISK_HEADS: dict[str, tuple[str, ...]] = {"zh": ("总分", "辍学风险"), "en": ("points", "risk")}


@dataclass(frozen=True)
class PointsTable:
    """A scorecard to print; ``labels`` names the features for people."""

    model: ScorecardModel
    encoding: FeatureEncoding
    calibration: LinearCalibration
    labels: Mapping[str, Text] = field(default_factory=dict)

    def frame(self, language: Language = "en") -> pd.DataFrame:
        """List every bin of every feature with its points."""
        lines: list[tuple[str, str, int]] = []
        for card in self.model.cards:
            name = self.encoding.names[card.feature]
            label = self.labels[name].to(language) if name in self.labels else name
            words = [*self._words(card, language), MISSING.to(language)]
            lines += [(label, word, points) for word, points in zip(words, card.points, strict=True)]
        return pd.DataFrame(lines, columns=list(HEADS[language]))

    def risks(self, language: Language = "en") -> pd.DataFrame:
        """List the risk of every sum of points that can occur."""
        from scipy.special import expit

        most = sum(max(card.points) for card in self.model.cards)
        least = sum(min(card.points) for card in self.model.cards)
        points = np.arange(least, most + 1)
        raw = np.asarray(self.model.intercept + self.model.factor * points, dtype=np.float64)
        log_odds = self.calibration.apply(raw)
        return pd.DataFrame(dict(zip(RISK_HEADS[language], (points, expit(log_odds)), strict=True)))

    def points(self, X: pd.DataFrame) -> pd.Series:
        """Add up the points of each row."""
        return pd.Series(self.model.points(self.encoding.encode(X)), index=X.index, name="points")

    def to_text(self, language: Language = "en") -> str:
        """Write both tables for a terminal or for paper."""
        risks = self.risks(language).to_string(index=False, float_format="{:.1%}".format)
        return f"{self.frame(language).to_string(index=False)}\n\n{risks}"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False)) + str(self.risks().to_html(index=False))

    def _words(self, card: FeatureCard, language: Language) -> Sequence[str]:
        edges = card.bins.edges
        if edges is None:
            names = self.encoding.categories[self.encoding.names[card.feature]]
            return [
                ", ".join(name for name, group in zip(names, card.bins.groups, strict=False) if group == bin_)
                for bin_ in range(card.bins.n_bins)
            ]
        if not edges:
            return [ANY.to(language)]
        inner = [BETWEEN.fill(language, low=low, high=high) for low, high in pairwise(edges)]
        return [BELOW.fill(language, high=edges[0]), *inner, FROM.fill(language, low=edges[-1])]
