"""Attendance packed into bits: one bit per school day and kind, and the rows that were entered late.

A day's state is known from the rows entered by its own date; these states are the packed planes. Each
row that became known later changes its day's state from then on; those states are kept beside the
planes, with the date on which they became known, and laid over them for each as-of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.histories.day_words import lay_over

Bits = npt.NDArray[np.uint8]

RECORDED, ABSENT, UNEXCUSED, LATE, SUSPENDED = 1, 2, 4, 8, 16
PLANES = {
    "recorded": RECORDED,
    "absent": ABSENT,
    "unexcused": UNEXCUSED,
    "late": LATE,
    "suspended": SUSPENDED,
}
# present, absent, excused, late, left_early, suspended: the order of records.tables.STATUSES
STATUS_FLAGS = np.array(
    [RECORDED, RECORDED | ABSENT | UNEXCUSED, RECORDED | ABSENT, RECORDED | LATE, RECORDED | LATE,
     RECORDED | ABSENT | SUSPENDED],
    dtype=np.uint8,
)  # fmt: skip
_PUPILS_AT_ONCE = 8192
_COUNT_BITS = 4
_MOST_SESSIONS = 2**_COUNT_BITS - 1


@dataclass(frozen=True)
class AttendanceRows:
    """Attendance rows as parallel arrays, sorted by pupil.

    Parameters
    ----------
    pupil, day : int arrays
        Row number of the pupil; index of the school day.
    status : int8 array
        Position in ``records.tables.STATUSES``.
    session : int array
        Code of the session; -1 where the day has none.
    known : int array
        Date (ordinal) on which the row became known.
    on_time : bool array
        Whether the row was known by its own date.
    """

    pupil: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    session: npt.NDArray[np.int32]
    known: npt.NDArray[np.int32]
    on_time: npt.NDArray[np.bool_]

    def slice(self, rows: slice) -> AttendanceRows:
        """Give some consecutive rows."""
        return AttendanceRows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class LateStates:
    """States of days as they became known after the day itself, sorted by pupil, day and date known."""

    pupil: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    known: npt.NDArray[np.int32]
    flags: Bits

    def take(self, pupils: npt.NDArray[np.intp] | slice) -> LateStates:
        """Give the states of some pupils, renumbered in the given order; of a slice without copying."""
        if isinstance(pupils, slice):
            low, high = np.searchsorted(self.pupil, [pupils.start, pupils.stop])
            moved = self.pupil[low:high] - np.int32(pupils.start)
            return LateStates(moved, self.day[low:high], self.known[low:high], self.flags[low:high])
        lows = np.searchsorted(self.pupil, pupils, side="left")
        counts = np.searchsorted(self.pupil, pupils, side="right") - lows
        rows = np.repeat(lows - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        renumbered = np.repeat(np.arange(len(pupils), dtype=np.int32), counts)
        return LateStates(renumbered, self.day[rows], self.known[rows], self.flags[rows])


@dataclass(frozen=True)
class AttendanceBits:
    """All pupils' attendance.

    Parameters
    ----------
    planes : dict of str to uint8 array of shape (n_pupils, n_bytes)
        One bit per school day, least significant first: ``recorded``, ``absent``, ``unexcused``,
        ``late``, ``suspended``.
    late : LateStates
        What became known after its own date.
    sessions : uint8 array of shape (n_pupils, 4, n_bytes)
        The number of sessions of each day that has several, at most 15, else zero: the bits of the
        number in four planes, the lowest first.
    """

    planes: dict[str, Bits]
    late: LateStates
    sessions: Bits

    @classmethod
    def from_rows(cls, rows: AttendanceRows, *, n_pupils: int, n_days: int) -> Self:
        """Pack rows; a day counts as absent when at least half of its sessions do."""
        n_bytes = max((n_days + 7) // 8, 1)
        planes = {name: np.zeros((n_pupils, n_bytes), dtype=np.uint8) for name in PLANES}
        sessions = np.zeros((n_pupils, _COUNT_BITS, n_bytes), dtype=np.uint8)
        one_each = len(rows.session) == 0 or rows.session.min() == rows.session.max()
        for first in range(0, n_pupils, _PUPILS_AT_ONCE):
            last = min(first + _PUPILS_AT_ONCE, n_pupils)
            part = rows.slice(slice(*np.searchsorted(rows.pupil, [first, last])))
            states = _states_on_time(part, first, last - first, 8 * n_bytes)
            for name, flag in PLANES.items():
                planes[name][first:last] = np.packbits(states & flag != 0, axis=1, bitorder="little")
            if not one_each:
                sessions[first:last] = packed_counts(_several(part, first, last - first, 8 * n_bytes))
        return cls(planes, _late_states(rows), sessions)

    @property
    def n_days(self) -> int:
        """Number of school days there is room for."""
        return 8 * int(self.planes["recorded"].shape[1])

    def take(self, pupils: npt.NDArray[np.intp]) -> AttendanceBits:
        """Give the attendance of some pupils, in the given order.

        Pupils that follow one another (a block of a large district) are given as views, without copying.
        """
        rows = _as_slice(pupils)
        return AttendanceBits(
            {name: plane[rows] for name, plane in self.planes.items()},
            self.late.take(rows),
            self.sessions[rows],
        )

    def several_sessions(self) -> Bits:
        """Count the sessions of each day that has several, else zero: shape (n_pupils, n_days)."""
        counts = np.zeros((len(self.sessions), self.n_days), dtype=np.uint8)
        for bit in range(_COUNT_BITS):
            plane = np.unpackbits(self.sessions[:, bit], axis=1, bitorder="little")
            counts |= plane << np.uint8(bit)
        return counts

    def known_on(self, ordinal: int) -> Bits:
        """Give the planes as known before a date, with what became known late laid over them.

        Returns
        -------
        uint8 array of shape (n_planes, n)
            In the order of ``PLANES``, the bytes of pupil after pupil, filled up to whole words of 64 bits
            and one word more.
        """
        n_bytes = self.n_days // 8
        used = len(self.planes["recorded"]) * n_bytes
        known = np.zeros((len(PLANES), used // 8 * 8 + 16), dtype=np.uint8)
        for plane, name in zip(known, PLANES, strict=True):
            plane[:used] = self.planes[name].reshape(-1)
        visible = np.flatnonzero(self.late.known < ordinal)
        if len(visible):
            late = self.late
            lay_over(known, n_bytes, late.pupil[visible], late.day[visible], late.flags[visible])
        return known


def _as_slice(pupils: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | slice:
    """Give rows that follow one another as a slice, others as they are."""
    if len(pupils) == 0 or pupils[0] < 0 or pupils[-1] - pupils[0] + 1 != len(pupils):
        return pupils
    return slice(int(pupils[0]), int(pupils[-1]) + 1) if (np.diff(pupils) == 1).all() else pupils


def packed_counts(counts: Bits) -> Bits:
    """Pack the number of sessions per day into four planes of bits."""
    planes = [np.packbits(counts >> bit & 1, axis=1, bitorder="little") for bit in range(_COUNT_BITS)]
    return np.stack(planes, axis=1)


def _several(rows: AttendanceRows, first: int, n_pupils: int, n_days: int) -> Bits:
    """Count the sessions of each day that has several; a corrected session counts once."""
    cells = (rows.pupil - first).astype(np.int64) * n_days + rows.day
    repeated = np.bincount(cells, minlength=n_pupils * n_days)[cells] > 1
    width = int(rows.session.max(initial=0)) + 2
    each = np.unique(cells[repeated] * width + rows.session[repeated] + 1)
    counts = np.bincount(each // width, minlength=n_pupils * n_days)
    counts[counts == 1] = 0
    kept: Bits = np.minimum(counts, _MOST_SESSIONS).astype(np.uint8)
    return kept.reshape(n_pupils, n_days)


def _states_on_time(rows: AttendanceRows, first: int, n_pupils: int, n_days: int) -> Bits:
    cells = (rows.pupil - first).astype(np.int64) * n_days + rows.day
    flags = STATUS_FLAGS[rows.status]

    def count(flag: int) -> npt.NDArray[np.int64]:
        return np.bincount(cells[rows.on_time & (flags & flag != 0)], minlength=n_pupils * n_days)

    return _day_state({flag: count(flag) for flag in PLANES.values()}).reshape(n_pupils, n_days)


def _day_state(sessions: dict[int, npt.NDArray[np.int64]]) -> Bits:
    """Make the state of days from the number of sessions of each kind."""
    absent = (sessions[ABSENT] > 0) & (2 * sessions[ABSENT] >= sessions[RECORDED])
    state = np.where(sessions[RECORDED] > 0, RECORDED, 0)
    state |= np.where(absent, ABSENT, 0)
    state |= np.where(absent & (2 * sessions[UNEXCUSED] >= sessions[ABSENT]), UNEXCUSED, 0)
    state |= np.where(~absent & (sessions[LATE] > 0), LATE, 0)
    state |= np.where(absent & (sessions[SUSPENDED] > 0), SUSPENDED, 0)
    return state.astype(np.uint8)


def _late_states(rows: AttendanceRows) -> LateStates:
    """For each day with late rows, give its state after each date on which something became known."""
    late_days = pd.DataFrame(
        {"pupil": rows.pupil[~rows.on_time], "day": rows.day[~rows.on_time]}
    ).drop_duplicates()
    if late_days.empty:
        nothing = np.zeros(0, dtype=np.int32)
        return LateStates(nothing, nothing, nothing, nothing.astype(np.uint8))
    every = pd.DataFrame({name: getattr(rows, name) for name in rows.__dataclass_fields__}).merge(late_days)
    changes = every.loc[~every["on_time"], ["pupil", "day", "known"]].drop_duplicates()
    known_then = changes.merge(every, on=["pupil", "day"], suffixes=("", "_row"))
    known_then = known_then[known_then["known_row"] <= known_then["known"]].sort_values(
        "known_row", kind="stable"
    )
    latest = known_then.drop_duplicates(["pupil", "day", "known", "session"], keep="last")
    flags = STATUS_FLAGS[latest["status"].to_numpy()]
    for flag in PLANES.values():
        latest = latest.assign(**{str(flag): (flags & flag != 0).astype(np.int64)})
    sums = latest.groupby(["pupil", "day", "known"], sort=True)[[str(flag) for flag in PLANES.values()]].sum()
    state = _day_state({flag: sums[str(flag)].to_numpy() for flag in PLANES.values()})
    keys = sums.index.to_frame()
    pupil, day, known = (keys[name].to_numpy(dtype=np.int32) for name in ("pupil", "day", "known"))
    return LateStates(pupil, day, known, state)
