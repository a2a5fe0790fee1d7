"""Compare the candidates on the same folds and fit the chosen one on all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.blend import BlendModel, cross_blend
from dropout_risk.modelling.boosted import BoostedCandidate
from dropout_risk.modelling.calibrated_model import Additive, Model
from dropout_risk.modelling.ebm import EbmCandidate
from dropout_risk.modelling.folds import CrossFit, raw_calibration
from dropout_risk.modelling.linear import LogisticCandidate
from dropout_risk.modelling.scorecard import ScorecardCandidate
from dropout_risk.modelling.selection import SIMPLEST_FIRST, Selection
from dropout_risk.modelling.splits import dealt_folds
from dropout_risk.modelling.tuning import Tuning, rows_key

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Settings = Mapping[str, Mapping[str, Any]]
CHOICES = ("auto", *SIMPLEST_FIRST)
DEFAULT = ("scorecard", "logistic", "lightgbm", "blend")
"""Candidates compared unless others are named."""
FEWEST_OF_A_CLASS = 2
CAUTIOUS: Settings = {
    "scorecard": {"n_features": 3},
    "logistic": {"strength": 0.1},
    "ebm": {},
    "lightgbm": {"n_trees": 50},
    "blend": {"weight": 0.5},
}
"""Settings where a class is too rare for folds."""
TUNING_ROWS = 40_000
"""Rows that settings are tuned on, at most."""
TUNING_FOLDS = 3
LATE_SHARE = 0.2
FEWEST_LATE = 30
"""Positive rows in the tail, below which the number of trees is found on all rows."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The chosen model, how it was chosen, and its raw scores of rows it did not see.

    Parameters
    ----------
    model : Model
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


@dataclass(frozen=True, eq=False)
class Rows:
    """What candidates are compared on: encoded rows in their own order.

    Parameters
    ----------
    X : ndarray of float64
        Encoded features.
    y : ndarray of int8
        Labels, 0 or 1.
    keys : sequence of bytes
        Rows with the same key never stand on both sides of a fold.
    days : ndarray of int, optional
        The place in time of each row, where as-of dates are known.
    """

    X: Floats
    y: Labels
    keys: Sequence[bytes]
    days: NDArray[np.int64] | None = None

    @property
    def tail(self) -> NDArray[np.bool_] | None:
        """Mark the rows of the last days; None without days, or with too few dropouts among them."""
        if self.days is None:
            return None
        late = self.days >= np.quantile(self.days, 1 - LATE_SHARE, method="lower")
        some = self.y[late].sum() >= FEWEST_LATE and self.y[~late].sum() >= FEWEST_LATE
        return late if some else None

    def part(self, chosen: NDArray[np.bool_]) -> Rows:
        """Give some of the rows."""
        keys = [key for key, kept in zip(self.keys, chosen, strict=True) if kept]
        return Rows(self.X[chosen], self.y[chosen], keys, None if self.days is None else self.days[chosen])


