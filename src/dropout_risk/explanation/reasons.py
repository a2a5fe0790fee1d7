"""Reasons: contributions worded so that a teacher can check them and act on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Floats, Longs, SmallInts
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.explanation.columns import Column, Days, Listed, Numbers, Picked, Structs, row_maker
from dropout_risk.explanation.contributions import points_per_log_odds
from dropout_risk.explanation.reason import REASON, Reason, choose_comparisons
from dropout_risk.explanation.reason_choice import NOBODY, ChosenReasons, Facts
from dropout_risk.explanation.sentences import Doubted, Sentences
from dropout_risk.explanation.told_rows import ToldRows, as_ages
from dropout_risk.features.footings import Footings
from dropout_risk.features.missing import STATES
from dropout_risk.text import Language

_FIELDS = list(REASON)
_MAKE = row_maker(Reason, [field.name for field in _FIELDS])


@dataclass(frozen=True)
class ScoredRows:
    """What the reasons of some pupils are made from, one row each, in the catalogue's order.

    ``states`` is 0 where the value is known, or why it is missing. ``classes`` are means of the class-mates,
    ``past`` the pupils' own values of twelve weeks before, NaN where there is none; ``footings`` say which
    rows values came from, as known on a date (``ordinal``). ``base`` is where the contributions begin and
    ``log_odds`` the scores they lead to; ``backgrounds`` the index of each pupil's background among the
    means; ``alerted`` are the bits of the pupils' alerts. ``doubted`` words the values that rest on less
    than they seem to.
    """

    values: Floats
    contributions: Floats
    states: SmallInts
    classes: Floats
    past: Floats
    base: Floats
    log_odds: Floats
    backgrounds: Longs
    doubted: Doubted | None = None
    footings: Footings | None = None
    ordinal: int = 0
    alerted: Longs | None = None

    @cached_property
    def slope(self) -> Floats:
        """Points of probability for one unit of log-odds, by pupil."""
        return points_per_log_odds(self.base, self.log_odds)


@dataclass(frozen=True)
class ReasonWriter:
    """Turns contributions into reasons: one per fact, raising and lowering apart.

    Reasons are chosen for all pupils first (:mod:`dropout_risk.explanation.reason_choice`); words are written
    only for the chosen ones, once for each value. ``stayed`` is the reference: means over the pupils who
    stayed, by feature, of one background or of each; NaN where there is none.
    """

    catalogue: FeatureCatalogue
    stayed: Floats
    language: Language

    def choose(self, rows: ScoredRows) -> ChosenReasons:
        """Choose what is told of each pupil."""
        return ChosenReasons.of(self._facts, rows.values, rows.contributions, rows.backgrounds, rows.alerted)

    def write(self, chosen: ChosenReasons, rows: ScoredRows) -> tuple[Listed, Listed]:
        """Word the raising and the lowering reasons of each pupil: lists of :data:`REASON`."""
        told = chosen.speaker.transpose(1, 0, 2) != NOBODY
        side, row, slot = np.nonzero(told)
        position, total = chosen.speaker[row, side, slot], chosen.total[row, side, slot]
        value, state = rows.values[row, position], rows.states[row, position]
        missing, past = np.isnan(value), rows.past[row, position]
        means = self._facts.stayed[rows.backgrounds[row], position]
        risky = self._facts.worse[position] * (1 - 2 * side)
        agreeing = [
            np.where(risky * (value - other) < 0, np.nan, other)
            for other in (rows.classes[row, position], past)
        ]
        told_rows = ToldRows.of(rows.footings, self.catalogue, row, position, value)
        columns: dict[str, Column] = {
            name: Picked(words, position, kind) for name, (words, kind) in self._columns.items()
        }
        columns |= {
            "text": self._texts(rows, row, position, value, state, told_rows),
            "value": Numbers(value, missing),
            "comparison": choose_comparisons(missing, (*agreeing, means)),
            "data_age_days": as_ages(told_rows.last, rows.ordinal),
            "contribution": Numbers(total),
            "points": Numbers(total * rows.slope[row]),
            "missing": Numbers(missing),
            "state": Picked(STATES, state),
            "own_past": Numbers(past, np.isnan(past)),
            "first_day": Days(told_rows.first),
            "last_day": Days(told_rows.last),
            "counted": Numbers(told_rows.counted, np.isnan(told_rows.counted)),
            "merges": self._merged(rows.values[row], position),
        }
        reasons, (raising, lowering) = Structs(columns, _FIELDS, _MAKE), told.sum(axis=2)
        kind = pa.list_(REASON)
        return Listed(reasons, raising, kind), Listed(reasons, lowering, kind, int(raising.sum()))

    def _texts(  # noqa: PLR0917
        self,
        rows: ScoredRows,
        row: Longs,
        position: Longs,
        value: Floats,
        state: SmallInts,
        told_rows: ToldRows,
    ) -> Picked:
        """Word the values, and of some of them on how little they rest."""
        texts = self._sentences(position, value, state, told_rows)
        if rows.doubted is None:
            return texts
        doubtful = np.flatnonzero((rows.doubted.days[row, position] > 0) & (state == 0))
        if not len(doubtful):
            return texts
        words = texts.rows()
        for k in doubtful.tolist():
            words[k] = rows.doubted.worded(words[k], int(row[k]), int(position[k]), self.language)
        return Picked(words, np.arange(len(words)))

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self.catalogue, self.stayed)

    @cached_property
    def _features(self) -> tuple[Feature, ...]:
        return tuple(self.catalogue.values())

    @cached_property
    def _columns(self) -> dict[str, tuple[list[Any], Any]]:
        return {
            name: ([read(feature, self.language) for feature in self._features], REASON.field(name).type)
            for name, read in _DECLARED.items()
        }

    @cached_property
    def _sentences(self) -> Sentences:
        return Sentences(self._features, self.language)

    def _merged(self, values: Floats, position: Longs) -> Listed:
        """Name the features that each reason adds up: the known members of its fact."""
        own = self._facts.told[position][:, None] == self._facts.told[None, :]
        own &= ~np.isnan(values)
        return Listed(Picked(self._columns["feature"][0], np.nonzero(own)[1]), own.sum(axis=1))


_DECLARED: dict[str, Callable[[Feature, Language], Any]] = {
    "feature": lambda feature, language: feature.name,
    "domain": lambda feature, language: feature.domain,
    "cause": lambda feature, language: feature.cause,
    "label": lambda feature, language: feature.label.to(language),
    "unit": lambda feature, language: feature.unit.to(language),
    "actionable": lambda feature, language: feature.actionable,
    "counted_unit": lambda feature, language: feature.counted_unit and feature.counted_unit.to(language),
}
