"""How well it is said when pupils drop out: time-dependent AUC and Brier score, and concordance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import Array


@dataclass(frozen=True, eq=False)
class TimedOutcomes:
    """When rows dropped out, or until when they were seen to stay.

    Parameters
    ----------
    days : int array of shape (n,)
        School days from the as-of date to the dropout (from 0), or to the end of what was observed.
    dropped_out : bool array of shape (n,)
        Whether the pupil dropped out on that day.
    """

    days: npt.NDArray[np.int64]
    dropped_out: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, days: npt.ArrayLike, dropped_out: npt.ArrayLike) -> Self:
        """Check that the two belong together."""
        when, out = np.asarray(days, dtype=np.int64), np.asarray(dropped_out, dtype=bool)
        if when.shape != out.shape or when.ndim != 1 or when.size == 0:
            raise EvaluationError(f"Days and outcomes must be two lists of one length, got {when.shape}.")
        return cls(when, out)

    def within(self, day: int) -> tuple[npt.NDArray[np.bool_], Array]:
        """Say who dropped out before a day, and weigh rows against those who were lost sight of.

        A dropout counts with one over the chance of not having been lost until then, a row still there
        with one over the chance until ``day``, and a row lost earlier not at all (inverse probability
        of censoring weights, Graf et al. 1999).
        """
        before = self.dropped_out & (self.days < day)
        still = self.days >= day
        weight = np.zeros(len(self.days))
        weight[before] = 1 / self._seen(self.days[before])
        if still.any():
            weight[still] = 1 / self._seen(np.array([day]))
        return before, weight

    def _seen(self, days: npt.NDArray[np.int64]) -> Array:
        """Give the Kaplan-Meier chance of still being in sight on some days."""
        lost, at = np.unique(self.days[~self.dropped_out], return_counts=True)
        staying = len(self.days) - np.searchsorted(np.sort(self.days), lost, side="left")
        gone = np.searchsorted(np.sort(self.days[self.dropped_out]), lost, side="right")
        gone -= np.searchsorted(np.sort(self.days[self.dropped_out]), lost, side="left")
        chance = np.concatenate([[1.0], np.cumprod(1 - at / np.maximum(staying - gone, 1))])
        return np.asarray(chance[np.searchsorted(lost, days, side="left")])


def timed_metrics(outcomes: TimedOutcomes, risk_within: npt.ArrayLike, days: Sequence[int]) -> pd.DataFrame:
    """Measure risks within several numbers of days.

    Parameters
    ----------
    outcomes : TimedOutcomes
        What happened.
    risk_within : array of shape (n, len(days))
        The risk of dropping out before each day.
    days : sequence of int
        School days after the as-of date.

    Returns
    -------
    DataFrame
        One row per day: ``observed`` share, ``mean_risk``, cumulative/dynamic ``auc`` (dropouts before the
        day against those still there on it), ``brier``, and ``brier_of_one_curve`` (everybody gets the
        observed share); all weighed against censoring.
    """
    risks = np.asarray(risk_within, dtype=np.float64)
    if risks.shape != (len(outcomes.days), len(days)):
        raise EvaluationError(f"Risks have shape {risks.shape}, wanted {(len(outcomes.days), len(days))}.")
    rows = [_on(outcomes, risks[:, place], day) for place, day in enumerate(days)]
    return pd.DataFrame(rows, index=pd.Index(list(days), name="days"))


def _on(outcomes: TimedOutcomes, risk: Array, day: int) -> dict[str, float]:
    before, weight = outcomes.within(day)
    observed = float(np.average(before, weights=weight)) if weight.any() else np.nan
    counted = weight > 0
    return {
        "observed": observed,
        "mean_risk": float(risk.mean()),
        "auc": _auc(before[counted], risk[counted], weight[counted]),
        "brier": float(np.average((risk - before) ** 2, weights=weight)),
        "brier_of_one_curve": observed * (1 - observed),
    }


def _auc(before: npt.NDArray[np.bool_], risk: Array, weight: Array) -> float:
    if before.all() or not before.any():
        return float("nan")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(before, risk, sample_weight=weight))


def concordance(outcomes: TimedOutcomes, risk: npt.ArrayLike) -> float:
    """Give the share of pairs in which who dropped out earlier had the higher risk (Harrell's C).

    A pair counts if one dropped out while the other was still in sight; equal risks count a half.
    NaN where there is no such pair.
    """
    value = np.asarray(risk, dtype=np.float64)
    order = np.argsort(outcomes.days, kind="stable")
    days, out, value = outcomes.days[order], outcomes.dropped_out[order], value[order]
    rank = np.unique(value, return_inverse=True)[1]
    agreed = pairs = 0.0
    for place in np.flatnonzero(out):
        later = np.searchsorted(days, days[place], side="right")
        censored_then = (days[:later] == days[place]) & ~out[:later]
        other = np.concatenate([rank[:later][censored_then], rank[later:]])
        agreed += float((other < rank[place]).sum()) + 0.5 * float((other == rank[place]).sum())
        pairs += len(other)
    return agreed / pairs if pairs else float("nan")
