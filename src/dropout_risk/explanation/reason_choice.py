"""Which contributions are told as reasons: chosen for many pupils at once, before a word is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np

from dropout_risk.arrays import Floats, Longs
from dropout_risk.catalogue.alert_kinds import BELIED
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.kernels import kernel

MOST = 4
LEAST = 0.05  # five per cent of the odds: what adds less is no reason, but stays in the sum
NOBODY = -1


class Facts(NamedTuple):
    """What a catalogue says of facts: which features tell the same one, and when one may speak.

    Window variants of one fact (absence over 10, 20 and 60 days) speak with one voice, and so does all that
    is missing in the same words: ``told`` and ``missing`` are the facts that a feature tells where its value
    is known and where it is missing. ``stayed`` holds means over the pupils who stayed, shape (n_backgrounds,
    n_features), NaN where there is none; ``domains`` and ``causes`` the index of each feature's among all of
    them; ``signed`` is 1 where values on the two sides of 0 are worded as opposites, such as marks that rise
    or fall. ``worse`` is which way a value reads as worse, and ``faults`` is 1 where nothing but 0 reads as
    good; ``kept`` is 1 where 0 means that nothing is on record. ``belied`` has a bit for each kind of alert
    beside which a feature does not lower the risk in words.
    """

    told: Longs
    missing: Longs
    worse: Longs
    stayed: Floats
    domains: Longs
    causes: Longs
    signed: Longs
    faults: Longs
    kept: Longs
    belied: Longs

    @classmethod
    def of(cls, catalogue: FeatureCatalogue, stayed: Floats) -> Self:
        """Give the facts of a catalogue their numbers."""
        numbers: dict[tuple[str, ...], int] = {}

        def number(*fact: str) -> int:
            return numbers.setdefault(fact, len(numbers))

        features = list(catalogue.values())
        return cls(
            told=_as_longs(number(feature.family) for feature in features),
            missing=_as_longs(number("missing", feature.missing_sentence.en) for feature in features),
            worse=_as_longs(catalogue.worse),
            stayed=np.ascontiguousarray(np.atleast_2d(stayed), dtype=np.float64),
            domains=_as_longs(list(DOMAINS).index(feature.domain) for feature in features),
            causes=_as_longs(list(CAUSES).index(feature.cause) for feature in features),
            signed=_as_longs(feature.negative_sentence is not None for feature in features),
            faults=_as_longs(feature.faults for feature in features),
            kept=_as_longs(feature.measure.of_records_kept for feature in features),
            belied=_as_longs(
                sum(
                    1 << bit
                    for bit, names in enumerate(BELIED.values())
                    if {feature.domain, feature.family} & {*names}
                )
                for feature in features
            ),
        )


def alert_bits(kinds: Iterable[str]) -> int:
    """Give the bits of kinds of alerts, as ``Facts.belied`` has them.

    >>> alert_bits(["absent", "critical_item"]), alert_bits(["register_silent"])
    (5, 0)
    """
    told = {*kinds}
    return sum(1 << bit for bit, kind in enumerate(BELIED) if kind in told)


def _as_longs(numbers: Iterable[int]) -> Longs:
    return np.array(list(numbers), dtype=np.int64)


class ChosenReasons(NamedTuple):
    """The contributions that are told of n pupils, the strongest first, and sums of all of them.

    ``speaker`` is the feature that words each raising (0) and each lowering (1) reason, shape (n, 2, 4), -1
    where there is no more; ``total`` the contribution of its whole fact; ``other`` the contributions that no
    reason tells. ``domains`` (n, 4) and ``causes`` (n, 6) are sums of all contributions.
    """

    speaker: Longs
    total: Floats
    other: Floats
    domains: Floats
    causes: Floats

    @property
    def features(self) -> Longs:
        """The positions of all features that word a reason of anybody."""
        return np.unique(self.speaker[self.speaker != NOBODY])

    @classmethod
    def of(
        cls,
        facts: Facts,
        values: Floats,
        contributions: Floats,
        backgrounds: Longs | None = None,
        alerted: Longs | None = None,
    ) -> Self:
        """Choose the reasons of some pupils: one per fact, raising and lowering apart, at most four each.

        A fact is worded by its strongest member whose value fits the direction of the sum; where no value
        does (it raises the risk and lies on the safe side of its reference, or says that marks rise; it
        lowers the risk and tells of a day missed), its sum is in ``other``. So is all that is missing, and
        that nothing is on record of a family: what nobody wrote down is no reason but something to find out.
        ``backgrounds`` gives the index of each pupil's background, by default 0. ``alerted`` has the bits
        of each pupil's alerts (:func:`alert_bits`), by default none: what they belie is in ``other``.
        """
        n = len(values)
        chosen = cls(
            np.full((n, 2, MOST), NOBODY, dtype=np.int64),
            np.zeros((n, 2, MOST)),
            np.zeros(n),
            np.zeros((n, len(DOMAINS))),
            np.zeros((n, len(CAUSES))),
        )
        _choose_reasons(
            np.ascontiguousarray(values, dtype=np.float64),
            np.ascontiguousarray(contributions.T, dtype=np.float64),
            OfPupils(
                np.zeros(n, dtype=np.int64) if backgrounds is None else backgrounds,
                np.zeros(n, dtype=np.int64) if alerted is None else alerted,
            ),
            facts,
            chosen,
        )
        return chosen


class OfPupils(NamedTuple):
    """The index of each pupil's background, and the bits of the pupil's alerts."""

    background: Longs
    alerts: Longs


class Tally(NamedTuple):
    """The facts of one pupil, numbered in the order of their first members.

    ``number`` is that of each fact of the catalogue, -1 where the pupil has no member of it; ``fact`` the
    number of the fact that each feature tells. By number: the contribution of the fact, the greatest of those
    that may word it, and the feature that does, or -1. ``ranked`` are the numbers of one side's facts, the
    strongest first.
    """

    number: Longs
    fact: Longs
    sums: Floats
    strongest: Floats
    voice: Longs
    ranked: Longs


@kernel
def _choose_reasons(
    values: Floats,
    columns: Floats,
    pupils: OfPupils,
    facts: Facts,
    chosen: ChosenReasons,
) -> None:
    """Fill ``chosen``, pupil by pupil.

    Order: sums of facts, then each fact's voice, then the facts of each side by strength. Sums are added up
    in the order of the features, and ``other`` in that of the facts, so a pupil gets the same bits alone and
    among others. Invariant: every contribution is in exactly one fact, and every fact in exactly one of a
    reason's total and ``other`` (it has no voice, or four of its side are stronger). So the two add up to
    the score.
    """
    n_features = len(facts.told)
    n_facts = 0
    for feature in range(n_features):
        n_facts = max(n_facts, facts.told[feature] + 1, facts.missing[feature] + 1)
    tally = Tally(
        np.empty(n_facts, dtype=np.int64),
        np.empty(n_features, dtype=np.int64),
        np.empty(n_features),
        np.empty(n_features),
        np.empty(n_features, dtype=np.int64),
        np.empty(n_features, dtype=np.int64),
    )
    for row in range(len(values)):
        own = columns[:, row]
        found = _add_up_facts(values[row], own, facts, tally)
        for feature in range(n_features):
            chosen.domains[row, facts.domains[feature]] += own[feature]
            chosen.causes[row, facts.causes[feature]] += own[feature]
        _find_voices(values[row], own, facts.stayed[pupils.background[row]], facts, tally)
        _silence_belied(pupils.alerts[row], found, facts, tally)
        left = 0.0
        for number in range(found):
            if tally.voice[number] < 0:
                left += tally.sums[number]
        for side in range(2):
            n_told = _rank_side(side, found, tally)
            rest = 0.0
            for slot in range(n_told):
                number = tally.ranked[slot]
                if slot < MOST:
                    chosen.speaker[row, side, slot] = tally.voice[number]
                    chosen.total[row, side, slot] = tally.sums[number]
                else:
                    rest += tally.sums[number]
            left += rest
        chosen.other[row] = left


@kernel
def _add_up_facts(values: Floats, own: Floats, facts: Facts, tally: Tally) -> int:
    """Give each feature the number of its fact, add up each fact, and say how many there are."""
    tally.number[:] = -1
    found = 0
    for feature in range(len(values)):
        key = facts.missing[feature] if np.isnan(values[feature]) else facts.told[feature]
        if tally.number[key] < 0:
            tally.number[key] = found
            tally.sums[found], tally.strongest[found], tally.voice[found] = 0.0, 0.0, -1
            found += 1
        tally.fact[feature] = tally.number[key]
        tally.sums[tally.number[key]] += own[feature]
    return found


@kernel
def _find_voices(values: Floats, own: Floats, stayed: Floats, facts: Facts, tally: Tally) -> None:
    """Find the feature that words each fact.

    It is the strongest (of equals, the first) that pulls the way of the sum, and whose value does not say
    the contrary: where it has a direction, it lies on that side of its reference, if there is one; what
    lowers the risk tells of no fault, and what raises it does not tell that there was none. What is missing
    has no voice, nor has that nothing is on record.
    """
    for feature in range(len(values)):
        if np.isnan(values[feature]) or (values[feature] == 0 and facts.kept[feature] != 0):
            continue
        number, direction = tally.fact[feature], facts.worse[feature]
        total, strength = tally.sums[number], abs(own[feature])
        if abs(total) < LEAST or not own[feature] * total > 0 or not strength > tally.strongest[number]:
            continue
        if facts.faults[feature] != 0 and (values[feature] > 0) != (total > 0):
            continue
        against = direction * values[feature] * total <= 0
        if facts.signed[feature] != 0 and direction != 0 and against:
            continue
        from_reference = values[feature] - stayed[feature]
        if direction == 0 or np.isnan(from_reference) or direction * from_reference * total > 0:
            tally.strongest[number], tally.voice[number] = strength, feature


@kernel
def _silence_belied(alerts: int, found: int, facts: Facts, tally: Tally) -> None:
    """Take the voice of what lowers the risk where an alert says the contrary."""
    for number in range(found):
        voice = tally.voice[number]
        if voice >= 0 and tally.sums[number] < 0 and facts.belied[voice] & alerts != 0:
            tally.voice[number] = -1


@kernel
def _rank_side(side: int, found: int, tally: Tally) -> int:
    """Rank the worded facts of one side by strength, of equals by the feature; say how many there are."""
    n_told = 0
    sums, voice, ranked = tally.sums, tally.voice, tally.ranked
    for number in range(found):
        if voice[number] < 0 or (sums[number] > 0) != (side == 0):
            continue
        slot = n_told
        while slot > 0:
            before = ranked[slot - 1]
            is_equal = abs(sums[number]) == abs(sums[before]) and voice[number] < voice[before]
            if not (abs(sums[number]) > abs(sums[before]) or is_equal):
                break
            ranked[slot] = before
            slot -= 1
        ranked[slot] = number
        n_told += 1
    return n_told
