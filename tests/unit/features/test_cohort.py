import datetime as dt

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import DateError, RecordsError
from dropout_risk.features.cohort import Cohort
from dropout_risk.records.school_records import SchoolRecords
from support.districts import tidy_district, tidy_tables, untidy_district
from support.outcomes import answers, label_of
from support.plain import PlainDistrict

MONDAY = dt.date(2025, 3, 3)
DAYS = [day.date() for day in pd.bdate_range("2025-02-03", "2025-05-30")]


def school(outcomes=(), *, observed_to=DAYS[-1], outcomes_to="2025-12-31", **students):
    """One school with pupils named by keyword, and an anchor who is there every day."""
    rows = [
        {"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} | row
        for name, row in students.items()
    ]
    anchor = {"student_id": "zz", "school_id": "s", "class_id": "1", "grade_level": 8}
    attendance = [
        {"student_id": "zz", "date": day, "status": "present"} for day in DAYS if day <= observed_to
    ]
    events = [{"student_id": name, "date": day, "event": event} for name, day, event in outcomes]
    return SchoolRecords.from_tables(
        students=[*rows, anchor],
        attendance=attendance,
        outcomes=events or None,
        today="2025-12-31",
        outcomes_to=outcomes_to,
    )


def members(records, as_of=MONDAY):
    return [name for name in Cohort.on(records, as_of).frame["student_id"] if name != "zz"]


def label(records, horizon=10, as_of=MONDAY, events=("dropout",)):
    return answers(Cohort.on(records, as_of).with_labels(records, horizon, events)).get(("a", as_of))


def school_day(number, start=MONDAY):
    return DAYS[DAYS.index(start) + number]


@pytest.mark.parametrize(
    "as_of", ["2024-09-02", "2024-11-16", "2025-03-03", "2025-07-20", "2025-10-13", "2026-03-01"]
)
def test_cohort_and_labels_equal_a_plain_walk_through_the_records(as_of):
    records, day = untidy_district(), dt.date.fromisoformat(as_of)
    district = PlainDistrict(records)
    expected = {
        (known.pupil["student_id"], day): label_of(
            known, district.days_of(known.pupil), district.observed_for(known.pupil), 40
        )
        for known in district.on(day)
        if known.is_member
    }

    assert answers(Cohort.on(records, day).with_labels(records, 40)) == expected


def test_the_walk_meets_leavers_stayers_and_every_reason_to_censor():
    records = untidy_district()
    cohort = Cohort.on(records, ["2024-11-16", "2025-03-03", "2025-10-13"]).with_labels(records, 40)

    assert set(cohort.labels) == {0, 1}
    assert {"transferred", "horizon_not_observed"} <= set(cohort.censored["reason"])


@pytest.mark.parametrize(
    ("row", "there"),
    [
        ({"enrolled_on": MONDAY}, True),
        ({"enrolled_on": MONDAY + dt.timedelta(1)}, False),
        ({"left_on": MONDAY}, False),
        ({"left_on": MONDAY + dt.timedelta(1)}, True),
        ({}, True),
    ],
)
def test_enrolment_and_leaving_decide_who_is_at_school(row, there):
    assert members(school(a=row)) == ["a"] * there


@pytest.mark.parametrize("event", ["dropout", "transferred", "graduated", "died"])
def test_who_is_gone_before_the_date_is_not_in_the_cohort(event):
    assert members(school([("a", MONDAY - dt.timedelta(1), event)], a={})) == []
    assert members(school([("a", MONDAY, event)], a={})) == ["a"]


def test_who_returned_is_back_and_a_suspicion_takes_nobody_out():
    back = [("a", DAYS[1], "dropout"), ("a", DAYS[3], "returned")]

    assert members(school(back, a={})) == ["a"]
    assert members(school([*back, ("a", DAYS[5], "dropout")], a={})) == []
    assert members(school([("a", DAYS[1], "suspected_dropout")], a={})) == ["a"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [(MONDAY, 1), (school_day(9), 1), (school_day(10), 0), (school_day(9) + dt.timedelta(1), 0)],
    ids=["on the date", "last day of the window", "first day after", "week-end after"],
)
def test_a_dropout_counts_from_the_date_to_the_last_day_of_the_window(day, expected):
    assert label(school([("a", day, "dropout")], a={})) == expected


@pytest.mark.parametrize(("offset", "expected"), [(0, 1), (9, 1), (10, 0)])
def test_a_label_asked_on_a_saturday_counts_from_the_monday_after(offset, expected):
    saturday = MONDAY - dt.timedelta(2)

    assert label(school([("a", school_day(offset), "dropout")], a={}), as_of=saturday) == expected


def test_a_label_counts_only_when_its_last_day_has_been_observed():
    records = [("a", MONDAY, "dropout")]

    assert label(school(records, observed_to=school_day(9), a={})) == 1
    assert label(school(records, observed_to=school_day(8), a={})) == "horizon_not_observed"


def two_schools(other):
    """Schools s and t on one calendar: s sends attendance every day, t what is given."""
    students = [
        {"student_id": name, "school_id": school, "class_id": "1", "grade_level": 8}
        for name, school in (("zz", "s"), ("a", "t"))
    ]
    attendance = [{"student_id": "zz", "date": day, "status": "present"} for day in DAYS]
    attendance += [{"student_id": "a", "date": day, "status": "present"} for day in other]
    days = [{"school_id": school, "date": day, "is_school_day": True} for school in "st" for day in DAYS]
    declared = {"today": "2025-12-31", "outcomes_to": "2025-12-31"}
    return {"students": students, "attendance": attendance, "calendar": days} | declared


def test_a_school_that_stops_sending_attendance_has_no_observed_horizon_after_that():
    until = {number: DAYS[: DAYS.index(MONDAY) + number] for number in (9, 10)}

    assert label(SchoolRecords.from_tables(**two_schools(until[9]))) == "horizon_not_observed"
    assert label(SchoolRecords.from_tables(**two_schools(until[10]))) == 0


def test_a_school_without_attendance_is_observed_to_its_last_mark_or_else_as_the_records_are():
    mark = {"student_id": "a", "subject": "maths", "exam": "e", "score": 40, "max_score": 100}
    mark |= {"date": school_day(8)}

    assert label(SchoolRecords.from_tables(**two_schools([]))) == 0
    assert label(SchoolRecords.from_tables(**two_schools([]), grades=[mark])) == "horizon_not_observed"
    later = mark | {"date": school_day(9)}
    assert label(SchoolRecords.from_tables(**two_schools([]), grades=[later])) == 0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (("transferred",), "transferred"),
        (("died",), "died"),
        (("transferred", "died"), "transferred"),
        (("transferred", "dropout"), "transferred"),
        (("dropout", "transferred"), 1),
        (("dropout", "returned"), 1),
        (("graduated",), 0),
        (("graduated", "transferred"), 0),
        (("suspected_dropout",), 0),
        (("suspected_dropout", "returned"), 0),
    ],
)
def test_what_comes_first_in_the_window_decides(events, expected):
    outcomes = [("a", school_day(place + 1), event) for place, event in enumerate(events)]

    assert label(school(outcomes, a={})) == expected


