"""A calendar of exceptions is completed by the ordinary week, and says so; one that lists all days is not."""

import datetime as dt
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.records.days.ordinary_week import OrdinaryWeek
from dropout_risk.records.school_records import SchoolRecords

TODAY = "2025-07-01"
CHINA, WEEKDAYS, LISTED = ({"calendar": {"week": week}} for week in ("china", "weekdays", "listed"))
HOLIDAYS = [{"date": "2025-03-05", "is_school_day": "no"}, {"date": "2025-03-08", "is_school_day": "yes"}]


def days_from(first, number):
    return [dt.date.fromisoformat(first) + dt.timedelta(days) for days in range(number)]


def weekdays_from(first, number):
    return [day for day in days_from(first, number) if day.weekday() < 5]


def records_of(days, calendar=None, *, mapping=None, school="s", late=()):
    """One pupil who is present on some days, of which ``late`` gives when they were recorded."""
    recorded = dict(late)
    rows = [
        {"student_id": "a", "date": day, "status": "present", "recorded_on": recorded.get(str(day), day)}
        for day in days
    ]
    pupil = {"student_id": "a", "school_id": school, "class_id": "c", "grade_level": 8}
    return SchoolRecords.from_tables(
        students=[pupil], attendance=rows, calendar=calendar, mapping=mapping, today=TODAY
    )


def school_days(records, as_of=None):
    calendar = records.calendar if as_of is None else records.calendar.known_on(ordinal_of(as_of))
    days = [date_of(day) for day in calendar.days_of("s")[0].tolist()]
    return days if as_of is None else [day for day in days if day < dt.date.fromisoformat(as_of)]


def rules_of(records):
    return [problem.rule.name for problem in records.check().problems]


def test_days_that_no_exception_names_are_school_days_and_the_check_says_so():
    attended = [*weekdays_from("2025-03-03", 12), dt.date(2025, 3, 8)]
    attended = sorted(day for day in attended if str(day) not in {"2025-03-05", "2025-03-11"})
    records = records_of(attended, HOLIDAYS)
    assert school_days(records) == sorted([*attended, dt.date(2025, 3, 11)])
    assert rules_of(records) == ["calendar_of_exceptions"]
    assert records.check().problems[0].rows == 2
    assert records.check().counts["attendance"].set_apart == 0


def test_attendance_on_a_listed_day_off_is_still_set_apart():
    records = records_of(weekdays_from("2025-03-03", 12), HOLIDAYS)
    assert rules_of(records) == ["no_school_day", "calendar_of_exceptions"]
    assert dt.date(2025, 3, 5) not in school_days(records)


def test_a_calendar_of_days_off_alone_is_completed_too():
    attended = [day for day in weekdays_from("2025-03-03", 12) if day.day not in {5, 11}]
    records = records_of(attended, HOLIDAYS[:1])
    assert len(school_days(records)) == len(attended) + 1
    assert rules_of(records) == ["calendar_of_exceptions"]


def test_weeks_in_which_a_school_rests_have_no_school_days():
    before, after = weekdays_from("2025-01-06", 12), weekdays_from("2025-02-17", 12)
    calendar = [*HOLIDAYS, {"date": "2024-12-28", "is_school_day": "yes"}]
    records = records_of([*before, *after], calendar)
    assert school_days(records) == [
        *before,
        *after,
        dt.date(2025, 3, 8),
    ]  # listed, after the first attendance


