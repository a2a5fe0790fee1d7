"""Checked attendance as a grid of bytes: a slot for each date and session, a cell for each pupil in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bytes, Ints, Longs, Shorts
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.rows import ArrangedRows, Draft
from dropout_risk.records.tables import TABLES
from dropout_risk.records.values import FIRST_DATE, LAST_DATE, one_array

STATUS, CLASH = np.uint8(127), np.uint8(128)  # of a cell: the status plus one, and whether rows contradict it
MOST_SESSIONS = 16  # no session, and the first 15 words
MOST_SLOTS, MOST_CELLS = 1 << 14, 1 << 33
FIRST_ROOM = 256
_PAGE = 4096
_SLOTS, _COPIES, _BESIDE, _CLASHES = range(4)


class AttendanceRows(NamedTuple):
    """Attendance rows of usable pupils as parallel arrays.

    ``pupil`` holds row numbers, ``date`` ordinals, ``status`` the codes of ``records.statuses``, ``session``
    the number of the word, -1 without (empty if no row has any). ``take`` is 1 for the rows to insert: those
    known on their own date.
    """

    pupil: Ints
    date: Ints
    session: Ints
    status: npt.NDArray[np.int8]
    take: Bytes


class NotInserted(NamedTuple):
    """Positions, among the rows given, of copies of an earlier row and of rows without a slot."""

    copies: Ints
    beside: Ints


class DayCells:
    """Cells that grow by slots as rows arrive.

    The first 15 session words and, of their dates, the first 16,384 (fewer where all cells together would
    pass 8 GiB) have slots; whatever else arrives is handed back, so that a wrong column of sessions or dates
    cannot use up the memory. A slot has all of its rows or none. Memory that no row has touched is never
    used: a mistyped date costs a page.
    """

    def __init__(self, n_pupils: int) -> None:
        self.most = min(MOST_SLOTS, max(MOST_CELLS // max(n_pupils, 1), FIRST_ROOM))
        self.cells = np.zeros((min(FIRST_ROOM, self.most), n_pupils), np.uint8)
        self._date = np.zeros(self.most, np.int32)
        self._session = np.zeros(self.most, np.int32)
        self._slot = np.zeros((1, LAST_DATE - FIRST_DATE + 1), np.int16)
        self._counts = np.zeros(4, np.int64)

    @property
    def n_slots(self) -> int:
        """Number of slots in use."""
        return int(self._counts[_SLOTS])

    @property
    def date(self) -> Ints:
        """Date of each slot."""
        return self._date[: self.n_slots]

    @property
    def session(self) -> Ints:
        """Session of each slot: 0 without, else the number of its word plus one."""
        return self._session[: self.n_slots]

    @property
    def has_clashes(self) -> bool:
        """Whether rows with different statuses claim one cell."""
        return bool(self._counts[_CLASHES])

    def insert(self, rows: AttendanceRows) -> NotInserted:
        """Insert the rows to take, in their order; the first one keeps a cell."""
        found = NotInserted(*(np.empty(len(rows.pupil), np.int32) for _ in range(2)))
        self._make_room(min(int(rows.session.max(initial=-1)) + 2, MOST_SESSIONS))
        slots = (self._slot, self._date, self._session, self.most)
        self._counts[[_COPIES, _BESIDE]] = 0
        done = 0
        while done < len(rows.pupil):
            if self.n_slots == len(self.cells) < self.most:
                self._grow()
            done = _insert_rows(done, rows, slots, self.cells, self._counts, found)
        return NotInserted(found.copies[: self._counts[_COPIES]], found.beside[: self._counts[_BESIDE]])

    def clashing(self, rows: AttendanceRows) -> Ints:
        """Give the positions of the rows to take whose cell is claimed by different statuses."""
        found = np.empty(len(rows.pupil), np.int32)
        return found[: _find_clashing(rows, self._slot, self.cells, found)]

    def mark(self, slots: npt.NDArray[np.bool_], group: Ints) -> None:
        """Mark, like those that different statuses claim, the cells of a slot of some groups of pupils."""
        for slot, groups in enumerate(slots):
            if groups.any():
                cells = self.cells[slot]
                cells[(cells != 0) & groups[group]] |= CLASH

    def has_day(self, pupil: Ints, date: Ints) -> npt.NDArray[np.bool_]:
        """Say of each pupil and date whether there is a row without a session."""
        slots = self._whole_days
        found = [day in slots and self.cells[slots[day], who] != 0 for who, day in _day_pairs(pupil, date)]
        return np.array(found, np.bool_)

    def mark_lessons(self, pupil: Ints, date: Ints) -> bool:
        """Mark the cells with a session whose pupil has one without on that date; say if there are any.

        ``pupil`` and ``date`` are those of further rows without a session.
        """
        whole, found = self._whole_days, False
        further: dict[int, list[int]] = {}
        for who, day in _day_pairs(pupil, date):
            further.setdefault(day, []).append(who)
        for slot in np.flatnonzero(self.session > 0) if whole or further else ():
            day, cells = int(self.date[slot]), self.cells[slot]
            lesson = np.zeros(len(cells), np.bool_)
            if day in whole:
                lesson |= self.cells[whole[day]] != 0
            lesson[further.get(day, [])] = True
            lesson &= cells != 0
            cells[lesson] |= CLASH
            found |= bool(lesson.any())
        return found

    @property
    def _whole_days(self) -> dict[int, int]:
        """The slot of each date without a session."""
        return {int(self.date[slot]): int(slot) for slot in np.flatnonzero(self.session == 0)}

    def empty_clashes(self) -> None:
        """Empty the cells that are marked."""
        for cells in self.cells[: self.n_slots]:
            cells[cells >= CLASH] = 0

    def _make_room(self, sessions: int) -> None:
        """Make room for slots of so many sessions, no session among them."""
        if sessions > len(self._slot):
            more = np.zeros((sessions - len(self._slot), self._slot.shape[1]), np.int16)
            self._slot = np.concatenate([self._slot, more])

    def _grow(self) -> None:
        wider = np.zeros((min(2 * len(self.cells), self.most), self.cells.shape[1]), np.uint8)
        _copy_used(self.cells, wider)
        self.cells = wider


def day_keys(row: Array, date: Array) -> Longs:
    """Give the days of pupils, or of registers, a number each that rises by row and then by date.

    >>> day_keys(np.array([0, 1]), np.array([7, 7])).tolist()
    [7, 4294967303]
    """
    return (row.astype(np.int64) << 32) + date


def _day_pairs(pupil: Ints, date: Ints) -> Iterator[tuple[int, int]]:
    return zip(pupil.tolist(), date.tolist(), strict=True)


@kernel
def _insert_rows(  # noqa: PLR0917
    start: int,
    rows: AttendanceRows,
    slots: tuple[Shorts, Ints, Ints, int],
    cells: Bytes,
    counts: npt.NDArray[np.int64],
    handed_back: NotInserted,
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
def _find_clashing(rows: AttendanceRows, slot_of: Shorts, cells: Bytes, found: Ints) -> int:
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


_CELLS_AT_ONCE = 1 << 22
_PUPILS_AT_ONCE = 1 << 16
_FEW = 1 << 10


@dataclass(frozen=True)
class BesideRows:
    """Rows that stand beside the grid, by pupil, date, session and date known; one for each of these.

    ``session`` is the index in the grid's ``words``, -1 without. ``known`` is later than the row's own
    ``date``, or the same where it has no slot. The other columns are those of :class:`AttendanceRows`.
    """

    pupil: Ints
    date: Ints
    session: Ints
    status: npt.NDArray[np.int8]
    known: Ints

    def __len__(self) -> int:
        return len(self.pupil)


@dataclass(frozen=True)
class DayGrid:
    """All usable attendance rows: those known on their own date as cells, the others beside them.

    A cell of ``cells``, of shape (n, n_pupils), is 0 where nothing is known, else the status plus one. Slots
    come by date and session: ``slot`` is the row of each in ``cells``, ``session`` its index in ``words`` (in
    the order of the alphabet), -1 without one.

    >>> import datetime as dt
    >>> day = dt.date(2025, 3, 3)
    >>> rows = [{"pupil": 1, "date": day, "session": None, "status": 1, "recorded_on": day}]
    >>> grid = DayGrid.of_table(pa.Table.from_pylist(rows, TABLES["attendance"].schema()), n_pupils=2)
    >>> grid.cells[grid.slot].tolist()
    [[0, 2]]
    """

    cells: Bytes
    slot: Ints
    date: Ints
    session: Ints
    words: tuple[str, ...]
    beside: BesideRows

    @classmethod
    def of_cells(cls, cells: DayCells, words: Sequence[str], beside: BesideRows) -> Self:
        """Put slots in order, and session words (numbered as they came) in the order of the alphabet.

        The cells are filled and without clashes; the rows beside are in order but number their sessions as
        they came.
        """
        used = cells.cells[: cells.n_slots]
        slots = np.flatnonzero(used.any(axis=1) if used.shape[1] < _FEW else [row.any() for row in used])
        date, session = cells.date[slots], cells.session[slots] - 1
        used = np.unique(np.concatenate([session, beside.session]))
        kept = sorted(words[number] for number in used[used >= 0].tolist())
        index = {word: position for position, word in enumerate(kept)}
        code = np.array([*(index.get(word, -1) for word in words), -1], np.int32)
        session = code[session]
        order = np.lexsort([session, date])
        beside = replace(beside, session=code[beside.session])
        return cls(
            cells.cells, slots[order].astype(np.int32), date[order], session[order], tuple(kept), beside
        )

    @classmethod
    def of_table(cls, table: Any, n_pupils: int) -> Self:
        """Lay out a canonical attendance table (see ``records.tables``), its rows in any order."""
        words, codes = _coded_words(one_array(table["session"]))
        pupil, date, known = (_int_array(table[name]) for name in ("pupil", "date", "recorded_on"))
        status = _int_array(table["status"]).astype(np.int8)
        known = np.maximum(known, date)
        on_time = known == date
        rows = AttendanceRows(pupil, date, codes, status, on_time.view(np.uint8))
        cells = DayCells(n_pupils)
        without = cells.insert(rows).beside
        late = np.concatenate([np.flatnonzero(~on_time), without])
        late = late[np.lexsort([known[late], codes[late], date[late], pupil[late]])]
        beside = BesideRows(*(column[late] for column in (pupil, date, codes, status, known)))
        return cls.of_cells(cells, words, beside)

    @property
    def n_pupils(self) -> int:
        """Number of pupils."""
        return int(self.cells.shape[1])

    def __len__(self) -> int:
        return len(self.beside) + sum(int(np.count_nonzero(self.cells[slot])) for slot in self.slot)

    def last_date(self) -> int | None:
        """Give the last date (ordinal) with any row."""
        dates = [int(some.max()) for some in (self.date, self.beside.date) if len(some)]
        return max(dates, default=None)

    def dates_of(self, pupil: int) -> tuple[Ints, Ints]:
        """Give the dates of all rows of one pupil, and when each row became known."""
        dates = self.date[self.cells[self.slot, pupil] != 0]
        if not len(self.beside):
            return dates, dates
        beside = self.beside.pupil == pupil
        known = np.concatenate([dates, self.beside.known[beside]])
        return np.concatenate([dates, self.beside.date[beside]]), known

    def attended(self, group: Ints, n_groups: int) -> npt.NDArray[np.bool_]:
        """Say for each group of pupils, numbered by ``group``, and each slot whether it has any row there."""
        found = np.zeros((len(self.slot), n_groups), np.bool_)
        group = np.require(group, np.int32, ["C", "W"])

        def look(slots: slice) -> None:
            _mark_attended(self.cells, self.slot[slots], group, found[slots])

        size = max(_CELLS_AT_ONCE // max(self.n_pupils, 1), 1)
        in_threads(look, blocks(len(self.slot), size))
        return found.T

    def last_dates(self, group: Ints, n_groups: int, none: int) -> Ints:
        """Give the last date with any row for each group of pupils."""
        latest = np.full(n_groups, none, np.int32)
        if self.n_pupils:
            group = np.require(group, np.int32, ["C", "W"])
            waiting = np.bincount(group, minlength=n_groups) > 0
            _find_last(self.cells, self.slot, self.date, group, waiting, latest)
        np.maximum.at(latest, group[self.beside.pupil], self.beside.date)
        return latest

    def table(self) -> Any:
        """Write the rows as the canonical Arrow table."""
        found = [self._rows(pupils) for pupils in blocks(self.n_pupils, _PUPILS_AT_ONCE)]
        pupil, slot, status = (np.concatenate(parts) for parts in zip(_NO_CELLS, *found, strict=True))
        beside, date = self.beside, self.date[slot]
        late = len(beside) > 0
        values = {
            "student_id": np.concatenate([pupil, beside.pupil]),
            "date": np.concatenate([date, beside.date]),
            "session": np.concatenate([self.session[slot], beside.session]),
            "status": np.concatenate([status, beside.status]),
        }
        values["recorded_on"] = np.concatenate([date, beside.known]) if late else values["date"]
        apart = np.zeros(len(values["date"]), np.bool_)
        draft = Draft(TABLES["attendance"], apart, values, {"session": list(self.words)})
        return (
            ArrangedRows(draft)
            .usable_rows(pa.array([], pa.string()), np.arange(self.n_pupils, dtype=np.int32))
            .arrow
        )

    def _rows(self, pupils: slice) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
        cells = self.cells[self.slot, pupils].T
        pupil, slot = np.nonzero(cells)
        status = (cells[pupil, slot] & STATUS).astype(np.int8) - np.int8(1)
        return (pupil + pupils.start).astype(np.int32), slot.astype(np.int32), status


_NO_CELLS = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int8))


@kernel
def _find_last(  # noqa: PLR0917
    cells: Bytes, slot: Ints, date: Ints, group: Ints, waiting: npt.NDArray[np.bool_], latest: Ints
) -> None:
    """Go back from the last slot until each group that waits has been found in one."""
    n = waiting.sum()
    for k in range(len(slot) - 1, -1, -1):
        if n == 0:
            break
        for pupil in range(cells.shape[1]):
            if waiting[group[pupil]] and cells[slot[k], pupil] != 0:
                waiting[group[pupil]] = False
                latest[group[pupil]] = max(latest[group[pupil]], date[k])
                n -= 1


@kernel
def _mark_attended(cells: Bytes, slot: Ints, group: Ints, found: npt.NDArray[np.bool_]) -> None:
    for k in range(len(slot)):
        for pupil in range(cells.shape[1]):
            if cells[slot[k], pupil] != 0:
                found[k, group[pupil]] = True


def _int_array(column: Any) -> Ints:
    return np.require(column.cast(pa.int32()).to_numpy(), np.int32, ["C", "W"])


def _coded_words(column: Any) -> tuple[list[str], Ints]:
    """Give the words of a column, and of each row the index among them; -1 where there is none."""
    if column.null_count == len(column):
        return [], np.full(len(column), -1, np.int32)
    column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    given = column.dictionary.cast(pa.string()).to_pylist()
    words = sorted(set(given))
    index = np.array([*(words.index(word) for word in given), -1], np.int32)
    return words, index[pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)]
