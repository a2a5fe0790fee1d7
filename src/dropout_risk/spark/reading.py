"""Pupils' nested rows back to school records, and to histories: the library's own check, on an executor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.school_records import SchoolRecords


@dataclass(frozen=True)
class NestedPart:
    """One frame of a table, and how its rows are nested.

    Parameters
    ----------
    name, table : str
        As it was given, and the table that it is.
    column : str
        The list of its rows in the nested frame.
    headers, fields : tuple of str
        The headers that are needed, and the columns that hold them.
    student : str or None
        The column of the pupils' ids.
    id_header : str or None
        The header of the ids where the key of a nested row stands for them.
    whole : bool
        Whether the ids are whole numbers.
    """

    name: str
    table: str
    column: str
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    student: str | None
    id_header: str | None
    whole: bool

    def rows(self, nested: pa.Table) -> pa.Table:
        """Lay the lists of some pupils out as a table, under the headers in which they came."""
        lists = nested.column(self.column).combine_chunks()
        lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
        columns, names = lists.flatten().flatten(), list(self.headers)
        if self.id_header is not None:
            keys = nested.column("key").combine_chunks()
            columns.append(self._ids(keys, pc.list_parent_indices(lists).cast(pa.int32())))
            names.append(self.id_header)
        return pa.table(columns, names=names)

    def _ids(self, keys: Any, at: Any) -> Any:
        if self.table == "students":
            return (keys.cast(pa.int64()) if self.whole else keys).take(at)
        if keys.null_count:
            return keys.take(at)
        return pa.DictionaryArray.from_arrays(at, keys)


@dataclass(frozen=True)
class NestedReading:
    """How nested rows become records again.

    Parameters
    ----------
    mapping : RecordsMapping
        Headers and words.
    today : date
        The day the records were drawn.
    parts : tuple of Part
        The frames whose rows are nested.
    """

    mapping: RecordsMapping
    today: dt.date
    parts: tuple[NestedPart, ...]

    def records(self, nested: pa.Table, calendar: pa.Table | None = None) -> SchoolRecords:
        """Check the rows of some pupils."""
        columns = set(nested.column_names)
        tables: dict[str, Any] = {
            part.name: part.rows(nested) for part in self.parts if part.column in columns
        }
        if calendar is not None and calendar.num_rows:
            tables["calendar"] = calendar
        return SchoolRecords.from_tables(mapping=self.mapping, today=self.today, **tables)

    def roster(self, batches: Iterator[Any]) -> Iterator[pa.Table]:
        """Give the key, school and class of the pupils whose own row can be used."""
        for batch in batches:
            students = self.records(pa.Table.from_batches([batch])).table("students")
            school = pc.fill_null(students["school_id"].cast(pa.string()), "")
            columns = [
                students["student_id"].cast(pa.string()),
                school,
                students["class_id"].cast(pa.string()),
            ]
            yield pa.table(columns, names=["key", "school", "class"])