LISTS = {
    "a year's weekdays": [{"date": day, "is_school_day": True} for day in weekdays_from("2025-02-10", 100)],
    "every day, open or not": [
        {"date": day, "is_school_day": day.weekday() < 5} for day in days_from("2025-02-10", 100)
    ],
    "Sunday to Thursday": [
        {"date": day, "is_school_day": True}
        for day in days_from("2025-02-10", 100)
        if day.weekday() not in {4, 5}
    ],
    "a few days in a row": [{"date": day, "is_school_day": True} for day in weekdays_from("2025-03-03", 3)],
    "every Saturday": [
        {"date": day, "is_school_day": True} for day in days_from("2025-02-10", 100) if day.weekday() == 5
    ],
    "every Saturday, other days as closed": [
        {"date": day, "is_school_day": day.weekday() == 5} for day in days_from("2025-02-10", 100)
    ],
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_calendar_that_lists_school_days_is_not_completed(kind):
    opened = [row["date"] for row in LISTS[kind] if row["is_school_day"]]
    records = records_of([*opened, dt.date(2025, 6, 30)], LISTS[kind])
    assert school_days(records) == opened
    doubts = ["shifted_week"] if kind == "Sunday to Thursday" else []
    assert rules_of(records) == ["no_school_day", *doubts]
    assert "exceptions" in records.check().problems[0].hint()


def test_make_up_days_of_many_weeks_are_exceptions_where_other_days_of_these_weeks_are_open():
    saturdays = [day for day in days_from("2025-03-01", 40) if day.weekday() == 5]
    calendar = [{"date": day, "is_school_day": "yes"} for day in saturdays]
    calendar.append({"date": "2025-03-14", "is_school_day": "no"})
    records = records_of([day for day in weekdays_from("2025-03-03", 30) if day.day != 14], calendar)
    assert rules_of(records) == ["calendar_of_exceptions"]


def test_a_declared_week_is_no_assumption_and_needs_no_calendar():
    days = weekdays_from("2025-03-03", 12)
    del days[3]
    records = records_of(days, mapping=WEEKDAYS)
    assert school_days(records) == weekdays_from("2025-03-03", 12)
    assert rules_of(records) == rules_of(records_of(days, HOLIDAYS[1:], mapping=WEEKDAYS)) == []


def test_the_week_of_china_knows_holidays_and_make_up_days():
    attended = [dt.date(2025, 4, 24), dt.date(2025, 4, 28), dt.date(2025, 4, 30), dt.date(2025, 5, 6)]
    records = records_of(attended, mapping=CHINA)
    made_up = [dt.date(2025, 4, 25), dt.date(2025, 4, 27), dt.date(2025, 4, 29)]
    assert school_days(records) == sorted([*attended, *made_up])
    assert rules_of(records) == []


def test_the_school_s_own_exceptions_come_before_those_of_china():
    calendar = [{"date": "2025-04-27", "is_school_day": "no"}, {"date": "2025-05-02", "is_school_day": "yes"}]
    records = records_of(
        [dt.date(2025, 4, 25), dt.date(2025, 4, 30), dt.date(2025, 5, 6)], calendar, mapping=CHINA
    )
    found = school_days(records)
    assert dt.date(2025, 4, 27) not in found
    assert dt.date(2025, 5, 2) in found


@pytest.mark.parametrize("day", ["2019-09-02", "2019-12-30"])
def test_attendance_of_a_year_whose_holidays_are_not_known_is_refused(day):
    with pytest.raises(RecordsError, match="2019 are not known; the table has 2020 to"):
        records_of([dt.date.fromisoformat(day)], mapping=CHINA).check()


def test_where_only_listed_days_are_school_days_nothing_is_completed():
    records = records_of(weekdays_from("2025-03-03", 12), HOLIDAYS, mapping=LISTED)
    assert school_days(records) == [dt.date(2025, 3, 8)]
    assert rules_of(records) == ["no_school_day"]


def test_attendance_on_a_holiday_counts_and_is_named():
    records = records_of([*weekdays_from("2025-04-28", 8), dt.date(2025, 5, 10)], mapping=CHINA)
    assert rules_of(records) == ["attendance_beside_the_week"]
    assert "4 day(s)" in records.check().problems[0].hint()  # 1, 2 and 5 May, and a Saturday
    assert dt.date(2025, 5, 10) in school_days(records)


@pytest.mark.parametrize("wrong", [{"week": "chinese"}, {"weeks": "china"}, "china", {"week": 5}])
def test_a_week_that_there_is_not_is_refused(wrong):
    with pytest.raises(SettingsError, match="calendar"):
        records_of([], mapping={"calendar": wrong})


def test_nothing_recorded_later_makes_a_day_a_school_day_earlier():
    days = [dt.date(2025, 3, 3), dt.date(2025, 3, 6), dt.date(2025, 3, 7), dt.date(2025, 3, 12)]
    late = [("2025-03-06", "2025-03-20"), ("2025-03-12", "2025-03-14")]
    whole = records_of(days, HOLIDAYS, late=late)
    for as_of in map(str, days_from("2025-03-03", 20)):
        then = [day for day in days if str(day) < as_of and dict(late).get(str(day), str(day)) < as_of]
        assert school_days(whole, as_of) == school_days(records_of(then, HOLIDAYS, late=late), as_of), as_of


def test_a_school_that_no_pupil_attends_and_one_that_the_calendar_lacks_are_named():
    days = weekdays_from("2025-03-03", 12)
    calendar = [{"date": day, "school_id": "S 1", "is_school_day": True} for day in days]
    records = records_of(days, calendar)
    assert rules_of(records) == ["calendar_of_unknown_school", "school_without_calendar"] or rules_of(
        records
    ) == ["school_without_calendar", "calendar_of_unknown_school"]
    rows = {problem.rule.name: problem.rows for problem in records.check().problems}
    assert rows["calendar_of_unknown_school"] == len(days)
    everywhere = [*calendar, {"date": "2025-03-03", "is_school_day": True}]
    assert "school_without_calendar" not in rules_of(records_of(days[:1], everywhere))


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 9)), min_size=1, max_size=20),
    st.integers(1, 28),
)
def test_days_are_completed_as_by_a_look_at_every_day_and_every_pair_of_dates(told, apart):
    dates, known = (np.array(part, dtype=np.int32) for part in zip(*told, strict=True))
    nothing = dates[:0]
    days, since = OrdinaryWeek().completed((dates, known), nothing, nothing, apart)
    expected = {}
    for day in range(min(dates), max(dates) + 1):
        pairs = [
            max(one_known, other_known)
            for one, one_known in told
            for other, other_known in told
            if one < day < other and other - one <= apart
        ]
        if pairs and (day + 3) % 7 < 5:  # 1970-01-01 was a Thursday
            expected[day] = min(pairs)
    assert {*zip(days.tolist(), since.tolist(), strict=True)} == {*told, *expected.items()}


def test_one_date_of_another_time_is_no_thousand_years_of_days():
    dates = np.array([-25_000, 20_000, 20_003, 2_900_000], dtype=np.int32)
    tracemalloc.start()
    try:
        days, _ = OrdinaryWeek().completed((dates, dates), dates[:0], dates[:0])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {*days.tolist()} - {*dates.tolist()} <= {20_001, 20_002}
    assert most < 100_000