@dataclass(frozen=True)
class Candidates:
    """The ways to fit, the simplest first; a blend is made of two of them.

    Parameters
    ----------
    scorecard : ScorecardCandidate
    logistic : LogisticCandidate
    ebm : EbmCandidate
    boosted : BoostedCandidate
    """

    scorecard: ScorecardCandidate
    logistic: LogisticCandidate
    ebm: EbmCandidate
    boosted: BoostedCandidate

    @classmethod
    def of(cls, monotone: Sequence[int], categorical: Sequence[int], seed: int) -> Candidates:
        """Make them for some columns, as they are before tuning."""
        return cls(
            ScorecardCandidate(monotone, categorical),
            LogisticCandidate(monotone, categorical),
            EbmCandidate(monotone, categorical, seed),
            BoostedCandidate(monotone, categorical, seed),
        )

    def tuned(self, names: Sequence[str], rows: Rows, tuning: Tuning, seed: int) -> Candidates:
        """Give them with the settings that tuning finds, on other folds than those of the choice."""
        pieces = -(-len(rows.y) // TUNING_ROWS)
        if pieces > 1 and _fewest(rows.keys, rows.y) >= pieces * TUNING_FOLDS:
            rows = rows.part(dealt_folds(rows.keys, rows.y, pieces, seed + 1) == 0)
        folds = dealt_folds(rows.keys, rows.y, min(TUNING_FOLDS, _fewest(rows.keys, rows.y)), seed + 2)
        X, y, tail = rows.X, rows.y, rows.tail
        key = rows_key(X, y, folds, np.array([]) if tail is None else tail)
        found = self
        if {"logistic", "blend"} & set(names):
            logistic = tuning.best(
                self.logistic, lambda one: one.tuning_loss(X, y, folds), key=key, seed=seed
            )
            found = replace(found, logistic=logistic)
        if {"lightgbm", "blend"} & set(names):
            boosted = tuning.best(
                self.boosted, lambda one: one.tuning_loss(X, y, folds, tail), key=key, seed=seed
            )
            found = replace(found, boosted=boosted)
        return found

    def cross_fit(self, names: Sequence[str], rows: Rows, folds: NDArray[np.intp]) -> dict[str, CrossFit]:
        """Show what each of the named does on folds that it did not see."""
        shown: dict[str, CrossFit] = {}
        X, y = rows.X, rows.y
        if "scorecard" in names:
            shown["scorecard"] = self.scorecard.cross_fit(X, y, folds)
        if {"logistic", "blend"} & set(names):
            shown["logistic"] = self.logistic.cross_fit(X, y, folds)
        if "ebm" in names:
            shown["ebm"] = self.ebm.cross_fit(X, y, folds)
        if {"lightgbm", "blend"} & set(names):
            shown["lightgbm"] = self.boosted.cross_fit(X, y, folds, rows.tail)
        if "blend" in names:
            shown["blend"] = cross_blend(shown["logistic"], shown["lightgbm"], y, folds)
        return shown

    def fit(self, name: str, X: Floats, y: Labels, settings: Settings) -> Model:
        """Fit one of them on all rows."""
        if name == "blend":
            parts = (
                self.logistic.fit(X, y, settings["logistic"]),
                self.boosted.fit(X, y, settings["lightgbm"]),
            )
            return BlendModel(*parts, settings["blend"]["weight"])
        if name == "lightgbm":
            return self.boosted.fit(X, y, settings["lightgbm"])
        model: Additive = getattr(self, name).fit(X, y, settings[name])
        return model


def fit_best(
    rows: Rows,
    names: Sequence[str],
    *,
    monotone: Sequence[int],
    categorical: Sequence[int],
    folds: int,
    seed: int,
    tuning: Tuning | None = None,
) -> Fitted:
    """Fit the only candidate named, or the simplest of them within one standard error of the best."""
    candidates = Candidates.of(monotone, categorical, seed)
    n_folds = min(folds, _fewest(rows.keys, rows.y))
    if n_folds < FEWEST_OF_A_CLASS:
        name = "logistic" if "logistic" in names else names[0]
        again = partial(candidates.fit, name, settings=CAUTIOUS)
        return Fitted(again(rows.X, rows.y), Selection({name: np.array([np.nan])}, name), None, again)
    if tuning is not None:
        candidates = candidates.tuned(names, rows, tuning, seed)
    shown = candidates.cross_fit(names, rows, dealt_folds(rows.keys, rows.y, n_folds, seed))
    compared = {name: fit for name, fit in shown.items() if name in names}
    selection = Selection.of(
        {name: fit.losses for name, fit in compared.items()},
        {name: raw_calibration(fit.margin, rows.y) for name, fit in compared.items()},
        _entropy(float(rows.y.mean())),
    )
    settings = {name: fit.setting for name, fit in shown.items()}
    again = partial(candidates.fit, selection.chosen, settings=settings)
    return Fitted(again(rows.X, rows.y), selection, shown[selection.chosen].margin, again)


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


def _entropy(rate: float) -> float:
    """Give the log loss of predicting the base rate for everybody."""
    return float(-rate * np.log(rate) - (1 - rate) * np.log(1 - rate))


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
