"""A reason: one feature's part in one score, as an object and as a row of a column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools, Floats
from dropout_risk.explanation.columns import Column, Numbers, Picked, Structs

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


_KINDS = ("class", "own_past", "stayed")
_COMPARISON = list(REASON.field("comparison").type)


def choose_comparisons(missing: Bools, found: tuple[Floats, ...]) -> Structs:
    """Compare with the class where there is one, else with the own past, else with pupils who stayed."""
    kind, value = np.zeros(len(missing), dtype=np.int64), found[0]
    for position, other in enumerate(found[1:], start=1):
        absent = np.isnan(value)
        kind[absent], value = position, np.where(absent, other, value)
    parts: dict[str, Column] = {"kind": Picked(_KINDS, kind), "value": Numbers(value)}
    return Structs(parts, _COMPARISON, _as_comparison, missing | np.isnan(value))


def _as_comparison(kind: str, value: float) -> dict[str, Any]:
    return {"kind": kind, "value": value}
