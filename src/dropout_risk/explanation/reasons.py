"""Reasons: contributions worded so that a teacher can check them and act on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dropout_risk.catalogue.feature import CAUSES, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.features.missing import STATE_WORDS, STATES
from dropout_risk.text import Language

Floats = npt.NDArray[np.float64]
MOST = 4
_LEAST = 0.05  # five per cent of the odds: what adds less is no reason, but stays in the sum


@dataclass(frozen=True)
class Reason:
    """One feature's part in one score.

    Parameters
    ----------
    feature, domain, cause, label, unit : str
        From the catalogue's declaration.
    text : str
        What the value means, in the asked language.
    value : float or None
        None where it is missing.
    comparison : dict or None
        ``{"kind": "class" | "own_past" | "stayed", "value": float}``: what to hold the value against.
    data_age_days : int or None
        Days between the last record of this kind and the as-of date.
    contribution : float
        In log-odds.
    points : float
        The same in points of probability: how much the risk would differ without this contribution.
    missing, actionable : bool
        Whether the value is missing; whether people at school can change it.
    state : str
        ``known``, ``not_recorded``, ``refused`` or ``not_applicable``.
    """

    feature: str
    domain: str
    cause: str
    label: str
    text: str
    value: float | None
    unit: str
    comparison: dict[str, Any] | None
    data_age_days: int | None
    contribution: float
    points: float
    missing: bool
    actionable: bool
    state: str

    def to_dict(self) -> dict[str, Any]:
        """Write the reason as one entry of the reply."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Row:
    """What the reasons of one pupil are made from.

    Parameters
    ----------
    values, contributions : float64 arrays of shape (n_features,)
        In the catalogue's order.
    states : int8 array of shape (n_features,)
        0 where the value is known, or why it is missing.
    classes : float64 array of shape (n_features,)
        Class means to compare with; NaN where there is none.
    ages : mapping of str to int
        Days since the last record, by source table.
    """

    values: Floats
    contributions: Floats
    states: npt.NDArray[np.int8]
    classes: Floats
    ages: Mapping[str, int]


@dataclass(frozen=True)
class ReasonWriter:
    """Turns contributions into reasons: one per fact, raising and lowering apart.

    Window variants of one fact (absence over 10, 20 and 60 days) speak with one voice: their
    contributions are added, and the strongest of them gives the sentence. So does all that is missing in
    the same words (no family information on record). A family whose sum raises
    the risk although its value lies on the safe side of its reference stays in the sum, as ``other``.

    Parameters
    ----------
    catalogue : FeatureCatalogue
        Words, units, domains, causes and families.
    stayed : float64 array of shape (n_features,)
        The reference: means over pupils who stayed; NaN where there is none.
    language : {"zh", "en"}
        The language of the sentences.
    """

    catalogue: FeatureCatalogue
    stayed: Floats
    language: Language

    def write(self, row: Row, log_odds: float) -> tuple[tuple[Reason, ...], tuple[Reason, ...], float]:
        """Give the raising and the lowering reasons, and the sum of all other contributions.

        Returns
        -------
        raising, lowering : tuple of Reason
            At most four each, the strongest first.
        other : float
            The contributions that no reason tells; with the reasons it adds up to all of them.
        """
        raising: list[tuple[float, int, float]] = []
        lowering: list[tuple[float, int, float]] = []
        other = 0.0
        for members in self._facts(row):
            total = sum(float(row.contributions[member]) for member in members)
            speaker = self._speaker(members, row, total)
            if speaker is None:
                other += total
            else:
                (raising if total > 0 else lowering).append((-abs(total), speaker, total))
        told: list[tuple[Reason, ...]] = []
        for group in (raising, lowering):
            ranked = sorted(group)
            told.append(
                tuple(self._reason(member, row, total, log_odds) for _, member, total in ranked[:MOST])
            )
            other += sum(total for _, _, total in ranked[MOST:])
        return told[0], told[1], other

    @cached_property
    def _features(self) -> tuple[Feature, ...]:
        return tuple(self.catalogue.values())

    def _facts(self, row: Row) -> list[list[int]]:
        """Put features together that tell one fact: a family, or what is missing in the same words."""
        facts: dict[tuple[str, ...], list[int]] = {}
        for place, feature in enumerate(self._features):
            missing = np.isnan(row.values[place])
            fact = ("missing", feature.missing_sentence.en) if missing else (feature.family,)
            facts.setdefault(fact, []).append(place)
        return list(facts.values())

    def _speaker(self, members: list[int], row: Row, total: float) -> int | None:
        """Choose the member that words a fact's sum: the strongest one whose value fits the direction."""
        if abs(total) < _LEAST:
            return None
        fitting = [
            place
            for place in members
            if row.contributions[place] * total > 0 and self._fits(place, row, total)
        ]
        return max(fitting, key=lambda place: (abs(row.contributions[place]), -place), default=None)

    def _fits(self, place: int, row: Row, total: float) -> bool:
        feature = self._features[place]
        value, reference = row.values[place], self.stayed[place]
        if np.isnan(value) or np.isnan(reference) or feature.monotone == 0:
            return True
        return bool(feature.monotone * (value - reference) * total > 0)

    def _reason(self, place: int, row: Row, total: float, log_odds: float) -> Reason:
        feature = self._features[place]
        value, state = float(row.values[place]), int(row.states[place])
        missing = bool(np.isnan(value))
        return Reason(
            feature=feature.name,
            domain=feature.domain,
            cause=feature.cause,
            label=feature.label.to(self.language),
            text=describe(feature, value, state, self.language),
            value=None if missing else value,
            unit=feature.unit.to(self.language),
            comparison=None if missing else self._comparison(place, row),
            data_age_days=row.ages.get(feature.source),
            contribution=total,
            points=float(expit(log_odds) - expit(log_odds - total)),
            missing=missing,
            actionable=feature.actionable,
            state=STATES[state],
        )

    def _comparison(self, place: int, row: Row) -> dict[str, Any] | None:
        for kind, value in (("class", row.classes[place]), ("stayed", self.stayed[place])):
            if not np.isnan(value):
                return {"kind": kind, "value": float(value)}
        return None


def describe(feature: Feature, value: float, state: int, language: Language) -> str:
    """Word a value; a missing one with the reason why it is missing."""
    text = feature.describe(value, language)
    return f"{text} ({STATE_WORDS[state].to(language)})" if state in STATE_WORDS else text


def sums_by(catalogue: FeatureCatalogue, contributions: Floats, part: str) -> dict[str, float]:
    """Sum one row's contributions by ``"domain"`` or by ``"cause"``; every domain and cause is there."""
    sums: dict[str, float] = dict.fromkeys(DOMAINS if part == "domain" else CAUSES, 0.0)
    for feature, contribution in zip(catalogue.values(), contributions, strict=True):
        sums[getattr(feature, part)] += float(contribution)
    return sums
