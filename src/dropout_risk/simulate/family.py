"""Family circumstances: what is true, and the dated, late and incomplete rows a school holds of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.simulate.columns import NEVER, Floats, Ints, dates_column, words_column
from dropout_risk.simulate.pupils import District


@dataclass(frozen=True)
class Circumstance:
    """One kind of family circumstance, and how the school writes it down; no value is the empty string.

    It holds for a share of pupils ``at_start``, when they enter; later it begins and ends at yearly rates.
    Its ``burden`` stands, and its ``shock`` passes when it begins during the simulation. ``poverty`` is a
    slope in log-odds per standard deviation: how strongly poor families are more often concerned. The school
    learns of it with the probability ``known``.
    """

    factor: str
    value: str
    at_start: float
    per_year: float
    ends_per_year: float
    burden: float
    shock: float
    poverty: float
    known: float


CIRCUMSTANCES = (
    Circumstance("left_behind", "both_parents", 0.17, 0.04, 0.15, 0.7, 0.5, 0.4, 0.92),
    Circumstance("left_behind", "one_parent", 0.16, 0.04, 0.15, 0.3, 0.2, 0.3, 0.9),
    Circumstance("grandparents_care", "", 0.15, 0.03, 0.1, 0.3, 0.2, 0.3, 0.85),
    Circumstance("single_parent", "", 0.06, 0.01, 0.05, 0.5, 0.4, 0.2, 0.85),
    Circumstance("parents_divorced", "", 0.04, 0.025, 0.0, 0.4, 2.0, 0.1, 0.7),
    Circumstance("bereavement", "", 0.0, 0.02, 0.5, 0.3, 2.2, 0.1, 0.8),
    Circumstance("low_income", "", 0.16, 0.03, 0.05, 0.1, 0.3, 1.8, 0.93),
    Circumstance("monitored_household", "marginal", 0.025, 0.005, 0.1, 0.1, 0.2, 2.0, 0.95),
    Circumstance("monitored_household", "sudden_hardship", 0.005, 0.015, 0.3, 0.4, 1.2, 1.0, 0.9),
    Circumstance("migrant_child", "", 0.03, 0.0, 0.05, 0.3, 0.0, 0.0, 0.95),
    Circumstance("disability", "", 0.012, 0.0, 0.0, 0.4, 0.0, 0.2, 0.95),
    Circumstance("orphan", "", 0.004, 0.001, 0.0, 1.2, 1.5, 0.3, 1.0),
    Circumstance("de_facto_unsupported", "", 0.006, 0.002, 0.05, 1.2, 1.0, 0.5, 0.9),
)
_FACTORS = (*dict.fromkeys(item.factor for item in CIRCUMSTANCES), "none")
_VALUES = (*dict.fromkeys(item.value for item in CIRCUMSTANCES),)
_SOURCES = ("class_teacher", "welfare_office", "village")
SURVEYED = 0.9


@dataclass(frozen=True)
class FamilyEvents:
    """What is true of the families, one value per circumstance of a pupil, in order of pupils.

    ``kind`` is the position in ``CIRCUMSTANCES``; dates are days since 1970-01-01, ``NEVER`` where it does
    not end.
    """

    pupil: Ints
    kind: Ints
    begins: Ints
    ends: Ints

    def weekly(self, district: District) -> tuple[Floats, Floats]:
        """Give standing burden and new shocks, each of shape (n_weeks, n_pupils)."""
        years = district.years
        mondays = years.days[years.first_of_week()]
        first = np.searchsorted(mondays, self.begins)
        last = np.searchsorted(mondays, self.ends)
        change = np.zeros((years.n_weeks + 1, len(district.pupils)), np.float32)
        shock = np.zeros_like(change)
        burden = np.array([item.burden for item in CIRCUMSTANCES], np.float32)[self.kind]
        np.add.at(change, (first, self.pupil), burden)
        np.add.at(change, (last, self.pupil), -burden)
        new = (self.begins >= years.days[0]) & (first < years.n_weeks)
        weight = np.array([item.shock for item in CIRCUMSTANCES], np.float32)[self.kind]
        np.add.at(shock, (first[new], self.pupil[new]), weight[new])
        return change[:-1].cumsum(axis=0, dtype=np.float32), shock[:-1]


def draw_family(district: District, poverty: Floats, rng: np.random.Generator) -> FamilyEvents:
    """Draw the circumstances of every family, given its standing poverty (mean 0, variance 1)."""
    parts = [_draw_kind(kind, district, poverty, rng) for kind in range(len(CIRCUMSTANCES))]
    pupil, kind, begins, ends = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((begins, kind, pupil))
    return FamilyEvents(pupil[order], kind[order], begins[order], ends[order])


def _draw_kind(kind: int, district: District, poverty: Floats, rng: np.random.Generator) -> tuple[Ints, ...]:
    """Draw one kind: at most one spell per pupil, from before enrolment or from a later day."""
    item, enrolled, days = CIRCUMSTANCES[kind], district.pupils.enrolled_on, district.years.days
    n = len(enrolled)
    lift = np.exp(item.poverty * poverty - 0.5 * item.poverty**2)
    already = rng.random(n) < np.minimum(0.9, item.at_start * lift)
    entry = np.maximum(enrolled, days[0])
    later = entry + 1 + _waiting_days(item.per_year * lift, n, rng)
    begins = np.where(already, enrolled - rng.integers(0, 1500, n), later)
    ends = np.where(already, entry, begins) + 30 + _waiting_days(np.full(n, item.ends_per_year), n, rng)
    holds = np.flatnonzero(begins <= days[-1])
    ends = np.where(ends > days[-1], NEVER, ends)
    return holds, np.full(len(holds), kind), begins[holds].astype(np.int32), ends[holds].astype(np.int32)


def _waiting_days(per_year: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Draw days until something of this yearly rate happens."""
    waiting: Floats = np.minimum(rng.exponential(365 / np.maximum(per_year, 1e-9), n), 1e6)
    return waiting


