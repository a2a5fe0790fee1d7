"""Reasons: contributions worded so that a teacher can check them and act on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools, Floats, Ints, Longs, SmallInts
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.explanation.contributions import points_per_log_odds
from dropout_risk.explanation.reason_choice import NOBODY, ChosenReasons, Facts
from dropout_risk.explanation.sentences import Doubted, Sentences
from dropout_risk.explanation.told_rows import ToldRows
from dropout_risk.features.footing import NO_DAY
from dropout_risk.features.footings import Footings
from dropout_risk.features.missing import STATES
from dropout_risk.text import Language

SIDES = ("raising", "lowering")
REASON = pa.struct(
    [
        *(
            pa.field(name, pa.string(), nullable=False)
            for name in ("feature", "domain", "cause", "label", "text")
        ),
        pa.field("value", pa.float64()),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("comparison", pa.struct([pa.field("kind", pa.string()), pa.field("value", pa.float64())])),
        pa.field("data_age_days", pa.int64()),
        pa.field("contribution", pa.float64(), nullable=False),
        pa.field("points", pa.float64(), nullable=False),
        pa.field("missing", pa.bool_(), nullable=False),
        pa.field("actionable", pa.bool_(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("own_past", pa.float64()),
        pa.field("first_day", pa.date32()),
        pa.field("last_day", pa.date32()),
        pa.field("counted", pa.float64()),
        pa.field("counted_unit", pa.string()),
        pa.field("merges", pa.list_(pa.string())),
    ]
)
"""A reason as a column holds it: the fields of :class:`Reason`."""
_FIELDS = list(REASON)


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
        ``{"kind": "class" | "own_past" | "stayed", "value": float}``: what to hold the value against. The
        mean of the class-mates, the pupil left out, where there is one, else the pupil's own value of twelve
        weeks before, else the mean of the pupils who stayed, against whom the side was judged. A class or a
        past that speaks for the other side is passed over.
    data_age_days : int or None
        Days between ``last_day`` and the as-of date.
    contribution : float
        In log-odds.
    points : float
        The same in points of probability, so that all of a score's points add up to its risk less the risk of
        its base: see :func:`dropout_risk.explanation.contributions.points_per_log_odds`.
    missing, actionable : bool
        Whether the value is missing, which no reason tells any more; whether people at school can change it.
    state : str
        ``known``.
    own_past : float or None
        The same feature of the same pupil as known twelve weeks before; None where it is not known.
    first_day, last_day : date or None
        Days of the first and the last of the very rows that the value came from: the two exams of a fall, the
        days of a streak, the first and the last recorded day of a window. None where no dated row gave it.
    counted : float or None
        The value as ``text`` counts it, such as days or points of 100; None where it counts nothing.
    counted_unit : str or None
        The unit of ``counted``, where others can be counted beside it.
    merges : tuple of str
        The features that ``contribution`` is the sum of, in the catalogue's order.
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
    own_past: float | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    counted: float | None = None
    counted_unit: str | None = None
    merges: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Hold days as dates and the merged features as a tuple, also where they come from a reply."""
        for name in ("first_day", "last_day"):
            day = getattr(self, name)
            if isinstance(day, str):
                object.__setattr__(self, name, dt.date.fromisoformat(day))
        object.__setattr__(self, "merges", tuple(self.merges or ()))

    def to_dict(self) -> dict[str, Any]:
        """Write the reason as one entry of the reply."""
        days = {
            name: None if day is None else day.isoformat()
            for name, day in (("first_day", self.first_day), ("last_day", self.last_day))
        }
        return self.__dict__ | days | {"merges": list(self.merges)}


