"""What a model does to each group: missed, listed in vain, calibrated, ranked; with intervals by pupil.

Rates are fairlearn's ``MetricFrame`` over metrics of their own, because a place on a list can be shared
between equal risks, and because a pupil seen on two days is still one pupil.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import EvaluationError, MissingExtraError
from dropout_risk.evaluation.capacity import top_count
from dropout_risk.evaluation.curves import Z95
from dropout_risk.evaluation.metrics import Array, calibration_in_the_large, log_odds, outcomes_and_risks
from dropout_risk.evaluation.shrinkage import shrunk_shifts

RATES = ("fnr", "fpr", "selection")
COUNTED = {"fnr": "positives", "fpr": "negatives", "selection": "pupils"}
"""What a rate is a share of: the pupils that its interval and its test count."""


@dataclass(frozen=True, eq=False)
class AuditRows:
    """The test part as an audit reads it.

    Parameters
    ----------
    outcomes, risks : array of float
        What happened, and what the model said.
    days : array
        As-of date of each row.
    pupils : array of int
        Which rows are of the same pupil.
    share : float
        The share of each day's rows that is on the list.
    listed : array of float
        1 for rows on the list, 0 for others; rows that tie for the last places share them.
    """

    outcomes: Array
    risks: Array
    days: npt.NDArray[Any]
    pupils: npt.NDArray[np.intp]
    share: float
    listed: Array

    @classmethod
    def of(
        cls, outcomes: npt.ArrayLike, risks: npt.ArrayLike, days: npt.ArrayLike, pupils: Any, share: float
    ) -> AuditRows:
        """Check the columns and make the list of each day."""
        truth, risk = outcomes_and_risks(outcomes, risks)
        when, who = np.asarray(days), np.arange(truth.size) if pupils is None else pd.factorize(pupils)[0]
        if len(when) != truth.size or len(who) != truth.size:
            raise EvaluationError(
                f"{truth.size} outcomes, {len(when)} dates and {len(who)} pupils do not belong together."
            )
        return cls(truth, risk, when, who, share, places_on_lists(risk, when, share))


def places_on_lists(risks: Array, days: npt.NDArray[Any], share: float) -> Array:
    """Give each row's place on its day's list: 1, 0, or a part of one where equal risks share the end."""
    listed = np.zeros(len(risks))
    for name in np.unique(days):
        day = days == name
        listed[day] = places(risks[day], top_count(int(day.sum()), share))
    return listed


def places(risks: Array, length: int) -> Array:
    """Give each row's place on one list of the highest risks.

    >>> places(np.array([0.9, 0.5, 0.5, 0.1]), 2).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    if length == 0:
        return np.zeros(len(risks))
    last = np.partition(risks, risks.size - length)[risks.size - length]
    left = length - int((risks > last).sum())
    return np.where(risks > last, 1.0, np.where(risks == last, left / (risks == last).sum(), 0.0))


def group_rates(rows: AuditRows, groups: pd.Series, fewest: int) -> pd.DataFrame:
    """Measure each group of one attribute.

    Parameters
    ----------
    rows : AuditRows
        The test part.
    groups : Series of str
        The group of each row.
    fewest : int
        A group with fewer pupils who dropped out, or who stayed, gets no figure.

    Returns
    -------
    DataFrame
        By group: ``pupils``, ``shown`` and, where shown, ``positives`` and ``negatives`` (pupils), the rates
        ``fnr``, ``fpr``, ``selection`` with ``_low`` and ``_high``, ``mean_risk``, ``observed``, ``shift``
        (log-odds to add so that risks are right on average) with ``shift_error`` and ``shift_shrunk``,
        ``auc`` with ``auc_low`` and ``auc_high``.
    """
    frame = _by_group(rows, groups)
    frame["shown"] = (frame["positives"] >= fewest) & (frame["negatives"] >= fewest)
    for name in RATES:
        frame[f"{name}_low"], frame[f"{name}_high"] = wilson(frame[name], frame[COUNTED[name]])
    frame["shift_shrunk"] = _shrunk(rows, groups)
    frame["auc_low"], frame["auc_high"] = _within_one(frame["auc"], frame.pop("auc_error"))
    figures = frame.columns.difference(["pupils", "shown"])
    frame.loc[~frame["shown"], figures] = np.nan
    return frame


