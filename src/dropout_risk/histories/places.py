"""Where each pupil was on a date: the spell of enrolment that had begun last by then."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Longs
from dropout_risk.records.pupils.spells import SPELLS

_EVER, _NONE = np.iinfo(np.int32).min, -1


def students_on(students: pa.Table, ordinals: npt.ArrayLike) -> pa.Table:
    """Give the students table as of a date, or of one date per pupil.

    A pupil none of whose spells has begun stands where the first one will be.
    """
    plain = students.drop_columns([SPELLS])
    if students[SPELLS].null_count == len(students):
        return students
    parents, spells = _flat_spells(students)
    starts = _days_of(spells, "enrolled_on", _EVER)
    chosen, pupils = _begun_last(parents, starts, np.broadcast_to(np.asarray(ordinals), len(students)))
    source = np.arange(len(students))
    source[pupils] = len(students) + np.arange(len(pupils))
    places = spells.take(pa.array(chosen))
    columns = []
    for field in plain.schema:
        if places.type.get_field_index(field.name) < 0:
            columns.append(plain[field.name])
            continue
        own = pc.struct_field(places, field.name).cast(field.type)
        both = pa.chunked_array([*plain[field.name].chunks, own], field.type)
        columns.append(both.take(pa.array(source)))
    return pa.table(columns, schema=plain.schema).append_column(SPELLS, students[SPELLS]).combine_chunks()


def _flat_spells(students: pa.Table) -> tuple[Longs, Any]:
    """Give all spells, pupil after pupil, and the row of each one's pupil."""
    lists = students[SPELLS].combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    return pc.list_parent_indices(lists).to_numpy().astype(np.int64), lists.flatten()


def _days_of(spells: Any, name: str, unknown: int) -> Array:
    found: Array = pc.fill_null(pc.struct_field(spells, name).cast(pa.int32()), unknown).to_numpy()
    return found


def enrolled_first(students: pa.Table) -> Longs:
    """Give the day on which each pupil's first spell began; -1 where it is not known."""
    first: Longs = pc.fill_null(students["enrolled_on"].cast(pa.int32()), _NONE).to_numpy().astype(np.int64)
    if SPELLS not in students.column_names:
        return first
    pupils, spells = _flat_spells(students)
    own, at = np.unique(pupils, return_index=True)
    first = first.copy()
    first[own] = _days_of(spells, "enrolled_on", _NONE)[at]
    return first


def times_between(students: pa.Table) -> tuple[Longs, Longs, Longs]:
    """Give the times between two spells: the pupil, the day of leaving, and that of coming back."""
    if SPELLS not in students.column_names:
        nobody = np.empty(0, np.int64)
        return nobody, nobody, nobody
    pupils, spells = _flat_spells(students)
    starts, ends = (_days_of(spells, name, _NONE).astype(np.int64) for name in ("enrolled_on", "left_on"))
    gap = np.flatnonzero((pupils[1:] == pupils[:-1]) & (ends[:-1] != _NONE) & (ends[:-1] < starts[1:]))
    return pupils[gap], ends[gap], starts[gap + 1]


def _begun_last(parents: Longs, starts: Any, ordinals: Any) -> tuple[Longs, Longs]:
    """Give, for each pupil with spells, the place of the one that has begun last, or else of its first."""
    pupils, first = np.unique(parents, return_index=True)
    begun = np.concatenate([[0], np.cumsum(starts <= ordinals[parents])])
    number = begun[np.append(first[1:], len(parents))] - begun[first]
    return first + np.maximum(number - 1, 0), pupils


def with_spells(students: pa.Table, like: pa.Table) -> pa.Table:
    """Give a students table a column of spells where another one has it."""
    if SPELLS in students.column_names or SPELLS not in like.column_names:
        return students
    field = like.schema.field(SPELLS)
    return students.append_column(field, pa.nulls(students.num_rows, field.type))
