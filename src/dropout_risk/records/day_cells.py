"""Cells of a day grid: one byte for each slot and pupil, and the compiled loop that fills them.

A slot is a date and a session. A cell is 0 where nothing is known, else the status plus one in its low
bits, and the bit ``CLASH`` where rows with different statuses claim it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dropout_risk.kernels import kernel
from dropout_risk.records.convert import FIRST_DATE, LAST_DATE

Array = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Slots = npt.NDArray[np.int16]  # under 4 MiB in all, so that an untouched page costs nothing

STATUS, CLASH = np.uint8(7), np.uint8(8)
MOST_SESSIONS = 16  # no session, and the first 15 words
MOST_SLOTS, MOST_CELLS = 1 << 14, 1 << 33
FIRST_ROOM = 256
_PAGE = 4096
_SLOTS, _COPIES, _BESIDE, _CLASHES = range(4)


class Rows(NamedTuple):
    """Attendance rows of usable pupils as parallel arrays.

    Attributes
    ----------
    pupil, date : int32 arrays
        Row number of the pupil; date as ordinal.
    session : int32 array
        Number of the session's word, -1 without; empty if no row has any.
    status : int8 array
        Position in ``records.tables.STATUSES``.
    take : uint8 array
        1 for the rows that are known on their own date and to be inserted.
    """

    pupil: Array
    date: Array
    session: Array
    status: npt.NDArray[np.int8]
    take: Bytes


class Inserted(NamedTuple):
    """Positions, among the rows given, of copies of an earlier row and of rows without a slot."""

    copies: Array
    beside: Array


class DayCells:
    """Cells that grow by slots as rows arrive.

    The first 15 session words and, of their dates, the first 16,384 (fewer where all cells together would
    pass 8 GiB) have slots; whatever else arrives is handed back, so that a wrong column of sessions or
    dates cannot use up the memory. A slot has all of its rows or none. Memory that no row has touched is
    never used: a mistyped date costs a page.

    Parameters
    ----------
    n_pupils : int
        Number of pupils.
    """

    def __init__(self, n_pupils: int) -> None:
        self.most = min(MOST_SLOTS, max(MOST_CELLS // max(n_pupils, 1), FIRST_ROOM))
        self.cells = np.zeros((min(FIRST_ROOM, self.most), n_pupils), np.uint8)
        self._date = np.zeros(self.most, np.int32)
        self._session = np.zeros(self.most, np.int32)
        self._slot = np.zeros((MOST_SESSIONS, LAST_DATE - FIRST_DATE + 1), np.int16)
        self._counts = np.zeros(4, np.int64)

    @property
    def n_slots(self) -> int:
        """Number of slots in use."""
        return int(self._counts[_SLOTS])

    @property
    def date(self) -> Array:
        """Date of each slot."""
        return self._date[: self.n_slots]

    @property
    def session(self) -> Array:
        """Session of each slot: 0 without, else the number of its word plus one."""
        return self._session[: self.n_slots]

    @property
    def has_clashes(self) -> bool:
        """Whether rows with different statuses claim one cell."""
        return bool(self._counts[_CLASHES])

    def insert(self, rows: Rows) -> Inserted:
        """Insert the rows to take, in their order; the first one keeps a cell."""
        found = Inserted(*(np.empty(len(rows.pupil), np.int32) for _ in range(2)))
        slots = (self._slot, self._date, self._session, self.most)
        self._counts[[_COPIES, _BESIDE]] = 0
        done = 0
        while done < len(rows.pupil):
            if self.n_slots == len(self.cells) < self.most:
                self._grow()
            done = _insert(done, rows, slots, self.cells, self._counts, found)
        return Inserted(found.copies[: self._counts[_COPIES]], found.beside[: self._counts[_BESIDE]])

    def clashing(self, rows: Rows) -> Array:
        """Give the positions of the rows to take whose cell is claimed by different statuses."""
        found = np.empty(len(rows.pupil), np.int32)
        return found[: _clashing(rows, self._slot, self.cells, found)]

    def empty_clashes(self) -> None:
        """Empty the cells that different statuses claim."""
        for cells in self.cells[: self.n_slots]:
            cells[cells >= CLASH] = 0

    def _grow(self) -> None:
        wider = np.zeros((min(2 * len(self.cells), self.most), self.cells.shape[1]), np.uint8)
        _copy_used(self.cells, wider)
        self.cells = wider


@kernel
def _insert(  # noqa: PLR0917
    start: int,
    rows: Rows,
    slots: tuple[Slots, Array, Array, int],
    cells: Bytes,
    counts: npt.NDArray[np.int64],
    handed_back: Inserted,
) -> int:
    """Insert rows from ``start`` on; stop before the first one that needs more room."""
    pupil, date, session, status, take = rows
    slot_of, slot_date, slot_session, most = slots
    copies, beside = handed_back
    with_session = len(session) > 0
    for i in range(start, len(pupil)):
        if take[i] == 0:
            continue
        word = session[i] + 1 if with_session else 0
        slot = -1
        if word < len(slot_of) and 0 <= date[i] - FIRST_DATE < slot_of.shape[1]:
            slot = slot_of[word, date[i] - FIRST_DATE]
            if slot == 0:
                slot = counts[_SLOTS] + 1
                if slot > most:
                    slot = -1
                elif slot > len(cells):
                    return i
                else:
                    slot_date[slot - 1], slot_session[slot - 1] = date[i], word
                    counts[_SLOTS] = slot
                slot_of[word, date[i] - FIRST_DATE] = slot
        if slot < 0:
            beside[counts[_BESIDE]] = i
            counts[_BESIDE] += 1
            continue
        cell, claimed = cells[slot - 1, pupil[i]], np.uint8(status[i] + 1)
        if cell == 0:
            cells[slot - 1, pupil[i]] = claimed
        elif cell == claimed:
            copies[counts[_COPIES]] = i
            counts[_COPIES] += 1
        elif cell < CLASH:
            cells[slot - 1, pupil[i]] = cell | CLASH
            counts[_CLASHES] += 1
    return len(pupil)


@kernel
def _clashing(rows: Rows, slot_of: Slots, cells: Bytes, found: Array) -> int:
    pupil, date, session, _, take = rows
    with_session, n = len(session) > 0, 0
    for i in range(len(pupil)):
        word = session[i] + 1 if with_session else 0
        if take[i] == 0 or word >= len(slot_of) or not 0 <= date[i] - FIRST_DATE < slot_of.shape[1]:
            continue
        slot = slot_of[word, date[i] - FIRST_DATE]
        if slot > 0 and cells[slot - 1, pupil[i]] >= CLASH:
            found[n] = i
            n += 1
    return n


@kernel
def _copy_used(cells: Bytes, wider: Bytes) -> None:
    """Copy the pages that hold anything, so that the others stay unused."""
    for slot in range(len(cells)):
        for first in range(0, cells.shape[1], _PAGE):
            last = min(first + _PAGE, cells.shape[1])
            used = False
            for pupil in range(first, last):
                if cells[slot, pupil] != 0:
                    used = True
                    break
            if used:
                wider[slot, first:last] = cells[slot, first:last]
