"""Scoring everyone on a cluster: whole schools at a time, each with the very functions of one machine."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import SettingsError
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.files.readers import FramePart, Part
from dropout_risk.records.pupils.id_forms import CAUSES
from dropout_risk.records.rules import RULES, RULES_BY_CODE, CheckReport, Counts, Problem
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import INCIDENTS, TABLES
from dropout_risk.records.wording.mapping import RecordsMapping, Source
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import rank_column
from dropout_risk.scoring.score_writer import NO_CLASS, score_schema
from dropout_risk.scoring.scores import set_apart_errors
from dropout_risk.spark.blocks import BlockReading
from dropout_risk.spark.tables import AT_HOME, SparkTables
from dropout_risk.spark.workers import in_arrow
from dropout_risk.text import Language, Text

# --- Features of everyone on a cluster, for training there or for looking at them ---


def features(
    spark: Any,
    tables: Mapping[str, Any],
    as_of: DateLike,
    catalogue: FeatureCatalogue | None = None,
    *,
    mapping: Source | RecordsMapping = None,
    calendar: SchoolCalendar | None = None,
    today: DateLike | None = None,
) -> Any:
    """Compute the features of everyone who is at school on a date.

    Parameters
    ----------
    spark, tables, as_of, mapping, calendar, today
        See :func:`score`.
    catalogue : FeatureCatalogue, optional
        Which features; by default :func:`default_catalogue`, without those of tables that no school keeps.

    Returns
    -------
    DataFrame
        ``student_id, school_id, class_id`` and one column per feature, null where it is missing: the values
        of :func:`build_features`, bit by bit.
    """
    given = SparkTables.of(spark, tables, mapping=mapping, today=today, as_of=as_of)
    packed = given.packed().persist()
    reading, day = given.judged(packed, known=calendar), date_of(ordinal_of(as_of))
    if catalogue is None:
        catalogue, kept = default_catalogue(), kept_incidents(packed, reading)
        read = [
            name for name, item in catalogue.items() if item.source in kept or item.source not in INCIDENTS
        ]
        catalogue = catalogue.select(read)
    ids = [("student_id", given.id_type), ("school_id", pa.string()), ("class_id", pa.string())]
    schema = pa.schema([*ids, *((name, pa.float64()) for name in catalogue.names)])

    def work(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for records in reading.blocks(batches):
            histories = reading.histories(records)
            table = compute_features(histories, day, catalogue)
            members = np.flatnonzero(members_on(table.snapshot))
            students = histories.students.select([name for name, _ in ids]).take(pa.array(members))
            values = table.values[members].T
            columns = [pa.array(np.ascontiguousarray(column), from_pandas=True) for column in values]
            yield pa.table([*students.columns, *columns], names=schema.names)

    return in_arrow(packed, work, schema)


def kept_incidents(packed: Any, reading: BlockReading) -> set[str]:
    """Find which tables of incidents any school keeps: a pass over those that are given."""
    names = {table.name for table in INCIDENTS.values()}
    if not any(part.table in names for part in reading.parts):
        return set()
    reading = reading.only("students", *names)

    def kept(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for records in reading.blocks(batches):
            found = [run for run, table in INCIDENTS.items() if len(records.rows(table.name))]
            yield pa.table([pa.array(found, pa.string())], schema=KEPT)

    rows = in_arrow(packed.where(packed["part"].isin(reading.numbers)), kept, KEPT)
    return {row[0] for row in rows.distinct().collect()}


KEPT = pa.schema([("run", pa.string())])


# --- A model on its way to the executors: the bytes of its bundle, read once per Python worker ---

_LOADED: dict[str, RiskModel] = {}


@dataclass(frozen=True)
class SentModel:
    """A model that executors can load: Spark sends the files of its bundle to each executor once.

    A worker that holds this version does not read it again.
    """

    version: str
    bundle: Any

    @classmethod
    def of(cls, spark: Any, model: RiskModel) -> SentModel:
        """Broadcast a model."""
        return cls(model.version, spark.sparkContext.broadcast(pack_model(model)))

    def load(self) -> RiskModel:
        """Give the model, read the first time a worker asks."""
        if self.version not in _LOADED:
            _LOADED[self.version] = unpack_model(self.bundle.value)
        return _LOADED[self.version]


def pack_model(model: RiskModel) -> bytes:
    """Write the bundle's files into one sequence of bytes."""
    written = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(written, "w") as archive:
        for path in sorted(model.save(Path(folder, "bundle")).iterdir()):
            archive.write(path, path.name)
    return written.getvalue()


