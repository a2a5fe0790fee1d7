"""The tables of a district as Spark frames: who is in which block of schools, and rows on their way there."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.errors import RecordsError, SettingsError, nearest
from dropout_risk.records.checks.lone_dates import lone_dates
from dropout_risk.records.checks.no_pupils import PupilWords
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.pupils.other_ids import is_id
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.tallies import Place
from dropout_risk.records.wording.mapping import RecordsMapping, Source
from dropout_risk.spark.blocks import COUNTED, EVERYWHERE, NOWHERE, BlockReading, tallies_of
from dropout_risk.spark.packing import PACKED, Blocks, Packing, TablePart, moves_after
from dropout_risk.spark.workers import in_arrow

AT_HOME = ("students", "calendar")


@dataclass(frozen=True, eq=False)
class SparkTables:
    """The tables of a district as Spark frames, by the name under which each was given.

    Their columns are renamed to ``c0``, ``c1``, …; ``headers`` holds the given ones. ``home`` holds what the
    driver checks as a whole: ``students`` and the calendar with all of their rows, and every other table
    without rows, for what is said of its headers. ``blocks`` says which block each pupil goes to.
    """

    spark: Any
    frames: dict[str, Any]
    reading: BlockReading
    headers: dict[str, tuple[str, ...]]
    home: SchoolRecords
    blocks: Blocks

    @classmethod
    def of(
        cls,
        spark: Any,
        tables: Mapping[str, Any],
        *,
        mapping: Source | RecordsMapping = None,
        today: DateLike | None = None,
        as_of: DateLike | None = None,
    ) -> Self:
        """Take frames or Parquet paths, look at their headers, and bring ``students`` and the calendar home.

        Schools between which a pupil moves after ``as_of`` come into one block: until then it is compared
        with the classes of one, and from then on its days are those of the other.

        RecordsError if a table's name is not known, ``students`` is missing or lacks a required column, or
        something is given that is neither a frame of Spark nor a path.
        """
        words = RecordsMapping.of(mapping)
        if words.shapes.joins:
            raise SettingsError(
                f"No file is joined on a cluster, as the mapping asks for {', '.join(words.shapes.joins)}.",
                hint="join the two frames before, as in marks.join(exams, 'exam_id', 'left'), and take "
                "[joins] out of the mapping; all else in it is followed",
            )
        day = dt.date.today() if today is None else date_of(ordinal_of(today))
        given = {name: _as_frame(spark, name, table) for name, table in tables.items() if table is not None}
        for name in given:
            if words.table_of(name) is None:
                raise RecordsError(f"There is no table {name!r}.", hint=nearest(name, TABLES))
        empty = {name: _without_rows(frame) for name, frame in given.items()}
        SchoolRecords.from_tables(mapping=words, today=day, **empty)  # refuses what cannot be read
        home = {
            name: frame.toArrow() if words.table_of(name) in AT_HOME else empty[name]
            for name, frame in given.items()
        }
        records = SchoolRecords.from_tables(mapping=words, today=day, **home)
        named = {name: frame for name, frame in given.items() if words.table_of(name) != "calendar"}
        parts = [
            _part_of_frame(words, name, number, frame) for number, (name, frame) in enumerate(named.items())
        ]
        frames = {
            name: frame.toDF(*(f"c{index}" for index in range(len(frame.columns))))
            for name, frame in named.items()
        }
        headers = {name: tuple(frame.columns) for name, frame in given.items()}
        moving = [] if as_of is None else moves_after(records.table("students"), ordinal_of(as_of))
        blocks = Blocks.of(records.roll, spark.sparkContext.defaultParallelism, moving)
        block_of = dict(zip(records.calendar.schools, blocks.of_school.tolist(), strict=False))
        listed = records.table("calendar")
        listed_for = [
            block_of.get(school, NOWHERE) if school else EVERYWHERE
            for school in listed["school_id"].to_pylist()
        ]
        reading = BlockReading(words, day, tuple(parts), listed, np.array(listed_for, np.int32))
        return cls(spark, frames, reading, headers, records, blocks)

    @cached_property
    def sent_blocks(self) -> Any:
        """The blocks, broadcast."""
        return self.spark.sparkContext.broadcast(self.blocks)

    @property
    def id_type(self) -> pa.DataType:
        """The type of the pupils' ids in the scores: whole numbers stay what they are."""
        return self.home.roll.index.ids.type

    @property
    def schools(self) -> list[str]:
        """Names of all schools, in order; pupils without one are at the school ``""``."""
        return list(self.home.calendar.schools)

    def packed(self, *, only: tuple[str, ...] = ()) -> Any:
        """Give the rows in pieces, those of a block in a partition of its own: the one shuffle of all rows.

        ``only`` names the tables that are needed, by default all.
        """
        parts = [part for part in self.reading.parts if not only or part.table in only]
        packings = [Packing(part, self.reading.mapping, self.sent_blocks) for part in parts]
        pieces = [
            in_arrow(self.frames[part.name].select(*part.fields), packing.work, PACKED)
            for part, packing in zip(parts, packings, strict=True)
        ]
        together = reduce(lambda left, right: left.unionByName(right), pieces)
        return together.repartitionById(len(self.blocks), "block")

    def judged(self, packed: Any, *, known: SchoolCalendar | None = None) -> BlockReading:
        """Count on all blocks what tables are judged by as a whole; give the reading that knows of it.

        Dates far from all others are set apart before other things are counted: where there are any, these
        are counted once more.
        """
        reading = replace(self.reading, known=known)
        counted = self._counted(packed, reading)
        if self._have_lone_dates(counted):
            counted = self._counted(packed, replace(reading, tallies=counted))
        return replace(reading, tallies=counted)

    def _have_lone_dates(self, counted: Mapping[Place, Counter[Hashable]]) -> bool:
        """Say whether any table has such dates, as a whole or as some block alone would have judged."""
        today = ordinal_of(self.reading.today)
        return any(
            (what == "lone_dates" and table not in AT_HOME)
            or (what == "days" and len(lone_dates(TABLES[table], own, today)))
            for (table, what), own in counted.items()
        )

    def _counted(self, packed: Any, reading: BlockReading) -> dict[Place, Counter[Hashable]]:
        from pyspark.sql import functions as sql

        rows = in_arrow(packed, reading.tally, COUNTED).groupBy("place", "key").agg(sql.sum("rows"))
        counted = tallies_of((row[0], row[1], row[2]) for row in rows.collect())
        at_home = {place: Counter(own) for place, own in self.home.tallies.own.items() if place[0] in AT_HOME}
        return counted | at_home

    def rows_of(self, part: TablePart, chosen: Bools) -> Any:
        """Give the raw rows of some pupils of ``students``, with all of their columns."""
        sent, words = self.sent_blocks, PupilWords(self.reading.mapping.headers_of(part.table, "student_id"))
        of_rank = self.spark.sparkContext.broadcast(chosen[self.blocks.order])
        field = part.fields[part.headers.index(part.student)] if part.student is not None else None

        def kept(batches: Iterator[Any]) -> Iterator[Any]:
            for batch in batches if field is not None else ():
                ranks = sent.value.ranks(batch[field], str(part.student), words)
                yield batch.filter(pa.array((ranks >= 0) & of_rank.value[ranks]))

        return self.frames[part.name].mapInArrow(kept, self.frames[part.name].schema)


