import datetime as dt
import math

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features, compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring import request
from support.agreement import same_bits, same_histories
from support.districts import untidy_tables

AS_OF = "2025-03-03"
CATALOGUE = default_catalogue()
LISTS = [name for name, table in TABLES.items() if table.in_request]


@pytest.fixture(scope="module")
def frames():
    """Rows drawn soon after the date, without refused tests: a request cannot bring those."""
    found, _ = untidy_tables()
    found = dict(found) | {"wellbeing": found["wellbeing"].dropna(subset="score")}
    until = {"attendance_totals": "period_end", "family": "valid_from", "students": None}
    return {
        name: frame if name == "students" else frame[frame[until.get(name, "date")] < dt.date(2025, 5, 5)]
        for name, frame in found.items()
    }


@pytest.fixture(scope="module")
def given(frames):
    return Histories.from_records(from_frames(frames))


def from_frames(tables):
    return SchoolRecords.from_tables(**tables, today="2025-12-31")


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


def csv_folder(frames, folder):
    for name, frame in frames.items():
        pyarrow.csv.write_csv(arrow(frame), folder / f"{name}.csv")


def parquet_folder(frames, folder):
    for name, frame in frames.items():
        pq.write_table(arrow(frame), folder / f"{name}.parquet")


def folder_of_parts(frames, folder):
    for name, frame in frames.items():
        (folder / name).mkdir()
        for part in range(3):
            pq.write_table(arrow(frame.iloc[part::3]), folder / name / f"part-{part}.parquet")


@pytest.mark.parametrize("write", [csv_folder, parquet_folder, folder_of_parts])
def test_files_and_frames_make_the_same_histories(frames, given, tmp_path, write):
    write(frames, tmp_path)
    read = Histories.from_records(SchoolRecords.from_folder(tmp_path, today="2025-12-31"))

    assert same_histories(read, given) == []


@pytest.mark.parametrize("turn", [lambda frame: pl.from_arrow(arrow(frame)), arrow], ids=["polars", "arrow"])
def test_every_kind_of_frame_makes_the_same_histories(frames, given, turn):
    turned = from_frames({name: turn(frame) for name, frame in frames.items()})

    assert same_histories(Histories.from_records(turned), given) == []


def test_timestamps_and_texts_are_dates_too(frames, given):
    def written(frame, form):
        days = [
            name for name in frame.columns if name.endswith(("_on", "date", "_from", "_to", "_start", "_end"))
        ]
        return frame.assign(**{name: form(pd.to_datetime(frame[name])) for name in days})

    stamps = {name: written(frame, lambda days: days) for name, frame in frames.items()}
    texts = {
        name: written(frame, lambda days: days.dt.strftime("%Y-%m-%d")) for name, frame in frames.items()
    }

    assert same_histories(Histories.from_records(from_frames(stamps)), given) == []
    assert same_histories(Histories.from_records(from_frames(texts)), given) == []


def plain(row):
    """A row as JSON has it: dates as text, nothing for what is missing."""
    there = {
        key: value
        for key, value in row.items()
        if not (value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)))
    }
    return {key: value.isoformat() if isinstance(value, dt.date) else value for key, value in there.items()}


def body(frames, ids):
    """The request for some pupils, made from the same rows."""
    lists = {
        name: {student: [plain(row) for row in rows.drop(columns="student_id").to_dict("records")]
               for student, rows in frames[name].groupby("student_id")}
        for name in LISTS
    }  # fmt: skip
    columns = [
        "student_id",
        "school_id",
        "class_id",
        "grade_level",
        "enrolled_on",
        "left_on",
        "boarding",
        "distance_km",
    ]
    students = frames["students"].set_index("student_id", drop=False).loc[ids, columns].to_dict("records")
    rows = [
        plain(student) | {name: lists[name].get(student["student_id"], []) for name in LISTS}
        for student in students
    ]
    schools = frames["students"].set_index("student_id")["school_id"]
    told = frames["discipline"]["recorded_on"] < dt.date.fromisoformat(AS_OF)
    keeping = set(frames["discipline"].loc[told, "student_id"].map(schools))
    for row in rows:
        if row.get("school_id") not in keeping:
            del row["discipline"]
    return {"as_of": AS_OF, "students": rows}


def test_a_request_makes_the_features_of_the_batch(frames, given):
    whole = compute_features(given, AS_OF, CATALOGUE)
    order = [*range(40, 0, -3), *range(60, 90)]
    asked = request.Request(body(frames, [given.student_ids[row] for row in order]))
    records = SchoolRecords.from_tables(today=dt.date.max, calendar=frames["calendar"], **asked.tables)
    histories = request._request_histories(asked, records, request.OwnDays.of(records))
    values = compute_features(histories, AS_OF, CATALOGUE, context=whole.context).values
    places = [int(name) for name in histories.student_ids]

    assert same_bits(values, whole.values[[order[place] for place in places]])


def test_saved_histories_and_records_make_the_same_features(frames, given, tmp_path):
    records = from_frames(frames)
    cohort = Cohort.on(records, AS_OF)
    loaded = Histories.load(given.save(tmp_path))

    assert same_bits(build_features(loaded, cohort), build_features(records, cohort))
