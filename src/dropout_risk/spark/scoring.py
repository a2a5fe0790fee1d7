"""Scoring everyone on a cluster: whole classes at a time, each with the very functions of one machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.check import CheckReport
from dropout_risk.records.mapping import RecordsMapping, Source
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_schema import score_schema
from dropout_risk.scoring.score_writer import NO_CLASS
from dropout_risk.scoring.scores import PUPIL_ERRORS, SET_APART
from dropout_risk.spark.model_bytes import SentModel
from dropout_risk.spark.nested import SparkTables
from dropout_risk.spark.reading import Reading
from dropout_risk.spark.school_days import Days
from dropout_risk.spark.tallies import TALLY, report_of, tallies
from dropout_risk.spark.workers import in_arrow, whole_classes
from dropout_risk.text import Language


def score(
    spark: Any,
    tables: Mapping[str, Any],
    model: RiskModel,
    as_of: DateLike,
    *,
    mapping: Source | RecordsMapping = None,
    calendar: SchoolCalendar | None = None,
    today: DateLike | None = None,
    language: Language | None = None,
    sentences: bool = True,
) -> SparkScores:
    """Score everyone who is at school on a date, from what was known before it, on a Spark cluster.

    The rows of a pupil are brought together wherever they lie, and pupils of a class next to each other.
    There each block of whole classes goes through the library's own check, features and model, so that the
    scores are those of :meth:`RiskModel.score` bit by bit. Only small tables (schools with their days, the
    model) are held by the driver.

    Parameters
    ----------
    spark : SparkSession
        Of a cluster whose workers have this library installed. Spark Connect cannot broadcast a model.
    tables : mapping of str to DataFrame or path
        ``students``, ``attendance``, … as named in the data contract or in the mapping: Spark frames, or
        paths of Parquet files. None counts as not given.
    model : RiskModel
        Each executor gets its bundle once.
    as_of : date
        Rows dated or recorded on or after it are not seen.
    mapping : path, dict or RecordsMapping, optional
        The county's own headers and words.
    calendar : SchoolCalendar, optional
        School days of all schools where they are known already, as by :func:`school_calendar`. By default
        they are found first.
    today : date, optional
        The day the records were drawn, by default today; rows dated later are set apart.
    language : {"zh", "en"}, optional
        The language of the sentences; by default that of the model's settings.
    sentences : bool, default=True
        Whether reasons and everything else in words is written.

    Raises
    ------
    RecordsError
        If a table's name is not known, ``students`` is missing or lacks a required column.
    """
    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    rows = given.by_class()
    days = Days.of(given, calendar, rows.persist)
    language = model.settings.language if language is None else language
    block = _Block(
        reading=given.reading,
        days=spark.sparkContext.broadcast(days),
        model=SentModel.of(spark, model),
        as_of=date_of(ordinal_of(as_of)),
        language=language,
        schema=score_schema(model, sentences, student_id=given.id_type),
    )
    return SparkScores(
        in_arrow(rows, block.work, block.rows).persist(), given, language, (rows, given.roster)
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """Scores blocks of whole classes on an executor."""

    reading: Reading
    days: Any
    model: SentModel
    as_of: dt.date
    language: Language
    schema: pa.Schema

    @property
    def rows(self) -> pa.Schema:
        """Each row is a score or a count."""
        return pa.schema([("score", pa.struct(list(self.schema))), ("tally", TALLY)])

    def work(self, batches: Iterator[Any]) -> Iterator[pa.Table]:
        """Check and score the blocks of one partition."""
        for nested in whole_classes(batches):
            records = self.days.value.records(self.reading, nested)
            histories = self.days.value.histories(records)
            yield from self._scored(histories)
            found = [
                row for row in tallies(records.check()) if row["table"] != "calendar"
            ]  # it is in every block
            counted = pa.Table.from_pylist(found, schema=pa.schema(list(TALLY)))
            yield self._beside(counted, "tally")

    def _scored(self, histories: Histories) -> Iterator[pa.Table]:
        """Give the scores of a block, and a row for each pupil whose own row could not be used."""
        sentences, model = "raising" in self.schema.names, self.model.load()
        given = score_blocks(model, histories, self.as_of, sentences=sentences, language=self.language)
        for batch in given:
            yield self._beside(pa.Table.from_batches([batch]).cast(self.schema), "score")
        message, hint = (text.to(self.language) for text in PUPIL_ERRORS[SET_APART])
        error = {"code": SET_APART, "field": "students", "message": message, "hint": hint}
        lost = [{"student_id": student, "error": error} for student in histories.set_apart]
        yield self._beside(pa.Table.from_pylist(lost, schema=self.schema), "score")

    def _beside(self, table: pa.Table, column: str) -> pa.Table:
        own = table.to_struct_array()
        columns = [
            own if field.name == column else pa.nulls(table.num_rows, field.type) for field in self.rows
        ]
        return pa.table(columns, schema=self.rows)


@dataclass(frozen=True, eq=False)
class SparkScores:
    """Scores with their reasons as Spark frames; nothing is computed before one of them is asked for.

    What was computed is kept by Spark (in memory, else on the executors' disks), so that scores, errors and
    the check's report cost one pass; :meth:`release` lets go of it.

    Parameters
    ----------
    rows : DataFrame
        What the blocks gave: scores and counts of the check.
    tables : SparkTables
        What was scored.
    language : {"zh", "en"}
        Of the sentences.
    held : tuple of DataFrame
        What Spark keeps besides.
    """

    rows: Any
    tables: SparkTables
    language: Language
    held: tuple[Any, ...]

    @cached_property
    def scores(self) -> Any:
        """One row per pupil, with the rank within its school."""
        from pyspark.sql import Window
        from pyspark.sql import functions as sql

        scored = self._rows.where("error is null").drop("error")
        if "warnings" in scored.columns:
            scored = self._without_false_warnings(scored)
        school = Window.partitionBy(sql.coalesce("school_id", sql.lit(""))).orderBy(sql.desc("log_odds"))
        return scored.withColumn("rank_in_school", sql.rank().over(school))

    @cached_property
    def errors(self) -> Any:
        """Pupils who could not be scored: ``student_id, code, field, message, hint``."""
        return self._rows.where("error is not null").select("student_id", "error.*")

    @cached_property
    def report(self) -> Any:
        """What the check found, added up: ``table, column, rule, severity, detail, rows``.

        For each table also how many rows were ``read``, ``used`` and ``set_apart``, in the column ``rule``.
        """
        from pyspark.sql import functions as sql

        keys = [field.name for field in TALLY][:-1]
        found = self.rows.where("tally is not null").select("tally.*")
        here = pa.Table.from_pylist(tallies(self.tables.header.check()), schema=pa.schema(list(TALLY)))
        found = found.unionByName(self.tables.spark.createDataFrame(here))
        return found.groupBy(*keys).agg(sql.sum("rows").alias("rows"))

    def check(self) -> CheckReport:
        """Bring the report home, as :meth:`SchoolRecords.check` gives it, without first rows."""
        return report_of([row.asDict() for row in self.report.collect()])

    def release(self) -> None:
        """Let go of everything that Spark keeps for these scores."""
        for frame in (self.rows, *self.held):
            frame.unpersist()

    @property
    def _rows(self) -> Any:
        return self.rows.where("score is not null").select("score.*")

    def _without_false_warnings(self, scored: Any) -> Any:
        """Drop the warning that nobody could be compared, where that was only so in a pupil's own block."""
        from pyspark.sql import functions as sql

        alone = sql.lit(NO_CLASS.to(self.language))
        found = scored.agg(sql.max(~sql.array_contains("warnings", alone)).alias("found"))
        kept = sql.when(sql.col("found"), sql.array_remove("warnings", alone)).otherwise(sql.col("warnings"))
        return scored.crossJoin(sql.broadcast(found)).withColumn("warnings", kept).drop("found")
