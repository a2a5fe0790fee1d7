"""Compare the candidates on the same folds and fit the chosen one on all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.blend import BlendModel, cross_blend
from dropout_risk.modelling.boosted import BoostedCandidate
from dropout_risk.modelling.calibrated_model import Model
from dropout_risk.modelling.folds import CrossFit
from dropout_risk.modelling.linear import LogisticCandidate
from dropout_risk.modelling.selection import SIMPLEST_FIRST, Selection
from dropout_risk.modelling.splits import dealt_folds

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Settings = Mapping[str, Mapping[str, Any]]
CHOICES = ("auto", *SIMPLEST_FIRST)
FEWEST_OF_A_CLASS = 2
CAUTIOUS: Settings = {"logistic": {"strength": 0.1}, "lightgbm": {"n_trees": 50}, "blend": {"weight": 0.5}}
"""Settings where a class is too rare for folds."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The chosen model, how it was chosen, and its raw scores of rows it did not see.

    Parameters
    ----------
    model : LogisticModel, BoostedModel or BlendModel
        Fitted on all rows.
    selection : Selection
        The candidates beside each other.
    margin : ndarray of float64, optional
        None where a class was too rare for folds.
    again : callable
        Fits the chosen candidate, in the setting that was found, on other rows.
    """

    model: Model
    selection: Selection
    margin: Floats | None
    again: Callable[[Floats, Labels], Model]


@dataclass(frozen=True)
class Candidates:
    """The ways to fit, the simplest first; a blend is made of the other two.

    Parameters
    ----------
    logistic : LogisticCandidate
    boosted : BoostedCandidate
    """

    logistic: LogisticCandidate
    boosted: BoostedCandidate

    def cross_fit(self, choice: str, X: Floats, y: Labels, folds: NDArray[np.intp]) -> dict[str, CrossFit]:
        """Show what the choice needs on folds that it did not see."""
        shown = {}
        if choice != "lightgbm":
            shown["logistic"] = self.logistic.cross_fit(X, y, folds)
        if choice != "logistic":
            shown["lightgbm"] = self.boosted.cross_fit(X, y, folds)
        if choice in ("auto", "blend"):
            shown["blend"] = cross_blend(shown["logistic"], shown["lightgbm"], y, folds)
        return shown

    def fit(self, name: str, X: Floats, y: Labels, settings: Settings) -> Model:
        """Fit one of them on all rows."""
        if name == "logistic":
            return self.logistic.fit(X, y, settings["logistic"])
        if name == "lightgbm":
            return self.boosted.fit(X, y, settings["lightgbm"])
        parts = self.logistic.fit(X, y, settings["logistic"]), self.boosted.fit(X, y, settings["lightgbm"])
        return BlendModel(*parts, settings["blend"]["weight"])


def fit_best(
    X: Floats,
    y: Labels,
    keys: Sequence[bytes],
    *,
    choice: str,
    monotone: Sequence[int],
    categorical: Sequence[int],
    folds: int,
    seed: int,
) -> Fitted:
    """Fit the candidate that was asked for, or the simplest within one standard error of the best."""
    candidates = Candidates(
        LogisticCandidate(monotone, categorical), BoostedCandidate(monotone, categorical, seed)
    )
    n_folds = min(folds, _fewest(keys, y))
    if n_folds < FEWEST_OF_A_CLASS:
        name = "logistic" if choice == "auto" else choice
        again = partial(candidates.fit, name, settings=CAUTIOUS)
        return Fitted(again(X, y), Selection({name: np.array([np.nan])}, name), None, again)
    shown = candidates.cross_fit(choice, X, y, dealt_folds(keys, y, n_folds, seed))
    selection = Selection.of({name: fit.losses for name, fit in shown.items() if choice in ("auto", name)})
    settings = {name: fit.setting for name, fit in shown.items()}
    again = partial(candidates.fit, selection.chosen, settings=settings)
    return Fitted(again(X, y), selection, shown[selection.chosen].margin, again)


def in_own_order(X: Floats, y: Labels, groups: NDArray[Any] | None) -> tuple[list[bytes], NDArray[np.intp]]:
    """Give each row's key, and an order of the rows that does not depend on how they came.

    The key is the row's group. Without groups it is the row's own content, and equal rows are numbered:
    two pupils who look alike are still two.
    """
    content = [row.tobytes() + bytes([label]) for row, label in zip(X + 0.0, y, strict=True)]
    if groups is None:
        keys = _numbered(content)
    elif len(groups) != len(y):
        raise TrainingError(f"groups has {len(groups)} entries for {len(y)} rows.")
    else:
        keys = [str(group).encode() for group in groups]
    order = sorted(range(len(y)), key=lambda place: (content[place], keys[place]))
    return keys, np.array(order, dtype=np.intp)


def _numbered(content: list[bytes]) -> list[bytes]:
    seen: Counter[bytes] = Counter()
    keys = []
    for row in content:
        keys.append(row + seen[row].to_bytes(4, "big"))
        seen[row] += 1
    return keys


def _fewest(keys: Sequence[bytes], y: Labels) -> int:
    """Give the number of different keys in the rarer class."""
    ones = {key for key, label in zip(keys, y, strict=True) if label}
    return min(len(ones), len(set(keys) - ones))
