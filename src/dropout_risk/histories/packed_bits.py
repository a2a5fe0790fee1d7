"""Attendance as a few small arrays, for keeping on disk.

Most days are recorded and nothing else; so the plane of recorded days is kept as it is, and of the others
the days that are set in any: how many days each lies after the one before, and its flags.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.histories.attendance_bits import PLANES, Bits
from dropout_risk.kernels import kernel

_LONG = 255
Planes = dict[str, Bits]


def pack_planes(planes: Planes) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays that hold planes of bits."""
    others = [np.ascontiguousarray(plane) for name, plane in planes.items() if name != "recorded"]
    number = int(sum(np.bitwise_count(plane).sum() for plane in others))
    gaps = np.empty(number + others[0].size * 8 // _LONG + 1, np.uint8)
    flags = np.empty(number, np.uint8)
    absent, unexcused, late, suspended = others
    n_gaps, n_flags = _list_days(absent, unexcused, late, suspended, gaps, flags)
    return {"recorded": planes["recorded"].ravel(), "gaps": gaps[:n_gaps], "flags": flags[:n_flags]}


def unpack_planes(arrays: dict[str, npt.NDArray[Any]], n_pupils: int, n_bytes: int) -> Planes:
    """Read planes of bits from their arrays."""
    planes = np.zeros((len(PLANES), n_pupils, n_bytes), np.uint8)
    planes[0] = arrays["recorded"].reshape(n_pupils, n_bytes)
    _mark_days(np.array(arrays["gaps"]), np.array(arrays["flags"]), planes[1:].reshape(len(PLANES) - 1, -1))
    return dict(zip(PLANES, planes, strict=True))


@kernel
def _list_days(  # noqa: PLR0917
    absent: Bits, unexcused: Bits, late: Bits, suspended: Bits, gaps: Bits, flags: Bits
) -> tuple[int, int]:
    """List the days set in any plane: a gap of 255 is that many days without one."""
    n_gaps, n_flags, last = 0, 0, -1
    for row in range(absent.shape[0]):
        for byte in range(absent.shape[1]):
            a, u = np.int64(absent[row, byte]), np.int64(unexcused[row, byte])
            t, s = np.int64(late[row, byte]), np.int64(suspended[row, byte])
            if a | u | t | s == 0:
                continue
            for bit in range(8):
                found = (a >> bit & 1) | (u >> bit & 1) << 1 | (t >> bit & 1) << 2 | (s >> bit & 1) << 3
                if found == 0:
                    continue
                place = (row * absent.shape[1] + byte) * 8 + bit
                gap = place - last - 1
                while gap >= _LONG:
                    gaps[n_gaps] = _LONG
                    n_gaps += 1
                    gap -= _LONG
                gaps[n_gaps] = gap
                flags[n_flags] = found
                n_gaps += 1
                n_flags += 1
                last = place
    return n_gaps, n_flags


@kernel
def _mark_days(gaps: Bits, flags: Bits, planes: Bits) -> None:
    place, n = -1, 0
    for k in range(len(gaps)):
        if gaps[k] == _LONG:
            place += _LONG
            continue
        place += int(gaps[k]) + 1
        for plane in range(planes.shape[0]):
            if flags[n] >> plane & 1:
                planes[plane, place >> 3] |= np.uint8(1 << (place & 7))
        n += 1
