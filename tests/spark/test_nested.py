"""Rows of a pupil are brought together, and those of nobody are not."""

import pytest

from dropout_risk.spark.nested import SparkTables

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


def test_rows_without_an_id_are_spread_and_none_is_lost(spark, frames, today):
    from pyspark.sql import functions as sql

    attendance = frames["attendance"]
    nobody = attendance.limit(600).withColumn("student_id", sql.lit(None).cast("string"))
    tables = {"students": frames["students"], "attendance": attendance.unionByName(nobody)}
    given = SparkTables.of(spark, tables, today=today)
    (column,) = [part.column for part in given.reading.parts if part.table == "attendance"]

    nested = given.by_class().where("key is null")
    sizes = [row[0] for row in nested.select(sql.size(column)).collect()]
    given.roster.unpersist()

    assert sum(sizes) == 600 + attendance.where("student_id is null").count()
    assert max(sizes) < 60