def test_leaving_without_an_outcome_is_neither_staying_nor_dropping_out():
    inside, after = school_day(4), school_day(10)

    assert label(school(a={"left_on": inside})) == "left_without_outcome"
    assert label(school(a={"left_on": after})) == 0
    assert label(school([("a", inside, "dropout")], a={"left_on": inside})) == 1
    assert label(school([("a", inside, "graduated")], a={"left_on": inside})) == 0


def test_other_events_can_be_counted_as_leaving():
    records = school([("a", school_day(3), "suspected_dropout")], a={})

    assert label(records, events=("dropout", "suspected_dropout")) == 1


def test_each_school_counts_the_window_in_its_own_days():
    daily = DAYS[DAYS.index(MONDAY) - 3 :]
    days = {"daily": daily, "alternate": daily[3::2]}
    frames = {
        "students": [
            {"student_id": name, "school_id": name, "class_id": "1", "grade_level": 8} for name in days
        ],
        "attendance": [
            {"student_id": name, "date": day, "status": "present"} for name in days for day in days[name]
        ],
        "outcomes": [{"student_id": name, "date": school_day(6), "event": "dropout"} for name in days],
    }
    records = SchoolRecords.from_tables(**frames, today="2025-12-31", outcomes_to="2025-12-31")
    cohort = Cohort.on(records, MONDAY).with_labels(records, 5)

    assert answers(cohort) == {("daily", MONDAY): 0, ("alternate", MONDAY): 1}


