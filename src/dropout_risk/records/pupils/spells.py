"""Spells of enrolment: several rows of one pupil in ``students``, one after the other.

The row that has begun last is the pupil's own; the others are kept beside it, so that each day is read with
the school, class and grade level that held on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bools, Longs
from dropout_risk.records.pupils.unused_columns import counts_rows, names_pupil, read_unused, texts_differ
from dropout_risk.records.rows import Draft, UsableRows
from dropout_risk.records.values import NO_DATE
from dropout_risk.records.wording.mapping import RecordsMapping

SPELLS = "spells"
_NEVER = np.iinfo(np.int32).max
_SHIFT = 1 << 32
# what a pupil keeps for life: where it differs, there are two
_LIFELONG = ("birth_date", "sex", "name")
# what holds for one spell: all that histories know of a pupil but its id
SPELL_COLUMNS = (
    "school_id", "class_id", "grade_level", "enrolled_on", "left_on", "responsible_id", "boarding",
    "distance_km",
)  # fmt: skip


@dataclass(frozen=True)
class Gaps:
    """Times between two spells: the pupil (by the order of ids), the last day before and the first after."""

    pupil: Array
    left_on: Array
    back_on: Array

    def hold(self, pupil: Array, date: Array) -> Bools:
        """Mark the rows that lie in one of their pupil's gaps."""
        if not len(self.pupil):
            return np.zeros(len(pupil), np.bool_)
        begins = self.pupil.astype(np.int64) * _SHIFT + self.left_on
        at = np.searchsorted(begins, pupil.astype(np.int64) * _SHIFT + date) - 1
        known = np.maximum(at, 0)
        mine = (at >= 0) & (self.pupil[known] == pupil)
        return np.asarray(mine & (self.left_on[known] < date) & (date < self.back_on[known]))


NO_GAPS = Gaps(*(np.zeros(0, np.int32) for _ in range(3)))


@dataclass(frozen=True)
class Spells:
    """The spells of all pupils who have several.

    ``rows`` are rows of the draft by pupil and first day, ``pupil`` their pupils by the order of ids,
    ``starts`` and ``ends`` their days (the smallest and the largest int32 where open). ``earlier`` marks the
    rows of a draft that are not the pupil's own.
    """

    rows: Longs
    pupil: Array
    starts: Array
    ends: Array
    earlier: Bools

    @classmethod
    def of(cls, draft: Draft, mapping: RecordsMapping, doubtful: Bools) -> Self:
        """Order each pupil's rows; set those apart that are copies, or that cannot be spells of one pupil.

        ``doubtful`` ids may be those of two pupils: no row of theirs is taken for a copy of another.
        """
        pupil = draft.values["student_id"]
        usable = np.flatnonzero(~draft.apart & (pupil >= 0))
        several = np.bincount(pupil[usable], minlength=1)[pupil[usable]] > 1
        rows = usable[several]
        if len(rows):
            rows = _without_copies(draft, mapping, _in_order(draft, rows), doubtful)
            rows = _without_shared_ids(draft, mapping, rows)
        starts, ends = draft.values["enrolled_on"][rows], _ends_of(draft, rows)
        before = _before_another(pupil[rows])
        overlapping = np.zeros(len(draft), np.bool_)
        overlapping[rows[:-1][before[:-1] & (ends[:-1] > starts[1:])]] = True
        draft.warn("overlapping_spells", "left_on", overlapping)
        ends[:-1] = np.where(before[:-1], np.minimum(ends[:-1], starts[1:]), ends[:-1])
        earlier = np.zeros(len(draft), np.bool_)
        earlier[rows[before]] = True
        return cls(rows, pupil[rows], starts, ends, earlier)

    def __len__(self) -> int:
        return len(self.rows)

    def first_days(self, enrolled_on: Array) -> Array:
        """Give the first day of each pupil's first spell, by the order of ids."""
        first = enrolled_on.copy()
        np.minimum.at(first, self.pupil, self.starts)
        return first

    @property
    def gaps(self) -> Gaps:
        """The times between two spells of a pupil."""
        before = _before_another(self.pupil)[:-1]
        gap = np.flatnonzero(before & (self.ends[:-1] < self.starts[1:]))
        return Gaps(self.pupil[gap], self.ends[gap], self.starts[gap + 1])

    def column(self, draft: Draft, pupil_row: Array, n_pupils: int) -> Any:
        """Give each pupil's spells as a list, null where there is one only, in the order of ``students``."""
        own = pupil_row[self.pupil]
        values = {name: draft.values[name][self.rows] for name in draft.table.names}
        values["left_on"] = np.where(self.ends == _NEVER, NO_DATE, self.ends).astype(np.int32)
        table = UsableRows(draft.table, values, draft.words, pa.nulls(len(own), pa.string())).arrow
        order = np.argsort(own, kind="stable")
        columns = [table[name].combine_chunks() for name in SPELL_COLUMNS]
        structs = pa.StructArray.from_arrays(columns, names=list(SPELL_COLUMNS)).take(pa.array(order))
        counts = np.bincount(own, minlength=n_pupils)
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, structs, mask=pa.array(counts == 0))


def _in_order(draft: Draft, rows: Longs) -> Longs:
    """Order rows by pupil and first day, then by everything else."""
    names = [name for name in draft.table.names if name not in ("student_id", "enrolled_on")]
    keys = [draft.values[name][rows] for name in (*reversed(names), "enrolled_on", "student_id")]
    return rows[np.lexsort(keys)]


