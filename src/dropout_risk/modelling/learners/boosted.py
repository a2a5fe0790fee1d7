"""Shallow monotone LightGBM: the number of trees by cross-validation, the same trees every time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Labels, Positions
from dropout_risk.errors import BundleError
from dropout_risk.explanation.contributions import FEW_ROWS
from dropout_risk.explanation.trees import TreeTerms
from dropout_risk.modelling.fitter import CrossFit, Fitter, Span, best_elsewhere, fold_losses
from dropout_risk.modelling.model import read_file

MOST_TREES = 600
PATIENCE = 40
"""Trees tried beyond the best number."""
SHALLOW = 4
DEEPER_IS_WORTH = 0.001
"""Log loss by which trees deeper than four splits must be better, or they are not taken."""
GROWING: Mapping[str, Any] = {
    "learning_rate": 0.05,
    "max_depth": SHALLOW,
    "num_leaves": 12,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
}
"""How trees grow where nothing was tuned."""
MANY_VALUES = 5_000_000
"""Size of a table that is worth a second thread: on a busy machine threads wait for each other."""


@dataclass(frozen=True)
class BoostedModel:
    """A LightGBM model, held as the text that ``Booster.model_to_string`` wrote."""

    text: str
    head: ClassVar[Mapping[str, Any]] = {}

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

    def to_files(self) -> dict[str, bytes]:
        """Write the text."""
        return {"model.txt": self.text.encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], head: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_files` wrote."""
        return cls(read_file(files, "model.txt").decode())


@dataclass(frozen=True)
class BoostedFitter(Fitter):
    """How shallow trees are fitted; ``growing`` says how they grow, and is what tuning changes."""

    growing: Mapping[str, Any] = field(default_factory=lambda: GROWING)
    model = BoostedModel
    space: ClassVar[Mapping[str, Span]] = {
        "learning_rate": Span(0.02, 0.15, log=True),
        "max_depth": Span(1, 6),
        "num_leaves": Span(3, 31),
        "min_data_in_leaf": Span(10, 300, log=True),
        "lambda_l2": Span(0.1, 100.0, log=True),
        "feature_fraction": Span(0.2, 1.0),
    }

    def cross_fit(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> CrossFit:
        """Fit once for each fold left out; the number of trees with the least loss wins.

        With ``tail``, the last rows in time, the number of trees is found on them alone, by trees that saw
        earlier rows of other pupils only; without it, on the rows of the folds left out.
        """
        boosters, curves = self._watched(X, y, folds, tail)
        n_trees, elsewhere = int(curves.mean(axis=1).argmin()) + 1, best_elsewhere(curves) + 1
        margin = np.empty(len(y))
        for fold, n in enumerate(map(int, elsewhere)):
            seen, left_out = folds != fold, folds == fold
            booster = boosters[fold] if tail is None else self._train(X[seen], y[seen], n)
            X_out = self.rows_left_out(X, seen, left_out)
            margin[left_out] = booster.predict(X_out, raw_score=True, num_iteration=n, num_threads=1)
        setting = {"n_trees": n_trees, "growing": dict(self.growing)}
        return CrossFit(margin, fold_losses(margin, y, folds), setting)

    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> BoostedModel:
        """Fit on all rows with the number of trees that cross-validation found."""
        grown = replace(self, growing=setting.get("growing", self.growing))
        return BoostedModel(grown._train(X, y, setting["n_trees"]).model_to_string())

    def tuning_loss(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> float:
        """Give the least mean loss over folds; what is deeper than four splits must earn it."""
        least = float(self._watched(X, y, folds, tail)[1].mean(axis=1).min())
        is_deep = bool(self.growing["max_depth"] > SHALLOW)
        return least + DEEPER_IS_WORTH * is_deep

    @property
    def settings(self) -> dict[str, Any]:
        """How trees grow now."""
        return dict(self.growing)

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """Let trees grow otherwise."""
        return replace(self, growing=settings)

    def _watched(
        self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None
    ) -> tuple[list[Any], Floats]:
        """Train on all folds but one, watched on the one; give its loss after each tree, a fold a column."""
        n_folds = int(folds.max()) + 1
        if tail is not None and np.bincount(folds[tail], minlength=n_folds).min() == 0:
            tail = None  # a fold without late rows
        early, late = (True, True) if tail is None else (~tail, tail)
        boosters, curves = [], []
        for fold in range(n_folds):
            seen, left_out = (folds != fold) & early, (folds == fold) & late
            X_out = self.rows_left_out(X, seen, left_out)
            booster, curve = self._train_watched(X[seen], y[seen], X_out, y[left_out])
            boosters.append(booster)
            curves.append(curve)
        shortest = min(map(len, curves))
        return boosters, np.array([curve[:shortest] for curve in curves]).T

    def _train(self, X: Floats, y: Labels, n_trees: int) -> Any:
        import lightgbm

        return lightgbm.train(self._parameters(X.size), self._data(X, y), num_boost_round=n_trees)

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
            **self.growing,
            "objective": "binary",
            "metric": "binary_logloss",
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "monotone_constraints": directions if any(directions) else None,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1 if n_values < MANY_VALUES else 2,
            "seed": self.seed,
            "verbose": -1,
        }
