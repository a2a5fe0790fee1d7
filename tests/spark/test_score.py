"""Scores of a cluster are those of one machine, however the rows lie and whatever fails on the way."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dropout_risk import spark as on_spark
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.school_records import SchoolRecords
from spark.agreement import counted, differences, local_rows, spark_rows
from spark.conftest import AS_OF

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@pytest.fixture(scope="module")
def model(risk_model):
    """A model that takes a school hundreds of kilometres away for a wrong unit."""
    declared = risk_model.catalogue.to_list()
    for feature in declared:
        if feature["name"] == "distance_km":
            feature["valid_range"] = [0, 100]
    return replace(risk_model, version="near", catalogue=FeatureCatalogue.from_list(declared))


@pytest.fixture(scope="module")
def expected(model, records):
    return local_rows(model, records, AS_OF)


def scored(spark, tables, model, today, **options):
    scores = on_spark.score(spark, tables, model, AS_OF, today=today, **options)
    found = spark_rows(scores)
    scores.release()
    return found


def without(tables, *names):
    return {name: table for name, table in tables.items() if name not in names}


def test_everything_is_that_of_one_machine_bit_by_bit(spark, paths, model, records, today):
    scores = on_spark.score(spark, paths, model, AS_OF, today=today)
    alone = model.score(records, AS_OF)

    assert len(alone.pupils) > 60
    assert differences(spark_rows(scores), local_rows(model, records, AS_OF)) == []
    given = {(row.student_id, row.code, row.field, row.message, row.hint) for row in scores.errors.collect()}
    assert given == {(e.student_id, e.code, e.field, e.message, e.hint) for e in alone.errors}
    assert {code for _, code, *_ in given} == {"DR199", "DR203"}
    report = scores.check()
    assert counted(report) == counted(records.check())
    assert {"DR102", "DR103", "DR107", "DR112", "DR114", "DR115"} <= {p.rule.code for p in report.problems}
    scores.release()


def test_school_days_told_by_attendance_alone_are_found_first(spark, frames, arrow, model, today):
    few = without(frames, "calendar", "grades", "wellbeing")
    records = SchoolRecords.from_tables(**without(arrow, "calendar", "grades", "wellbeing"), today=today)

    assert differences(scored(spark, few, model, today), local_rows(model, records, AS_OF)) == []


def test_a_calendar_that_is_known_already_is_not_looked_for(spark, frames, arrow, model, today):
    few = {name: frames[name] for name in ("students", "attendance")}
    records = SchoolRecords.from_tables(**{name: arrow[name] for name in few}, today=today)
    calendar = on_spark.school_calendar(spark, few, today=today)

    assert calendar.schools == records.calendar.schools
    assert calendar.days.tolist() == records.calendar.days.tolist()
    assert calendar.known.tolist() == records.calendar.known.tolist()
    found = scored(spark, few, model, today, calendar=calendar)
    assert differences(found, local_rows(model, records, AS_OF)) == []


@pytest.mark.parametrize("week", [None, "china"])
def test_a_calendar_of_exceptions_is_completed_as_on_one_machine(spark, arrow, today, week):
    day = pc.cast(arrow["attendance"]["date"], pa.int32())
    kept = arrow["attendance"].filter(pc.not_equal(pc.bit_wise_and(day, 3), 0))  # three days of four
    last = pc.max(kept["date"]).as_py()
    exceptions = pa.table({"date": [last - dt.timedelta(20)], "is_school_day": [False]})
    tables = {"students": arrow["students"], "attendance": kept, "calendar": exceptions}
    mapping = {"calendar": {"week": week}} if week else None
    records = SchoolRecords.from_tables(**tables, today=today, mapping=mapping)
    given = {name: spark.createDataFrame(table.to_pandas()) for name, table in tables.items()}
    calendar = on_spark.school_calendar(spark, given, today=today, mapping=mapping)

    assert records.calendar.lengths.sum() > records.attended_days.lengths.sum()
    assert calendar.days.tolist() == records.calendar.days.tolist()
    assert calendar.known.tolist() == records.calendar.known.tolist()


SHAPED = {
    "constants": {"grades": {"exam": "midterm"}},
    "filters": {"attendance": {"part": ["here"]}},
    "ignored_words": {"subject": ["chinese"]},
    "spans": {"attendance": {"first": "from", "last": "to"}},
    "calendar": {"week": "weekdays"},
    "unrecorded": "unknown",
}


def test_a_mapping_that_shapes_tables_is_followed_as_on_one_machine(spark, arrow, model, today):
    attendance = arrow["attendance"].drop_columns(["session", "recorded_on"])
    part = pa.array(["here" if k % 7 else "elsewhere" for k in range(len(attendance))])
    day = attendance["date"]
    spans = attendance.drop_columns(["date"]).append_column("from", day).append_column("to", day)
    tables = {
        "students": arrow["students"],
        "attendance": spans.append_column("part", part),
        "grades": arrow["grades"].drop_columns(["exam"]),
    }
    records = SchoolRecords.from_tables(**tables, today=today, mapping=SHAPED)
    given = {name: spark.createDataFrame(table) for name, table in tables.items()}

    assert 0 < len(records.table("grades")) < len(arrow["grades"])
    found = scored(spark, given, model, today, mapping=SHAPED)
    assert differences(found, local_rows(model, records, AS_OF)) == []


def test_a_join_is_refused_with_what_to_do(spark, frames, model, today):
    mapping = {"joins": {"grades": {"file": "exams", "on": "exam"}}}
    with pytest.raises(SettingsError, match=r"asks for grades") as refused:
        on_spark.score(spark, frames, model, AS_OF, today=today, mapping=mapping)

    assert "marks.join(" in refused.value.hint


def test_rows_in_any_order_in_any_partitions_give_the_same(spark, frames, model, expected, today):
    from pyspark.sql import functions as sql

    spread = {name: frame.orderBy(sql.rand(4)).repartition(7) for name, frame in frames.items()}

    assert differences(scored(spark, spread, model, today), expected) == []


def test_more_partitions_than_classes_leave_empty_ones_and_give_the_same(spark, frames, arrow, model, today):
    few = {"students": frames["students"].coalesce(1), "attendance": frames["attendance"].repartition(200)}
    records = SchoolRecords.from_tables(**{name: arrow[name] for name in few}, today=today)
    with settings(spark, {"spark.sql.shuffle.partitions": 24}):
        found = scored(spark, few, model, today, calendar=records.calendar)

    assert len(set(arrow["students"]["class_id"].to_pylist())) < 24
    assert differences(found, local_rows(model, records, AS_OF)) == []


def test_one_school_with_nearly_everyone_gives_the_same(spark, frames, arrow, model, today):
    from pyspark.sql import functions as sql

    school = pc.coalesce(arrow["students"]["school_id"], pa.scalar("none")).to_pylist()[0]
    ids = arrow["students"]["student_id"].to_pylist()
    few = set(ids[::10])
    moved = [None if student is None else ("small" if student in few else school) for student in ids]
    students = arrow["students"].drop(["school_id"]).append_column("school_id", pa.array(moved))
    records = SchoolRecords.from_tables(**(arrow | {"students": students}), today=today)
    skewed = frames["students"].withColumn(
        "school_id", sql.when(sql.col("student_id").isin(sorted(few)), "small").otherwise(school)
    )

    found = scored(spark, frames | {"students": skewed}, model, today)
    assert differences(found, local_rows(model, records, AS_OF)) == []
    assert max(row["rank_in_school"] for row in found.values()) > 0.8 * len(found)


def test_tasks_that_fail_and_workers_that_die_change_nothing(spark, frames, model, expected, records, today):
    failing = {
        name: frame.mapInArrow(first_attempt("raises"), frame.schema) if name == "attendance" else frame
        for name, frame in frames.items()
    }
    scores = on_spark.score(spark, failing, model, AS_OF, today=today)
    scores.rows.unpersist()
    dying = scores.rows.mapInArrow(first_attempt("dies"), scores.rows.schema).persist()
    scores = replace(scores, rows=dying)

    assert differences(spark_rows(scores), expected) == []
    assert counted(scores.check()) == counted(records.check())
    scores.release()


@pytest.mark.parametrize("kind", [pa.int32(), pa.float64()])
def test_whole_numbers_as_ids_stay_numbers(spark, arrow, model, today, kind):
    names = ("students", "attendance", "grades")
    ids = sorted({student for name in names for student in arrow[name]["student_id"].to_pylist() if student})
    number = {student: place * 7 + 1 for place, student in enumerate(ids)}
    numbered = {}
    for name in names:
        table = arrow[name]
        own = [number.get(student) for student in table["student_id"].to_pylist()]
        place = table.column_names.index("student_id")
        numbered[name] = table.set_column(place, "student_id", pa.array(own, kind))
    texts = numbered["grades"]["student_id"].cast(pa.int64()).cast(pa.string())
    padded = pc.binary_join_element_wise("\u3000", texts, "\t", "")
    grades = numbered["grades"].drop(["student_id"]).append_column("student_id", padded)
    numbered["grades"] = grades
    records = SchoolRecords.from_tables(**numbered, today=today)
    given = {name: spark.createDataFrame(table) for name, table in numbered.items()}

    found = scored(spark, given, model, today, sentences=False)
    assert {type(student) for student in found} == {int}
    assert {student: row["log_odds"] for student, row in found.items()} == {
        student: row["log_odds"] for student, row in local_rows(model, records, AS_OF).items()
    }


def test_records_under_chinese_headers_are_read_through_the_mapping(spark, arrow, model, today):
    mapping = {"columns": {"students": {"学籍号": "student_id"}}, "words": {"status": {"来": "present"}}}
    attendance = arrow["attendance"]
    status = pc.replace_substring_regex(attendance["status"], "^present$", "来")
    attendance = attendance.drop(["status"]).append_column("考勤状态", status)
    students = arrow["students"].rename_columns(
        ["学籍号" if name == "student_id" else name for name in arrow["students"].column_names]
    )
    given = {"学生": students, "考勤_2024": attendance.slice(0, 4000), "考勤_2025": attendance.slice(4000)}
    records = SchoolRecords.from_tables(mapping=mapping, today=today, **given)
    frames = {name: spark.createDataFrame(table) for name, table in given.items()}

    scores = on_spark.score(spark, frames, model, AS_OF, mapping=mapping, today=today)
    assert differences(spark_rows(scores), local_rows(model, records, AS_OF)) == []
    assert counted(scores.check()) == counted(records.check())
    scores.release()


def test_a_table_without_a_required_column_is_set_apart_as_on_one_machine(spark, arrow, model, today):
    given = {"students": arrow["students"], "attendance": arrow["attendance"].rename_columns(
        ["state" if name == "status" else name for name in arrow["attendance"].column_names])}  # fmt: skip
    records = SchoolRecords.from_tables(today=today, **given)
    frames = {name: spark.createDataFrame(table) for name, table in given.items()}

    scores = on_spark.score(spark, frames, model, AS_OF, today=today, sentences=False)
    assert counted(scores.check()) == counted(records.check())
    assert scores.check().counts["attendance"].used == 0
    scores.release()


def test_what_cannot_be_read_is_named_before_anything_runs(spark, frames, model):
    with pytest.raises(RecordsError, match="no table 'students'"):
        on_spark.score(spark, without(frames, "students"), model, AS_OF)
    with pytest.raises(RecordsError, match="'attendances'"):
        on_spark.score(spark, frames | {"attendances": frames["attendance"]}, model, AS_OF)
    with pytest.raises(RecordsError, match="was given as list"):
        on_spark.score(spark, {"students": []}, model, AS_OF)
    with pytest.raises(RecordsError, match="school_id"):
        on_spark.score(spark, {"students": frames["students"].drop("school_id")}, model, AS_OF)


class settings:  # noqa: N801
    """Settings of Spark for a while."""

    def __init__(self, spark, values):
        self.spark, self.values = spark, values

    def __enter__(self):
        self.before = {name: self.spark.conf.get(name) for name in self.values}
        for name, value in self.values.items():
            self.spark.conf.set(name, value)

    def __exit__(self, *_):
        for name, value in self.before.items():
            self.spark.conf.set(name, value)


def first_attempt(end):
    """Pass batches on; after the first one, fail or die where the task is tried for the first time."""

    def run(batches):  # goes to the workers, which know nothing of this file
        import os
        import signal

        from pyspark import TaskContext

        for batch in batches:
            yield batch
            if TaskContext.get().attemptNumber() == 0:
                if end == "dies":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError("the disk is gone")

    return run
