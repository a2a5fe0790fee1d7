"""When, not only whether: the chance of dropping out in each period, for pupils who are still there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import TrainingError
from dropout_risk.modelling.classifier import RiskClassifier

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
PERIOD = "period"
HIGHEST = 1 - 1e-12


class HazardClassifier(BaseEstimator):  # type: ignore[misc]
    """A discrete-time hazard model over a table of features: one row per pupil and period at risk.

    Every row is laid out once for each period in which the pupil was still there at its beginning (the
    person-period table, Singer and Willett 1993), with the number of the period as one more feature, and
    :class:`RiskClassifier` learns in which of them the pupil drops out. So it chooses, calibrates and
    explains as for a single horizon. The risk within a number of days is one less the product of the
    chances of staying, so it never falls with the horizon.

    Parameters
    ----------
    edges : sequence of int, default=(15, 30, 45, 60, 75, 90)
        Ends of the periods, in school days after the as-of date, rising.
    model, catalogue, folds, random_state
        See :class:`RiskClassifier`.

    Attributes
    ----------
    classifier_ : RiskClassifier
        Fitted on the person-period table; ``explain`` and ``selection_`` are there.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"absence_share": rng.uniform(size=300)})
    >>> days = np.where(rng.uniform(size=300) < X["absence_share"] / 2, rng.integers(0, 90, 300), 90)
    >>> hazard = HazardClassifier(model="logistic").fit(X, days, days < 90)
    >>> within = hazard.risk_within(X, [30, 60, 90])
    >>> within.shape, bool((np.diff(within, axis=1) >= 0).all())
    ((300, 3), True)
    """

    def __init__(
        self,
        edges: Sequence[int] = (15, 30, 45, 60, 75, 90),
        model: str = "auto",
        catalogue: FeatureCatalogue | None = None,
        *,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.edges = edges
        self.model = model
        self.catalogue = catalogue
        self.folds = folds
        self.random_state = random_state

    def fit(
        self, X: pd.DataFrame, days: ArrayLike, dropped_out: ArrayLike, groups: ArrayLike | None = None
    ) -> Self:
        """Fit on rows of which some were still there when they were last seen (censored).

        Parameters
        ----------
        X : DataFrame, shape (n, n_features)
            As for :class:`RiskClassifier`.
        days : array-like of int, shape (n,)
            School days from the as-of date to the dropout or, without one, to the last day observed.
        dropped_out : array-like of bool, shape (n,)
            Whether the pupil dropped out then. A period that was not observed to its end counts for
            nobody.
        groups : array-like, optional
            Rows of one group never stand on both sides of a fold; by default each row's own group, or
            the index level ``student_id``.

        Raises
        ------
        TrainingError
            If the edges do not rise, the lengths differ, or no period has both outcomes.
        """
        edges = self._edges()
        rows, period, happened = person_periods(days, dropped_out, edges)
        if len(np.asarray(days)) != len(X):
            raise TrainingError(f"X has {len(X)} rows and days has {len(np.asarray(days))}.")
        if PERIOD in X.columns:
            raise TrainingError(f"X has a column {PERIOD!r} of its own.", hint="give it another name")
        if len(np.unique(happened)) < 2:
            raise TrainingError(
                f"In no period up to {edges[-1]} days does anybody drop out while others stay.",
                hint="give more rows, or longer periods",
            )
        self.classifier_ = RiskClassifier(
            self.model, self.catalogue, folds=self.folds, random_state=self.random_state, leaks="ignore"
        ).fit(_with_period(X, rows, period), happened, groups=_groups(X, groups)[rows])
        return self

    def hazards(self, X: pd.DataFrame) -> Floats:
        """Give the chance of dropping out in each period for who is there at its beginning, shape (n, k)."""
        check_is_fitted(self, "classifier_")
        everyone = np.arange(len(X))
        columns = [
            self.classifier_.predict_proba(_with_period(X, everyone, np.full(len(X), period)))[:, 1]
            for period in range(len(self.edges))
        ]
        return np.column_stack(columns)

    def risk_within(self, X: pd.DataFrame, days: Sequence[int]) -> Floats:
        """Give the risk of dropping out within so many school days, shape (n, len(days)).

        Between the ends of periods the hazard is spread evenly over the days of the period.

        Raises
        ------
        TrainingError
            If a number of days lies beyond the last period.
        """
        edges = self._edges()
        if max(days) > edges[-1] or min(days) < 0:
            raise TrainingError(
                f"The periods end after {edges[-1]} school days; asked for {sorted(days)}.",
                hint="fit with longer edges",
            )
        lost = np.log1p(-np.minimum(self.hazards(X), HIGHEST))
        staying = np.concatenate([np.zeros((len(X), 1)), np.cumsum(lost, axis=1)], axis=1)
        ends = np.concatenate([[0], edges])
        place = np.clip(np.searchsorted(ends, days, side="right") - 1, 0, len(edges) - 1)
        share = (np.asarray(days) - ends[place]) / (ends[place + 1] - ends[place])
        at = staying[:, place] + share * (staying[:, place + 1] - staying[:, place])
        return np.asarray(-np.expm1(at))

    def _edges(self) -> NDArray[np.int64]:
        edges = np.asarray(self.edges, dtype=np.int64)
        if len(edges) == 0 or edges[0] < 1 or (np.diff(edges) < 1).any():
            raise TrainingError(f"The ends of the periods must rise from above 0, got {list(self.edges)}.")
        return edges


def person_periods(
    days: ArrayLike, dropped_out: ArrayLike, edges: ArrayLike
) -> tuple[Places, NDArray[np.int64], NDArray[np.int8]]:
    """Lay rows out by period: which row, which period, and whether the pupil dropped out in it.

    A dropout on day ``d`` (counted from 0) falls into the first period that ends after ``d``. Periods
    after it, and those that were not observed to their end, are left out.

    Examples
    --------
    >>> rows, period, happened = person_periods([5, 20, 12], [True, False, False], [10, 20])
    >>> rows.tolist(), period.tolist(), happened.tolist()
    ([0, 1, 1, 2], [0, 0, 1, 0], [1, 0, 0, 0])
    """
    when, out = np.asarray(days, dtype=np.int64), np.asarray(dropped_out, dtype=bool)
    if when.shape != out.shape or when.ndim != 1:
        raise TrainingError(f"days and dropped_out differ in length: {when.shape} and {out.shape}.")
    if (when < 0).any():
        raise TrainingError(
            f"{int((when < 0).sum())} of {len(when)} numbers of days are below 0, before the as-of date.",
            hint="leave out who had dropped out before",
        )
    ends = np.asarray(edges, dtype=np.int64)
    out = out & (when < ends[-1])
    begun = np.searchsorted(ends, when, side="right")
    n_periods = np.where(out, begun + 1, begun)
    rows = np.repeat(np.arange(len(when)), n_periods)
    first = np.cumsum(n_periods) - n_periods
    period = np.arange(len(rows)) - first[rows]
    return rows, period, (out[rows] & (period == begun[rows])).astype(np.int8)


def _with_period(X: pd.DataFrame, rows: Places, period: NDArray[Any]) -> pd.DataFrame:
    return X.iloc[rows].assign(**{PERIOD: period.astype(np.float64)})


def _groups(X: pd.DataFrame, groups: ArrayLike | None) -> NDArray[Any]:
    if groups is not None:
        return np.asarray(groups)
    if "student_id" in X.index.names:
        return np.asarray(X.index.get_level_values("student_id"))
    return np.arange(len(X))
