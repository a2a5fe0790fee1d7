"""What is known before records are read: the pupils and school days of a store that they are added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.errors import RecordsError
from dropout_risk.records.calendar import SchoolCalendar
from dropout_risk.records.drafts import Array
from dropout_risk.records.pupil_index import PupilIndex
from dropout_risk.records.tables import TABLES

_ALWAYS = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Known:
    """Pupils and school days that records may speak of without naming them again.

    Parameters
    ----------
    students : pyarrow.Table
        One row per pupil, in the types of the contract; a row of the records takes its place.
    calendar : SchoolCalendar
        School days; those that a calendar listed are the only ones on which attendance may lie.
    """

    students: Any
    calendar: SchoolCalendar

    def index_with(self, given: PupilIndex) -> PupilIndex:
        """Give the index of the known pupils and those whom the records name."""
        ids = self.students["student_id"].combine_chunks()
        if pa.types.is_int64(ids.type) and not pa.types.is_int64(given.ids.type):
            raise RecordsError(
                "The ids in 'students' are text, those of the store are whole numbers.",
                hint="write the ids as the store has them, or build the store again from all records",
            )
        return PupilIndex.of([ids, given.ids]) if len(given) else PupilIndex(ids)

    def rows_in(self, index: PupilIndex) -> Array:
        """Give the row of each pupil of an index; -1 where the pupil is not known."""
        rows = np.full(len(index), -1, np.int32)
        if index.ids is self.students["student_id"] or len(index) == self.students.num_rows:
            return np.arange(len(index), dtype=np.int32)
        rows[index.rows(self.students["student_id"].combine_chunks()).rows] = np.arange(
            self.students.num_rows
        )
        return rows

    def table_with(self, given: Any, known_row: Array, given_row: Array) -> Any:
        """Give the students table: per pupil, the row that the records gave, else the known one."""
        schema = TABLES["students"].schema(self.students.schema.field("student_id").type)
        columns = [
            self.students[name].cast(of)
            if name in self.students.column_names
            else pa.chunked_array([pa.nulls(self.students.num_rows, of)])
            for name, of in zip(schema.names, schema.types, strict=True)
        ]
        known = pa.table(columns, schema=schema)
        if not given.num_rows:
            return known
        both = pa.concat_tables([known, given.cast(schema)])
        place = np.where(given_row >= 0, given_row + known.num_rows, known_row)
        return both.take(pa.array(place[place >= 0])).combine_chunks()

    def listed(self) -> dict[str, Array]:
        """Give the school days of the schools whose days a calendar listed."""
        calendar = self.calendar
        listed = {}
        for row, school in enumerate(calendar.schools):
            length = int(calendar.lengths[row])
            if length and (calendar.known[row, :length] == _ALWAYS).all():
                listed[school] = calendar.days[row, :length]
        return listed
