"""The explainable boosting machine, main effects only, held as step curves: no library needed to score."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.arrays import Floats, Labels
from dropout_risk.errors import MissingExtraError
from dropout_risk.explanation.curves import LevelShape, StepShape
from dropout_risk.modelling.fitter import Fitter
from dropout_risk.modelling.model import AdditiveModel, centred_terms, keep_direction

MOST_BINS = 64
BAGS = 4


@dataclass(frozen=True)
class EbmModel(AdditiveModel):
    """An additive model on the log-odds, one step curve for each feature."""


@dataclass(frozen=True)
class EbmFitter(Fitter):
    """How an explainable boosting machine is fitted; needs interpret-core, scoring does not."""

    model = EbmModel

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> EbmModel:
        """Fit on all rows and read the curves out of the machine."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Missing values detected")  # they have a height
            machine = self.machine(X.shape[1]).fit(self.table(X), y)
        shapes: list[StepShape | LevelShape] = [StepShape((), (0.0,), 0.0)] * X.shape[1]
        for (feature,), scores in zip(machine.term_features_, machine.term_scores_, strict=True):
            bins = machine.bins_[feature][0]
            shapes[feature] = (
                _read_levels(bins, scores)
                if feature in self.categorical
                else _read_steps(bins, scores, int(self.monotone[feature]))
            )
        return EbmModel(centred_terms(float(np.ravel(machine.intercept_)[0]), shapes, X))

    def machine(self, n_features: int) -> Any:
        """Make the unfitted machine; MissingExtraError where interpret-core is not installed."""
        try:
            from interpret.glassbox import ExplainableBoostingClassifier
        except ImportError as error:
            raise MissingExtraError(
                "interpret-core is not installed.", hint="pip install 'dropout-risk[ebm]'"
            ) from error
        return ExplainableBoostingClassifier(
            feature_types=["nominal" if i in self.categorical else "continuous" for i in range(n_features)],
            monotone_constraints=[
                0 if i in self.categorical else int(self.monotone[i]) for i in range(n_features)
            ],
            interactions=0,
            max_bins=MOST_BINS,
            outer_bags=BAGS,
            n_jobs=1,
            random_state=self.seed,
        )

    def table(self, X: Floats) -> pd.DataFrame:
        """Give rows as the machine reads them: categories as words."""
        table = pd.DataFrame({f"x{i}": column for i, column in enumerate(X.T)})
        for i in self.categorical:
            codes = [None if np.isnan(code) else str(int(code)) for code in X[:, i]]
            table[f"x{i}"] = np.array(codes, dtype=object)
        return table


def _read_steps(cuts: Floats, scores: Floats, direction: int) -> StepShape:
    """Read one curve; the first score is that of a missing value, the last that of the unseen."""
    heights = keep_direction(np.asarray(scores[1:-1], dtype=np.float64), direction)
    kept = np.flatnonzero(np.diff(heights))  # two bins of one height are one
    edges = tuple(float(cut) for cut in np.asarray(cuts, dtype=np.float64)[kept])
    return StepShape(edges, tuple(map(float, [*heights[kept], heights[-1]])), float(scores[0]))


def _read_levels(bins: Mapping[str, int], scores: Floats) -> LevelShape:
    heights = np.full(1 + max((int(word) for word in bins), default=-1), float(scores[0]))
    for word, index in bins.items():
        heights[int(word)] = float(scores[index])
    return LevelShape(tuple(map(float, heights)), float(scores[0]))