def family_table(
    events: FamilyEvents, district: District, left_on: Ints, rng: np.random.Generator
) -> pa.Table:
    """Write what the school learns: rows days or weeks late, some never, ``none`` where nothing was found."""
    last_day, n = district.years.days[-1], len(left_on)
    surveyed = rng.random(n) < SURVEYED
    surveyed_on = district.pupils.enrolled_on + rng.integers(5, 60, n)
    later = events.begins > surveyed_on[events.pupil]
    told_on = np.where(later, events.begins + rng.geometric(0.06, len(later)), surveyed_on[events.pupil])
    kept = surveyed[events.pupil] & _learned_by_school(events, later, rng) & ~_second_of_its_factor(events)
    kept &= told_on <= np.minimum(left_on[events.pupil], last_day)
    free = surveyed & (surveyed_on <= np.minimum(left_on, last_day))
    free[events.pupil[kept & ~later]] = False
    nothing = np.flatnonzero(free)
    rows = np.stack(
        [
            np.r_[events.pupil[kept], nothing],
            np.r_[events.kind[kept], np.full(len(nothing), len(CIRCUMSTANCES))],
            np.r_[events.begins[kept], surveyed_on[nothing]],
            np.r_[events.ends[kept], np.full(len(nothing), NEVER)],
            np.r_[told_on[kept], surveyed_on[nothing]],
        ]
    ).astype(np.int32)
    source = np.asarray(rng.choice(len(_SOURCES), rows.shape[1], p=[0.6, 0.25, 0.15]))
    return _family_rows(district, rows[:, np.lexsort((rows[2], rows[1], rows[0]))], source)


def _learned_by_school(events: FamilyEvents, later: Bools, rng: np.random.Generator) -> Bools:
    """Decide what the school learns of; less of what begins after the survey."""
    known = np.array([item.known for item in CIRCUMSTANCES])[events.kind]
    told: Bools = rng.random(len(known)) < np.where(later, 0.85 * known, known)
    return told


def _second_of_its_factor(events: FamilyEvents) -> Bools:
    """Find the second of two spells of one factor: a school holds one row per factor and pupil."""
    factor = np.array([_FACTORS.index(item.factor) for item in CIRCUMSTANCES])[events.kind]
    again = (np.diff(events.pupil, prepend=-1) == 0) & (np.diff(factor, prepend=-1) == 0)
    return np.asarray(again)


def _family_rows(district: District, rows: Ints, source: Ints) -> pa.Table:
    pupil, kind, begins, ends, told = rows
    factor = np.array([*(_FACTORS.index(item.factor) for item in CIRCUMSTANCES), _FACTORS.index("none")])
    value = np.array([*(_VALUES.index(item.value) for item in CIRCUMSTANCES), _VALUES.index("")])[kind]
    return pa.table(
        {
            "student_id": district.pupils.id_column(pupil),
            "factor": words_column(factor[kind], _FACTORS),
            "value": words_column(value, _VALUES, missing=value == _VALUES.index("")),
            "valid_from": dates_column(begins),
            "valid_to": dates_column(ends),
            "source": words_column(source, _SOURCES),
            "recorded_on": dates_column(told),
        }
    )
