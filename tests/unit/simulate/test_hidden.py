"""The truth as of a day is that of the very district whose records are judged."""

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import DateError
from dropout_risk.simulate.hidden import truth_as_of


def test_who_drops_out_on_a_day_was_away_on_it_and_not_a_term_before(district):
    gone = district.truth.dropna(subset=["dropout_date"]).groupby("dropout_date")["student_id"].agg(list)
    dates = gone.index[-15:]
    on, before = (
        truth_as_of(1200, 3, list(days)).set_index(["as_of", "student_id"])["away"]
        for days in (dates, dates - pd.Timedelta(days=90))
    )

    pairs = [(day, pupil) for day in dates for pupil in gone[day]]
    assert on.loc[pairs].all()
    assert not before.loc[[(day - pd.Timedelta(days=90), pupil) for day, pupil in pairs]].any()


def test_hazards_over_the_weeks_average_to_those_the_records_carry(district):
    truth = district.truth.set_index("student_id")
    mondays = pd.date_range("2024-09-02", "2025-12-20", freq="7D")
    weeks = truth_as_of(1200, 3, list(mondays))
    mean = weeks.groupby("student_id")["hazard_wellbeing"].mean()

    assert np.corrcoef(np.log(mean), np.log(truth["hazard_wellbeing"].loc[mean.index]))[0, 1] > 0.8


def test_a_day_outside_the_simulation_is_refused():
    with pytest.raises(DateError, match="outside the simulation"):
        truth_as_of(50, 0, ["2031-01-01"])
