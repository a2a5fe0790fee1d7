"""The scorecard as a sheet of paper: bins in words with their points, and what a sum of points means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.encoding import FeatureEncoding
from dropout_risk.modelling.scorecard import Card, ScorecardModel
from dropout_risk.text import Language, Text

BELOW = Text(zh="低于{high:g}", en="below {high:g}")
BETWEEN = Text(zh="{low:g}至{high:g}（不含）", en="{low:g} to below {high:g}")
FROM = Text(zh="{low:g}及以上", en="{low:g} or more")
ANY = Text(zh="任何数值", en="any value")
MISSING = Text(zh="没有记录", en="not recorded")
HEADS: dict[str, tuple[str, ...]] = {"zh": ("指标", "取值", "分数"), "en": ("feature", "value", "points")}
RISK_HEADS: dict[str, tuple[str, ...]] = {"zh": ("总分", "辍学风险"), "en": ("points", "risk")}


@dataclass(frozen=True)
class PointsTable:
    """A scorecard to print.

    Parameters
    ----------
    model : ScorecardModel
        Bins and points.
    encoding : FeatureEncoding
        Names of the columns and of their categories.
    calibration : LinearCalibration
        From raw score to log-odds.
    labels : mapping of str to Text, optional
        Names of the features for people.
    """

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

    def _words(self, card: Card, language: Language) -> Sequence[str]:
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