def _as_frame(spark: Any, name: str, table: Any) -> Any:
    if isinstance(table, str | Path):
        return spark.read.parquet(str(table))
    if not hasattr(table, "sparkSession"):
        raise RecordsError(
            f"Table {name!r} was given as {type(table).__name__}, which is no Spark frame and no path.",
            hint="give a frame of this session, or the path of Parquet files that its executors can read",
        )
    return table


def _without_rows(frame: Any) -> pa.Table:
    return pa.table([pa.nulls(0, pa.string())] * len(frame.columns), names=frame.columns)


def _part_of_frame(words: RecordsMapping, name: str, number: int, frame: Any) -> TablePart:
    """Choose the columns that are needed: the table's own, or all where it is shaped or lacks some."""
    from pyspark.sql.pandas.types import to_arrow_schema

    table = str(words.table_of(name))
    chosen = words.headers(table, frame.columns).chosen
    complete = not words.shapes and all(column in chosen for column in TABLES[table].required)
    headers = list(chosen.values()) if complete else list(frame.columns)
    if complete and table == "students":  # what is not used tells two pupils of one id apart
        headers += [name for name in frame.columns if name not in headers and not is_id(name, words)]
    at = [frame.columns.index(header) for header in headers]
    schema = to_arrow_schema(frame.schema)
    return TablePart(
        name=name,
        table=table,
        number=number,
        headers=tuple(headers),
        fields=tuple(f"c{index}" for index in at),
        student=chosen.get("student_id"),
        schema=pa.schema([schema.field(index) for index in at]),
    )
