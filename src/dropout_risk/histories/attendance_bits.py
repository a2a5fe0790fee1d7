"""Attendance packed into bits: one bit per school day and kind, and the rows that were entered late.

A day's state is known from the rows entered by its own date; these states are the packed planes. Each
row that became known later changes its day's state from then on; those states are kept beside the
planes, with the date on which they became known, and laid over them for each as-of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bytes, Ints, Longs, Positions, Words
from dropout_risk.histories.day_words import lay_over
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.days.calendar import SchoolCalendar
from dropout_risk.records.days.day_grid import STATUS, BesideRows, DayGrid
from dropout_risk.records.statuses import STATUSES

PLANES = STATUSES.bits
COUNT_BITS = 4


@dataclass(frozen=True)
class LateStates:
    """States of days as they became known after the day itself, sorted by pupil, day and date known."""

    pupil: Ints
    day: Ints
    known: Ints
    flags: Bytes

    def take(self, pupils: Positions | slice) -> LateStates:
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
    """All pupils' attendance, as known on each day itself, and ``late`` what became known afterwards.

    A plane of each kind of day, of shape (n_pupils, n_bytes), has one bit per school day, least significant
    first. ``sessions``, of shape (n_pupils, 4, n_bytes), holds the number of sessions of each day that has
    several, at most 15, else zero: the bits of the number in four planes, the lowest first; no planes where
    no day has several.
    """

    planes: dict[str, Bytes]
    late: LateStates
    sessions: Bytes

    @property
    def n_days(self) -> int:
        """Number of school days there is room for."""
        return 8 * int(self.planes["recorded"].shape[1])

    def take(self, pupils: Positions) -> AttendanceBits:
        """Give the attendance of some pupils, in the given order.

        Pupils that follow one another (a block of a large district) are given as views, without copying.
        """
        rows = _as_slice(pupils)
        return AttendanceBits(
            {name: plane[rows] for name, plane in self.planes.items()},
            self.late.take(rows),
            self.sessions[rows],
        )

    def known_on(self, ordinal: int) -> Bytes:
        """Give the planes as known before a date, with what became known late laid over them.

        There is one row per plane, in the order of ``PLANES``: the bytes of pupil after pupil, filled up to
        whole words of 64 bits and one word more.
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


def _as_slice(pupils: Positions) -> Positions | slice:
    """Give rows that follow one another as a slice, others as they are."""
    if len(pupils) == 0 or pupils[0] < 0 or pupils[-1] - pupils[0] + 1 != len(pupils):
        return pupils
    return slice(int(pupils[0]), int(pupils[-1]) + 1) if (np.diff(pupils) == 1).all() else pupils


# --- Packs a day grid into bits: one compiled loop over blocks of pupils, and one over the rows beside it ---

DayRows = tuple[Ints, npt.NDArray[np.int8], Ints]  # session, status, date known
Rules = tuple[Bytes, int]  # bits by status plus one; bits of absence

PUPILS_AT_ONCE = 1 << 14
_RECORDED, _ABSENT, _UNEXCUSED = range(3)  # the kinds of day with rules of their own
_NONE = np.empty(0, np.int32)
_NOTHING_LATE = LateStates(_NONE, _NONE, _NONE, _NONE.astype(np.uint8))
_NEVER = 1 << 40
_NO_SLOT, _SEVERAL = -1, -2
_MOST_SESSIONS = 2**COUNT_BITS - 1
# By status plus one, the bits of a day with this one session; and the bits of absence. They are handed to the
# compiled loops, since these are kept on disk and would not see another declaration.
_FLAGS = np.zeros(STATUS + 1, np.uint8)
_FLAGS[1 : len(STATUSES.flags) + 1] = STATUSES.flags
_RULES = (_FLAGS, STATUSES.absence)
# by flags, each bit moved to its plane's byte
_SPREAD = np.array(
    [sum((flags >> k & 1) << 8 * k for k in range(len(PLANES))) for flags in range(1 << len(PLANES))],
    dtype=np.uint64,
)


