"""What it would cost to miss the same share of every group: a table, never applied by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.fairness_rates import AuditRows, places
from dropout_risk.evaluation.metrics import Array

TARGETS = np.linspace(0, 1, 401)
ALL = "all"


@dataclass(frozen=True, eq=False)
class EqualMisses:
    """A threshold per group, chosen so that every group misses the same share.

    Parameters
    ----------
    target : float
        The share missed of each group.
    table : DataFrame
        By group, and for all: ``places`` (rows listed), ``precision`` and ``fnr``, each with ``_one``
        threshold for all and with a threshold for ``_each``, at equally many places; and ``threshold``, the
        risk from which the group would be listed.
    """

    target: float
    table: pd.DataFrame

    @property
    def precision_lost(self) -> float:
        """By how much the precision of the whole list would fall."""
        return float(self.table.loc[ALL, "precision_one"] - self.table.loc[ALL, "precision_each"])


def equal_misses(rows: AuditRows, groups: pd.Series, shown: list[str]) -> EqualMisses | None:
    """Find the thresholds within the capacity; groups that are too small to be shown take no part.

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
    everyone = np.concatenate(list(own.values()))
    thresholds = {name: _thresholds(rows.outcomes[at], rows.risks[at]) for name, at in own.items()}
    lengths = np.sum([_lengths(rows.risks[at], thresholds[name]) for name, at in own.items()], axis=0)
    best = int(np.argmax(lengths <= rows.listed[everyone].sum()))  # lengths fall with the share missed
    each, one = np.zeros(len(names)), np.zeros(len(names))
    for name, at in own.items():
        each[at] = rows.risks[at] >= thresholds[name][best]
    one[everyone] = places(rows.risks[everyone], int(lengths[best]))
    lines = {
        name: _line(rows.outcomes, one, each, at) | {"threshold": float(thresholds[name][best])}
        for name, at in own.items()
    }
    lines[ALL] = _line(rows.outcomes, one, each, everyone) | {"threshold": np.nan}
    return EqualMisses(float(TARGETS[best]), pd.DataFrame.from_dict(lines, orient="index"))


def _thresholds(outcomes: Array, risks: Array) -> Array:
    """Give, for each share missed, the risk from which the others of those who drop out are listed."""
    falling = np.append(-np.sort(-risks[outcomes == 1]), np.inf)
    wanted = np.ceil((1 - TARGETS) * (len(falling) - 1) - 1e-9).astype(np.intp)
    return np.where(wanted > 0, falling[wanted - 1], np.inf)


def _lengths(risks: Array, thresholds: Array) -> npt.NDArray[np.intp]:
    return len(risks) - np.searchsorted(np.sort(risks), thresholds, side="left")


def _line(y: Array, one: Array, each: Array, at: npt.NDArray[np.intp]) -> dict[str, float]:
    line = {}
    for kind, listed in (("one", one[at]), ("each", each[at])):
        hits, positives = float((listed * y[at]).sum()), float(y[at].sum())
        line[f"places_{kind}"] = float(listed.sum())
        line[f"precision_{kind}"] = hits / float(listed.sum()) if listed.sum() else np.nan
        line[f"fnr_{kind}"] = 1 - hits / positives
    return line
