"""How well risks rank pupils, whether they may be read as probabilities, and what acting on them is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats
from dropout_risk.errors import EvaluationError

ONE_CLASS = "one class only: ranking and calibration are not defined"
CONSTANT = "all risks are equal: no calibration slope"
SEPARATED = "the classes are perfectly separated: no finite calibration slope"
SMALLEST = 1e-12
Z95 = 1.959963984540054


def ranking_and_probability_metrics(y: npt.ArrayLike, p: npt.ArrayLike) -> dict[str, Any]:
    """Measure ranking (AUC, average precision) and probabilities (Brier, log loss, calibration).

    Outcomes are 1 where the pupil dropped out within the horizon, risks lie between 0 and 1; EvaluationError
    if not. ``calibration_slope`` is the slope of the logistic recalibration ``logit P(y=1) = c + slope *
    logit(p)`` (1 is right, below 1 too extreme); ``calibration_intercept`` the calibration in the large:
    ``a`` in ``logit P(y=1) = a + logit(p)`` with the slope held at 1 (0 is right, below 0 too high risks);
    ``note`` says why a figure is NaN (otherwise empty).

    >>> found = ranking_and_probability_metrics([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> found["auc"], round(found["brier"], 4), found["note"]
    (0.75, 0.1581, '')
    """
    truth, risk = outcomes_and_risks(y, p)
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    found: dict[str, Any] = {
        "n": truth.size,
        "positives": int(truth.sum()),
        "base_rate": float(truth.mean()),
        "mean_risk": float(risk.mean()),
        "auc": np.nan,
        "average_precision": np.nan,
        "brier": float(brier_score_loss(truth, risk, pos_label=1)),
        "log_loss": float(log_loss(truth, risk, labels=[0, 1])),
        "calibration_slope": np.nan,
        "calibration_intercept": np.nan,
        "note": ONE_CLASS,
    }
    if 0 < found["positives"] < truth.size:
        found["auc"] = float(roc_auc_score(truth, risk))
        found["average_precision"] = float(average_precision_score(truth, risk))
        found["calibration_slope"], found["note"] = calibration_slope(truth, risk)
        found["calibration_intercept"] = calibration_in_the_large(truth, risk)
    return found


def outcomes_and_risks(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Give outcomes and risks as float arrays; EvaluationError if their lengths or values are impossible."""
    truth, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    if truth.shape != risk.shape or truth.ndim != 1:
        raise EvaluationError(
            f"Outcomes and risks must be two lists of one length, got {truth.shape} and {risk.shape}."
        )
    if truth.size == 0:
        raise EvaluationError("There is no row to evaluate.")
    if not np.isin(truth, (0.0, 1.0)).all():
        raise EvaluationError(
            "Outcomes must be 0 or 1.", hint="rows without a known outcome are left out beforehand"
        )
    if not ((risk >= 0) & (risk <= 1)).all():
        raise EvaluationError("Risks must lie between 0 and 1 and must not be missing.")
    return truth, risk


def log_odds(p: Floats) -> Floats:
    """Turn risks into log-odds; 0 and 1 are moved inside by 1e-12 so that they stay finite."""
    inside = np.clip(p, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def calibration_slope(y: Floats, p: Floats) -> tuple[float, str]:
    """Give the slope of the logistic recalibration, or NaN and the reason why there is none."""
    margin = log_odds(p)
    spread = float(margin.std())
    if spread < 1e-9:
        return np.nan, CONSTANT
    positive, negative = margin[y == 1], margin[y == 0]
    if positive.min() >= negative.max() or positive.max() <= negative.min():
        return np.nan, SEPARATED
    from sklearn.linear_model import LogisticRegression

    standard = ((margin - margin.mean()) / spread)[:, None]
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(standard, y)
    return float(fitted.coef_[0, 0]) / spread, ""


def calibration_in_the_large(y: Floats, p: Floats) -> float:
    """Give the shift in log-odds after which the mean risk equals the share that dropped out."""
    from scipy.optimize import brentq
    from scipy.special import expit

    margin, total = log_odds(p), float(y.sum())
    return float(brentq(lambda shift: float(expit(margin + shift).sum()) - total, -60.0, 60.0))


def quantile_bins(p: Floats, bins: int) -> npt.NDArray[np.intp]:
    """Give each row a bin of about equally many; equal risks share one, so there may be fewer."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))[1:-1]
    return np.searchsorted(edges, p, side="right")


def wilson_interval(share: Any, n: Any, z: float = Z95) -> tuple[Any, Any]:
    """Give the Wilson interval of shares of ``n``, element by element.

    >>> [round(float(bound), 4) for bound in wilson_interval(0.5, 10)]
    [0.2366, 0.7634]
    """
    spread = z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / n + spread / (4 * n))
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


# --- What acting on risks is worth ---

THRESHOLDS = tuple(number / 100 for number in range(1, 21))
"""Risks from which on a pupil is seen: sensible where 1 to 20 % drop out."""


def worth_of_seeing(y: Floats, p: Floats, threshold: float) -> Floats:
    """Give what seeing or not seeing each pupil is worth, counted in finds."""
    seen: npt.NDArray[np.bool_] = p >= threshold
    return np.asarray(np.where(seen, y - (1 - y) * threshold / (1 - threshold), 0.0))


def net_benefit_points(y: Floats, p: Floats) -> list[dict[str, float]]:
    """Give the net benefit at each threshold, of the risks and of seeing everybody."""
    everybody = np.ones_like(p)
    return [
        {
            "threshold": threshold,
            "net_benefit": net_benefit(y, p, threshold),
            "everybody": net_benefit(y, everybody, threshold),
        }
        for threshold in THRESHOLDS
    ]


def net_benefit(y: Floats, p: Floats, threshold: float) -> float:
    """Weigh finds against visits in vain, when everybody with a risk of at least the threshold is seen.

    The threshold says what a find is worth: acting at 5 % means that 19 visits in vain are accepted for one
    find (Vickers & Elkin 2006, *Decision curve analysis*).
    """
    return float(worth_of_seeing(y, p, threshold).mean())
