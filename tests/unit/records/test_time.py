"""Days as a school means them: zones, lone dates, enrolment, the school year, sessions and totals."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import Share
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from support.catalogues import declare

PUPILS = [{"student_id": f"p{k}", "school_id": "s", "class_id": "1", "grade_level": 8} for k in range(6)]
DAYS = [day.date() for day in pd.bdate_range("2024-09-02", "2024-10-25")]
TODAY = "2024-11-30"


def records_of(attendance=(), students=PUPILS, **more):
    given = {"today": TODAY} | more
    return SchoolRecords.from_tables(students=students, attendance=attendance, **given)


def register(days=DAYS, **changes):
    """Everybody is there; ``changes`` gives what is written over the row of p0 on each day."""
    row = {"status": "present"}
    return [
        {"student_id": pupil["student_id"], "date": day}
        | (row | changes if pupil["student_id"] == "p0" else row)
        for pupil in PUPILS
        for day in days
    ]


def rules_of(records):
    return {problem.rule.name for problem in records.check().problems}


def dates_of(records):
    return sorted(set(records.table("attendance")["date"].to_pylist()))


def moments(days=DAYS):
    """The local midnights of Shanghai, as a system that keeps UTC writes them."""
    frame = pd.DataFrame(register(days))
    frame["date"] = pd.to_datetime(frame["date"]) - pd.Timedelta(hours=8)
    return frame


def test_midnights_written_in_utc_are_doubted_and_are_the_schools_own_days_where_the_zone_is_declared():
    assert "time_of_day" in rules_of(records_of(moments()))

    told = records_of(moments(), mapping={"zone": "Asia/Shanghai"})
    assert rules_of(told) == set()
    assert dates_of(told) == DAYS


@pytest.mark.parametrize("written", ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"])
def test_midnights_in_utc_are_found_on_a_clock_of_twelve_hours_and_in_the_declared_order(written):
    rows = moments()
    rows["date"] = rows["date"].dt.strftime(written)
    assert "time_of_day" in rules_of(records_of(rows, mapping={"dates": "mdy"}))

    told = records_of(rows, mapping={"dates": "mdy", "zone": "Asia/Shanghai"})
    assert rules_of(told) == set()
    assert dates_of(told) == DAYS


@pytest.mark.parametrize(
    ("hours", "zone", "said"),
    [
        (8, "Asia/Shanghai", ["8 hours"]),
        (2, "Europe/Berlin", ["2 hours"]),
        (5.5, "Asia/Kolkata", ["5.5 hours"]),
    ],
)
def test_the_hint_names_no_zone_that_the_times_do_not_speak_for(hours, zone, said):
    rows = pd.DataFrame(register())
    rows["date"] = pd.to_datetime(rows["date"]) - pd.Timedelta(hours=hours)
    (problem,) = [p for p in records_of(rows).check().problems if p.rule.name == "time_of_day"]

    assert all(word in problem.hint("en") for word in said)
    assert [name for name in ("Asia/", "Europe/") if name in problem.hint("en")] == ["Asia/"] * (hours == 8)
    assert dates_of(records_of(rows, mapping={"zone": zone})) == DAYS


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_register_that_is_a_day_off_is_doubted_until_somebody_says_that_it_is_right(shift):
    rows = register([day + dt.timedelta(shift) for day in DAYS])

    assert "shifted_week" in rules_of(records_of(rows))
    assert rules_of(records_of(rows, mapping={"zone": "local"})) == set()


@pytest.mark.parametrize("lone", ["1924-09-02", "2014-09-02"])
def test_a_date_far_from_all_others_is_set_apart_and_changes_nobody(lone):
    odd = {"student_id": "p1", "date": lone, "status": "absent"}
    records, clean = records_of([*register(), odd]), records_of(register())

    assert rules_of(records) == {"lone_date"}
    assert records.table("attendance").equals(clean.table("attendance"))
    assert records.calendar.days.tolist() == clean.calendar.days.tolist()


@pytest.mark.parametrize(
    ("column", "day", "rule", "kept"),
    [
        ("enrolled_on", "2024-09-16", "before_enrolled", slice(10, None)),
        ("left_on", "2024-10-11", "after_left", slice(None, 30)),
    ],
)
def test_rows_outside_of_enrolment_do_not_count_and_are_named(column, day, rule, kept):
    students = [PUPILS[0] | {column: day}, *PUPILS[1:]]
    records = records_of(register(), students)
    own = records.table("attendance").to_pandas()

    assert rules_of(records) == {rule}
    assert sorted(own.loc[own["pupil"] == 0, "date"]) == DAYS[kept]


def test_a_school_year_begins_where_it_is_declared_by_argument_or_mapping():
    days = [day.date() for day in pd.bdate_range("2024-05-06", "2024-10-25")]
    usual = records_of(register(days))

    assert "year_cut_in_term" in rules_of(usual)
    for told in (
        records_of(register(days), year_start="02-01"),
        records_of(register(days), mapping={"year_start": 2}),
    ):
        assert rules_of(told) == set()
        assert told.year_start == (2, 1)


def test_a_lesson_beside_the_row_of_its_day_does_not_count_and_is_named():
    lesson = {"student_id": "p1", "date": DAYS[3], "status": "absent", "session": "2"}
    records = records_of([*register(), lesson])

    assert rules_of(records) == {"lesson_beside_day"}
    assert len(records.table("attendance")) == len(register())


@pytest.mark.parametrize("whole", ["全天", "整天", "All Day", "full-day", "DAILY"])
def test_a_session_that_is_the_whole_day_is_the_row_of_the_day(whole):
    days = [row | {"session": whole} for row in register()]
    lesson = {"student_id": "p1", "date": DAYS[3], "status": "absent", "session": "晚自习"}
    records = records_of([*days, lesson])

    assert rules_of(records) == {"lesson_beside_day"}
    assert set(records.table("attendance")["session"].to_pylist()) == {None}


def test_one_session_written_in_two_ways_is_one():
    rows = [
        row | {"session": name}
        for row in register(DAYS[:10])
        for name in (("AM", "pm") if row["student_id"] == "p0" else ("am ", "PM"))
    ]
    sessions = set(records_of(rows).table("attendance")["session"].to_pylist())

    assert {name.strip().lower() for name in sessions} == {"am", "pm"}
    assert len(sessions) == 2


def absent_share(*totals, mapping=None):
    rows = [{"student_id": "p0"} | total for total in totals]
    records = records_of(register(DAYS[:1]), attendance_totals=rows, mapping=mapping)
    catalogue = FeatureCatalogue([declare("share", Share(of="absent", totals=True), "year")])
    histories = Histories.from_records(
        SchoolRecords.from_tables(students=PUPILS, attendance_totals=rows, today=TODAY, mapping=mapping)
    )
    return compute_features(histories, "2024-11-04", catalogue).values[0, 0], rules_of(records)


def period(start, end, enrolled, absent, **more):
    return {
        "period_start": start,
        "period_end": end,
        "days_enrolled": enrolled,
        "days_absent": absent,
        **more,
    }


def test_the_sheet_of_a_month_goes_before_those_of_its_weeks():
    month = period("2024-09-02", "2024-09-27", 20, 5)
    week = period("2024-09-02", "2024-09-06", 5, 5)

    assert absent_share(month, week) == (5 / 20, {"overlapping_totals", "totals_against_register"})


def test_more_days_than_a_period_has_are_set_apart():
    share, rules = absent_share(period("2024-09-02", "2024-09-06", 20, 5))

    assert np.isnan(share)
    assert rules == {"more_days_than_period"}


def test_leave_beside_absence_is_added_where_that_is_declared_and_refused_where_not():
    total = period("2024-09-02", "2024-09-27", 20, 1, days_excused=3)

    assert absent_share(total, mapping={"leave_days": "beside"}) == (4 / 20, set())
    assert "leave_beside_absence" in absent_share(total)[1]


def test_half_days_count_as_half():
    assert absent_share(period("2024-09-02", "2024-09-27", 20, 1.5)) == (1.5 / 20, set())


def test_a_code_for_not_known_is_no_number_of_days():
    share, rules = absent_share(period("2024-09-02", "2024-09-27", 20, 999))

    assert np.isnan(share)
    assert "code_for_unknown" in rules


def test_running_totals_are_doubted():
    ends = ("2024-09-06", "2024-09-13", "2024-09-20", "2024-09-27")
    rows = [
        {"student_id": pupil["student_id"]} | period(f"{end[:8]}{int(end[8:]) - 4:02d}", end, 5, absent + 1)
        for pupil in PUPILS
        for absent, end in enumerate(ends)
    ]

    assert "accumulating_totals" in rules_of(records_of(register(DAYS[:1]), attendance_totals=rows))
