import datetime as dt
import json
from importlib import resources

import numpy as np
import pytest

from dropout_risk.errors import RecordsError
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.records.days.holidays import chinese_holidays


def days_from(first, last):
    return np.arange(ordinal_of(first), ordinal_of(last) + 1, dtype=np.int32)


def open_days(first, last):
    days = days_from(first, last)
    return days[chinese_holidays().opens(days)]


def written(days):
    return [date_of(day).isoformat() for day in days.tolist()]


def test_a_national_day_week_is_off_and_the_weekends_around_it_make_up_for_it():
    open_in_china = written(open_days("2025-09-27", "2025-10-12"))
    assert open_in_china == [
        "2025-09-28",
        "2025-09-29",
        "2025-09-30",
        "2025-10-09",
        "2025-10-10",
        "2025-10-11",
    ]


def test_a_new_year_that_is_announced_in_the_year_before_is_off_too():
    assert "2024-01-01" not in written(open_days("2023-12-29", "2024-01-02"))


@pytest.mark.parametrize("year", chinese_holidays().years)
def test_every_known_year_has_its_holidays_and_make_up_days_on_weekends(year):
    holidays = chinese_holidays()
    first, last = ordinal_of(dt.date(year, 1, 1)), ordinal_of(dt.date(year, 12, 31))
    off = holidays.holidays[(holidays.holidays >= first) & (holidays.holidays <= last)]
    made_up = holidays.make_up_days[(holidays.make_up_days >= first) & (holidays.make_up_days <= last)]
    assert f"{year}-01-01" in written(off)
    assert {f"{year}-10-0{day}" for day in range(1, 7)} <= set(written(off))
    assert len(made_up) >= 5
    assert all(date_of(day).weekday() >= 5 for day in made_up.tolist())
    assert not np.intersect1d(off, made_up).size
    assert 240 <= len(open_days(dt.date(year, 1, 1), dt.date(year, 12, 31))) <= 255


@pytest.mark.parametrize(("first", "last"), [("2019-12-31", "2020-01-02"), ("2026-12-30", "2027-01-02")])
def test_a_year_that_is_not_known_is_refused_with_those_that_are_and_the_way_out(first, last):
    with pytest.raises(RecordsError) as refused:
        chinese_holidays().require(days_from(first, last))
    assert "2020 to 2026" in str(refused.value)
    assert 'week = "weekdays"' in str(refused.value)


def test_the_table_says_its_version_and_source():
    file = resources.files("dropout_risk.records.days") / "holidays_china.json"
    assert set(json.loads(file.read_text(encoding="utf-8"))) == {"version", "source", "years"}
    assert chinese_holidays().version.startswith(str(chinese_holidays().years[-1]))
    assert "chinesecalendar" in chinese_holidays().source