def _before_another(pupil: Array) -> Bools:
    """Mark the rows that another row of the same pupil follows."""
    before = np.zeros(len(pupil), np.bool_)
    before[:-1] = pupil[1:] == pupil[:-1]
    return before


def _ends_of(draft: Draft, rows: Longs) -> Array:
    left = draft.values["left_on"][rows]
    return np.where(left == NO_DATE, np.int32(_NEVER), left)


def _without_copies(draft: Draft, mapping: RecordsMapping, rows: Longs, doubtful: Bools) -> Longs:
    """Set copies of a row apart; rows that differ in a column that is not used are no copies."""
    same = _before_another(draft.values["student_id"][rows])[:-1]
    for column in draft.table.columns:
        values = draft.values[column.name][rows]
        both_empty = (
            draft.missing(column.name)[rows] if values.dtype.kind == "f" else np.zeros(len(rows), bool)
        )
        same &= (values[1:] == values[:-1]) | (both_empty[1:] & both_empty[:-1])
    first = np.flatnonzero(same)
    if not len(first):
        return rows
    unused = read_unused(draft, mapping, rows, lambda header: not counts_rows(header))
    shared = _shared_by(unused, rows, first, draft)
    pupil = draft.values["student_id"][rows]
    unclear = np.setdiff1d(pupil[first[doubtful[pupil[first]]]], shared)
    draft.set_rows_apart("shared_id", "student_id", rows[np.isin(pupil, unclear)])
    shared = np.union1d(shared, unclear)
    copies = rows[first + 1][~np.isin(draft.values["student_id"][rows[first + 1]], shared)]
    draft.set_rows_apart("duplicate_row", "student_id", copies)
    return rows[~draft.apart[rows]]


def _without_shared_ids(draft: Draft, mapping: RecordsMapping, rows: Longs) -> Longs:
    """Set all rows of an id apart where they cannot be spells of one pupil."""
    pupil = draft.values["student_id"][rows]
    before = np.flatnonzero(_before_another(pupil))
    after = before + 1
    if not len(before):
        return rows
    shared = _shared_by(read_unused(draft, mapping, rows, names_pupil), rows, before, draft)
    for column, mask in _spell_conflicts(draft, rows[before], rows[after]):
        ids = np.setdiff1d(pupil[before[mask]], shared)
        draft.set_rows_apart("shared_id", column, rows[np.isin(pupil, ids)])
        shared = np.union1d(shared, ids)
    return rows[~draft.apart[rows]]


def _spell_conflicts(draft: Draft, before: Longs, after: Longs) -> Iterator[tuple[str, Bools]]:
    """Give, by column, the pairs of rows that tell of two pupils, or of two places at once."""

    def pair(name: str) -> tuple[Array, Array]:
        return draft.values[name][before], draft.values[name][after]

    for name in _LIFELONG:
        one, other = pair(name)
        empty = draft.missing(name)
        yield name, ~empty[before] & ~empty[after] & (one != other)
    level, next_level = pair("grade_level")
    yield "grade_level", (level != NO_DATE) & (next_level != NO_DATE) & (next_level < level - 1)
    school, next_school = pair("school_id")
    start, next_start = pair("enrolled_on")
    yield "school_id", (school != next_school) & (_ends_of(draft, before) > next_start)
    for column in draft.table.columns[1:]:
        one, other = pair(column.name)
        empty = draft.missing(column.name)
        yield column.name, (start == next_start) & (one != other) & ~(empty[before] & empty[after])


def _shared_by(unused: dict[str, Any], rows: Longs, first: Longs, draft: Draft) -> Array:
    """Set the rows of ids apart whose neighbouring rows differ in a column that is not used; give the ids."""
    pupil = draft.values["student_id"][rows]
    shared = np.zeros(0, pupil.dtype)
    for header, texts in unused.items():
        ids = np.setdiff1d(pupil[first[texts_differ(texts, first, first + 1)]], shared)
        draft.set_rows_apart("shared_id", header, rows[np.isin(pupil, ids)])
        shared = np.union1d(shared, ids)
    return shared


def add_spells(students: pa.Table, listed: Any) -> pa.Table:
    """Give a students table its column of spells; a pupil without new ones keeps those it had."""
    if SPELLS not in students.column_names:
        return students.append_column(SPELLS, listed)
    place = students.column_names.index(SPELLS)
    field = students.schema.field(place)
    both = pa.chunked_array([*students[SPELLS].chunks, listed.cast(field.type)], field.type)
    given = listed.is_valid().to_numpy(zero_copy_only=False)
    rows = np.arange(len(given)) + np.where(given, len(given), 0)
    return students.set_column(place, field, both.take(pa.array(rows)))


def set_spells_ahead_apart(draft: Draft, today: int) -> None:
    """Set rows apart that begin after today, of pupils who have another row."""
    pupil, enrolled = draft.values["student_id"], draft.values["enrolled_on"]
    ahead = np.flatnonzero((enrolled > today) & (pupil >= 0))
    if len(ahead):
        begun = np.zeros(int(pupil.max()) + 1, np.bool_)
        begun[pupil[(enrolled <= today) & (pupil >= 0)]] = True
        ahead = ahead[begun[pupil[ahead]]]
        draft.set_rows_apart("future_date", "enrolled_on", ahead)
        draft.values["enrolled_on"] = np.where(
            np.isin(np.arange(len(draft)), ahead), NO_DATE, enrolled
        ).astype(np.int32)