def unpack_model(content: bytes) -> RiskModel:
    """Load the bundle; its manifest is checked as ever."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return RiskModel.load(folder, allow_synthetic=True)  # the driver has judged


# --- A sample of whole schools, brought home: training takes far fewer pupils than scoring ---

STRATA = 5


def sample_schools(
    spark: Any,
    tables: Mapping[str, Any],
    share: float,
    *,
    seed: int = 0,
    mapping: Source | RecordsMapping = None,
    today: DateLike | None = None,
) -> SchoolRecords:
    """Bring the records of a sample of whole schools to this machine, to train on them.

    Whole schools, because features compare class-mates and because pupils of one school are alike: a sample
    of pupils would make classes look smaller than they are. Large and small schools are drawn alike, so that
    the sample holds about ``share`` of the pupils.

    Parameters
    ----------
    spark, tables, mapping, today
        See :func:`score`.
    share : float
        Of the schools, above 0 and up to 1; at least one school is drawn of every fifth by size.
    seed : int, default=0
        The same seed draws the same schools.

    Returns
    -------
    SchoolRecords
        All rows of the pupils of these schools, and the whole calendar. Rows of pupils without a usable row
        in ``students`` belong to no school and stay behind.

    Raises
    ------
    SettingsError
        If ``share`` is not above 0 and up to 1.
    """
    if not 0 < share <= 1:
        raise SettingsError(f"share is {share}; it is above 0 and up to 1.")
    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    roll, schools = given.home.roll, given.schools
    sizes = np.bincount(roll.school[roll.row >= 0], minlength=len(schools)).tolist()
    drawn = draw_schools(dict(zip(schools, sizes, strict=True)), share, seed)
    chosen = (roll.row >= 0) & np.isin(roll.school, [schools.index(school) for school in drawn])
    home: dict[str, list[Part]] = {}
    for part in given.reading.parts:
        rows = given.rows_of(part, chosen).toArrow().rename_columns(given.headers[part.name])
        home.setdefault(part.table, []).append(FramePart(rows))
    calendar = given.home.table("calendar")
    if calendar.num_rows:
        home["calendar"] = [FramePart(calendar)]
    return SchoolRecords(home, given.reading.mapping, today=given.reading.today)


def draw_schools(sizes: Mapping[str, int], share: float, seed: int) -> list[str]:
    """Draw a share of the schools of each fifth by size.

    >>> draw_schools({"a": 10, "b": 20, "c": 30, "d": 40, "e": 50}, 1.0, seed=1)
    ['a', 'b', 'c', 'd', 'e']
    """
    rng = np.random.default_rng(seed)
    ordered = sorted(sizes, key=lambda school: (sizes[school], school))
    chosen: list[str] = []
    for stratum in np.array_split(np.array(ordered, dtype=object), min(STRATA, max(len(ordered), 1))):
        number = min(max(round(share * len(stratum)), 1), len(stratum))
        chosen += rng.choice(stratum, number, replace=False).tolist()
    return sorted(chosen)


# --- What the check found, counted per block of pupils on the executors and added up by Spark ---

TALLY = pa.struct(
    dict.fromkeys(("table", "column", "rule", "severity", "detail", "detail_zh"), pa.string())
    | {"rows": pa.int64()}
)
COUNTED = ("read", "used", "set_apart")


def tally_report(report: CheckReport) -> list[dict[str, Any]]:
    """Write a report as rows to add up: one per rule, and three per table (read, used, set apart)."""
    nothing = dict.fromkeys(("column", "severity", "detail", "detail_zh"), "")
    counted = [
        {"table": table, "rule": what, "rows": getattr(counts, what), **nothing}
        for table, counts in report.counts.items()
        for what in COUNTED
    ]
    return counted + [_tallied_problem(problem) for problem in report.problems]


def _tallied_problem(problem: Problem) -> dict[str, Any]:
    """Write a problem; why an id is unknown cannot be told from the pupils of one block."""
    row = {name: getattr(problem, name) for name in ("table", "column", "severity", "rows")}
    row |= {"rule": problem.rule.code, "detail": problem.detail.en, "detail_zh": problem.detail.zh}
    if problem.table != "students" and problem.rule.name in {cause.rule for cause in CAUSES}:
        row |= {"rule": RULES["unknown_pupil"].code, "detail": "", "detail_zh": ""}
    return row


def report_of(rows: list[dict[str, Any]]) -> CheckReport:
    """Read a report back from rows that were added up; a cluster has no first row of a problem."""
    order = {name: index for index, name in enumerate(TABLES)}
    sums = {(row["table"], row["rule"]): row["rows"] for row in rows if row["rule"] in COUNTED}
    names = sorted({table for table, _ in sums}, key=order.__getitem__)
    counts = {name: Counts(*(sums[name, what] for what in COUNTED)) for name in names}
    found = sorted(
        (row for row in rows if row["rule"] not in COUNTED),
        key=lambda row: (order[row["table"]], row["rule"], row["column"], row["detail"]),
    )
    return CheckReport(tuple(map(_problem_of, found)), counts)


def _problem_of(row: dict[str, Any]) -> Problem:
    detail = Text(zh=row["detail_zh"], en=row["detail"])
    rule = RULES_BY_CODE[row["rule"]]
    return Problem(row["table"], row["column"], rule, row["rows"], None, "", row["severity"], detail)


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

    Rows are packed where they lie, and brought together by blocks of whole schools. There each block goes
    through the library's own check, features and model, so that the scores are those of
    :meth:`RiskModel.score` bit by bit. The driver holds the ``students`` table, the calendar and the model.

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
        School days of all schools, in place of those that the records tell of.
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
    given = SparkTables.of(spark, tables, mapping=mapping, today=today, as_of=as_of)
    model.refuse_real(marked=False)
    language = model.settings.language if language is None else language
    packed = given.packed().persist()
    block = _SchoolBlocks(
        reading=given.judged(packed, known=calendar),
        model=SentModel.of(spark, model),
        as_of=date_of(ordinal_of(as_of)),
        language=language,
        schema=score_schema(model, sentences, student_id=given.id_type),
    )
    return SparkScores(in_arrow(packed, block.work, block.rows).persist(), given, language, packed)


@dataclass(frozen=True, eq=False)
class _SchoolBlocks:
    """Scores blocks of whole schools on an executor."""

    reading: BlockReading
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
        for records in self.reading.blocks(batches):
            yield from self._scored(self.reading.histories(records))
            found = [row for row in tally_report(records.check()) if row["table"] not in AT_HOME]
            counted = pa.Table.from_pylist(found, schema=pa.schema(list(TALLY)))
            yield self._beside(counted, "tally")

    def _scored(self, histories: Histories) -> Iterator[pa.Table]:
        """Give the scores of a block, and a row for each pupil whose own row could not be used."""
        sentences, model = "raising" in self.schema.names, self.model.load()
        given = score_blocks(model, histories, self.as_of, sentences=sentences, language=self.language)
        batches = list(given)
        if batches:
            scores = pa.Table.from_batches(batches)
            at = scores.column_names.index("rank_in_school")  # all of a school are here
            scores = scores.set_column(at, scores.field(at), rank_column(scores))
            yield self._beside(scores.cast(self.schema), "score")
        errors = set_apart_errors(histories.set_apart, self.language)
        lost = [{"student_id": error.student_id, "error": error.to_dict()} for error in errors]
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
    packed : DataFrame
        The packed rows, which Spark keeps besides.
    """

    rows: Any
    tables: SparkTables
    language: Language
    packed: Any

    @cached_property
    def scores(self) -> Any:
        """One row per pupil, with the rank within its school."""
        scored = self._rows.where("error is null").drop("error")
        return self._without_false_warnings(scored) if "warnings" in scored.columns else scored

    @cached_property
    def errors(self) -> Any:
        """Pupils who could not be scored: ``student_id, code, field, message, hint``."""
        return self._rows.where("error is not null").select("student_id", "error.*")

    @cached_property
    def report(self) -> Any:
        """What the check found, added up: ``table, column, rule, severity, detail, detail_zh, rows``.

        For each table also how many rows were ``read``, ``used`` and ``set_apart``, in the column ``rule``.
        """
        from pyspark.sql import functions as sql

        keys = [field.name for field in TALLY][:-1]
        found = self.rows.where("tally is not null").select("tally.*")
        here = pa.Table.from_pylist(tally_report(self.tables.home.check()), schema=pa.schema(list(TALLY)))
        found = found.unionByName(self.tables.spark.createDataFrame(here))
        return found.groupBy(*keys).agg(sql.sum("rows").alias("rows"))

    def check(self) -> CheckReport:
        """Bring the report home, as :meth:`SchoolRecords.check` gives it, without first rows."""
        return report_of([row.asDict() for row in self.report.collect()])

    def release(self) -> None:
        """Let go of everything that Spark keeps for these scores."""
        for frame in (self.rows, self.packed):
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
