"""Shallow monotone LightGBM: the number of trees by cross-validation, the same trees every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import BundleError
from dropout_risk.explanation.contributions import FEW_ROWS
from dropout_risk.explanation.trees import TreeTerms
from dropout_risk.modelling.folds import CrossFit, fold_losses

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
MOST_TREES = 600
PATIENCE = 40
"""Trees tried beyond the best number."""
MANY_VALUES = 5_000_000
"""Size of a table that is worth a second thread: on a busy machine threads wait for each other."""


@dataclass(frozen=True)
class BoostedModel:
    """A LightGBM model, held as its own text.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` wrote.
    """

    text: str

    @cached_property
    def booster(self) -> Any:
        """The ``lightgbm.Booster`` read from the text."""
        import lightgbm

        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as error:
            raise BundleError("The model's text is not that of a LightGBM model.") from error

    @cached_property
    def terms(self) -> TreeTerms:
        """What splits its raw score into contributions."""
        return TreeTerms.of(self.text)

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        if len(encoded) == 0:
            return np.empty(0)
        threads = 1 if len(encoded) < FEW_ROWS else 2
        return np.asarray(
            self.booster.predict(encoded, raw_score=True, num_threads=threads), dtype=np.float64
        )


@dataclass(frozen=True)
class BoostedCandidate:
    """How shallow trees are fitted.

    Parameters
    ----------
    monotone : sequence of int
        For each column 1, -1 or 0; categorical columns have no direction.
    categorical : sequence of int
        Positions of the categorical columns.
    seed : int, default=0
        Of the sampling of rows and columns.
    """

    monotone: Sequence[int]
    categorical: Sequence[int] = ()
    seed: int = 0
    name = "lightgbm"

    def cross_fit(self, X: Floats, y: Labels, folds: NDArray[np.intp]) -> CrossFit:
        """Fit once for each fold left out; the number of trees with the least mean loss wins."""
        boosters, curves = [], []
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            booster, curve = self._train_watched(X[seen], y[seen], X[left_out], y[left_out])
            boosters.append(booster)
            curves.append(curve)
        shortest = min(map(len, curves))
        n_trees = int(np.mean([curve[:shortest] for curve in curves], axis=0).argmin()) + 1
        margin = np.empty(len(y))
        for fold, booster in enumerate(boosters):
            rows = X[folds == fold]
            margin[folds == fold] = booster.predict(
                rows, raw_score=True, num_iteration=n_trees, num_threads=1
            )
        return CrossFit(margin, fold_losses(margin, y, folds), {"n_trees": n_trees})

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> BoostedModel:
        """Fit on all rows with the number of trees that cross-validation found."""
        import lightgbm

        booster = lightgbm.train(
            self._parameters(X.size), self._data(X, y), num_boost_round=setting["n_trees"]
        )
        return BoostedModel(booster.model_to_string())

    def _train_watched(self, X: Floats, y: Labels, X_out: Floats, y_out: Labels) -> tuple[Any, list[float]]:
        import lightgbm

        data = self._data(X, y)
        curve: dict[str, Any] = {}
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        booster = lightgbm.train(
            self._parameters(X.size),
            data,
            num_boost_round=MOST_TREES,
            callbacks=[stop, lightgbm.record_evaluation(curve)],
            valid_sets=[self._data(X_out, y_out, data)],
            valid_names=["out"],
        )
        return booster, curve["out"]["binary_logloss"]

    def _data(self, X: Floats, y: Labels, reference: Any = None) -> Any:
        import lightgbm

        return lightgbm.Dataset(
            X, y, reference=reference, categorical_feature=list(self.categorical), params={"verbose": -1}
        )

    def _parameters(self, n_values: int) -> dict[str, Any]:
        directions = [0 if i in set(self.categorical) else int(d) for i, d in enumerate(self.monotone)]
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": 0.05,
            "max_depth": 4,
            "num_leaves": 12,
            "min_data_in_leaf": 20,
            "lambda_l2": 5.0,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "monotone_constraints": directions if any(directions) else None,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1 if n_values < MANY_VALUES else 2,
            "seed": self.seed,
            "verbose": -1,
        }
