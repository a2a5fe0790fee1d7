"""How a candidate is fitted: what it shows on folds, the fit on all rows, and what tuning may change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Labels, Positions
from dropout_risk.modelling.inputs.likely_values import LikelyValues, hardly_missing
from dropout_risk.modelling.learners.newton import fit_logistic
from dropout_risk.modelling.model import Model


@dataclass(frozen=True, eq=False)
class CrossFit:
    """What a candidate shows on folds: raw scores of rows by a model that did not see them.

    With the mean log loss of each fold, and the setting that it needs to fit again on all rows.
    """

    margin: Floats
    losses: Floats
    setting: dict[str, Any]


def log_loss(margin: Floats, y: Labels) -> Floats:
    """Give the log loss of each row."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin)


def fold_losses(margin: Floats, y: Labels, folds: Positions) -> Floats:
    """Give the mean log loss of each fold."""
    losses = log_loss(margin, y)
    return np.array([losses[folds == fold].mean() for fold in range(folds.max() + 1)])


def best_elsewhere(losses: Floats) -> Positions:
    """Give for each fold the setting with the least mean loss on the other folds.

    So a fold never chooses the setting it is judged by, and a candidate with many settings to choose from
    looks no better for it. Losses have shape (n_settings, n_folds).

    >>> best_elsewhere(np.array([[0.1, 0.5, 0.4], [0.4, 0.3, 0.3]])).tolist()
    [1, 0, 0]
    """
    others = losses.sum(axis=1, keepdims=True) - losses
    return np.asarray(others.argmin(axis=0))


def cross_fitted(margins: Floats, y: Labels, folds: Positions) -> tuple[Floats, Floats, int]:
    """Give raw scores and losses with each fold's setting chosen on the others, and the best setting.

    ``margins`` has shape (n_settings, n): raw scores of rows by models that did not see them.
    """
    losses = np.array([fold_losses(margin, y, folds) for margin in margins])
    margin = margins[best_elsewhere(losses)[folds], np.arange(len(y))]
    return margin, fold_losses(margin, y, folds), int(losses.mean(axis=1).argmin())


def raw_calibration(margin: Floats, y: Labels) -> tuple[float, float]:
    """Give slope and intercept of the line from raw scores to log-odds; 1 and 0 where they are right."""
    columns = np.column_stack([margin, np.ones(len(margin))])
    slope, intercept = fit_logistic(columns, y, 1e6, np.zeros(2), np.array([1.0, 0.0]))
    return float(slope), float(intercept)


@dataclass(frozen=True)
class Span:
    """The values among which tuning looks for a setting; whole numbers where the ends are.

    Both ends belong to it; with ``log`` small values are tried as often as large ones.
    """

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Any, name: str) -> float:
        """Give the value that an optuna trial suggests."""
        draw = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        value: float = draw(name, self.low, self.high, log=self.log)
        return value


@dataclass(frozen=True)
class Fitter(ABC):
    """What fits one candidate to rows of some columns.

    ``monotone`` is 1, -1 or 0 for each column; categorical columns (their positions) have no direction.
    """

    monotone: Sequence[int]
    categorical: Sequence[int] = ()
    seed: int = 0
    model: ClassVar[type[Model]]
    space: ClassVar[Mapping[str, Span]] = {}

    @abstractmethod
    def fit(self, X: Floats, y: Labels, setting: Mapping[str, Any]) -> Model:
        """Fit on all rows, in the setting that :meth:`cross_fit` found."""

    def cross_fit(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> CrossFit:
        """Fit once for each fold left out; ``tail`` marks the last rows in time, where they are known."""
        margin = np.empty(len(y))
        for fold in range(folds.max() + 1):
            seen, left_out = folds != fold, folds == fold
            X_out = self.rows_left_out(X, seen, left_out)
            margin[left_out] = self.fit(X[seen], y[seen], {}).margin(X_out)
        return CrossFit(margin, fold_losses(margin, y, folds), {})

    def rows_left_out(self, X: Floats, seen: Bools, left_out: Bools) -> Floats:
        """Give the rows of a fold, with a value in the place of each that the others never saw missing."""
        out = X[left_out]
        lacks = np.isnan(out).any(axis=0) & hardly_missing(X[seen])
        return LikelyValues.learn(X[seen], self.categorical).middle(out) if lacks.any() else out

    def tuning_loss(self, X: Floats, y: Labels, folds: Positions, tail: Bools | None = None) -> float:
        """Give the mean loss over folds: what tuning makes small."""
        return float(self.cross_fit(X, y, folds, tail).losses.mean())

    @property
    def settings(self) -> dict[str, Any]:
        """What tuning may change, as it is now."""
        return {name: getattr(self, name) for name in self.space}

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """Give the same with other settings."""
        return replace(self, **settings)
