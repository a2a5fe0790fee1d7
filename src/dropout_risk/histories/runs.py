"""Runs: the short dated lists of every pupil, as flat arrays with offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints, Longs, Positions
from dropout_risk.kernels import kernel
from dropout_risk.records.ordering import order_by, take_rows


def move_runs(runs: Runs, rows: Longs, n_pupils: int) -> Runs:
    """Give runs with other numbers for their pupils."""
    if len(rows) == n_pupils and (rows == np.arange(n_pupils)).all():
        return runs
    if (np.diff(rows) < 0).any():
        order = np.argsort(rows, kind="stable")
        runs, rows = runs.take(order), rows[order]
    counts = np.zeros(n_pupils, np.int64)
    counts[rows] = np.diff(runs.offsets)
    return Runs(offsets_of(counts), runs.columns, runs.key)


def offsets_of(counts: Array) -> Longs:
    """Give the position of each pupil's first row, and the number of all."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


Key = tuple[Ints, Ints, Ints, Ints]


@dataclass(frozen=True)
class Runs:
    """Rows of all pupils, sorted by pupil, then by key, then by the date on which they became known.

    The rows of pupil ``i`` are ``offsets[i]:offsets[i + 1]``. Columns are parallel; ``known`` is the date
    (ordinal) on which a row became known. ``key`` names the columns that name a row within its pupil: a later
    known row of the same key corrects the former.
    """

    offsets: Longs
    columns: dict[str, Array]
    key: tuple[str, ...]

    @classmethod
    def from_rows(
        cls, pupil: Array, columns: dict[str, Array], key: tuple[str, ...], *, n_pupils: int
    ) -> Self:
        """Sort rows that come in any order."""
        offsets = offsets_of(np.bincount(pupil, minlength=n_pupils))
        own = {name: np.require(column, requirements=["C", "W"]) for name, column in columns.items()}
        runs = cls(offsets, own, key)
        if _rows_rise(_writable_ints(pupil), _key_columns(runs)):
            return runs
        rest = [name for name in columns if name not in key and name != "known"]
        order = order_by(pupil, [columns[name] for name in (*key, "known", *rest)])
        if order is None:
            return runs
        return cls(offsets, {name: take_rows(column, order) for name, column in columns.items()}, key)

    @property
    def pupil(self) -> Ints:
        """Row number of the pupil of each row."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))

    def take(self, pupils: Positions) -> Runs:
        """Give the rows of some pupils, renumbered in the given order."""
        rows, offsets = self.rows_of(pupils)
        return Runs(offsets, {name: column[rows] for name, column in self.columns.items()}, self.key)

    def rows_of(self, pupils: Positions) -> tuple[Longs, Longs]:
        """Give the rows of some pupils, in the given order, and their new offsets."""
        lows, counts = self.offsets[pupils], np.diff(self.offsets)[pupils]
        rows = np.repeat(lows - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        return rows, offsets_of(counts)

    def slice(self, pupils: slice) -> Runs:
        """Give the rows of consecutive pupils, without a copy."""
        offsets = self.offsets[pupils.start : pupils.stop + 1]
        rows = slice(int(offsets[0]), int(offsets[-1]))
        columns = {name: column[rows] for name, column in self.columns.items()}
        taken = Runs(offsets - offsets[0], columns, self.key)
        if "corrected" in self.__dict__:
            taken.__dict__["corrected"] = self.corrected[rows]
        return taken

    @cached_property
    def corrected(self) -> Bools:
        """Say of each row whether the row after it is of the same pupil and key, and so corrects it."""
        of_same = np.zeros(len(self.columns["known"]), dtype=bool)
        if len(of_same):
            of_same[:-1] = np.logical_and.reduce(
                [self.columns[name][1:] == self.columns[name][:-1] for name in self.key]
            )
            lasts = self.offsets[1:] - 1
            of_same[lasts[lasts >= 0]] = False
        return of_same

    def known_on(self, ordinal: int) -> KnownRows:
        """Give the rows known before a date, each key in its last known form, with their pupil."""
        rows, offsets = visible_rows(self.offsets, self.columns["known"], self.corrected, ordinal)
        if len(rows) == len(self.columns["known"]):
            return KnownRows(self.offsets, self.columns)
        return KnownRows(offsets, self.columns, rows)


class KnownRows(Mapping[str, Array]):
    """Some rows of runs, sorted as they are; a column is copied only when it is asked for.

    ``rows`` are their places in the columns they are taken from, by default all; ``made`` holds columns that
    are ready, one value per row. The rows of pupil ``i`` are ``offsets[i]:offsets[i + 1]``.
    """

    def __init__(
        self,
        offsets: Longs,
        columns: Mapping[str, Array],
        rows: Longs | None = None,
        made: Mapping[str, Array] | None = None,
    ) -> None:
        self.offsets, self._columns, self._rows = offsets, columns, rows
        self._made = dict(made or {})

    def __getitem__(self, name: str) -> Array:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Array:
        if name == "pupil":
            return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))
        return self.of(self._columns[name])

    def of(self, column: Array) -> Array:
        """Give the values of these rows from an array with one value per row of the runs."""
        return column if self._rows is None else column[self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(["pupil", *self._columns, *self._made]))

    def __len__(self) -> int:
        return len(self._columns) + 1

    def take(self, rows: Longs, offsets: Longs) -> KnownRows:
        """Give some of the rows, in the same order, with the offsets of their pupils."""
        if len(rows) == self.offsets[-1]:
            return self
        indices = rows if self._rows is None else self._rows[rows]
        own = {name: column[rows] for name, column in self._made.items() if name not in self._columns}
        own.pop("pupil", None)
        return KnownRows(offsets, self._columns, indices, own)

    def having(self, **columns: Array) -> KnownRows:
        """Give the same rows with columns of their own, one value per row."""
        return KnownRows(self.offsets, self._columns, self._rows, self._made | columns)


@kernel
def visible_rows(offsets: Longs, known: Ints, corrected: Bools, ordinal: int) -> tuple[Longs, Longs]:
    """Find the rows known before a date, each in its last known form, and the offsets of their pupils.

    Rows of one key are sorted by the date on which they became known, so the next one tells.
    """
    rows = np.empty(len(known), dtype=np.int64)
    found = np.zeros(len(offsets), dtype=np.int64)
    number = 0
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if known[row] < ordinal and not (corrected[row] and known[row + 1] < ordinal):
                rows[number] = row
                number += 1
        found[pupil + 1] = number
    return rows[:number], found


@kernel
def _rows_rise(pupil: Ints, key: Key) -> bool:
    """Say whether each row comes after the one before: then nothing has to be sorted."""
    for row in range(1, len(pupil)):
        order = int(pupil[row]) - int(pupil[row - 1])
        for column in range(len(key)):
            if order == 0:
                order = int(key[column][row]) - int(key[column][row - 1])
        if order <= 0:
            return False
    return True


# --- Merging runs: rows that arrived take their places among those that are there ---

_COMPARED = 4


def merge_runs(old: Runs, arrived: Sequence[Runs]) -> Runs:
    """Give runs with the rows that arrived, one after the other, each sorted like the old ones.

    A row takes the place of a former one of the same pupil, key and date known.
    """
    arrived = [runs for runs in arrived if runs.offsets[-1]]
    if not arrived:
        return old
    new = arrived[0] if len(arrived) == 1 else _latest_rows(arrived)
    n_old, n_new = int(old.offsets[-1]), int(new.offsets[-1])
    source = np.empty(n_old + n_new, np.int64)
    counts = np.empty(len(old.offsets) - 1, np.int64)
    n = _merge_rows(old.offsets, new.offsets, _key_columns(old), _key_columns(new), source, counts)
    rows = source[:n]
    columns = {
        name: np.concatenate([column, _as_kept(new.columns[name], column)])[rows]
        for name, column in old.columns.items()
    }
    return Runs(offsets_of(counts), columns, old.key)


def _as_kept(arrived: Array, column: Array) -> Array:
    """Give values in the type of a column, but never halves as whole numbers."""
    halves = arrived.dtype.kind == "f" and column.dtype.kind != "f"
    return arrived if halves else arrived.astype(column.dtype, copy=False)


def _latest_rows(arrived: Sequence[Runs]) -> Runs:
    """Put runs together; of rows with the same key and date known the last that arrived stays."""
    pupil = np.concatenate([runs.pupil for runs in arrived])
    first = arrived[0]
    columns = {name: np.concatenate([runs.columns[name] for runs in arrived]) for name in first.columns}
    age = np.repeat(np.arange(len(arrived)), [int(runs.offsets[-1]) for runs in arrived])
    names = [columns[name] for name in _key_names(first)]
    order = np.lexsort([age, *reversed(names), pupil])
    last = np.zeros(len(order), dtype=bool)
    for column in (*names, pupil):
        last[:-1] |= column[order][1:] != column[order][:-1]
    last[-1:] = True
    kept = order[last]
    counts = np.bincount(pupil[kept], minlength=len(first.offsets) - 1)
    return Runs(offsets_of(counts), {name: column[kept] for name, column in columns.items()}, first.key)


def _key_names(runs: Runs) -> list[str]:
    return [*runs.key, "known"] if "known" in runs.columns else list(runs.key)


def _key_columns(runs: Runs) -> Key:
    names = _key_names(runs)
    columns = [_writable_ints(runs.columns[name]) for name in names]
    columns += columns[-1:] * (_COMPARED - len(columns))
    return (columns[0], columns[1], columns[2], columns[3])


def _writable_ints(column: Array) -> Ints:
    """Give int32 of the one kind for which the loop is compiled."""
    return np.require(column, np.int32, ["C", "W"])


@kernel
def _merge_rows(  # noqa: PLR0917
    old_offsets: Longs, new_offsets: Longs, old: Key, new: Key, source: Longs, counts: Longs
) -> int:
    """Name the row behind each merged row, the new ones counted on from the old; give their number.

    Both lists of a pupil are sorted by the same columns, so that one walk over them side by side keeps the
    order; of two rows with all columns equal the new one stays. Columns are compared as whole numbers in
    their order, the first that differs decides; fewer than four are repeated, which changes no comparison.
    """
    n, n_old = 0, old_offsets[-1]
    for pupil in range(len(counts)):
        i, last_old = old_offsets[pupil], old_offsets[pupil + 1]
        j, last_new = new_offsets[pupil], new_offsets[pupil + 1]
        start = n
        while i < last_old or j < last_new:
            order = 0
            if j == last_new:
                order = -1
            elif i == last_old:
                order = 1
            else:
                for column in range(len(old)):
                    if order == 0:
                        order = int(old[column][i]) - int(new[column][j])
            if order < 0:
                source[n] = i
                i += 1
            else:
                source[n] = n_old + j
                j += 1
                i += 1 if order == 0 else 0
            n += 1
        counts[pupil] = n - start
    return n
