"""One small Spark for all of these tests, and a district as untidy as real ones."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.spark.session import local_session
from support import machine
from support.districts import untidy_tables

AS_OF = "2025-02-24"


@pytest.fixture(scope="session")
def spark():
    """Two tasks at a time, four attempts each, one JVM compiler: it lives for seconds."""
    machine.require(machine.JAVA)
    session = local_session(
        2,
        memory="512m",
        spark_sql_shuffle_partitions=3,
        spark_sql_execution_arrow_maxRecordsPerBatch=50,
        spark_driver_extraJavaOptions="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        spark_sql_codegen_wholeStage="false",
        spark_sql_adaptive_enabled="false",
    )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def tables():
    """Corrections, late rows, sessions, totals; pupils without class or school; rows that cannot be used."""
    frames, last_day = untidy_tables(100, 5, 140)
    frames = {name: frame.reset_index(drop=True) for name, frame in frames.items()}
    students = frames["students"]
    here = students["left_on"].isna()
    # one school has listed days; of the others only attendance tells
    number = students["class_id"].astype("category").cat.codes
    moved = students["school_id"].notna() & (number % 3 > 0)
    students.loc[moved, "school_id"] = [f"s-9{code % 5}" for code in number[moved]]
    few = students.index[here][:6]
    students.loc[few[:2], "left_on"] = dt.date(1990, 1, 1)
    students.loc[few[:2], "enrolled_on"] = dt.date(2024, 9, 1)
    students.loc[few[2:4], "distance_km"] = 200.0
    attendance = frames["attendance"]
    strangers = attendance.head(9).assign(student_id=[f"stranger {number % 4}" for number in range(9)])
    nobody = attendance.head(3).assign(student_id=None)
    twice = attendance.iloc[50:60]
    wrong = attendance.iloc[90:95].assign(status="half there")
    frames["attendance"] = pd.concat([attendance, strangers, nobody, twice, wrong], ignore_index=True)
    frames["grades"]["remark"] = "seen"
    return {
        name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()
    }, last_day


@pytest.fixture(scope="session")
def today(tables):
    return tables[1]


@pytest.fixture(scope="session")
def arrow(tables):
    return tables[0]


@pytest.fixture(scope="session")
def records(arrow, today):
    return SchoolRecords.from_tables(**arrow, today=today, outcomes_to=today)


@pytest.fixture(scope="session")
def paths(arrow, tmp_path_factory):
    """The tables as folders of Parquet files; a pupil's rows lie in all of them."""
    folder = tmp_path_factory.mktemp("district")
    for name, table in arrow.items():
        (folder / name).mkdir()
        for part in range(2):
            rows = list(range(part, table.num_rows, 2))
            pq.write_table(table.take(rows), folder / name / f"part-{part}.parquet")
    return {name: str(folder / name) for name in arrow}


@pytest.fixture(scope="session")
def frames(spark, paths):
    return {name: spark.read.parquet(path) for name, path in paths.items()}
