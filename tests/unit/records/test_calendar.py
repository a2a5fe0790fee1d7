import datetime as dt
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import DateError
from dropout_risk.records.days.calendar import SchoolCalendar, date_of, ordinal_of

days = st.dates(dt.date(2024, 9, 1), dt.date(2025, 7, 1))


@given(st.sets(days, min_size=1, max_size=40), days)
def test_the_index_of_a_date_is_the_number_of_school_days_before_it(school_days, day):
    calendar = SchoolCalendar.from_days({"a": sorted(school_days), "b": [dt.date(2020, 1, 1)]})

    assert calendar.index(0, ordinal_of(max(day, min(school_days)))) == sum(
        other < day for other in school_days
    )


@given(st.sets(days, min_size=1, max_size=40))
def test_a_school_day_is_found_again_by_its_index(school_days):
    calendar = SchoolCalendar.from_days({"a": sorted(school_days)})
    found = [date_of(calendar.day(0, number)) for number in range(len(school_days))]

    assert found == sorted(school_days)


def test_before_the_first_known_day_weekdays_are_counted():
    calendar = SchoolCalendar.from_days({"a": ["2025-03-03"]})

    assert calendar.index(0, ordinal_of("2025-02-24")) == -5
    assert calendar.index(0, ordinal_of("2025-03-01")) == 0


def test_after_the_last_known_day_nothing_is_counted():
    calendar = SchoolCalendar.from_days({"a": ["2025-03-03", "2025-03-04"]})

    assert calendar.index(0, ordinal_of("2025-06-01")) == 2


def test_schools_keep_their_own_days():
    calendar = SchoolCalendar.from_days({"a": ["2025-03-03", "2025-03-04"], "b": ["2025-03-04"]})

    np.testing.assert_array_equal(calendar.index([0, 1], [ordinal_of("2025-03-05")] * 2), [2, 1])


@pytest.mark.parametrize(("day", "begins"), [("2025-03-03", "2024-08-01"), ("2025-08-01", "2025-08-01")])
def test_a_school_year_begins_on_its_first_of_august(day, begins):
    calendar = SchoolCalendar.from_days({"a": ["2025-03-03"]})

    assert date_of(calendar.year_begins(ordinal_of(day))).isoformat() == begins


def test_what_is_no_date_is_refused_without_repeating_it():
    with pytest.raises(DateError, match="YYYY-MM-DD") as error:
        ordinal_of("secret")

    assert "secret" not in str(error.value)


def test_a_school_without_known_days_counts_weekdays():
    calendar = SchoolCalendar.from_days({"a": [], "b": ["2025-03-03"]})
    fortnight = calendar.index([0, 0], [ordinal_of("2025-03-03"), ordinal_of("2025-03-17")])

    assert fortnight[1] - fortnight[0] == 10
    assert date_of(calendar.day(0, fortnight[0])) == dt.date(2025, 3, 3)


@given(st.sets(days, min_size=1, max_size=10), st.sets(days, max_size=10), days)
def test_another_school_never_changes_an_index(own, others, day):
    alone = SchoolCalendar.from_days({"a": sorted(own)})
    together = SchoolCalendar.from_days({"a": sorted(own), "b": sorted(others)})

    assert alone.index(0, ordinal_of(day)) == together.index(0, ordinal_of(day))


def test_a_past_day_that_became_known_later_is_no_school_day_before_then():
    days = np.array([ordinal_of(day) for day in ("2025-03-03", "2025-03-04", "2025-03-05")])
    known = {"a": days + np.array([0, 5, 0])}
    calendar = SchoolCalendar.from_days({"a": days}, known=known)
    thursday, monday = ordinal_of("2025-03-06"), ordinal_of("2025-03-10")

    assert calendar.known_on(thursday).index(0, thursday) == 2
    assert calendar.known_on(monday) is calendar
    assert calendar.index(0, thursday) == 3


def test_of_several_days_known_the_earliest_counts():
    day = ordinal_of("2025-03-03")
    calendar = SchoolCalendar.from_days({"a": [day, day]}, known={"a": np.array([day + 4, day + 1])})

    assert calendar.days_of("a")[1].tolist() == [day + 1]


def counted(days, dates):
    """How many days of each of two schools there are before each date, by a calendar of them."""
    calendar = SchoolCalendar.from_days({"s-1": days[0], "s-2": days[1]})
    return [calendar.index(row, np.array(dates, dtype=np.int32)).tolist() for row in (0, 1)]


DAYS = st.lists(st.integers(0, 400), min_size=1, max_size=30).map(lambda days: np.array(days, dtype=np.int32))


@given(st.tuples(DAYS, DAYS), st.lists(st.integers(-30, 500), min_size=1, max_size=20))
def test_days_that_are_not_laid_out_are_counted_as_those_that_are(days, dates):
    with pytest.MonkeyPatch.context() as patch:
        laid_out = counted(days, dates)
        patch.setattr("dropout_risk.records.days.calendar.LONGEST_SPAN", -1)
        assert counted(days, dates) == laid_out
    of_first = [sum(day < date for day in {*days[0].tolist()}) for date in dates if date >= min(days[0])]
    assert [count for count, date in zip(laid_out[0], dates, strict=True) if date >= min(days[0])] == of_first


def test_a_day_of_another_time_in_each_of_many_calendars_fills_no_memory():
    days = np.array([20_000, 20_001, 2_900_000], dtype=np.int32)
    tracemalloc.start()
    try:
        calendar = SchoolCalendar.from_days({f"pupil {number}": days for number in range(200)})
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert calendar.index(7, np.array([20_001, 20_500, 2_900_001])).tolist() == [1, 2, 3]
    assert most < 5_000_000
