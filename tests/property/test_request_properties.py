"""Whatever the records hold, the request that the library writes of them is one that the endpoint takes."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving.gate.body import SCORE

from dropout_risk.errors import (
    EmptyListError,
    SettingsError,
    TooManyRowsError,
    UnknownPupilError,
)
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.request import histories_of_request, request_of
from support.districts import tidy_tables, untidy_district

ODD = st.sampled_from(
    [None, float("nan"), float("inf"), -1, 0, 0.5, 1e308, "", " ", "?", "no", 7, "2999-01-01"]
)
TABLES = ("students", "attendance", "attendance_totals", "grades", "wellbeing", "family", "discipline")


def taken(body):
    return SCORE.read(json.dumps(body).encode())


def ids_of(records):
    return records.table("students")["student_id"].to_pylist()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_request_of_a_spoiled_district_is_taken_by_the_endpoint(data):
    frames, last_day = tidy_tables(30, 11, 60)
    names = [name for name in TABLES if name in frames]
    spoiled = {name: frame.copy() for name, frame in frames.items()}
    for _ in range(data.draw(st.integers(1, 6))):
        table = data.draw(st.sampled_from(names))
        column = data.draw(st.sampled_from([c for c in spoiled[table].columns if c != "student_id"]))
        rows = np.arange(len(spoiled[table])) % data.draw(st.integers(1, 5)) == 0
        spoiled[table][column] = spoiled[table][column].astype(object).mask(rows, data.draw(ODD))
    texts = {
        name: pa.table(
            {c: pa.array([None if pd.isna(v) else str(v) for v in frame[c]], pa.string()) for c in frame}
        )
        for name, frame in spoiled.items()
    }
    records = SchoolRecords.from_tables(**texts, today=last_day)
    body = request_of(records, ids_of(records)[:20], last_day)
    assert taken(body) == body
    assert len(histories_of_request(body).student_ids) == len(body["students"])


@pytest.mark.parametrize("seed", [5, 6])
def test_a_request_of_an_untidy_district_is_taken_by_the_endpoint(seed):
    records = untidy_district(seed=seed)
    assert taken(request_of(records, ids_of(records)[:150], "2025-03-03"))


def test_a_refused_test_is_written_as_invalid():
    students = [{"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}]
    test = {"student_id": "a", "date": "2025-02-10", "instrument": "MHT", "scale": "total"}
    records = SchoolRecords.from_tables(
        students=students, wellbeing=[test | {"score": None}], today="2025-03-03"
    )
    body = taken(request_of(records, ["a"], "2025-03-03"))
    assert body["students"][0]["wellbeing"][0] | {"recorded_on": ""} == {
        "date": "2025-02-10", "instrument": "MHT", "scale": "total", "score": 0, "valid": False,
        "recorded_on": "",
    }  # fmt: skip


def test_a_request_that_the_endpoint_would_refuse_is_not_written():
    students = pd.DataFrame({"student_id": range(201), "school_id": "s", "class_id": "c", "grade_level": 8})
    marks = pd.DataFrame(
        {
            "student_id": 0,
            "date": "2025-02-10",
            "subject": "s",
            "exam": np.arange(2001).astype(str),
            "score": 1,
        }
    ).assign(max_score=2)
    records = SchoolRecords.from_tables(students=students, grades=marks, today="2025-03-03")
    for ids, language, error in (
        ([], "zh", EmptyListError),
        (range(201), "zh", TooManyRowsError),
        ([0], "zh", TooManyRowsError),
        (["1"], "zh", UnknownPupilError),
        ([1], "fr", SettingsError),
    ):
        with pytest.raises(error):
            request_of(records, ids, "2025-03-03", language)
    assert taken(request_of(records, range(1, 201), "2025-03-03"))
