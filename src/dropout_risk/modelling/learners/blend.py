"""A weighted sum, in log-odds, of the logistic regression and the trees: reasons still add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from dropout_risk.arrays import Floats, Labels, Positions
from dropout_risk.explanation.contributions import BlendTerms
from dropout_risk.modelling.fitter import CrossFit, cross_fitted
from dropout_risk.modelling.learners.boosted import BoostedModel
from dropout_risk.modelling.learners.logistic import LogisticModel
from dropout_risk.modelling.model import Model

WEIGHTS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True)
class BlendModel:
    """``(1 - weight) * logistic + weight * boosted``; the weight lies between 0 and 1."""

    logistic: Model
    boosted: Model
    weight: float

    @property
    def terms(self) -> BlendTerms:
        """What splits its raw score into contributions."""
        return BlendTerms(self.logistic.terms, self.boosted.terms, self.weight)

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        return (1 - self.weight) * self.logistic.margin(encoded) + self.weight * self.boosted.margin(encoded)

    @property
    def head(self) -> Mapping[str, Any]:
        """The weight."""
        return {"weight": self.weight}

    def to_files(self) -> dict[str, bytes]:
        """Write both parts."""
        return self.logistic.to_files() | self.boosted.to_files()

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], head: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_files` wrote."""
        boosted = BoostedModel.from_files(files, head)
        return cls(LogisticModel.from_files(files, head), boosted, float(head["weight"]))


def cross_blend(parts: Sequence[CrossFit], y: Labels, folds: Positions) -> CrossFit:
    """Give the blend of two with the least mean loss on rows that neither model saw."""
    logistic, boosted = parts
    margins = np.array([(1 - weight) * logistic.margin + weight * boosted.margin for weight in WEIGHTS])
    margin, losses, best = cross_fitted(margins, y, folds)
    return CrossFit(margin, losses, {"weight": float(WEIGHTS[best])})
