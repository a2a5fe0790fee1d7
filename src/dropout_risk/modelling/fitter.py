"""How a candidate is fitted: what it shows on folds, the fit on all rows, and what tuning may change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Labels, Positions
from dropout_risk.modelling.folds import CrossFit, fold_losses
from dropout_risk.modelling.model import Model


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
            margin[left_out] = self.fit(X[seen], y[seen], {}).margin(X[left_out])
        return CrossFit(margin, fold_losses(margin, y, folds), {})

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