@dataclass(frozen=True)
class _Layout:
    """Where the slots of each school day are, as the compiled loops take it.

    ``calendar`` holds the days of each calendar, the index of each such day among the dates of the grid
    (-1 if it has none there), and the calendar of each pupil. ``slots`` holds the cells, the row of each
    slot, its session, and the first slot of each date. ``only`` is the row in the cells of each day of each
    calendar with one slot: -1 where it has none, -2 where it has several.
    """

    calendar: tuple[Ints, Ints, Ints]
    slots: tuple[Bytes, Ints, Ints, Ints]
    only: Ints

    @classmethod
    def of(cls, grid: DayGrid, calendar: SchoolCalendar, calendar_row: Ints) -> _Layout:
        dates, starts = np.unique(grid.date, return_index=True)
        index = np.full(calendar.days.shape, -1, np.int32)
        if len(dates):
            found = np.searchsorted(dates, calendar.days).clip(max=len(dates) - 1)
            index = np.where(dates[found] == calendar.days, found, -1).astype(np.int32)
        ends = np.append(starts, len(grid.slot)).astype(np.int32)
        row = np.require(calendar_row, np.int32, ["C", "W"])
        of_date = np.append(np.where(np.diff(ends) > 1, _SEVERAL, grid.slot[starts]), _NO_SLOT)
        only = of_date[index].astype(np.int32)
        return cls((calendar.days, index, row), (grid.cells, grid.slot, grid.session, ends), only)


