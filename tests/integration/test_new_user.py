"""A new user with foreign frames: of a learning platform, of Ed-Fi; as pandas, Polars or Arrow."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.model_selection import cross_val_score

import dropout_risk as dr
from dropout_risk.modelling import RiskClassifier

DEMO = Path(__file__).parents[2] / "models" / "demo"
FORMS = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def platform_table(n=480):
    """Counts of clicks and words as learning platforms export them, and who failed."""
    rng = np.random.default_rng(4)
    clicks = {name: rng.integers(0, 100, n) for name in ("raisedhands", "VisITedResources", "Discussion")}
    absent = np.where(rng.random(n) < 0.4, "Above-7", "Under-7")
    X = pd.DataFrame(
        clicks | {"StageID": rng.choice(["lowerlevel", "MiddleSchool"], n), "StudentAbsenceDays": absent}
    )
    X.loc[rng.random(n) < 0.05, "Discussion"] = np.nan
    logit = 2.0 * (absent == "Above-7") - X["raisedhands"] / 40 + rng.logistic(size=n)
    return X, (logit > 0.3).astype(int)


@pytest.fixture(scope="module")
def fitted():
    X, y = platform_table()
    return RiskClassifier("logistic", leaks="ignore").fit(X, y)


@forms
def test_a_platform_table_of_any_kind_gives_the_same_risks_and_reasons(fitted, form):
    X, _ = platform_table()
    told, asked = form(X), form(X[X.columns[::-1]])

    assert np.array_equal(fitted.predict_proba(told), fitted.predict_proba(X))
    assert np.array_equal(fitted.predict_proba(asked), fitted.predict_proba(X)), "columns are read by name"
    reasons = fitted.explain(told)
    risk = fitted.predict_proba(X)[:, 1]
    assert np.allclose(reasons.base_values + reasons.values.sum(axis=1), np.log(risk / (1 - risk)))


@forms
def test_a_fit_on_any_kind_of_frame_is_the_same_fit(fitted, form):
    X, y = platform_table()
    again = RiskClassifier("logistic", leaks="ignore").fit(form(X), y)

    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_scikit_learn_judges_it_as_any_other_and_it_has_learned_something():
    X, y = platform_table()
    scores = cross_val_score(RiskClassifier("logistic", leaks="ignore"), X, y, cv=3, scoring="roc_auc")

    assert scores.mean() > 0.7


def test_a_column_of_sex_is_told_where_nobody_declares_the_columns():
    X, y = platform_table()
    X["gender"] = np.where(np.arange(len(X)) % 2, "F", "M")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        RiskClassifier("logistic").fit(X, y)

    assert any("gender" in str(warning.message) for warning in told)


# --- Ed-Fi's flat tables, as a query of its database gives them ---

URI = "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"
MAPPING = {
    "columns": {
        "all": {"studentUniqueId": "student_id", "schoolId": "school_id", "eventDate": "date"},
        "students": {"entryGradeLevel": "grade_level", "homeroom": "class_id", "entryDate": "enrolled_on"},
        "attendance": {"attendanceEventCategoryDescriptor": "status"},
        "grades": {
            "beginDate": "date",
            "academicSubject": "subject",
            "assessment": "exam",
            "points": "score",
        },
    },
    "words": {
        "status": {
            f"{URI}In Attendance": "present",
            f"{URI}Unexcused Absence": "absent",
            f"{URI}Tardy": "late",
        },
        "grade_level": {"Eighth grade": 8},
    },
    "ignored_words": {"status": [f"{URI}Non-instructional"]},
    "filters": {"grades": {"assessmentType": {"not": ["Practice"]}}},
    "joins": {"grades": {"file": "gradingPeriods", "on": "gradingPeriodId"}},
    "constants": {"grades": {"taken": "taken"}},
    "max_score": 100,
}


def edfi_tables(n=40):
    rng = np.random.default_rng(2)
    days = pd.bdate_range("2024-09-02", periods=60).strftime("%Y-%m-%d")
    pupils = [f"604{number:04d}" for number in range(n)]
    words = np.array(["In Attendance", "Unexcused Absence", "Tardy", "Non-instructional"])
    shares, periods = [0.87, 0.08, 0.04, 0.01], {"gradingPeriodId": [1, 2]}
    events = pd.DataFrame({
        "studentUniqueId": np.repeat(pupils, len(days)), "eventDate": np.tile(days, n),
        "attendanceEventCategoryDescriptor": URI + pd.Series(rng.choice(words, n * len(days), p=shares)),
    })  # fmt: skip
    events = events[~(events["eventDate"].eq(days[9]))]
    marks = pd.DataFrame({
        "studentUniqueId": np.repeat(pupils, 2), "gradingPeriodId": np.tile([1, 2], n),
        "academicSubject": "Mathematics",
        "assessment": np.tile(["quarter 1", "quarter 2"], n), "points": rng.integers(30, 100, 2 * n),
        "assessmentType": np.where(rng.random(2 * n) < 0.1, "Practice", "State"),
    })  # fmt: skip
    return {
        "students": pd.DataFrame({"studentUniqueId": pupils, "schoolId": 255901001, "homeroom": "8A",
                                  "entryGradeLevel": "Eighth grade", "entryDate": "2024-09-01"}),
        "attendance": events,
        "grades": marks,
        "gradingPeriods": pd.DataFrame(periods | {"beginDate": ["2024-10-01", "2024-11-05"]}),
    }  # fmt: skip


def edfi_records(form):
    tables = {name: form(frame.reset_index(drop=True)) for name, frame in edfi_tables().items()}
    return dr.SchoolRecords.from_tables(mapping=MAPPING, today="2025-01-01", **tables)


@forms
def test_flat_tables_of_edfi_read_alike_from_any_kind_of_frame(form):
    records = edfi_records(form)
    own = edfi_tables()

    assert records.fingerprint == edfi_records(FORMS["pandas"]).fingerprint
    assert not len(records.unknown_words())
    assert not len(records.quarantine), records.check()
    assert records.table("grades").num_rows == int((own["grades"]["assessmentType"] == "State").sum())
    closed = own["attendance"]["attendanceEventCategoryDescriptor"].str.endswith("Non-instructional").sum()
    assert records.table("attendance").num_rows == len(own["attendance"]) - closed


def test_from_edfi_to_a_watch_list_with_the_model_that_is_shipped():
    records = edfi_records(FORMS["polars"])
    X = dr.build_features(records, dr.Cohort.on(records, "2024-11-25"))
    with pytest.raises(dr.DropoutRiskError, match="simulated pupils"):
        dr.RiskModel.load(DEMO, allow_synthetic=False).score(records, "2024-11-25")
    model = dr.RiskModel.load(DEMO, allow_synthetic=True)
    scores = model.score(records, "2024-11-25", language="en")
    labels = [feature.label.to("en") for feature in model.catalogue.values()]

    assert len(X) == len(scores) == 40
    assert scores.explanation(labels="en").feature_names == labels
    assert scores.explanation().feature_names == model.catalogue.names
    assert dr.WatchList.of(scores).counts()
    assert scores.to_dict()["model"]["synthetic"] is True
