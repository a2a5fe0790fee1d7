"""What it would cost to miss the same share of every group: a table, never applied by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.fairness_rates import AuditRows
from dropout_risk.evaluation.metrics import Array

TARGETS = np.linspace(0, 1, 401)
ALL = "all"


@dataclass(frozen=True, eq=False)
class EqualMisses:
    """A threshold per group, chosen so that every group misses the same share at the same capacity.

    Parameters
    ----------
    target : float
        The share missed of each group.
    table : DataFrame
        By group, and for all: ``places`` (rows on the lists), ``precision`` and ``fnr``, each ``_now`` and
        ``_then``, and ``threshold`` (the risk from which the group would be listed).
    """

    target: float
    table: pd.DataFrame

    @property
    def precision_lost(self) -> float:
        """By how much the precision of the whole list would fall."""
        return float(self.table.loc[ALL, "precision_now"] - self.table.loc[ALL, "precision_then"])


def equal_misses(rows: AuditRows, groups: pd.Series, shown: list[str]) -> EqualMisses | None:
    """Find the thresholds; groups that are too small to be shown keep their places.

    Parameters
    ----------
    rows : AuditRows
        The test part.
    groups : Series of str
        The group of each row.
    shown : list of str
        Groups with enough pupils.

    Returns
    -------
    EqualMisses or None
        None with fewer than two groups.
    """
    if len(shown) < 2:
        return None
    names = groups.to_numpy(dtype=object)
    own = {name: np.flatnonzero(names == name) for name in shown}
    rest = np.setdiff1d(np.arange(len(names)), np.concatenate(list(own.values())))
    places = rows.listed.sum() - rows.listed[rest].sum()
    thresholds = {name: _thresholds(rows.outcomes[at], rows.risks[at]) for name, at in own.items()}
    lengths = sum(_lengths(rows.risks[at], thresholds[name]) for name, at in own.items())
    best = int(np.argmax(np.asarray(lengths) <= places + 1e-9))  # lengths fall with the share missed
    then = rows.listed.copy()
    lines = {}
    for name, at in own.items():
        then[at] = rows.risks[at] >= thresholds[name][best]
        lines[name] = _line(rows, then, at) | {"threshold": float(thresholds[name][best])}
    lines[ALL] = _line(rows, then, np.arange(len(names))) | {"threshold": np.nan}
    return EqualMisses(float(TARGETS[best]), pd.DataFrame.from_dict(lines, orient="index"))


def _thresholds(outcomes: Array, risks: Array) -> Array:
    """Give, for each share missed, the risk from which the others of those who drop out are listed."""
    falling = np.append(-np.sort(-risks[outcomes == 1]), np.inf)
    wanted = np.ceil((1 - TARGETS) * (len(falling) - 1) - 1e-9).astype(np.intp)
    return np.where(wanted > 0, falling[wanted - 1], np.inf)


def _lengths(risks: Array, thresholds: Array) -> npt.NDArray[np.intp]:
    return len(risks) - np.searchsorted(np.sort(risks), thresholds, side="left")


def _line(rows: AuditRows, then: Array, at: npt.NDArray[np.intp]) -> dict[str, float]:
    y = rows.outcomes[at]
    line = {}
    for when, listed in (("now", rows.listed[at]), ("then", then[at])):
        line[f"places_{when}"] = float(listed.sum())
        line[f"precision_{when}"] = float((listed * y).sum() / listed.sum()) if listed.sum() else np.nan
        line[f"fnr_{when}"] = float(1 - (listed * y).sum() / y.sum()) if y.sum() else np.nan
    return line
