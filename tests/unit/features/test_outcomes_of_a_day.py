"""Several outcomes of one pupil on one day: all of them count, in an order that makes sense."""

import pandas as pd
import pytest

import dropout_risk as dr

DAYS = [str(day.date()) for day in pd.bdate_range("2024-03-01", "2024-06-28")]
PUPIL = {"school_id": "s", "class_id": "1", "grade_level": 7}


def records_of(*events):
    return dr.SchoolRecords.from_tables(
        students=[{"student_id": name, **PUPIL} for name in ("p", "q")],
        attendance=[{"student_id": "q", "date": day, "status": "present"} for day in DAYS],
        outcomes=[{"student_id": "p", "date": "2024-05-06", "event": event} for event in events],
        today="2024-07-01",
        outcomes_to="2024-06-28",
    )


@pytest.mark.parametrize("events", [("dropout", "returned"), ("returned", "dropout")])
def test_a_dropout_counts_and_the_pupil_who_returned_that_day_is_at_school(events):
    records = records_of(*events)
    labelled = dr.Cohort.on(records, ["2024-04-08"]).with_labels(records, horizon_days=30)

    assert labelled.labels.xs("p", level="student_id").tolist() == [1]
    assert dr.Cohort.on(records, ["2024-05-07"]).frame["student_id"].tolist() == ["p", "q"]


@pytest.mark.parametrize(
    ("events", "there"),
    [
        (("transferred", "returned"), True),
        (("dropout", "transferred"), False),
        (("died", "returned"), False),
    ],
)
def test_a_return_comes_last_but_nobody_returns_from_death(events, there):
    members = dr.Cohort.on(records_of(*events), ["2024-05-07"]).frame["student_id"].tolist()

    assert ("p" in members) is there


def test_outcomes_of_one_day_are_named_with_a_hint_that_can_be_followed():
    found = records_of("dropout", "returned").check().frame()

    assert found[["rule", "table", "column", "severity", "rows"]].to_numpy().tolist() == [
        ["DR150", "outcomes", "date", "warning", 2]
    ]


def test_an_outcome_that_stands_twice_is_a_copy():
    found = records_of("dropout", "dropout").check().frame()

    assert found["rule"].tolist() == ["DR112"]
