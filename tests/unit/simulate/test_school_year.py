"""The simulated calendar has terms and holidays, and no weekend days."""

import datetime as dt

import numpy as np
import pytest

from dropout_risk.errors import DateError, SettingsError
from dropout_risk.simulate.school_year import school_years


def dates(start="2024-09-02", n_days=376):
    days = school_years(start, n_days).days.astype("datetime64[D]")
    return {day.astype(object) for day in days}


def test_no_school_day_falls_on_a_weekend():
    assert {day.weekday() for day in dates()} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    "holiday",
    ["2024-09-17", "2024-10-01", "2024-10-07", "2025-01-01", "2025-01-29", "2025-04-04", "2025-05-01",
     "2025-06-02", "2025-08-01", "2026-02-17"],
)  # fmt: skip
def test_holidays_are_no_school_days(holiday):
    assert dt.date.fromisoformat(holiday) not in dates()


def test_a_school_year_has_about_185_days_in_two_terms():
    years = school_years("2024-09-02", 376)
    per_year = np.bincount(years.year)
    per_term = np.bincount(years.term)
    assert ((per_year >= 180) & (per_year <= 195)).all()
    assert ((per_term >= 84) & (per_term <= 100)).all()


def test_days_rise_and_weeks_hold_at_most_five_of_them():
    years = school_years("2024-09-02", 376)
    assert (np.diff(years.days) > 0).all()
    assert np.bincount(years.week).max() == 5
    assert (np.diff(years.week) >= 0).all()


def test_the_end_of_a_year_is_known_only_when_it_is_reached():
    assert school_years("2024-09-02", 150).year_ends == (-1,)
    years = school_years("2024-09-02", 300)
    end = years.year_ends[0]
    assert years.year[end] == 0
    assert years.year[end + 1] == 1
    assert years.year_ends[1] == -1


def test_a_start_in_the_holidays_waits_for_the_autumn_term():
    summer = school_years("2024-07-20", 5)
    assert summer.days[0] == school_years("2024-09-01", 5).days[0]
    assert summer.first_year == 2024


def test_a_start_in_mid_year_belongs_to_the_year_that_began_in_autumn():
    assert school_years("2025-03-03", 5).first_year == 2024


def test_what_is_no_date_is_refused():
    with pytest.raises(DateError, match="not a date"):
        school_years("September", 5)


def test_a_simulation_without_days_is_refused():
    with pytest.raises(SettingsError, match="at least one school day"):
        school_years("2024-09-02", 0)
