"""Tables of Spark to pupils' nested rows: one row per pupil, one list of raw rows per table.

Nothing is read into the values here: they stay as they are, so that the library's own check reads them
where the pupil is worked on. Spark only brings together what belongs together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from dropout_risk.errors import RecordsError, nearest
from dropout_risk.records.calendar import DateLike, date_of, ordinal_of
from dropout_risk.records.mapping import RecordsMapping, Source
from dropout_risk.records.other_ids import is_id
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.spark.workers import NestedPart, NestedReading, in_arrow

# what the check takes for blanks around an id
_BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(map(chr, range(0x2000, 0x200B)))
)  # fmt: skip
_WHOLE = ("tinyint", "smallint", "int", "bigint")
_FLOATING = ("float", "double")
_LARGEST_EXACT = 2.0**53
_BETWEEN = "\x1f"
_APART = 4096
ROSTER = pa.schema([(name, pa.string()) for name in ("key", "school", "class")])


@dataclass(frozen=True, eq=False)
class SparkTables:
    """The tables of a district as Spark frames, by the name under which each was given.

    Their columns are renamed to ``c0``, ``c1``, …; ``headers`` holds the given ones. ``header`` is the same
    tables without rows: what the check says about their headers; and the calendar with all of its rows.
    """

    spark: Any
    frames: dict[str, Any]
    reading: NestedReading
    headers: dict[str, tuple[str, ...]]
    header: SchoolRecords

    @classmethod
    def of(
        cls,
        spark: Any,
        tables: Mapping[str, Any],
        *,
        mapping: Source | RecordsMapping = None,
        today: DateLike | None = None,
    ) -> Self:
        """Take frames or Parquet paths, and look at their headers.

        RecordsError if a table's name is not known, ``students`` is missing or lacks a required column, or
        something is given that is neither a frame of Spark nor a path.
        """
        words = RecordsMapping.of(mapping)
        day = dt.date.today() if today is None else date_of(ordinal_of(today))
        given = {name: _as_frame(spark, name, table) for name, table in tables.items() if table is not None}
        empty: dict[str, Any] = {}
        parts: list[NestedPart] = []
        frames: dict[str, Any] = {}
        for name, frame in given.items():
            table = words.table_of(name)
            if table is None:
                raise RecordsError(f"There is no table {name!r}.", hint=nearest(name, TABLES))
            empty[name] = pa.table([pa.nulls(0, pa.string())] * len(frame.columns), names=frame.columns)
            if table == "calendar":
                empty[name] = frame.toArrow()
                continue
            frames[name] = frame.toDF(*(f"c{index}" for index in range(len(frame.columns))))
            parts.append(_part_of_frame(words, name, len(parts), frame))
        header = SchoolRecords.from_tables(mapping=words, today=day, **empty)
        headers = {name: tuple(frame.columns) for name, frame in given.items()}
        return cls(spark, frames, NestedReading(words, day, tuple(parts)), headers, header)

    @cached_property
    def roster(self) -> Any:
        """Pupils whose students row can be used: key, school and class. Kept, since much is asked of it."""
        parts = tuple(part for part in self.reading.parts if part.table == "students")
        rows = self._nested(parts, None)
        return in_arrow(
            rows, NestedReading(self.reading.mapping, self.reading.today, parts).roster, ROSTER
        ).persist()

    @property
    def id_type(self) -> pa.DataType:
        """The type of the pupils' ids in the scores: whole numbers stay what they are."""
        kinds = [
            dict(self.frames[part.name].dtypes)[str(part.student)]
            for part in self.reading.parts
            if part.table == "students"
        ]
        return pa.int64() if all(kind in (*_WHOLE, *_FLOATING) for kind in kinds) else pa.string()

    @cached_property
    def schools(self) -> list[str]:
        """Names of all schools, in order; pupils without one are at the school ``""``."""
        return sorted(row[0] for row in self.roster.select("school").distinct().collect())

    def by_class(self, *, only: tuple[str, ...] = ()) -> Any:
        """Give pupils' nested rows, whole classes next to each other in one partition.

        Columns are ``key`` (the id as text), ``place`` (names the class), ``school`` and one list per part;
        ``only`` names the tables that are needed, by default all.
        """
        from pyspark.sql import functions as sql

        parts = tuple(part for part in self.reading.parts if not only or part.table in only)
        return (
            self._nested(parts, self.roster)
            .withColumn("place", sql.coalesce("place", "key", sql.concat(sql.lit(_BETWEEN), "apart")))
            .drop("apart")
            .repartition("place")
            .sortWithinPartitions("place")
        )

    def _nested(self, parts: tuple[NestedPart, ...], roster: Any) -> Any:
        """Bring all rows of a pupil together with one shuffle, whatever partitions they lie in.

        Rows without an id are nobody's: they are spread over many lists (``apart``), so that none grows with
        their number.
        """
        from pyspark.sql import functions as sql

        rows = [self._rows(part, parts) for part in parts]
        if roster is not None:
            at_class = sql.concat_ws(_BETWEEN, "school", "class")
            of_school = sql.concat_ws(_BETWEEN, "school", sql.lit(""))
            alone = sql.concat_ws(_BETWEEN, of_school, "key")
            place = (
                sql.when(sql.col("class").isNotNull(), at_class)
                .when(sql.col("school") != "", of_school)  # who has no class is in its school's register
                .otherwise(alone)
            )
            nothing = [sql.lit(None).cast(self._type(part)).alias(part.column) for part in parts]
            at = sql.struct(place.alias("place"), sql.col("school")).alias("at")
            rows = [
                row.withColumn("at", sql.lit(None).cast("struct<place:string,school:string>")) for row in rows
            ]
            rows.append(roster.select("key", sql.lit(None).cast("string").alias("apart"), *nothing, at))
        together = reduce(lambda left, right: left.unionByName(right), rows).groupBy("key", "apart")
        lists = [sql.collect_list(part.column).alias(part.column) for part in parts]
        if roster is None:
            return together.agg(*lists).drop("apart")
        named = [sql.col("at.place").alias("place"), sql.col("at.school").alias("school")]
        return together.agg(sql.max("at").alias("at"), *lists).select(
            "key", "apart", *named, *(part.column for part in parts)
        )

    def _rows(self, part: NestedPart, parts: tuple[NestedPart, ...]) -> Any:
        from pyspark.sql import functions as sql

        columns = [
            sql.struct(*part.fields).alias(part.column)
            if other is part
            else sql.lit(None).cast(self._type(other)).alias(other.column)
            for other in parts
        ]
        content = sql.xxhash64(sql.struct(*part.fields).cast("string"))
        number = sql.pmod(content, sql.lit(_APART)).cast("string")
        key = self.key(part)
        apart = sql.when(key.isNull(), number).alias("apart")
        return self.frames[part.name].select(key.alias("key"), apart, *columns)

    def _type(self, part: NestedPart) -> Any:
        from pyspark.sql import functions as sql

        return self.frames[part.name].select(sql.struct(*part.fields).alias("row")).schema["row"].dataType

    def key(self, part: NestedPart) -> Any:
        """Write a part's ids as text, as the check does: whole numbers without decimals, no blanks around."""
        from pyspark.sql import functions as sql

        if part.student is None:
            return sql.lit(None).cast("string")
        column, kind = sql.col(part.student), dict(self.frames[part.name].dtypes)[part.student]
        if kind in _FLOATING:
            whole = (sql.abs(column) < _LARGEST_EXACT) & (sql.floor(column) == column)
            return sql.when(whole, column.cast("bigint").cast("string"))
        text = column.cast("string")
        return text if kind in _WHOLE else sql.btrim(text, sql.lit(_BLANKS))


