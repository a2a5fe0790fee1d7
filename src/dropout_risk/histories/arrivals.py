"""Arrivals: the rows that arrived at once, as cells and runs of the pupils whom they tell of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bytes, Ints, Longs
from dropout_risk.histories.attendance_bits import PLANES, LateStates
from dropout_risk.histories.histories import Histories, Observed
from dropout_risk.histories.runs import Runs, move_runs, offsets_of
from dropout_risk.kernels import kernel
from dropout_risk.records.calendar import SchoolCalendar
from dropout_risk.records.tables import RUNS


@dataclass(frozen=True)
class Arrivals:
    """What arrived, of pupils numbered as in the students table that they are added to.

    ``students`` holds only rows that are new or say something else than before, sorted by ``student_id``. The
    runs are ``days`` (``date``, ``flags`` and, where a day has several, ``sessions``) as known on the day
    itself, ``late`` (``date``, ``known``, ``flags``) as known later, and the dated tables. ``set_apart``
    names pupils whose students row could not be used, ``closed`` the dates that a calendar named as no school
    days, by school.
    """

    students: pa.Table
    calendar: SchoolCalendar
    runs: dict[str, Runs]
    words: dict[str, tuple[str, ...]]
    observed: Observed
    set_apart: tuple[str | int, ...] = ()
    closed: dict[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, histories: Histories) -> Arrivals:
        """Take everything that histories hold."""
        n_pupils = len(histories)
        return cls(
            students=histories.students,
            calendar=histories.calendar,
            runs={
                "days": list_days(histories, np.arange(n_pupils, dtype=np.int64)),
                "late": late_runs(histories),
                **{name: getattr(histories, name) for name in RUNS},
            },
            words=histories.words,
            observed=histories.observed,
            set_apart=histories.set_apart,
        )

    def moved(self, rows: Longs, n_pupils: int) -> Arrivals:
        """Give the same with other numbers for the pupils."""
        return replace(self, runs={name: move_runs(runs, rows, n_pupils) for name, runs in self.runs.items()})


def list_days(histories: Histories, pupils: Longs) -> Runs:
    """List the days of some pupils, in the given order, with their states and numbers of sessions."""
    bits = histories.attendance
    planes = (*(np.ascontiguousarray(bits.planes[name]) for name in PLANES),)
    sessions = np.ascontiguousarray(bits.sessions)
    everyone = len(pupils) == len(histories)
    there = planes[0] if everyone else planes[0][pupils]
    for plane in (*planes[1:], *np.moveaxis(sessions, 1, 0)):
        there = there | (plane if everyone else plane[pupils])
    counts = np.bitwise_count(there).sum(axis=1, dtype=np.int64)
    number = int(counts.sum())
    day, flags, several = np.empty(number, np.int32), np.empty(number, np.uint8), np.empty(number, np.uint8)
    _list_days(np.asarray(pupils, np.int64), planes, sessions, day, flags, several)
    row = np.repeat(histories.calendar_row[pupils], counts)
    columns: dict[str, Array] = {
        "date": histories.calendar.day(row, day),
        "flags": flags,
        "sessions": several,
    }
    return Runs(offsets_of(counts), columns, ("date",))


def late_runs(histories: Histories) -> Runs:
    """Give the states that became known later, by date."""
    late = histories.attendance.late
    date = histories.calendar.day(histories.calendar_row[late.pupil], late.day)
    return runs_of_late(replace(late, day=date), len(histories), "date")


def runs_of_late(late: LateStates, n_pupils: int, name: str = "day") -> Runs:
    """Give states that became known later in the form of runs."""
    offsets = np.searchsorted(late.pupil, np.arange(n_pupils + 1)).astype(np.int64)
    return Runs(offsets, {name: late.day, "known": late.known, "flags": late.flags}, (name,))


@kernel
def _list_days(  # noqa: PLR0917
    pupils: Longs, planes: tuple[Bytes, ...], sessions: Bytes, day: Ints, flags: Bytes, several: Bytes
) -> None:
    n = 0
    for pupil in pupils:
        for byte in range(sessions.shape[2]):
            there = np.int64(0)
            for kind in planes:
                there |= np.int64(kind[pupil, byte])
            for plane in range(sessions.shape[1]):
                there |= np.int64(sessions[pupil, plane, byte])
            bit = 0
            while there >> bit:
                if there >> bit & 1:
                    day[n] = 8 * byte + bit
                    found, number = np.int64(0), np.int64(0)
                    for k in range(len(planes)):
                        found |= (np.int64(planes[k][pupil, byte]) >> bit & 1) << k
                    flags[n] = found
                    for plane in range(sessions.shape[1]):
                        number |= (np.int64(sessions[pupil, plane, byte]) >> bit & 1) << plane
                    several[n] = number
                    n += 1
                bit += 1
