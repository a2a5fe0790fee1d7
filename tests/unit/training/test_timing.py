"""When pupils drop out is learned from scores of models that did not see them."""

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.evaluation.parts import Parts
from dropout_risk.evaluation.questions.timing import fit_timing
from dropout_risk.settings import Settings


class Fold:
    """A classifier whose scores out of fold are known, and that must not score its own rows."""

    def __init__(self, scores):
        self.out_of_fold_ = scores

    def decision_function(self, X):
        raise AssertionError("scored the rows it was fitted on")


@pytest.fixture(scope="module")
def parts():
    records = dr.simulate_district(n_students=600, seed=3)
    histories = dr.Histories.from_records(records)
    cohort = dr.Cohort.on(histories, ["2025-01-02", "2025-03-03"]).with_labels(histories, 90)
    features = pd.DataFrame(index=cohort.frame.index)
    rows = np.arange(len(cohort.frame))
    return histories, Parts(cohort, features, rows, rows[:0], rows[:0])


def test_timing_is_learned_from_scores_out_of_fold(parts):
    histories, parts = parts
    scores = np.random.default_rng(0).normal(-3, 1, len(parts.train))
    fitted = fit_timing(Fold(scores), parts, histories, Settings())

    assert abs(fitted.timing.slope) < 0.5  # the scores are noise, and nothing is learned of noise
    assert fitted.alike[-1] == 1.0
    assert 0 < fitted.alike[0] < fitted.alike[1] < 1
