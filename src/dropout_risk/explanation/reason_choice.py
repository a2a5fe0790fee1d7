"""Which contributions are told as reasons: chosen for many pupils at once, before a word is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.arrays import Floats, Longs
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.kernels import kernel

MOST = 4
LEAST = 0.05  # five per cent of the odds: what adds less is no reason, but stays in the sum
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Facts:
    """What a catalogue says of facts: which features tell the same one, and when one may speak.

    Window variants of one fact (absence over 10, 20 and 60 days) speak with one voice, and so does all that
    is missing in the same words.

    Parameters
    ----------
    told, missing : int64 arrays of shape (n_features,)
        The fact that a feature tells where its value is known, and where it is missing.
    monotone : int64 array
        Directions by feature.
    stayed : float64 array of shape (n_backgrounds, n_features)
        Means over the pupils who stayed of each background; NaN where there is none.
    domains, causes : int64 arrays
        The place of each feature's domain and cause among all of them.
    signed : int64 array
        1 where values on the two sides of 0 are worded as opposites, such as marks that rise or fall.
    """

    told: Longs
    missing: Longs
    monotone: Longs
    stayed: Floats
    domains: Longs
    causes: Longs
    signed: Longs

    @classmethod
    def of(cls, catalogue: FeatureCatalogue, stayed: Floats) -> Self:
        """Give the facts of a catalogue their numbers."""
        numbers: dict[tuple[str, ...], int] = {}

        def number(*fact: str) -> int:
            return numbers.setdefault(fact, len(numbers))

        features = list(catalogue.values())
        return cls(
            told=_codes(number(feature.family) for feature in features),
            missing=_codes(number("missing", feature.missing_sentence.en) for feature in features),
            monotone=_codes(catalogue.monotone),
            stayed=np.ascontiguousarray(np.atleast_2d(stayed), dtype=np.float64),
            domains=_codes(list(DOMAINS).index(feature.domain) for feature in features),
            causes=_codes(list(CAUSES).index(feature.cause) for feature in features),
            signed=_codes(feature.negative_sentence is not None for feature in features),
        )


def _codes(numbers: Iterable[int]) -> Longs:
    return np.array(list(numbers), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The contributions that are told of some pupils, the strongest first, and sums of all of them.

    Parameters
    ----------
    speaker : int64 array of shape (n, 2, 4)
        The feature that words each raising (0) and each lowering (1) reason; -1 where there is no more.
    total : float64 array of shape (n, 2, 4)
        The contribution of the whole fact.
    other : float64 array of shape (n,)
        The contributions that no reason tells.
    domains, causes : float64 arrays of shape (n, 4) and (n, 6)
        Sums of all contributions by domain and by cause.
    """

    speaker: Longs
    total: Floats
    other: Floats
    domains: Floats
    causes: Floats

    @classmethod
    def of(cls, facts: Facts, values: Floats, contributions: Floats, places: Longs | None = None) -> Self:
        """Choose the reasons of some pupils: one per fact, raising and lowering apart, at most four each.

        A fact is worded by its strongest member whose value fits the direction of the sum; where no value
        does (it raises the risk and lies on the safe side of its reference, or says that marks rise), its sum
        is in ``other``.
        ``places`` names the background of each pupil, by default the first.
        """
        n = len(values)
        places = np.zeros(n, dtype=np.int64) if places is None else places
        chosen = cls(
            np.full((n, 2, MOST), NOBODY, dtype=np.int64),
            np.zeros((n, 2, MOST)),
            np.zeros(n),
            np.zeros((n, len(DOMAINS))),
            np.zeros((n, len(CAUSES))),
        )
        _choose(
            np.ascontiguousarray(values, dtype=np.float64),
            np.ascontiguousarray(contributions.T, dtype=np.float64),
            places,
            *(
                facts.told,
                facts.missing,
                facts.monotone,
                facts.stayed,
                facts.domains,
                facts.causes,
                facts.signed,
            ),
            *(chosen.speaker, chosen.total, chosen.other, chosen.domains, chosen.causes),
        )
        return chosen


@kernel
def _choose(  # noqa: PLR0917, PLR0912
    values: Floats,
    columns: Floats,
    places: Longs,
    told: Longs,
    missing: Longs,
    monotone: Longs,
    stayed: Floats,
    domains: Longs,
    causes: Longs,
    signed: Longs,
    speaker: Longs,
    total: Floats,
    other: Floats,
    domain_sums: Floats,
    cause_sums: Floats,
) -> None:
    n_features, n_facts = len(told), 0
    for place in range(n_features):
        n_facts = max(n_facts, told[place] + 1, missing[place] + 1)
    number = np.empty(n_facts, dtype=np.int64)  # of each fact, in the order of its first member
    fact = np.empty(n_features, dtype=np.int64)
    sums, strongest = np.empty(n_features), np.empty(n_features)
    voice, ranked = np.empty(n_features, dtype=np.int64), np.empty(n_features, dtype=np.int64)
    for row in range(len(values)):
        number[:] = -1
        found = 0
        for place in range(n_features):
            key = missing[place] if np.isnan(values[row, place]) else told[place]
            if number[key] < 0:
                number[key] = found
                sums[found], strongest[found], voice[found] = 0.0, 0.0, -1
                found += 1
            fact[place] = number[key]
            sums[fact[place]] += columns[place, row]
            domain_sums[row, domains[place]] += columns[place, row]
            cause_sums[row, causes[place]] += columns[place, row]
        for place in range(n_features):
            at, own = fact[place], columns[place, row]
            if abs(sums[at]) < LEAST or not own * sums[at] > 0 or not abs(own) > strongest[at]:
                continue
            from_reference = values[row, place] - stayed[places[row], place]
            fits = monotone[place] == 0 or np.isnan(from_reference)
            against = monotone[place] * values[row, place] * sums[at] <= 0  # never so where it is missing
            if signed[place] != 0 and monotone[place] != 0 and against:
                continue
            if fits or monotone[place] * from_reference * sums[at] > 0:
                strongest[at], voice[at] = abs(own), place
        left = 0.0
        for at in range(found):
            if voice[at] < 0:
                left += sums[at]
        for side in range(2):
            told_here = 0
            for at in range(found):
                if voice[at] < 0 or (sums[at] > 0) != (side == 0):
                    continue
                slot = told_here
                while slot > 0 and (
                    abs(sums[at]) > abs(sums[ranked[slot - 1]])
                    or (abs(sums[at]) == abs(sums[ranked[slot - 1]]) and voice[at] < voice[ranked[slot - 1]])
                ):
                    ranked[slot] = ranked[slot - 1]
                    slot -= 1
                ranked[slot] = at
                told_here += 1
            rest = 0.0
            for slot in range(told_here):
                if slot < MOST:
                    speaker[row, side, slot] = voice[ranked[slot]]
                    total[row, side, slot] = sums[ranked[slot]]
                else:
                    rest += sums[ranked[slot]]
            left += rest
        other[row] = left