def test_rows_with_and_without_a_label_add_up_to_the_cohort():
    records = untidy_district()
    cohort = Cohort.on(records, ["2024-11-16", "2025-10-13"])
    labelled = cohort.with_labels(records, 40)

    assert len(labelled.frame) + len(labelled.censored) == len(cohort)
    assert labelled.labels.index.equals(labelled.index)


def test_a_cohort_from_a_table_keeps_its_order():
    records = school(a={}, b={})
    table = pd.DataFrame({"student_id": ["b", "a", "b"], "as_of": ["2025-03-10", "2025-03-03", "2025-03-03"]})
    cohort = Cohort.from_frame(table, records)

    assert list(cohort.frame["student_id"]) == ["b", "a", "b"]
    assert list(cohort.frame["as_of"].dt.strftime("%Y-%m-%d")) == list(table["as_of"])


def test_pupils_and_dates_that_are_not_there_are_refused():
    records = school(a={})
    with pytest.raises(RecordsError, match=r"1 row.* row 2"):
        Cohort.from_frame(pd.DataFrame({"student_id": ["a", "who"], "as_of": ["2025-03-03"] * 2}), records)
    with pytest.raises(DateError):
        Cohort.from_frame(pd.DataFrame({"student_id": ["a"], "as_of": ["March"]}), records)
    with pytest.raises(DateError):
        Cohort.on(records, [])


def test_a_date_given_twice_counts_once_in_the_order_given():
    cohort = Cohort.on(school(a={}), ["2025-03-10", MONDAY, pd.Timestamp("2025-03-10 08:00"), "2025-03-03"])

    assert list(cohort.frame["as_of"].dt.day) == [10, 10, 3, 3]
    assert not cohort.index.duplicated().any()


@pytest.mark.parametrize("text", ["2025-03-03garbage", "2025-03-03T", "2025-03-03 noon", "2025-03-033"])
def test_a_date_with_something_behind_it_is_refused(text):
    with pytest.raises(DateError, match="cannot be read"):
        Cohort.on(school(a={}), text)


@pytest.mark.parametrize("text", ["2025-03-03T00:00:00", "2025-03-03 07:30:00", "2025-03-03T00:00:00+08:00"])
def test_of_a_timestamp_the_date_counts(text):
    records = school(a={})

    assert list(Cohort.on(records, text).frame["as_of"].unique()) == [pd.Timestamp(MONDAY)]


@pytest.mark.parametrize(
    "day",
    [
        "2025-03-03",
        MONDAY,
        pd.Timestamp(MONDAY),
        np.datetime64("2025-03-03"),
        np.datetime64("2025-03-03", "ns"),
    ],
)
def test_a_date_may_come_in_any_form(day):
    assert members(school(a={}), day) == ["a"]
    assert members(school(a={}), [day]) == ["a"]


def test_days_to_the_outcome_are_those_of_a_plain_count_of_school_days():
    records, (tables, _) = tidy_district(), tidy_tables()
    cohort = Cohort.on(records, ["2024-10-08", "2025-01-06"]).with_labels(records, 90)
    days = cohort.days_to_outcome(records, 90)
    outcomes, calendar = tables["outcomes"], tables["calendar"]
    dropped = outcomes[outcomes["event"] == "dropout"].groupby("student_id")["date"].apply(list)
    rows = zip(cohort.index, cohort.labels, days, cohort.frame["school_id"], strict=True)
    for (student, as_of), label, found, school in rows:
        own = calendar.loc[(calendar["school_id"] == school) & calendar["is_school_day"], "date"]
        ahead = [day for day in dropped.get(student, []) if day >= as_of.date()]
        assert found == (sum(as_of.date() <= day < min(ahead) for day in own) if label else 90)
    assert (days < 90).any()
