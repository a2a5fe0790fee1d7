"""The first school day of each month, against a walk through the dates one by one."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest

from dropout_risk.errors import TrainingError
from dropout_risk.evaluation.parts import days_before, labelled_cohort, monthly_dates
from dropout_risk.records.days.calendar import SchoolCalendar, ordinal_of
from dropout_risk.settings import Settings

START, END = dt.date(2024, 9, 2), dt.date(2025, 6, 27)


def _weekdays(start=START, end=END, holidays=()):
    days = (start + dt.timedelta(days=place) for place in range((end - start).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in holidays]


def _histories(*calendars, observed_to=END):
    calendar = SchoolCalendar.from_days({f"s-{number}": days for number, days in enumerate(calendars)})
    return SimpleNamespace(
        calendar=calendar,
        calendar_row=np.arange(len(calendars), dtype=np.int32),
        observed_to=np.full(len(calendars), ordinal_of(observed_to)),
        complete_to=np.full(len(calendars), ordinal_of(observed_to)),
    )


def _walked(days, min_history, horizon=0):
    """One date per month: the first school day, if enough school days stand before and after it."""
    first = {}
    for day in days:
        first.setdefault((day.year, day.month), day)
    place = {day: number for number, day in enumerate(days)}
    return [day for day in first.values() if place[day] >= min_history and place[day] + horizon <= len(days)]


@pytest.mark.parametrize("min_history", [1, 20, 45])
@pytest.mark.parametrize("horizon", [0, 60, 90])
def test_each_month_gives_its_first_school_day_with_enough_before_and_after(min_history, horizon):
    holidays = [dt.date(2024, 10, day) for day in range(1, 8)]
    days = _weekdays(holidays=holidays)
    found = monthly_dates(_histories(days), min_history_days=min_history, horizon_days=horizon)
    assert found == _walked(days, min_history, horizon)


def test_a_month_without_school_gives_no_date():
    days = [day for day in _weekdays() if day.month != 2]
    assert all(day.month != 2 for day in monthly_dates(_histories(days), min_history_days=20))


def test_nothing_after_the_last_observed_day_is_counted():
    days = _weekdays()
    early = _histories(days, observed_to=dt.date(2025, 2, 28))
    known = [day for day in days if day <= dt.date(2025, 2, 28)]
    assert monthly_dates(early, min_history_days=20, horizon_days=60) == _walked(known, 20, 60)


def test_one_school_that_opens_early_does_not_make_a_date():
    usual = [day for day in _weekdays() if (day.month, day.day) > (1, 9) or day.month != 1]
    found = monthly_dates(_histories(usual, usual, _weekdays()), min_history_days=20)
    assert dt.date(2025, 1, 10) in found


def test_days_before_are_those_of_the_school_where_they_are_fewest():
    late = _weekdays(start=dt.date(2024, 9, 16), holidays=[dt.date(2024, 12, 2)])
    histories = _histories(_weekdays(), late)
    gaps = days_before(histories, ["2024-11-01", "2025-01-02"], "2025-01-02")
    assert gaps == [sum(dt.date(2024, 11, 1) <= day < dt.date(2025, 1, 2) for day in late), 0]


def test_records_that_are_too_short_are_refused_with_the_number_of_days():
    with pytest.raises(TrainingError, match="the records hold 21") as raised:
        labelled_cohort(
            _histories(_weekdays(end=dt.date(2024, 9, 30)), observed_to=dt.date(2024, 9, 30)), Settings()
        )
    assert "horizon_days" in raised.value.hint
