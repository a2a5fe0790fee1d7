"""Histories without their future, or with that of other pupils: what no feature may notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bytes, Ints, Longs, Positions
from dropout_risk.histories.attendance_bits import AttendanceBits, LateStates
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.runs import Runs, offsets_of
from dropout_risk.records.days.calendar import DateLike, ordinal_of

_NAMES = ("known", "date", "day", "start")


def without_future(histories: Histories, as_of: DateLike) -> Histories:
    """Take away everything that became known on a date or later, and dates of leaving school after it.

    Who leaves on the day itself is not in the cohort of that day. The calendar stays: it is planned ahead.
    """
    ordinal = ordinal_of(as_of)
    histories = histories.placed_on(ordinal)
    left = histories.student_dates("left_on")
    return replace(
        histories,
        students=_with_leaving_dates(histories.students, np.where(left > ordinal, -1, left)),
        attendance=_without_days(histories, ordinal),
        refused=_known_before(histories.refused, ordinal),
        runs=_each_run(histories, lambda runs: _known_before(runs, ordinal)),
    )


def with_shuffled_future(histories: Histories, as_of: DateLike, seed: int = 0) -> Histories:
    """Give every pupil the future of another one: its attendance, marks, tests, outcomes and leaving.

    What became known on the date or later is exchanged; another seed exchanges otherwise.
    """
    ordinal, rng = ordinal_of(as_of), np.random.default_rng(seed)
    histories = histories.placed_on(ordinal)
    left = histories.student_dates("left_on").copy()
    later = np.flatnonzero((left == -1) | (left > ordinal))
    left[later] = left[rng.permutation(later)]
    return replace(
        histories,
        students=_with_leaving_dates(histories.students, left),
        attendance=_shuffled_days(histories, ordinal, rng),
        runs=_each_run(histories, lambda runs: _shuffled_rows(runs, ordinal, rng)),
    )


def _each_run(histories: Histories, change: Callable[[Runs], Runs]) -> dict[str, Runs]:
    return {name: change(runs) for name, runs in histories.runs.items()}


def _with_leaving_dates(students: pa.Table, left: Longs) -> pa.Table:
    """Write other dates of leaving into the students table."""
    place = students.schema.get_field_index("left_on")
    dates = pa.array(left.astype(np.int32), mask=left == -1).cast(pa.date32())
    return students.set_column(
        place, students.schema.field(place), dates.cast(students.schema.field(place).type)
    )


def _known_before(runs: Runs, ordinal: int) -> Runs:
    kept = runs.columns["known"] < ordinal
    number = np.bincount(runs.pupil[kept], minlength=len(runs.offsets) - 1)
    return Runs(offsets_of(number), {name: column[kept] for name, column in runs.columns.items()}, runs.key)


def _shuffled_rows(runs: Runs, ordinal: int, rng: np.random.Generator) -> Runs:
    """Exchange what later rows say; their keys and dates stay, so that they stay sorted."""
    later = np.flatnonzero(runs.columns["known"] >= ordinal)
    from_row = rng.permutation(later)
    columns = dict(runs.columns)
    for name in set(columns) - {*runs.key, *_NAMES}:
        columns[name] = columns[name].copy()
        columns[name][later] = runs.columns[name][from_row]
    return Runs(runs.offsets, columns, runs.key)


def _later_days(histories: Histories, ordinal: int) -> Bytes:
    """Mark the school days from a date on, in the shape of a plane of attendance."""
    row = histories.calendar_row
    before = histories.calendar.index(row, np.full(len(row), ordinal))
    later = np.arange(histories.attendance.n_days) >= before[:, np.newaxis]
    return np.packbits(later, axis=1, bitorder="little")


def _without_days(histories: Histories, ordinal: int) -> AttendanceBits:
    bits, later = histories.attendance, _later_days(histories, ordinal)
    kept, given = bits.late.known < ordinal, bits.late
    late = LateStates(given.pupil[kept], given.day[kept], given.known[kept], given.flags[kept])
    return replace(bits, planes={name: plane & ~later for name, plane in bits.planes.items()}, late=late)


def _shuffled_days(histories: Histories, ordinal: int, rng: np.random.Generator) -> AttendanceBits:
    bits, later = histories.attendance, _later_days(histories, ordinal)
    other = _other_of_school(histories.calendar_row, rng)
    planes = {name: plane & ~later | plane[other] & later for name, plane in bits.planes.items()}
    flags = bits.late.flags.copy()
    unknown = np.flatnonzero(bits.late.known >= ordinal)
    flags[unknown] = flags[rng.permutation(unknown)]
    return replace(bits, planes=planes, late=replace(bits.late, flags=flags))


def _other_of_school(calendar_row: Ints, rng: np.random.Generator) -> Positions:
    """Pair each pupil with another one of the same school."""
    order = np.lexsort((rng.random(len(calendar_row)), calendar_row))
    other = np.empty(len(order), dtype=np.intp)
    for pupils in np.split(order, np.flatnonzero(np.diff(calendar_row[order])) + 1):
        other[pupils] = np.roll(pupils, 1)
    return other
