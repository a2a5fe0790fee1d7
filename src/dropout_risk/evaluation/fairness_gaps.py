"""Gaps between groups: how large, how sure, and how many were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.fairness_rates import COUNTED, wilson
from dropout_risk.evaluation.metrics import Array

LEVEL = 0.95
MOST_TOLD = 100


@dataclass(frozen=True)
class Gap:
    """Two groups of one attribute and what lies between them.

    Parameters
    ----------
    attribute, rate : str
        Such as ``sex`` and ``fnr``.
    higher, lower : str
        The group with the higher rate, and the other.
    size, low, high : float
        The difference, and an interval that holds for all pairs of the attribute at once (95 %).
    p, p_adjusted : float
        Two-sided, and adjusted by Holm's rule over every pair of every attribute for this rate.
    pairs : int
        Pairs of the attribute that were looked at.
    """

    attribute: str
    rate: str
    higher: str
    lower: str
    size: float
    low: float
    high: float
    p: float
    p_adjusted: float
    pairs: int

    def beyond(self, bound: float) -> bool:
        """Say whether the gap is larger than a bound, and beyond chance among all pairs looked at.

        Its interval must leave out 0 and the adjusted p must be below 0.05: the first looks at the pairs of
        one attribute, the second at those of every attribute, so that more attributes raise no more alarms.
        """
        return self.size > bound and self.low > 0 and self.p_adjusted < 1 - LEVEL


def gaps(rates: dict[str, pd.DataFrame], rate: str) -> list[Gap]:
    """Compare every pair of groups that are shown, attribute by attribute.

    A group with no case missed, or all, is compared like any other.

    Parameters
    ----------
    rates : dict of str to DataFrame
        From :func:`group_rates`, by attribute.
    rate : {"fnr", "fpr", "selection"}
        What is compared; it is tested on the pupils it is a share of (for ``fnr``: who dropped out).

    Returns
    -------
    list of Gap
        In the order of the attributes, the largest gap first; of an attribute of many groups, such as
        schools, the largest 100 and all whose interval leaves out 0.
    """
    parts = [_of_attribute(name, frame[frame["shown"]], rate) for name, frame in rates.items()]
    parts = [part for part in parts if len(part)]
    if not parts:
        return []
    every = pd.concat(parts, ignore_index=True)
    every["p_adjusted"] = holm(every["p"].to_numpy())
    order = {name: place for place, name in enumerate(rates)}
    every["place"] = every["attribute"].map(order)
    every = every.sort_values(["place", "size"], ascending=[True, False], kind="stable")
    kept = (every.groupby("place").cumcount() < MOST_TOLD) | (every["low"] > 0)
    rows: list[dict[str, Any]] = every[kept].drop(columns="place").to_dict("records")
    return [Gap(**row) for row in rows]


def _of_attribute(attribute: str, shown: pd.DataFrame, rate: str) -> pd.DataFrame:
    names, share = shown.index.to_numpy(dtype=object), shown[rate].to_numpy(dtype=np.float64)
    n = shown[COUNTED[rate]].to_numpy(dtype=np.float64)
    one, two = np.triu_indices(len(names), k=1)
    swap = share[one] < share[two]
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    low, high = newcombe(share[one], n[one], share[two], n[two], _z(max(len(one), 1)))
    return pd.DataFrame(
        {
            "attribute": attribute,
            "rate": rate,
            "higher": names[one],
            "lower": names[two],
            "size": share[one] - share[two],
            "low": low,
            "high": high,
            "p": p_of_difference(share[one], n[one], share[two], n[two]),
            "pairs": len(one),
        }
    )


def _z(pairs: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - LEVEL) / (2 * pairs)))


def newcombe(p1: Array, n1: Array, p2: Array, n2: Array, z: float) -> tuple[Array, Array]:
    """Give Newcombe's interval of a difference of shares, made of the two Wilson intervals.

    It has a width where a share is 0 or 1, so no pair needs to be left out.

    >>> low, high = newcombe(*(np.array([x]) for x in (0.8, 70, 0.6, 80)), z=1.959964)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0524, 0.3339)
    """
    (l1, u1), (l2, u2) = wilson(p1, n1, z), wilson(p2, n2, z)
    difference = p1 - p2
    low = difference - np.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    return low, difference + np.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def p_of_difference(p1: Array, n1: Array, p2: Array, n2: Array) -> Array:
    """Test whether two shares differ (pooled z, two-sided); ``n`` are the pupils they are shares of."""
    from scipy.special import ndtr

    pooled = (p1 * n1 + p2 * n2) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    z = np.divide(np.abs(p1 - p2), error, out=np.zeros_like(error), where=error > 0)
    return np.asarray(2 * ndtr(-z))


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Adjust p-values for having been looked at together.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
