"""Training leaves out the labels of pupils who were helped, and says how many."""

import datetime as dt

import pandas as pd

from dropout_risk.evaluation.parts import labelled_cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_district
from dropout_risk.training import train as room


def test_the_labels_of_the_helped_are_censored_by_that_reason_and_all_others_stay():
    histories = Histories.from_records(simulate_district(n_students=120, seed=3))
    settings = Settings()
    cohort = labelled_cohort(histories, settings)
    pupils = sorted(set(cohort.frame["student_id"]))[:15]
    helped = pd.DataFrame({"student_id": pupils, "since": dt.date(2000, 1, 1), "until": None})
    left = room._without_helped(histories, cohort, helped, settings)

    assert set(left.frame["student_id"]) == set(cohort.frame["student_id"]) - set(pupils)
    assert (left.censored["reason"] == "helped").sum() == len(cohort) - len(left) > 0
    assert left.labels.equals(cohort.labels[~cohort.frame["student_id"].isin(pupils).to_numpy()])
