"""When, not only whether: the chance of dropping out in each period, for pupils who are still there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from dropout_risk.arrays import Array, Floats, Labels, Longs, Positions
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import SettingsError, TrainingError
from dropout_risk.modelling.calibration import fit_line
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.folds.split_dates import keys_of

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
        owners = keys_of(X, groups, "student_id", otherwise=np.arange(len(X)))
        self.classifier_ = RiskClassifier(
            self.model, self.catalogue, folds=self.folds, random_state=self.random_state, leaks="ignore"
        ).fit(_with_period(X, rows, period), happened, groups=owners[rows])
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

        Between the ends of periods the hazard is spread evenly over the days of the period. TrainingError if
        a number of days lies beyond the last period.
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
        index = np.clip(np.searchsorted(ends, days, side="right") - 1, 0, len(edges) - 1)
        share = (np.asarray(days) - ends[index]) / (ends[index + 1] - ends[index])
        at = staying[:, index] + share * (staying[:, index + 1] - staying[:, index])
        return np.asarray(-np.expm1(at))

    def _edges(self) -> Longs:
        edges = np.asarray(self.edges, dtype=np.int64)
        if len(edges) == 0 or edges[0] < 1 or (np.diff(edges) < 1).any():
            raise TrainingError(f"The ends of the periods must rise from above 0, got {list(self.edges)}.")
        return edges


def person_periods(
    days: ArrayLike, dropped_out: ArrayLike, edges: ArrayLike
) -> tuple[Positions, Longs, Labels]:
    """Lay rows out by period: which row, which period, and whether the pupil dropped out in it.

    A dropout on day ``d`` (counted from 0) falls into the first period that ends after ``d``. Periods after
    it, and those that were not observed to their end, are left out.

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


def _with_period(X: pd.DataFrame, rows: Positions, period: Array) -> pd.DataFrame:
    return X.iloc[rows].assign(**{PERIOD: period.astype(np.float64)})


PERIODS = 6
PENALTY = 1e-3
"""Too weak to be felt; it keeps empty periods finite."""


@dataclass(frozen=True)
class Timing:
    """The hazard of each period as a function of the score alone: ``logit h = level + slope * log_odds``.

    It says how the calibrated risk of the whole horizon spreads over it. The risk within fewer days is that
    risk times the share of the hazard model's dropouts that fall into them, so the two never contradict each
    other: it never falls with the days, and within the whole horizon it is the risk itself. ``edges`` are the
    ends of the periods in school days, rising; the last one is the horizon.

    >>> timing = Timing(edges=(30, 60, 90), levels=(-4.0, -4.0, -4.0), slope=1.0)
    >>> timing.within(np.array([0.5]), [30, 90]).round(3).tolist()
    [[0.17, 0.5]]
    """

    edges: tuple[int, ...]
    levels: tuple[float, ...]
    slope: float

    @classmethod
    def fit(cls, log_odds: ArrayLike, days: ArrayLike, dropped_out: ArrayLike, horizon_days: int) -> Self:
        """Fit on calibrated scores of rows that were observed for the whole horizon.

        ``days`` counts school days to the dropout from 0, and is the horizon without one. Scores of a model
        that saw the rows do no harm: only shares come from them. The horizon is cut into six periods, or
        fewer where it is shorter.
        """
        edges = np.unique(np.linspace(0, horizon_days, PERIODS + 1).round().astype(int)[1:])
        rows, period, happened = person_periods(days, dropped_out, edges)
        columns = np.column_stack([np.eye(len(edges))[period], np.asarray(log_odds, dtype=np.float64)[rows]])
        rate = (happened.sum() + 0.5) / (len(happened) + 1.0)
        centre = np.append(np.full(len(edges), np.log(rate / (1 - rate))), 1.0)
        prior = centre, PENALTY * np.eye(len(centre))
        weights = fit_line(columns, happened, np.ones(len(centre), dtype=np.bool_), prior)[0]
        return cls(tuple(edges.tolist()), tuple(weights[:-1].tolist()), float(weights[-1]))

    @property
    def horizon_days(self) -> int:
        """The end of the last period."""
        return self.edges[-1]

    @property
    def thirds(self) -> tuple[int, ...]:
        """A third, two thirds and the whole of the horizon: 30, 60 and 90 school days by default."""
        return tuple(dict.fromkeys(max(1, round(self.horizon_days * part / 3)) for part in (1, 2, 3)))

    def within(self, risk: Floats, days: Sequence[int], ends: Array | None = None) -> Floats:
        """Give the risk within so many school days from that of the whole horizon, shape (n, len(days)).

        ``ends`` are the school days after which each risk ends, where that is before the horizon: all of it
        lies in them. SettingsError if a number of days lies beyond the horizon.
        """
        if max(days, default=0) > self.horizon_days or min(days, default=0) < 0:
            raise SettingsError(
                f"The horizon is {self.horizon_days} school days; asked for {sorted(days)}.",
                hint="train with a longer outcome.horizon_days",
            )
        from scipy.special import log_expit, logit

        inside = np.clip(np.asarray(risk, dtype=np.float64), 1e-12, 1 - 1e-12)
        score = logit(inside)
        levels = np.array(self.levels)[:, None]
        steps = log_expit(-(levels + self.slope * score))
        staying = np.cumsum(np.vstack([np.zeros(len(score)), steps]), axis=0)
        last = np.full(len(score), self.horizon_days)
        last = last if ends is None else np.clip(ends, 1, last)
        whole = self._lost(staying, last)
        shares = [
            np.where(last <= day, 1.0, self._lost(staying, np.minimum(last, day)) / whole) for day in days
        ]
        return np.column_stack([risk * share for share in shares])

    def _lost(self, staying: Floats, days: Array) -> Floats:
        """Give the share of each pupil's like that the hazards have lost after so many days."""
        edges, everyone = np.array([0, *self.edges]), np.arange(len(days))
        before = np.searchsorted(edges, days, side="right") - 1
        after = np.minimum(before + 1, len(edges) - 1)
        part = (days - edges[before]) / np.maximum(edges[after] - edges[before], 1)
        low, high = staying[before, everyone], staying[after, everyone]
        return np.asarray(-np.expm1(low + part * (high - low)))

    def to_dict(self) -> dict[str, Any]:
        """Write the timing as plain data."""
        return {"edges": list(self.edges), "levels": list(self.levels), "slope": self.slope}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(tuple(map(int, data["edges"])), tuple(map(float, data["levels"])), float(data["slope"]))
