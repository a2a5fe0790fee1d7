"""Registers of absences only: found by what their rows say, and refused where nobody declares what they are.

In such a register every listed pupil is absent on every listed day. Read as one that names everybody, it
makes a child who missed three days of a term a child who never comes, and hides all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints, Longs
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.day_grid import STATUS, BesideRows, DayCells
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.records.school_declarations import Meaning, Unrecorded
from dropout_risk.records.statuses import STATUSES
from dropout_risk.text import CLAUSES, nearest_words

PRESENT_SHARE = 0.10
"""A register in which fewer rows say that somebody came names absences only."""
FEWEST_ROWS, FEWEST_PUPILS, FEWEST_WEEKS = 8, 3, 3
"""With fewer, nobody can tell: the same few children may really have been away."""
DOUBTFUL_SHARE, DOUBTFUL_COVER, DOUBTFUL_ROWS = 0.5, 0.5, 30
"""Most rows are no presence, and most pupils have no row on most days with rows: that is asked about."""

_SAMPLE, _PLAIN_SHARE, _PLAIN_ROWS = 16, 0.6, 50
_SLOTS_AT_ONCE = 8
_PRESENT = np.array([not status.kinds for status in STATUSES.entries])
_WEEK = 7


@dataclass(frozen=True)
class AttendanceSchools:
    """The schools of attendance: what is declared for each, and whether its school days are known.

    ``of_pupil`` is the number of the school of each pupil.
    """

    of_pupil: Ints
    unrecorded: Sequence[Meaning | None]
    have_days: Bools

    def __len__(self) -> int:
        return len(self.unrecorded)

    def declared(self, meaning: Meaning | None) -> Bools:
        """Mark the schools for which a meaning is declared."""
        return np.array([given == meaning for given in self.unrecorded], np.bool_)


def check_declared_schools(unrecorded: Unrecorded, schools: Sequence[str]) -> list[Problem]:
    """Refuse a declaration for a school that no pupil attends: it can never apply."""
    strangers = unrecorded.strangers(schools)
    if not strangers:
        return []
    rule, detail = (
        RULES["declared_school_unknown"],
        CLAUSES.joined(nearest_words(name, schools) for name in strangers[:3]),
    )
    return [Problem("attendance", "", rule, 0, None, "", rule.severity, detail)]


@dataclass(frozen=True)
class RegisterDoubts:
    """Which schools' attendance cannot be used as it is, by rule, and which is doubted."""

    refused: dict[str, Bools]
    doubted: Bools

    @classmethod
    def of(
        cls, cells: DayCells, beside: BesideRows, schools: AttendanceSchools, *, judge: bool
    ) -> RegisterDoubts:
        """Look at all rows of the schools that a sample does not clear.

        Without ``judge`` nothing is concluded from what rows do not say.
        """
        present = schools.declared("present")
        only = doubted = np.zeros(len(schools), np.bool_)
        if judge:
            only, doubted = _absences_only(cells, beside, schools)
        refused = {
            "absences_only": only,
            "presence_without_school_days": present & ~schools.have_days,
            "presence_of_sessions": present & schools.have_days & _has_sessions(cells, beside, schools),
        }
        return cls({rule: mask for rule, mask in refused.items() if mask.any()}, doubted)


def _absences_only(cells: DayCells, beside: BesideRows, schools: AttendanceSchools) -> tuple[Bools, Bools]:
    """Mark the schools that name absences only, and those that may, as far as nothing is declared."""
    open_to_doubt = schools.declared(None)
    if cells.n_slots > 2 * _SAMPLE:
        sample = np.linspace(0, cells.n_slots - 1, _SAMPLE).astype(np.int32)
        rows, came = _count_rows(cells, sample, schools, open_to_doubt).T
        open_to_doubt &= (rows < _PLAIN_ROWS) | (came < _PLAIN_SHARE * rows)
    only = np.zeros(len(schools), np.bool_)
    doubted = only.copy()
    if not open_to_doubt.any():
        return only, doubted
    slots = np.arange(cells.n_slots, dtype=np.int32)
    rows, came = _count_rows(cells, slots, schools, open_to_doubt).T
    late = schools.of_pupil[beside.pupil]
    rows = rows + np.bincount(late, minlength=len(schools))
    came = came + np.bincount(late[_PRESENT[beside.status]], minlength=len(schools))
    for row in np.flatnonzero(open_to_doubt & (rows >= FEWEST_ROWS) & (came < DOUBTFUL_SHARE * rows)):
        spread = _Spread.of(cells, beside, schools.of_pupil == row)
        if came[row] < PRESENT_SHARE * rows[row]:
            only[row] = spread.pupils >= FEWEST_PUPILS and spread.weeks >= FEWEST_WEEKS
        elif rows[row] >= DOUBTFUL_ROWS:
            doubted[row] = rows[row] < DOUBTFUL_COVER * spread.dates * spread.members
    return only, doubted


@dataclass(frozen=True)
class _Spread:
    """Over how many of a school's pupils, over how many dates and weeks its rows are spread."""

    members: int
    pupils: int
    dates: int
    weeks: int

    @classmethod
    def of(cls, cells: DayCells, beside: BesideRows, at_school: Bools) -> _Spread:
        pupils = np.flatnonzero(at_school)
        there = cells.cells[: cells.n_slots, pupils] != 0
        own = at_school[beside.pupil]
        dates = np.unique(np.concatenate([cells.date[there.any(axis=1)], beside.date[own]]))
        listed = np.unique(np.concatenate([pupils[there.any(axis=0)], beside.pupil[own]]))
        return cls(len(pupils), len(listed), len(dates), len(np.unique((dates + 3) // _WEEK)))


def _has_sessions(cells: DayCells, beside: BesideRows, schools: AttendanceSchools) -> Bools:
    """Mark the schools with rows of a part of a day."""
    found = np.zeros(len(schools), np.bool_)
    found[schools.of_pupil[beside.pupil[beside.session >= 0]]] = True
    slots = np.flatnonzero(cells.session > 0).astype(np.int32)
    if len(slots):
        found |= _count_rows(cells, slots, schools, np.ones(len(schools), np.bool_))[:, 0] > 0
    return found


def _count_rows(cells: DayCells, slots: Ints, schools: AttendanceSchools, wanted: Bools) -> Longs:
    """Count the rows of some schools in some slots, and those that say that somebody came."""
    school = np.require(schools.of_pupil, np.int32, ["C", "W"])
    here = np.append(False, _PRESENT)

    def count(part: slice) -> Longs:
        counts = np.zeros((len(schools), 2), np.int64)
        _add_counts(cells.cells, slots[part], school, wanted, here, counts)
        return counts

    found = in_threads(count, blocks(len(slots), _SLOTS_AT_ONCE))
    return sum(found, np.zeros((len(schools), 2), np.int64))


@kernel
def _add_counts(  # noqa: PLR0917
    cells: Array, slots: Ints, school: Ints, wanted: Bools, here: Bools, counts: Longs
) -> None:
    for k in range(len(slots)):
        for pupil in range(cells.shape[1]):
            status = cells[slots[k], pupil] & STATUS
            if status != 0 and wanted[school[pupil]]:
                counts[school[pupil], 0] += 1
                if here[status]:
                    counts[school[pupil], 1] += 1
