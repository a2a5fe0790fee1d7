"""Where each pupil was on a date: the spell of enrolment that had begun last by then."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Longs
from dropout_risk.records.spells import SPELLS

_EVER = np.iinfo(np.int32).min


def students_on(students: pa.Table, ordinals: npt.ArrayLike) -> pa.Table:
    """Give the students table as of a date, or of one date per pupil; without its spells.

    A pupil none of whose spells has begun stands where the first one will be.
    """
    plain = students.drop_columns([SPELLS])
    if students[SPELLS].null_count == len(students):
        return plain
    lists = students[SPELLS].combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    parents = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    spells = lists.flatten()
    starts = pc.fill_null(pc.struct_field(spells, "enrolled_on").cast(pa.int32()), _EVER).to_numpy()
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
    return pa.table(columns, schema=plain.schema).combine_chunks()


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
