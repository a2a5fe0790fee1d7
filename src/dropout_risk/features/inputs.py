"""What a measure reads: a snapshot, the class context and the features computed before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.features.class_context import ClassContext
from dropout_risk.histories.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Made = TypeVar("Made")
MeasureFunction = Callable[[Any, Any, "Inputs"], Floats]


@dataclass(frozen=True)
class Inputs:
    """Everything a measure may read.

    Parameters
    ----------
    known : Snapshot
        What was known on the date.
    context : ClassContext
        What is known of each class on the date; empty where nobody made one.
    instruments : InstrumentRegistry
        Scales, norms and cut-offs.
    columns : dict of str to array
        Features computed so far, for the measures that are derived from another feature.
    """

    known: Snapshot
    context: ClassContext
    instruments: InstrumentRegistry
    columns: dict[str, Floats] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Give what several measures need, made the first time it is asked for."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Divide, with missing where there is nothing to divide by."""
    below = np.asarray(denominator, dtype=np.float64)
    return np.asarray(np.divide(numerator, below, out=np.full(below.shape, np.nan), where=below > 0))


def sum_by(groups: npt.NDArray[Any], values: npt.ArrayLike, n_groups: int) -> Floats:
    """Add values up by group, in their order, so that other groups never change a bit."""
    weights = np.asarray(values, dtype=np.float64)
    return np.bincount(groups, weights=weights, minlength=n_groups).astype(np.float64, copy=False)


def count_by(groups: npt.NDArray[Any], n_groups: int) -> npt.NDArray[np.intp]:
    """Count rows by group."""
    return np.bincount(groups, minlength=n_groups)


def mean_by(groups: npt.NDArray[Any], values: Floats, n_groups: int) -> Floats:
    """Average the values that are there by group; missing where a group has none."""
    there = ~np.isnan(values)
    return ratio(sum_by(groups[there], values[there], n_groups), count_by(groups[there], n_groups))