def _as_frame(spark: Any, name: str, table: Any) -> Any:
    if isinstance(table, str | Path):
        return spark.read.parquet(str(table))
    if not hasattr(table, "sparkSession"):
        raise RecordsError(
            f"Table {name!r} was given as {type(table).__name__}, which is no Spark frame and no path.",
            hint="give a frame of this session, or the path of Parquet files that its executors can read",
        )
    return table


def _part_of_frame(words: RecordsMapping, name: str, number: int, frame: Any) -> NestedPart:
    """Choose the columns that are needed: the table's own, or all where the check has to say why."""
    table = str(words.table_of(name))
    chosen = words.headers(table, frame.columns).chosen
    complete = all(column in chosen for column in TABLES[table].required)
    headers = list(chosen.values()) if complete else list(frame.columns)
    if complete and table == "students":  # what is not used tells two pupils of one id apart
        headers += [name for name in frame.columns if name not in headers and not is_id(name, words)]
    student = chosen.get("student_id")
    kind = None if student is None else frame.dtypes[frame.columns.index(student)][1]
    others = [header for header in headers if header != student]
    by_key = bool(others) and (kind == "string" or kind in _WHOLE)
    fields = others if by_key else headers
    return NestedPart(
        name=name,
        table=table,
        column=f"t{number}",
        headers=tuple(fields),
        fields=tuple(f"c{frame.columns.index(header)}" for header in fields),
        student=None if student is None else f"c{frame.columns.index(student)}",
        id_header=student if by_key else None,
        whole=kind in _WHOLE,
    )