def pack_grid(grid: DayGrid, calendar: SchoolCalendar, calendar_row: Ints) -> AttendanceBits:
    """Pack attendance; a day counts as absent when at least half of its sessions do.

    Rows dated on no school day of their pupil's calendar are left out; checked records have none.
    """
    n_pupils = len(calendar_row)
    n_bytes = max((int(calendar.lengths.max(initial=0)) + 7) // 8, 1)
    planes = np.zeros((len(PLANES), n_pupils, n_bytes), np.uint8)
    counts = np.zeros((n_pupils, COUNT_BITS, n_bytes), np.uint8)
    layout = _Layout.of(grid, calendar, calendar_row)

    def on_time(pupils: slice) -> int:
        some = (pupils.start, pupils.stop)
        return _pack_on_time(
            some, layout.calendar, layout.slots, layout.only, _RULES, _SPREAD, planes, counts
        )

    most = max(in_threads(on_time, blocks(n_pupils, PUPILS_AT_ONCE)), default=0)
    day = calendar.index(calendar_row[grid.beside.pupil], grid.beside.date)
    found = [(_NOTHING_LATE, most)]
    if len(day):
        cuts = np.searchsorted(grid.beside.pupil, [*range(0, n_pupils, PUPILS_AT_ONCE), n_pupils]).tolist()
        parts = [slice(*cut) for cut in pairwise(cuts)]
        found += in_threads(
            lambda rows: _pack_block_beside(grid.beside, day, rows, layout, planes, counts), parts
        )
    late = [np.concatenate(parts) for parts in zip(*(vars(late).values() for late, _ in found), strict=True)]
    if max(number for _, number in found) <= 1:
        counts = counts[:, :0]
    return AttendanceBits(dict(zip(PLANES, planes, strict=True)), LateStates(*late), counts)


def _pack_block_beside(  # noqa: PLR0917
    beside: BesideRows, day: Ints, rows: slice, layout: _Layout, planes: Bytes, counts: Bytes
) -> tuple[LateStates, int]:
    """Pack the days of some rows beside the grid; give their later states and the most sessions."""
    late = [np.empty(rows.stop - rows.start, none.dtype) for none in vars(_NOTHING_LATE).values()]
    n, most = _pack_late(
        (beside.pupil[rows], beside.date[rows], day[rows]),
        (beside.session[rows], beside.status[rows], beside.known[rows]),
        layout.calendar, layout.slots, _RULES, planes, counts, tuple(late),
    )  # fmt: skip
    return LateStates(*(column[:n] for column in late)), int(most)


@kernel
def _day_flags(kinds: Longs, absence: int) -> int:
    """Make the flags of a day from the number of its sessions of each kind."""
    recorded, absent = kinds[_RECORDED], kinds[_ABSENT]
    if recorded == 0:
        return 0
    flags = 1 << _RECORDED
    away = absent > 0 and 2 * absent >= recorded
    if away:
        flags |= 1 << _ABSENT
        if 2 * kinds[_UNEXCUSED] >= absent:
            flags |= 1 << _UNEXCUSED
    for kind in range(_UNEXCUSED + 1, len(kinds)):
        if kinds[kind] > 0 and (absence >> kind & 1 == 1) == away:
            flags |= 1 << kind
    return flags


@kernel
def _count_kinds(kinds: Longs, flags: int) -> None:
    for kind in range(len(kinds)):
        kinds[kind] += flags >> kind & 1


@kernel
def _write_count(counts: Bytes, pupil: int, day: int, number: int) -> None:
    """Write the number of sessions of a day that has several."""
    number = min(number, _MOST_SESSIONS) if number > 1 else 0
    bit = np.uint8(1 << (day & 7))
    for power in range(COUNT_BITS):
        held = counts[pupil, power, day >> 3] & ~bit
        counts[pupil, power, day >> 3] = held | (bit if number >> power & 1 else np.uint8(0))


@kernel
def _pack_on_time(  # noqa: PLR0917
    pupils: tuple[int, int],
    calendar: tuple[Ints, Ints, Ints],
    slots: tuple[Bytes, Ints, Ints, Ints],
    only: Ints,
    rules: Rules,
    spread: Words,
    planes: Bytes,
    counts: Bytes,
) -> int:
    """Pack the rows known on their own date; give the largest number of sessions of any day."""
    (_, index, calendar_row), (cells, slot, _, starts), (flags_of, absence) = calendar, slots, rules
    kinds, most, words = np.zeros(len(planes), np.int64), 0, np.zeros(256, np.uint64)
    for cell in range(len(words)):
        words[cell] = spread[flags_of[cell & STATUS]]
    for pupil in range(*pupils):
        own = calendar_row[pupil]
        for byte in range(planes.shape[2]):
            word = np.uint64(0)
            for day in range(8 * byte, min(8 * byte + 8, only.shape[1])):
                row = only[own, day]
                if row >= 0:
                    word |= words[cells[row, pupil]] << np.uint64(day & 7)
                elif row == _SEVERAL:
                    k = index[own, day]
                    kinds[:] = 0
                    for s in range(starts[k], starts[k + 1]):
                        _count_kinds(kinds, int(flags_of[cells[slot[s], pupil] & STATUS]))
                    most = max(most, kinds[_RECORDED])
                    _write_count(counts, pupil, day, kinds[_RECORDED])
                    word |= spread[_day_flags(kinds, absence)] << np.uint64(day & 7)
            if word != 0:
                for plane in range(len(planes)):
                    planes[plane, pupil, byte] = (word >> np.uint64(8 * plane)) & np.uint64(255)
    return most


@kernel
def _write_flags(planes: Bytes, pupil: int, day: int, flags: int) -> None:
    bit = np.uint8(1 << (day & 7))
    for plane in range(len(planes)):
        held = planes[plane, pupil, day >> 3] & ~bit
        planes[plane, pupil, day >> 3] = held | (bit if flags >> plane & 1 else np.uint8(0))


@kernel
def _is_replaced(session: int, then: int, sessions: Ints, known: Ints) -> bool:
    """Tell whether a row beside the grid was known by then for a session."""
    replaced = False
    for i in range(len(sessions)):
        replaced = replaced or (sessions[i] == session and known[i] <= then)
    return replaced


@kernel
def _flags_then(  # noqa: PLR0917
    then: int, rows: DayRows, cells: Bytes, slot_session: Ints, rules: Rules, kinds: Longs
) -> int:
    """Make the flags of a day from the last row of each session that was known by then."""
    (session, status, known), (flags_of, absence) = rows, rules
    kinds[:] = 0
    for s in range(len(cells)):
        if cells[s] != 0 and not _is_replaced(slot_session[s], then, session, known):
            _count_kinds(kinds, int(flags_of[cells[s] & STATUS]))
    for i in range(len(session)):
        is_last = i + 1 == len(session) or session[i + 1] != session[i] or known[i + 1] > then
        if known[i] <= then and is_last:
            _count_kinds(kinds, int(flags_of[status[i] + 1]))
    return _day_flags(kinds, absence)


@kernel
def _number_of_sessions(rows: DayRows, cells: Bytes, slot_session: Ints) -> int:
    session, number = rows[0], 0
    for s in range(len(cells)):
        if cells[s] != 0 and not _is_replaced(slot_session[s], _NEVER, session, rows[2]):
            number += 1
    for i in range(len(session)):
        if i == 0 or session[i] != session[i - 1]:
            number += 1
    return number


@kernel
def _next_known(then: int, known: Ints) -> int:
    following = _NEVER
    for i in range(len(known)):
        if known[i] > then:
            following = min(following, int(known[i]))
    return following


@kernel
def _pack_late(  # noqa: PLR0917
    where: tuple[Ints, Ints, Ints],
    rows: DayRows,
    calendar: tuple[Ints, Ints, Ints],
    slots: tuple[Bytes, Ints, Ints, Ints],
    rules: Rules,
    planes: Bytes,
    counts: Bytes,
    late: tuple[Array, ...],
) -> tuple[int, int]:
    """Pack the days with rows beside the grid, sorted by pupil, date, session and date known.

    Each such day gets its state on its own date, its number of sessions, and its state after each later
    date on which something became known.
    """
    (pupil, date, day), (days, index, calendar_row) = where, calendar
    (session, status, known), (cells, slot, slot_session, starts) = rows, slots
    flags_of, absence = rules
    kinds = np.zeros(len(planes), np.int64)
    n, most, last = 0, 0, 0
    while last < len(pupil):
        first, who, at = last, pupil[last], day[last]
        while last < len(pupil) and pupil[last] == who and date[last] == date[first]:
            last += 1
        row = calendar_row[who]
        if at < 0 or at >= days.shape[1] or days[row, at] != date[first]:
            continue
        k = index[row, at]
        start, stop = (starts[k], starts[k + 1]) if k >= 0 else (0, 0)
        if last - first == 1 and stop - start <= 1:  # nearly every such day: no lists are made of it
            cell = cells[slot[start], who] if stop > start else np.uint8(0)
            same = cell != 0 and slot_session[start] == session[first]
            number = 2 if cell != 0 and not same else 1
            most = max(most, number)
            _write_count(counts, who, at, number)
            on_time = known[first] <= date[first]
            kinds[:] = 0
            if cell != 0 and not (same and on_time):
                _count_kinds(kinds, int(flags_of[cell & STATUS]))
            if on_time:
                _count_kinds(kinds, int(flags_of[status[first] + 1]))
            _write_flags(planes, who, at, _day_flags(kinds, absence))
            if not on_time:
                if same:
                    kinds[:] = 0
                _count_kinds(kinds, int(flags_of[status[first] + 1]))
                flags = _day_flags(kinds, absence)
                late[0][n], late[1][n], late[2][n], late[3][n] = who, at, known[first], flags
                n += 1
            continue
        of_day, of_slot = np.empty(stop - start, np.uint8), slot_session[start:stop]
        for s in range(start, stop):
            of_day[s - start] = cells[slot[s], who]
        here = (session[first:last], status[first:last], known[first:last])
        number = _number_of_sessions(here, of_day, of_slot)
        most = max(most, number)
        _write_count(counts, who, at, number)
        then = int(date[first])
        _write_flags(planes, who, at, _flags_then(then, here, of_day, of_slot, rules, kinds))
        then = _next_known(then, here[2])
        while then < _NEVER:
            flags = _flags_then(then, here, of_day, of_slot, rules, kinds)
            late[0][n], late[1][n], late[2][n], late[3][n] = who, at, then, flags
            n += 1
            then = _next_known(then, here[2])
    return n, most
