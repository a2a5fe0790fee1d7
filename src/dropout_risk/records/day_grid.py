"""Checked attendance as a grid of bytes: a slot for each date and session, a cell for each pupil in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.arranging import Arranged
from dropout_risk.records.day_cells import STATUS, Array, Bytes, DayCells, Rows
from dropout_risk.records.drafts import Draft
from dropout_risk.records.tables import TABLES

_CELLS_AT_ONCE = 1 << 22
_PUPILS_AT_ONCE = 1 << 16
_FEW = 1 << 10


@dataclass(frozen=True)
class BesideRows:
    """Rows that stand beside the grid, by pupil, date, session and date known; one for each of these.

    Parameters
    ----------
    pupil, date : int32 arrays
        Row number of the pupil; date as ordinal.
    session : int32 array
        Place in the grid's ``words``, -1 without a session.
    status : int8 array
        Position in ``records.tables.STATUSES``.
    known : int32 array
        The date on which the row became known: later than its own, or the same where it has no slot.
    """

    pupil: Array
    date: Array
    session: Array
    status: npt.NDArray[np.int8]
    known: Array

    def __len__(self) -> int:
        return len(self.pupil)


@dataclass(frozen=True)
class DayGrid:
    """All usable attendance rows: those known on their own date as cells, the others beside them.

    Parameters
    ----------
    cells : uint8 array of shape (n, n_pupils)
        0 where nothing is known, else the status plus one.
    slot : int32 array
        The row of ``cells`` of each slot; slots come by date and session.
    date, session : int32 arrays
        Date of each slot; place of its session in ``words``, -1 without one.
    words : tuple of str
        The sessions, in the order of the alphabet.
    beside : BesideRows
        Rows that became known after their own date, or for which the grid has no room.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2025, 3, 3)
    >>> rows = [{"pupil": 1, "date": day, "session": None, "status": 1, "recorded_on": day}]
    >>> grid = DayGrid.of_table(pa.Table.from_pylist(rows, TABLES["attendance"].schema()), n_pupils=2)
    >>> grid.cells[grid.slot].tolist()
    [[0, 2]]
    """

    cells: Bytes
    slot: Array
    date: Array
    session: Array
    words: tuple[str, ...]
    beside: BesideRows

    @classmethod
    def of_cells(cls, cells: DayCells, words: Sequence[str], beside: BesideRows) -> Self:
        """Put slots in order, and session words (numbered as they came) in the order of the alphabet.

        Parameters
        ----------
        cells : DayCells
            Filled, without clashes.
        words : sequence of str
            Session words by number.
        beside : BesideRows
            By pupil, date, session word and date known; sessions by number.
        """
        used = cells.cells[: cells.n_slots]
        slots = np.flatnonzero(used.any(axis=1) if used.shape[1] < _FEW else [row.any() for row in used])
        date, session = cells.date[slots], cells.session[slots] - 1
        used = np.unique(np.concatenate([session, beside.session]))
        kept = sorted(words[number] for number in used[used >= 0].tolist())
        place = {word: position for position, word in enumerate(kept)}
        code = np.array([*(place.get(word, -1) for word in words), -1], np.int32)
        session = code[session]
        order = np.lexsort([session, date])
        beside = replace(beside, session=code[beside.session])
        return cls(
            cells.cells, slots[order].astype(np.int32), date[order], session[order], tuple(kept), beside
        )

    @classmethod
    def of_table(cls, table: Any, n_pupils: int) -> Self:
        """Lay out a canonical attendance table (see ``records.tables``), its rows in any order."""
        session = table["session"].combine_chunks()
        words, codes = _coded(session)
        pupil, date, known = (_ints(table[name]) for name in ("pupil", "date", "recorded_on"))
        status = _ints(table["status"]).astype(np.int8)
        known = np.maximum(known, date)
        on_time = known == date
        rows = Rows(pupil, date, codes, status, on_time.view(np.uint8))
        cells = DayCells(n_pupils)
        without = cells.insert(rows).beside
        late = np.concatenate([np.flatnonzero(~on_time), without])
        late = late[np.lexsort([known[late], codes[late], date[late], pupil[late]])]
        beside = BesideRows(*(of[late] for of in (pupil, date, codes, status, known)))
        return cls.of_cells(cells, words, beside)

    @property
    def n_pupils(self) -> int:
        """Number of pupils."""
        return int(self.cells.shape[1])

    def __len__(self) -> int:
        return len(self.beside) + sum(int(np.count_nonzero(self.cells[slot])) for slot in self.slot)

    def last_date(self) -> int | None:
        """Give the last date (ordinal) with any row."""
        dates = [int(of.max()) for of in (self.date, self.beside.date) if len(of)]
        return max(dates, default=None)

    def dates_of(self, pupil: int) -> tuple[Array, Array]:
        """Give the dates of all rows of one pupil, and when each row became known."""
        dates = self.date[self.cells[self.slot, pupil] != 0]
        if not len(self.beside):
            return dates, dates
        beside = self.beside.pupil == pupil
        known = np.concatenate([dates, self.beside.known[beside]])
        return np.concatenate([dates, self.beside.date[beside]]), known

    def attended(self, group: Array, n_groups: int) -> npt.NDArray[np.bool_]:
        """Say for each group of pupils and each slot whether the group has any row there.

        Parameters
        ----------
        group : int32 array of shape (n_pupils,)
            The number of each pupil's group.
        n_groups : int
            Number of groups.
        """
        found = np.zeros((len(self.slot), n_groups), np.bool_)
        group = np.require(group, np.int32, ["C", "W"])

        def look(slots: slice) -> None:
            _mark_attended(self.cells, self.slot[slots], group, found[slots])

        size = max(_CELLS_AT_ONCE // max(self.n_pupils, 1), 1)
        in_threads(look, blocks(len(self.slot), size))
        return found.T

    def last_dates(self, group: Array, n_groups: int, none: int) -> Array:
        """Give the last date with any row for each group of pupils."""
        dates = np.where(self.attended(group, n_groups), self.date, none).max(axis=1, initial=none)
        latest: Array = dates.astype(np.int32)
        np.maximum.at(latest, group[self.beside.pupil], self.beside.date)
        return latest

    def table(self) -> Any:
        """Write the rows as the canonical Arrow table."""
        found = [self._rows(pupils) for pupils in blocks(self.n_pupils, _PUPILS_AT_ONCE)]
        pupil, slot, status = (np.concatenate(of) for of in zip(_NO_CELLS, *found, strict=True))
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
            Arranged(draft)
            .usable_rows(pa.array([], pa.string()), np.arange(self.n_pupils, dtype=np.int32))
            .arrow
        )

    def _rows(self, pupils: slice) -> tuple[Array, Array, npt.NDArray[np.int8]]:
        cells = self.cells[self.slot, pupils].T
        pupil, slot = np.nonzero(cells)
        status = (cells[pupil, slot] & STATUS).astype(np.int8) - np.int8(1)
        return (pupil + pupils.start).astype(np.int32), slot.astype(np.int32), status


_NO_CELLS = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int8))


@kernel
def _mark_attended(cells: Bytes, slot: Array, group: Array, found: npt.NDArray[np.bool_]) -> None:
    for k in range(len(slot)):
        for pupil in range(cells.shape[1]):
            if cells[slot[k], pupil] != 0:
                found[k, group[pupil]] = True


def _ints(column: Any) -> Array:
    return np.require(column.cast(pa.int32()).to_numpy(), np.int32, ["C", "W"])


def _coded(column: Any) -> tuple[list[str], Array]:
    """Give the words of a column, and of each row the place among them; -1 where there is none."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())
    if column.null_count == len(column):
        return [], np.full(len(column), -1, np.int32)
    column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    given = column.dictionary.cast(pa.string()).to_pylist()
    words = sorted(set(given))
    place = np.array([*(words.index(word) for word in given), -1], np.int32)
    return words, place[pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)]
