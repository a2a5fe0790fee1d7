"""The rows behind the values that are told: asked for feature by feature, of those pupils alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.explanation.columns import Numbers
from dropout_risk.features.footing import NO_DAY, Footing
from dropout_risk.features.footings import Footings
from dropout_risk.records.days.calendar import date_of
from dropout_risk.text import Language, Text, date_in_words

DAYS = ("first", "last")


@dataclass(frozen=True, eq=False)
class ToldRows:
    """Which rows some told values came from: dates (ordinals), and the values as their sentences count them.

    ``footings`` holds, by feature, what its values stand on, and ``index`` which of them is
    each told value's.
    """

    features: tuple[Feature, ...]
    first: Ints
    last: Ints
    counted: Floats
    footings: dict[int, Footing]
    index: Longs

    @classmethod
    def of(
        cls,
        footings: Footings | None,
        catalogue: FeatureCatalogue,
        pupil: Longs,
        position: Longs,
        value: Floats,
    ) -> Self:
        """Ask for the rows behind some values: of each, its pupil and the position of its feature."""
        n, features = len(position), tuple(catalogue.values())
        first, last = np.full(n, NO_DAY, np.int32), np.full(n, NO_DAY, np.int32)
        counted, index = np.full(n, np.nan), np.zeros(n, np.int64)
        found: dict[int, Footing] = {}
        if footings is None:
            return cls(features, first, last, counted, found, index)
        order = np.argsort(position, kind="stable")
        ends = np.flatnonzero(np.diff(position[order], append=-1)) + 1
        for start, end in zip([0, *ends], ends, strict=False):
            own = order[start:end]
            feature = int(position[own[0]])
            rows = footings.of(features[feature].name, pupil[own])
            first[own], last[own], counted[own] = rows.first, rows.last, rows.in_numbers(value[own])
            index[own] = np.arange(len(own))
            found[feature] = rows
        return cls(features, first, last, counted, found, index)

    @cached_property
    def named(self) -> dict[int, tuple[str, ...]]:
        """The days and the other fields that the counted sentence of each feature speaks of."""
        found = {}
        for feature, rows in self.footings.items():
            sentence = self.features[feature].counted_sentence
            said = "" if sentence is None else sentence.en
            found[feature] = tuple(name for name in (*DAYS, *rows.fields) if f"{{{name}" in said)
        return found

    def single(self, feature: int, told: Longs, value: Floats) -> Bools:
        """Say which values of a feature have a sentence of their own, with days or names in it."""
        if not self.named.get(feature):
            return np.zeros(len(told), dtype=bool)
        is_zero = (value == 0) & (self.features[feature].zero_sentence is not None)
        return np.asarray(~(np.isnan(value) | np.isnan(self.counted[told]) | is_zero))

    def told(self, feature: int, at: int, language: Language) -> dict[str, Any]:
        """Give what the sentence of a told value may speak of, in one language."""
        rows = self.footings.get(feature)
        if rows is None:
            return {}
        index = int(self.index[at])
        fields: dict[str, Any] = {"counted": float(self.counted[at])}
        if rows.whole is not None:
            fields["whole"] = bool(rows.whole[index])
        for name in self.named[feature]:
            if name in DAYS:
                day = int((self.first if name == "first" else self.last)[at])
                fields[name] = "" if day == NO_DAY else day_in_words(day, language)
            else:
                given = rows.fields[name][index]
                fields[name] = given.to(language) if isinstance(given, Text) else given
        return fields


@cache
def day_in_words(day: int, language: Language) -> str:
    """Write the date of an ordinal; there are few of them, and many sentences."""
    return date_in_words(date_of(day), language)


def as_ages(last: Ints, ordinal: int) -> Numbers:
    """Count days back from a date; nothing is later than the day before it but a family's circumstances."""
    return Numbers(np.maximum(ordinal - last.astype(np.int64), 0), last == NO_DAY)
