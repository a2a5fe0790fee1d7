"""Weekly lists after the first test day, on the same histories as the training."""

import datetime as dt
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.evaluation.parts import last_days_present
from dropout_risk.evaluation.questions import lead_time as mornings
from dropout_risk.evaluation.questions.lead_time import (
    dropout_days,
    lead_time,
    sample_of_schools,
    weekly_dates,
)
from dropout_risk.features.cohort import histories_of
from dropout_risk.records.days.calendar import SchoolCalendar, ordinal_of

FIRST, LAST = dt.date(2025, 3, 5), dt.date(2025, 6, 27)


def _histories(*calendars, observed_to=LAST):
    calendar = SchoolCalendar.from_days({f"s-{number}": days for number, days in enumerate(calendars)})
    rows = np.arange(len(calendars), dtype=np.int32)
    return SimpleNamespace(calendar=calendar, calendar_row=rows, observed_to=ordinal_of(observed_to))


def _weekdays(holidays=()):
    days = pd.bdate_range("2024-09-02", LAST)
    return [day.date() for day in days if day.date() not in holidays]


def test_each_week_gives_its_first_school_day():
    holidays = {dt.date(2025, 3, 10), *(day.date() for day in pd.date_range("2025-04-07", "2025-04-11"))}
    found = weekly_dates(_histories(_weekdays(holidays)), "2025-03-05")
    assert found[:2] == [FIRST, dt.date(2025, 3, 11)]
    assert all(day.isocalendar().week != dt.date(2025, 4, 7).isocalendar().week for day in found)
    assert len(found) == 16


def test_the_mornings_end_with_what_was_observed():
    found = weekly_dates(_histories(_weekdays(), observed_to="2025-04-30"), "2025-03-05")
    assert found[-1] == dt.date(2025, 4, 28)


def test_a_long_time_is_looked_at_every_second_week(monkeypatch):
    monkeypatch.setattr(mornings, "MOST_MORNINGS", 10)
    every = weekly_dates(_histories(_weekdays()), "2025-03-05")
    assert len(every) == 9
    assert {(later - day).days for day, later in pairwise(every[1:])} == {14}


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=400, seed=3)


@pytest.fixture(scope="module")
def histories(records):
    return histories_of(records)


def test_of_many_pupils_whole_schools_are_drawn_and_counted(histories, monkeypatch):
    assert sample_of_schools(histories, 0) == (histories, None)
    monkeypatch.setattr(mornings, "MOST_PUPILS", 150)
    some, counts = sample_of_schools(histories, 0)
    schools = set(some.students["school_id"].to_pylist())
    every = histories.students["school_id"].to_pylist()
    assert len(some) == sum(school in schools for school in every) >= 150
    assert counts == {"schools": len(schools), "pupils": len(some), "everybody": 400}


def test_dropout_days_are_the_first_from_the_date_on(histories):
    first = dt.date(2025, 3, 3)
    found = dropout_days(histories, first, ("dropout",))
    outcomes, words = histories.outcomes, histories.words["event"]
    expected = {}
    for pupil, date, day, event in zip(
        outcomes.pupil, *(outcomes.columns[name] for name in ("date", "day", "event")), strict=True
    ):
        if words[event] == "dropout" and date >= ordinal_of(first):
            expected[pupil] = min(expected.get(pupil, day), day)
    assert found.to_dict() == expected


def test_the_last_day_present_is_the_last_one_in_the_attendance_before_the_dropout(records, histories):
    dates = weekly_dates(histories, "2025-03-03")
    gone = dropout_days(histories, dates[0], ("dropout",))
    frame = records.table("attendance").to_pandas()
    at_school = frame[frame["status"].isin([0, 3, 4])]  # present, late, left early
    ordinal = at_school["date"].map(ordinal_of).to_numpy()
    day = histories.calendar.index(histories.calendar_row[at_school["pupil"]], ordinal)
    own = at_school["pupil"].map(gone)
    expected = pd.Series(day, at_school["pupil"])[(day <= own).to_numpy()].groupby(level=0).max()
    found = last_days_present(histories, gone, dates)
    assert found.to_dict() == expected.reindex(gone.index).to_dict()
    assert (gone - found).median() > 10


def test_a_random_split_has_no_mornings_after_its_training():
    assert lead_time(None, SimpleNamespace(kind="random"), None, None, None) is None
