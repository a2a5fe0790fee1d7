"""Attendance packed into bits: one bit per school day and kind, and the rows that were entered late.

A day's state is known from the rows entered by its own date; these states are the packed planes. Each
row that became known later changes its day's state from then on; those states are kept beside the
planes, with the date on which they became known, and laid over them for each as-of date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
COUNT_BITS = 4


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
    sessions : uint8 array of shape (n_pupils, 4, n_bytes), or (n_pupils, 0, n_bytes)
        The number of sessions of each day that has several, at most 15, else zero: the bits of the
        number in four planes, the lowest first; no planes where no day has several.
    """

    planes: dict[str, Bits]
    late: LateStates
    sessions: Bits

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
