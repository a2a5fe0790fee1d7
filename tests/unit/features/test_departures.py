"""An outcome takes a pupil away, unless the registers go on to say that it came."""

import datetime as dt

import pandas as pd
import pytest

from dropout_risk.features.cohort import Cohort, came_after_outcome
from dropout_risk.histories.histories import Histories
from dropout_risk.records.checks.departures import CAME_DAYS
from dropout_risk.records.school_records import SchoolRecords
from support.outcomes import answers

DAYS = [day.date() for day in pd.bdate_range("2025-02-03", "2025-03-28")]
LEFT = dt.date(2025, 3, 3)
TODAY = "2025-03-31"


def school(after, *, event="dropout", status="present", more=(), late=None):
    """A pupil with an outcome on a Monday and so many days in the register after it, and one who stays."""
    last = DAYS[DAYS.index(LEFT) + after]
    names = [("a", last), ("b", DAYS[-1])]
    attendance = [
        {"student_id": name, "date": day, "status": status if name == "a" and day > LEFT else "present"}
        | ({"recorded_on": late if name == "a" and day > LEFT else day} if late else {})
        for name, until in names
        for day in DAYS
        if day <= until
    ]
    students = [
        {"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name, _ in names
    ]
    outcomes = [{"student_id": "a", "date": LEFT, "event": event}, *more]
    return SchoolRecords.from_tables(
        students=students, attendance=attendance, outcomes=outcomes, today=TODAY, outcomes_to="2025-03-28"
    )


def told(records):
    return [(item.table, item.rows) for item in records.check().problems if item.rule.code == "DR178"]


def members(records, day=TODAY):
    return Cohort.on(records, day).frame["student_id"].tolist()


@pytest.mark.parametrize("event", ["dropout", "transferred", "died", "graduated"])
def test_who_comes_for_a_week_after_any_departure_is_kept_and_the_check_says_so(event):
    records = school(CAME_DAYS, event=event)

    assert members(records) == ["a", "b"]
    assert told(records) == [("outcomes", 1)]


@pytest.mark.parametrize("records", [school(CAME_DAYS - 1), school(15, status="absent")])
def test_a_few_days_or_absences_after_a_departure_contradict_nothing(records):
    assert members(records) == ["b"]
    assert told(records) == []


def test_nobody_is_back_before_the_register_says_so():
    records = school(15)

    assert members(records, DAYS[DAYS.index(LEFT) + CAME_DAYS]) == ["b"]
    assert members(records, DAYS[DAYS.index(LEFT) + CAME_DAYS + 1]) == ["a", "b"]


def test_rows_entered_late_count_from_the_day_on_which_they_are_known():
    records = school(10, late=dt.date(2025, 3, 20))

    assert told(records) == [("outcomes", 1)]
    assert members(records, "2025-03-20") == ["b"]
    assert members(records, "2025-03-21") == ["a", "b"]


def test_who_returned_is_not_doubted():
    back = [{"student_id": "a", "date": LEFT + dt.timedelta(1), "event": "returned"}]
    records = school(15, more=back)

    assert told(records) == []
    assert not came_after_outcome(Histories.from_records(records).on(TODAY)).any()


def labels_of(stops, *, class_until=DAYS[-1], outcomes=None, horizon=20):
    """The label or reason of a pupil whose rows stop on a day, in a class that goes on to another."""
    place = {"school_id": "s", "class_id": "1", "grade_level": 8}
    attendance = [
        {"student_id": name, "date": day, "status": "present"}
        for name, until in (("a", stops), ("b", class_until))
        for day in DAYS
        if day <= until
    ]
    other = [{"student_id": "c", "school_id": "s", "class_id": "2", "grade_level": 8}]
    attendance += [{"student_id": "c", "date": day, "status": "present"} for day in DAYS]
    records = SchoolRecords.from_tables(
        students=[{"student_id": name} | place for name in "ab"] + other,
        attendance=attendance, outcomes=outcomes, today=TODAY, outcomes_to="2025-03-28",
    )  # fmt: skip
    return answers(Cohort.on(records, "2025-02-17").with_labels(records, horizon))["a", dt.date(2025, 2, 17)]


def test_whose_rows_stop_while_the_class_goes_on_is_no_stayer():
    assert labels_of(dt.date(2025, 2, 21)) == "attendance_stopped"
    assert labels_of(dt.date(2025, 3, 12)) == 0
    assert labels_of(dt.date(2025, 2, 21), class_until=dt.date(2025, 2, 28)) == 0


def test_a_departure_that_is_written_down_explains_why_rows_stop():
    gone = [{"student_id": "a", "date": dt.date(2025, 3, 20), "event": "dropout"}]

    assert labels_of(dt.date(2025, 2, 21), outcomes=gone) == 0
    assert labels_of(dt.date(2025, 2, 21), outcomes=gone, horizon=25) == 1
