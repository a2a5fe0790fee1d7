"""Attendance totals whose periods share days: each day is counted once."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints
from dropout_risk.kernels import kernel


def periods_once(pupil: Array, start: Array, end: Array, use: Bools) -> Bools:
    """Choose, among the periods to use, a pupil's longest ones that share no day; of equal ones the earlier.

    The sheet of the month so goes before those of its weeks, and a running total before the shorter ones. The
    periods of a pupil stand together.

    >>> start, end = np.array([1, 1, 8], np.int32), np.array([5, 30, 12], np.int32)
    >>> periods_once(np.zeros(3, np.int32), start, end, np.ones(3, bool)).tolist()
    [False, True, False]
    """
    chosen: Bools = np.array(use)
    pupil, start, end = (np.require(column, np.int32, ["C", "W"]) for column in (pupil, start, end))
    _choose_longest(pupil, start, end, chosen)
    return chosen


@kernel
def _choose_longest(pupil: Ints, start: Ints, end: Ints, chosen: Bools) -> None:
    first, n = 0, len(pupil)
    while first < n:
        stop = first + 1
        while stop < n and pupil[stop] == pupil[first]:
            stop += 1
        open_ = chosen[first:stop].copy()
        chosen[first:stop] = False
        while True:
            best = -1
            for row in range(first, stop):
                if open_[row - first] and (best < 0 or end[row] - start[row] > end[best] - start[best]):
                    best = row
            if best < 0:
                break
            chosen[best] = True
            for row in range(first, stop):
                if start[row] <= end[best] and end[row] >= start[best]:
                    open_[row - first] = False
        first = stop
