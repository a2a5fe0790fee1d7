"""A weighted sum, in log-odds, of the logistic regression and the trees: reasons still add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.contributions import BlendTerms
from dropout_risk.modelling.boosted import BoostedModel
from dropout_risk.modelling.folds import CrossFit, cross_fitted
from dropout_risk.modelling.linear import LogisticModel

Floats = NDArray[np.float64]
WEIGHTS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True)
class BlendModel:
    """``(1 - weight) * logistic + weight * boosted``.

    Parameters
    ----------
    logistic : LogisticModel
    boosted : BoostedModel
    weight : float
        Of the trees, between 0 and 1.
    """

    logistic: LogisticModel
    boosted: BoostedModel
    weight: float

    @property
    def terms(self) -> BlendTerms:
        """What splits its raw score into contributions."""
        return BlendTerms(self.logistic.terms, self.boosted.terms, self.weight)

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        return (1 - self.weight) * self.logistic.margin(encoded) + self.weight * self.boosted.margin(encoded)


def cross_blend(
    logistic: CrossFit, boosted: CrossFit, y: NDArray[np.int8], folds: NDArray[np.intp]
) -> CrossFit:
    """Give the blend with the least mean loss on rows that neither model saw."""
    margins = np.array([(1 - weight) * logistic.margin + weight * boosted.margin for weight in WEIGHTS])
    margin, losses, best = cross_fitted(margins, y, folds)
    return CrossFit(margin, losses, {"weight": float(WEIGHTS[best])})