def wilson(share: Any, n: Any, z: float = Z95) -> tuple[Any, Any]:
    """Give the Wilson interval of shares of ``n``, element by element.

    >>> [round(float(bound), 4) for bound in wilson(0.5, 10)]
    [0.2366, 0.7634]
    """
    spread = z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / n + spread / (4 * n))
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def _by_group(rows: AuditRows, groups: pd.Series) -> pd.DataFrame:
    """Measure every group in one pass: MetricFrame copies each column for each metric, value by value."""
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError as error:
        raise MissingExtraError(
            "fairlearn is not installed.", hint="pip install 'dropout-risk[train]'"
        ) from error

    def figures(places: npt.NDArray[np.intp], listed: Array) -> dict[str, float]:
        return _figures(rows.outcomes[places], rows.risks[places], rows.pupils[places], listed)

    measured = MetricFrame(
        metrics=figures,
        y_true=np.arange(len(rows.outcomes)),
        y_pred=rows.listed,
        sensitive_features=groups.to_numpy(dtype=object),
    ).by_group
    return pd.DataFrame(measured.tolist(), index=pd.Index(measured.index, name="group"))


def _figures(y: Array, risk: Array, pupil: npt.NDArray[np.intp], listed: Array) -> dict[str, float]:
    left, stayed = y == 1, y == 0
    found = {
        "pupils": _different(pupil),
        "positives": _different(pupil[left]),
        "negatives": _different(pupil[stayed]),
        "selection": float(listed.mean()),
        "mean_risk": float(risk.mean()),
        "observed": float(y.mean()),
    }
    if not (left.any() and stayed.any()):
        return found | dict.fromkeys(("fnr", "fpr", "shift", "shift_error", "auc", "auc_error"), np.nan)
    found["fnr"], found["fpr"] = float(1.0 - listed[left].mean()), float(listed[stayed].mean())
    found["shift"], found["shift_error"] = _shift(y, risk, pupil)
    found["auc"], found["auc_error"] = _auc(left, risk, pupil)
    return found


def _different(pupil: npt.NDArray[np.intp]) -> float:
    return float(len(np.unique(pupil)))


def _shift(y: Array, risk: Array, pupil: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Give the shift and its standard error, rows of one pupil counted as one (sandwich estimate)."""
    from scipy.special import expit

    shift = calibration_in_the_large(y, risk)
    fitted = expit(log_odds(risk) + shift)
    _, who = np.unique(pupil, return_inverse=True)
    scatter = np.bincount(who, weights=y - fitted)
    return shift, float(np.sqrt((scatter**2).sum()) / (fitted * (1 - fitted)).sum())


def _auc(left: npt.NDArray[np.bool_], risk: Array, pupil: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Give the AUC and its standard error where a pupil can have several rows (Obuchowski 1997)."""
    below = _share_below(risk[left], risk[~left])
    above = 1 - _share_below(risk[~left], risk[left])
    auc = float(below.mean())
    codes, who = np.unique(pupil, return_inverse=True)
    up = np.bincount(who[left], weights=below - auc, minlength=len(codes)) / left.sum()
    down = np.bincount(who[~left], weights=above - auc, minlength=len(codes)) / (~left).sum()
    of_up, of_down = (len(np.unique(who[chosen])) for chosen in (left, ~left))
    if min(of_up, of_down) < 2:
        return auc, np.nan
    variance = of_up / (of_up - 1) * (up**2).sum() + of_down / (of_down - 1) * (down**2).sum()
    variance += 2 * len(codes) / (len(codes) - 1) * (up * down).sum()
    return auc, float(np.sqrt(max(variance, 0.0)))


def _share_below(risk: Array, others: Array) -> Array:
    """Give the share of others below each risk; equal ones count half."""
    ordered = np.sort(others)
    low, high = (np.searchsorted(ordered, risk, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / 2 / len(others))


def _within_one(share: pd.Series, error: pd.Series) -> tuple[Array, Array]:
    """Give an interval on the logit scale, which stays within 0 and 1; NaN where there is no spread."""
    from scipy.special import expit

    inside = share.where((share > 0) & (share < 1) & (error > 0))
    middle, half = np.log(inside / (1 - inside)), Z95 * error / (inside * (1 - inside))
    return np.asarray(expit(middle - half)), np.asarray(expit(middle + half))


def _shrunk(rows: AuditRows, groups: pd.Series) -> pd.Series:
    """Draw each shift towards the whole, as the calibration part of the report does."""
    found = shrunk_shifts(rows.outcomes, rows.risks, groups.to_numpy(dtype=object), rows.pupils).groups
    return pd.Series({one.group: one.shift for one in found}, dtype=np.float64)
