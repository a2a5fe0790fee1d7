"""What runs on the executors: Arrow batches in and out, whole classes, nested rows read as records."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.kernels import THREADS
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.school_records import SchoolRecords

PUPILS_AT_ONCE = 4096
Work = Callable[[Iterator[Any]], Iterator[Any]]


def in_arrow(frame: Any, work: Work, schema: pa.Schema) -> Any:
    """Give the frame that a function of Arrow batches makes of another frame, partition by partition."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        os.environ.setdefault(THREADS, "1")  # a task has one core; the others belong to other tasks
        for table in work(batches):
            yield from table.cast(schema).to_batches()

    return frame.mapInArrow(run, from_arrow_schema(schema))


def whole_classes(batches: Iterator[Any], at_once: int = PUPILS_AT_ONCE) -> Iterator[pa.Table]:
    """Cut batches of nested rows, sorted by ``place`` and cut anywhere, into tables of whole classes.

    A table has ``at_once`` pupils, as near as whole classes allow; one class is never cut.
    """
    held: list[Any] = []
    waiting = 0
    for batch in batches:
        held.append(batch)
        waiting += batch.num_rows
        while waiting >= at_once:
            table = pa.Table.from_batches(held)
            cut = _class_cut(table.column("place"), at_once)
            if not cut:
                break
            yield table.slice(0, cut)
            held = table.slice(cut).to_batches()
            waiting -= cut
    if waiting:
        yield pa.Table.from_batches(held)


def _class_cut(place: Any, at_once: int) -> int:
    """Give the start of a class to cut at: the last one within the limit, else the first one; 0 for none."""
    codes = place.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    if not len(starts):
        return 0
    within = int(np.searchsorted(starts, at_once, side="right"))
    return int(starts[max(within - 1, 0)])


@dataclass(frozen=True)
class NestedPart:
    """One frame of a table, and how its rows are nested.

    ``column`` is the list of its rows in the nested frame; ``fields`` are the columns that hold the
    ``headers``. ``student`` is the column of the pupils' ids; ``id_header`` is their header where the key of
    a nested row stands for them; ``whole`` says whether they are whole numbers.
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
    """How nested rows become records again; ``today`` is the day the records were drawn."""

    mapping: RecordsMapping
    today: dt.date
    parts: tuple[NestedPart, ...]

    def records(self, nested: pa.Table, calendar: pa.Table | None = None) -> SchoolRecords:
        """Check the rows of some pupils; what holds of whole schools, as the end of outcomes, is left out."""
        columns = set(nested.column_names)
        tables: dict[str, Any] = {
            part.name: part.rows(nested) for part in self.parts if part.column in columns
        }
        if calendar is not None and calendar.num_rows:
            tables["calendar"] = calendar
        today = self.today
        return SchoolRecords.from_tables(mapping=self.mapping, today=today, outcomes_to=today, **tables)

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
