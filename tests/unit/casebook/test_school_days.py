"""School days ahead, against a loop over days."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.records.days.calendar import ordinal_of

START = dt.date(2025, 1, 1)
OFFSETS = st.integers(-200, 900)


def after(number):
    return START + dt.timedelta(number)


def is_open(day, known, closed):
    """As far as the calendar goes by the calendar, then on weekdays."""
    if day in closed:
        return False
    if known and day <= max(known):
        return day in known
    return day.weekday() < 5


@given(
    st.sets(st.integers(0, 40)),
    st.sets(OFFSETS, max_size=30),
    st.lists(st.tuples(OFFSETS, st.integers(0, 60)), max_size=8),
)
def test_every_answer_is_that_of_a_loop_over_days_whatever_was_asked_before(known, closed, asked):
    known, closed = {after(n) for n in known}, {after(n) for n in closed}
    listed = {"s": np.array(sorted(map(ordinal_of, known)), np.int32)} if known else {}
    days = SchoolDaysAhead(listed, closed={"s": frozenset(closed)})
    for offset, number in asked:
        day = after(offset)
        assert days.is_open("s", day) == is_open(day, known, closed)
        passed = [day + dt.timedelta(n) for n in range(number)]
        assert days.between("s", day, day + dt.timedelta(number)) == sum(
            is_open(d, known, closed) for d in passed
        )
        found, left = day, number
        if number == 0:
            while not is_open(found, known, closed):
                found += dt.timedelta(1)
        while left:
            found += dt.timedelta(1)
            left -= is_open(found, known, closed)
        assert days.later("s", day, number) == found


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2031])
def test_a_year_whose_holidays_nobody_has_published_has_weekdays(year):
    days = SchoolDaysAhead(week="china")
    christmas = dt.date(year, 12, 24)
    later = days.later("s", christmas, 30)
    assert dt.date(year + 1, 2, 1) < later < dt.date(year + 1, 2, 14)
    assert days.later("s", christmas, 0).year == year


def test_public_holidays_are_none_and_make_up_workdays_are():
    days = SchoolDaysAhead(week="china")
    assert not days.is_open("s", dt.date(2025, 10, 1))
    assert days.is_open("s", dt.date(2025, 9, 28))
    assert not SchoolDaysAhead().is_open("s", dt.date(2025, 9, 28))