@dataclass(frozen=True)
class ScoredRows:
    """What the reasons of some pupils are made from, one row each, in the catalogue's order.

    ``states`` is 0 where the value is known, or why it is missing. ``classes`` are means of the class-mates,
    ``past`` the pupils' own values of twelve weeks before, NaN where there is none; ``footings`` say which
    rows values came from, as known on a date (``ordinal``). ``base`` is where the contributions begin and
    ``log_odds`` the scores they lead to; ``backgrounds`` the index of each pupil's background among the
    means. ``doubted`` words the values that rest on less than they seem to.
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
        return ChosenReasons.of(self._facts, rows.values, rows.contributions, rows.backgrounds)

    def write(self, chosen: ChosenReasons, side: int, rows: ScoredRows) -> pa.ListArray:
        """Word the raising (0) or the lowering (1) reasons of each pupil: a list of :data:`REASON`."""
        told = chosen.speaker[:, side] != NOBODY
        row, slot = np.nonzero(told)
        position, total = chosen.speaker[row, side, slot], chosen.total[row, side, slot]
        value, state = rows.values[row, position], rows.states[row, position]
        missing, past = np.isnan(value), rows.past[row, position]
        means = self._facts.stayed[rows.backgrounds[row], position]
        risky = self._facts.worse[position] * (1 if side == 0 else -1)
        agreeing = [
            np.where(risky * (value - other) < 0, np.nan, other)
            for other in (rows.classes[row, position], past)
        ]
        told_rows = ToldRows.of(rows.footings, self.catalogue, row, position, value)
        known = {name: column.take(pa.array(position)) for name, column in self._columns.items()}
        columns = known | {
            "text": self._texts(rows, row, position, value, state, told_rows),
            "value": pa.array(value, mask=missing),
            "comparison": _choose_comparisons(missing, (*agreeing, means)),
            "data_age_days": _as_ages(told_rows.last, rows.ordinal),
            "contribution": pa.array(total),
            "points": pa.array(total * rows.slope[row]),
            "missing": pa.array(missing),
            "state": _STATE_NAMES.take(pa.array(state)),
            "own_past": pa.array(past, mask=np.isnan(past)),
            "first_day": _as_dates(told_rows.first),
            "last_day": _as_dates(told_rows.last),
            "counted": pa.array(told_rows.counted, mask=np.isnan(told_rows.counted)),
            "merges": self._merged(rows.values[row], position),
        }
        offsets = np.concatenate([[0], np.cumsum(told.sum(axis=1))]).astype(np.int32)
        reasons = pa.StructArray.from_arrays([columns[field.name] for field in _FIELDS], fields=_FIELDS)
        return pa.ListArray.from_arrays(pa.array(offsets), reasons, type=pa.list_(REASON))

    def _texts(  # noqa: PLR0917
        self,
        rows: ScoredRows,
        row: Longs,
        position: Longs,
        value: Floats,
        state: SmallInts,
        told_rows: ToldRows,
    ) -> pa.Array:
        """Word the values, and of some of them on how little they rest."""
        texts = self._sentences(position, value, state, told_rows)
        if rows.doubted is None:
            return texts
        doubtful = np.flatnonzero((rows.doubted.days[row, position] > 0) & (state == 0))
        if not len(doubtful):
            return texts
        words = texts.to_pylist()
        for k in doubtful.tolist():
            words[k] = rows.doubted.worded(words[k], int(row[k]), int(position[k]), self.language)
        return pa.array(words, pa.string())

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self.catalogue, self.stayed)

    @cached_property
    def _features(self) -> tuple[Feature, ...]:
        return tuple(self.catalogue.values())

    @cached_property
    def _columns(self) -> dict[str, pa.Array]:
        return {
            name: pa.array(
                [read(feature, self.language) for feature in self._features], REASON.field(name).type
            )
            for name, read in _DECLARED.items()
        }

    @cached_property
    def _sentences(self) -> Sentences:
        return Sentences(self._features, self.language)

    def _merged(self, values: Floats, position: Longs) -> pa.Array:
        """Name the features that each reason adds up: the known members of its fact."""
        own = self._facts.told[position][:, None] == self._facts.told[None, :]
        own &= ~np.isnan(values)
        offsets = np.concatenate([[0], np.cumsum(own.sum(axis=1))]).astype(np.int32)
        names = self._columns["feature"].take(pa.array(np.nonzero(own)[1]))
        return pa.ListArray.from_arrays(pa.array(offsets), names)


def _as_dates(days: Ints) -> pa.Array:
    return pa.array(days, pa.int32(), mask=days == NO_DAY).cast(pa.date32())


def _as_ages(last: Ints, ordinal: int) -> pa.Array:
    """Count days back from a date; nothing is later than the day before it but a family's circumstances."""
    return pa.array(np.maximum(ordinal - last.astype(np.int64), 0), mask=last == NO_DAY)


def _choose_comparisons(missing: Bools, found: tuple[Floats, ...]) -> pa.Array:
    """Compare with the class where there is one, else with the own past, else with pupils who stayed."""
    kind, value = np.zeros(len(missing), dtype=np.int64), found[0]
    for position, other in enumerate(found[1:], start=1):
        absent = np.isnan(value)
        kind[absent], value = position, np.where(absent, other, value)
    parts = [_KINDS.take(pa.array(kind)), pa.array(value)]
    nothing = pa.array(missing | np.isnan(value))
    return pa.StructArray.from_arrays(parts, fields=list(REASON.field("comparison").type), mask=nothing)


_STATE_NAMES, _KINDS = pa.array(STATES), pa.array(["class", "own_past", "stayed"])
_DECLARED: dict[str, Callable[[Feature, Language], Any]] = {
    "feature": lambda feature, language: feature.name,
    "domain": lambda feature, language: feature.domain,
    "cause": lambda feature, language: feature.cause,
    "label": lambda feature, language: feature.label.to(language),
    "unit": lambda feature, language: feature.unit.to(language),
    "actionable": lambda feature, language: feature.actionable,
    "counted_unit": lambda feature, language: feature.counted_unit and feature.counted_unit.to(language),
}
