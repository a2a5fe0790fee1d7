"""The rows behind the values that are told: asked for feature by feature, of those pupils alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.features.footing import NO_DAY, Footing
from dropout_risk.features.footings import Footings
from dropout_risk.records.calendar import date_of

_DATES = ("{first}", "{last}")


@dataclass(frozen=True, eq=False)
class ToldRows:
    """Which rows some told values came from: dates (ordinals), and the values as their sentences count them.

    ``footings`` holds, by feature, what its values stand on, and ``place`` where each told value is among
    them.
    """

    features: tuple[Feature, ...]
    first: Ints
    last: Ints
    counted: Floats
    footings: dict[int, Footing]
    place: Longs

    @classmethod
    def of(
        cls,
        footings: Footings | None,
        catalogue: FeatureCatalogue,
        pupil: Longs,
        position: Longs,
        value: Floats,
    ) -> Self:
        """Ask for the rows behind some values: of each, its pupil and the place of its feature."""
        n, features = len(position), tuple(catalogue.values())
        first, last = np.full(n, NO_DAY, np.int32), np.full(n, NO_DAY, np.int32)
        counted, place = np.full(n, np.nan), np.zeros(n, np.int64)
        found: dict[int, Footing] = {}
        if footings is None:
            return cls(features, first, last, counted, found, place)
        order = np.argsort(position, kind="stable")
        ends = np.flatnonzero(np.diff(position[order], append=-1)) + 1
        for start, end in zip([0, *ends], ends, strict=False):
            own = order[start:end]
            feature = int(position[own[0]])
            rows = footings.of(features[feature].name, pupil[own])
            first[own], last[own], counted[own] = rows.first, rows.last, rows.in_numbers(value[own])
            place[own] = np.arange(len(own))
            found[feature] = rows
        return cls(features, first, last, counted, found, place)

    def single(self, feature: int, told: Longs, value: Floats) -> Bools:
        """Say which values of a feature have a sentence of their own, with days or names in it."""
        rows, declared = self.footings.get(feature), self.features[feature]
        if rows is None or declared.counted_sentence is None:
            return np.zeros(len(told), dtype=bool)
        dated = any(name in declared.counted_sentence.en for name in _DATES)
        named = any(f"{{{name}" in declared.counted_sentence.en for name in rows.fields)
        if not (dated or named):
            return np.zeros(len(told), dtype=bool)
        is_zero = (value == 0) & (declared.zero_sentence is not None)
        return np.asarray(~(np.isnan(value) | np.isnan(self.counted[told]) | is_zero))

    def told(self, feature: int, at: int) -> dict[str, Any]:
        """Give what the sentence of a told value may speak of."""
        rows = self.footings.get(feature)
        if rows is None:
            return {}
        place = int(self.place[at])
        fields: dict[str, Any] = {name: given[place] for name, given in rows.fields.items()}
        days = (("first", self.first[at]), ("last", self.last[at]))
        fields |= {name: date_of(int(day)) for name, day in days if day != NO_DAY}
        whole = rows.whole is not None and bool(rows.whole[place])
        return fields | {"counted": float(self.counted[at]), "whole": whole}
