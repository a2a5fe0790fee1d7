"""What a measure reads: a snapshot, the class context and the features computed before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs, Positions
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.features.class_context import ClassContext
from dropout_risk.histories.runs import KnownRows
from dropout_risk.histories.snapshot import Snapshot, largest_of_pupils
from dropout_risk.kernels import kernel
from dropout_risk.records.wording.words import word_key

Made = TypeVar("Made")
MeasureFunction = Callable[[Any, Any, "Inputs"], Floats]


@dataclass(frozen=True)
class Inputs:
    """Everything a measure may read.

    The context is empty where nobody made one; ``columns`` are the features computed so far, for the measures
    that are derived from another feature.
    """

    snapshot: Snapshot
    context: ClassContext
    instruments: InstrumentRegistry
    columns: dict[str, Floats] = field(default_factory=dict)
    _made: dict[Any, Any] = field(default_factory=dict)
    _of_words: dict[Any, Any] | None = None

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        """What was made of these words before, for whomever."""
        if self._of_words is not None:
            return self._of_words
        return self.instruments.made_of(self.snapshot.histories.words)

    def once(self, name: Any, make: Callable[[], Made]) -> Made:
        """Give what several measures need, made the first time it is asked for."""
        return _made_once(self._made, name, make)

    def once_of_words(self, name: Any, make: Callable[[], Made]) -> Made:
        """Give what depends on the instruments and the words alone, made once for all who have these."""
        return _made_once(self._kept, name, make)

    def slice(self, pupils: slice) -> Inputs:
        """Give the inputs of consecutive pupils, without columns."""
        return Inputs(self.snapshot.slice(pupils), self.context, self.instruments, _of_words=self._kept)

    def named(self, column: str, words: tuple[str, ...]) -> Bools:
        """Say of each code of a column, and at the end of no code, whether it means one of some words."""

        def make() -> Bools:
            vocabulary = self.snapshot.histories.words.get(column, ())
            wanted = {*map(word_key, words)}
            return np.array([*(word_key(word) in wanted for word in vocabulary), False])

        return self.once_of_words((column, words), make)


def _made_once(made: dict[Any, Any], name: Any, make: Callable[[], Made]) -> Made:
    if name not in made:
        made[name] = make()
    result: Made = made[name]
    return result


def divide_or_missing(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Divide, with missing where there is nothing to divide by."""
    below = np.asarray(denominator, dtype=np.float64)
    return np.asarray(np.divide(numerator, below, out=np.full(below.shape, np.nan), where=below > 0))


def days_since(rows: KnownRows, snapshot: Snapshot) -> Floats:
    """Count the school days since the last of each pupil's rows; missing where it has none."""
    last = largest_of_pupils(rows.offsets, rows["day"])
    days: Floats = np.maximum(snapshot.end - 1 - last, 0).astype(np.float64)
    days[rows.offsets[1:] == rows.offsets[:-1]] = np.nan
    return days


@kernel
def mean_of(offsets: Longs, codes: Ints, chosen: Bools, values: Floats, added: float) -> Floats:
    """Average the values that are there, of the chosen codes, as if so many zeros were added."""
    means = np.empty(len(offsets) - 1)
    for pupil in range(len(means)):
        total, number = 0.0, 0
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if chosen[codes[row]] and not np.isnan(values[row]):
                total += values[row]
                number += 1
        means[pupil] = total / (number + added) if number else np.nan
    return means


def sum_by(groups: Array, values: npt.ArrayLike, n_groups: int) -> Floats:
    """Add values up by group, in their order, so that other groups never change a bit."""
    weights = np.asarray(values, dtype=np.float64)
    return np.bincount(groups, weights=weights, minlength=n_groups).astype(np.float64, copy=False)


def count_by(groups: Array, n_groups: int) -> Positions:
    """Count rows by group."""
    return np.bincount(groups, minlength=n_groups)


def mean_by(groups: Array, values: Floats, n_groups: int) -> Floats:
    """Average the values that are there by group; missing where a group has none."""
    there = ~np.isnan(values)
    return divide_or_missing(
        sum_by(groups[there], values[there], n_groups), count_by(groups[there], n_groups)
    )
