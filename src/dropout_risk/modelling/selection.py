"""The simplest candidate within one standard error of the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIMPLEST_FIRST = ("logistic", "lightgbm", "blend")


@dataclass(frozen=True)
class Selection:
    """Candidates beside each other on the same folds, and the one that was chosen.

    Parameters
    ----------
    losses : mapping of str to ndarray
        For each candidate the mean log loss of each fold; the simplest candidate first.
    chosen : str
        The candidate that was fitted on all rows.

    Examples
    --------
    >>> losses = {"logistic": np.array([0.5, 0.25]), "lightgbm": np.array([0.375, 0.3125])}
    >>> selection = Selection.of(losses)
    >>> selection.chosen
    'logistic'
    >>> selection.frame()[["candidate", "log_loss", "chosen"]].to_dict("list")
    {'candidate': ['logistic', 'lightgbm'], 'log_loss': [0.375, 0.34375], 'chosen': [True, False]}
    """

    losses: Mapping[str, Floats]
    chosen: str

    @classmethod
    def of(cls, losses: Mapping[str, Floats]) -> Self:
        """Choose: the first candidate whose excess over the best is within one standard error of it.

        The standard error is that of the fold-by-fold difference to the best candidate, so what makes
        a fold hard for all of them does not count.
        """
        ordered = {name: losses[name] for name in SIMPLEST_FIRST if name in losses}
        best = min(ordered, key=lambda name: float(ordered[name].mean()))
        for name, loss in ordered.items():
            excess, error = paired_excess(loss, ordered[best])
            if excess <= error:
                return cls(ordered, name)
        return cls(ordered, best)

    @property
    def best(self) -> str:
        """The candidate with the lowest mean loss."""
        return min(self.losses, key=lambda name: float(self.losses[name].mean()))

    def frame(self) -> pd.DataFrame:
        """List the candidates: mean loss, excess over the best with its error, worst fold, reason."""
        lines = []
        for name, loss in self.losses.items():
            excess, error = paired_excess(loss, self.losses[self.best])
            mean, worst = float(loss.mean()), float(loss.max())
            lines.append(
                (name, mean, excess, error, worst, name == self.chosen, self._reason(name, excess, error))
            )
        columns = ["candidate", "log_loss", "excess", "standard_error", "worst_fold", "chosen", "reason"]
        return pd.DataFrame(lines, columns=columns)

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))

    def _reason(self, name: str, excess: float, error: float) -> str:
        if len(self.losses) == 1:
            return "the only candidate"
        if name == self.chosen == self.best:
            return "lowest loss, and nothing simpler within one standard error"
        if name == self.chosen:
            return f"simplest within one standard error of the best ({excess:.4f} <= {error:.4f})"
        if excess <= error:
            return "within one standard error of the best, but not the simplest"
        return f"worse than the best by more than one standard error ({excess:.4f} > {error:.4f})"


def paired_excess(loss: Floats, best: Floats) -> tuple[float, float]:
    """Give the mean fold-by-fold difference of two losses, and its standard error."""
    difference = np.asarray(loss) - np.asarray(best)
    if len(difference) < 2:
        return float(difference.mean()), 0.0
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
