"""What a value stands on: the days of the rows it came from, and the numbers that its sentence tells.

Each measure has, beside the function that computes it, one that says this of some pupils. It is asked only
for values that are told, so that scores of a million pupils cost what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features.inputs import Inputs
from dropout_risk.histories.runs import KnownRows
from dropout_risk.kernels import kernel

NO_DAY = int(np.iinfo(np.int32).min)


@dataclass(frozen=True)
class Footing:
    """What some pupils' values of one feature stand on.

    Parameters
    ----------
    first, last : int array
        Dates (ordinals) of the first and the last row that a value came from; ``NO_DAY`` where there is none.
    scale : float array, optional
        What a value of 1 is as the sentence counts it, such as the days that a share is of.
    counted : float array, optional
        The value as the sentence counts it, where that is no multiple of it; NaN where it is not counted.
    whole : bool array, optional
        Where a value of 1 is all that there could be: every day of the window is recorded.
    fields : mapping of str to sequence
        Further fields of the sentence, one per pupil; a wording is put in its own language.
    """

    first: Ints
    last: Ints
    scale: Floats | None = None
    counted: Floats | None = None
    whole: Bools | None = None
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @classmethod
    def nowhere(cls, n: int) -> Self:
        """Give the footing of values that came from no dated row."""
        return cls(np.full(n, NO_DAY, np.int32), np.full(n, NO_DAY, np.int32))

    @classmethod
    def of_rows(cls, rows: KnownRows, chosen: Bools, pupils: Longs, start: str = "date") -> Self:
        """Stand on the chosen rows of a table; ``start`` is the column in which a row begins."""
        return cls(*row_ends(rows.offsets, pupils, chosen, rows[start], rows["date"]))

    def elsewhere(self, where: Bools, other: Footing) -> Self:
        """Stand on other rows where that is said, with what is counted here."""
        first, last = (np.where(where, b, a) for a, b in ((self.first, other.first), (self.last, other.last)))
        return replace(self, first=first, last=last)

    def in_numbers(self, value: Floats) -> Floats:
        """Give values as the sentence counts them; NaN where it does not."""
        if self.counted is not None:
            return self.counted
        return np.full(len(value), np.nan) if self.scale is None else np.round(value * self.scale, 6)


class Asked(Protocol):
    """What a measure is asked about: told values, with everything that they were computed from."""

    @property
    def inputs(self) -> Inputs:
        """What measures read."""

    @property
    def catalogue(self) -> FeatureCatalogue:
        """Which features the values are of."""

    @property
    def values(self) -> Floats:
        """Values of all features, one row per pupil."""

    def of(self, name: str, pupils: Longs) -> Footing:
        """Say what the values of another feature stand on."""

    def value(self, name: str, pupils: Longs) -> Floats:
        """Give the values of a feature."""


FootingFunction = Callable[[Any, Any, Asked, Longs], Footing]


@kernel
def row_ends(offsets: Longs, pupils: Longs, chosen: Bools, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Give where the first of some pupils' chosen rows begins and the last one ends."""
    first, last = np.full(len(pupils), NO_DAY, np.int32), np.full(len(pupils), NO_DAY, np.int32)
    for index in range(len(pupils)):
        for row in range(offsets[pupils[index]], offsets[pupils[index] + 1]):
            if not chosen[row]:
                continue
            if first[index] == NO_DAY or start[row] < first[index]:
                first[index] = start[row]
            last[index] = max(last[index], end[row])
    return first, last


@kernel
def latest_chosen(offsets: Longs, pupils: Longs, chosen: Bools, moment: Longs) -> Longs:
    """Give the latest of some pupils' chosen rows; -1 where there is none."""
    found = np.full(len(pupils), -1, np.int64)
    for index in range(len(pupils)):
        for row in range(offsets[pupils[index]], offsets[pupils[index] + 1]):
            if chosen[row] and (found[index] < 0 or moment[row] >= moment[found[index]]):
                found[index] = row
    return found
