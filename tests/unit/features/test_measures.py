import datetime as dt

import numpy as np
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.measures import MEASURES
from dropout_risk.features import compute
from dropout_risk.features.compute import compute_features
from support.agreement import disagreements
from support.catalogues import every_measure, names_of_measures, plain_marks_and_absences
from support.districts import tidy_district, untidy_district, untidy_histories

CATALOGUE = every_measure()
FUNCTIONS = {"tests: marks and absences": plain_marks_and_absences}


@pytest.mark.parametrize(
    "as_of",
    [
        "2020-01-01",  # before any data
        "2024-09-03",  # the second school day
        "2024-12-07",  # a Saturday
        "2025-03-03",
        "2025-08-20",  # in the summer holidays
        "2025-09-02",  # the second day of the next school year
        "2026-06-01",  # after the end
    ],
)
def test_every_measure_equals_a_plain_loop_on_untidy_records(as_of):
    day = dt.date.fromisoformat(as_of)

    assert disagreements(untidy_district(), day, CATALOGUE, FUNCTIONS) == {}


@pytest.mark.parametrize("as_of", ["2024-09-02", "2025-01-13"])
def test_every_default_feature_equals_a_plain_loop_on_simulated_records(as_of):
    day = dt.date.fromisoformat(as_of)

    assert disagreements(tidy_district(), day, default_catalogue()) == {}


def test_no_measure_is_left_out_of_the_comparison():
    assert names_of_measures(CATALOGUE) == set(MEASURES)
    assert {kind.__name__ for kind in compute.MEASURES} == set(MEASURES)


def test_the_comparison_sees_values_and_missing_ones_of_every_default_feature():
    values = compute_features(untidy_histories(), "2025-03-03", default_catalogue()).values

    names = np.array(default_catalogue().names)

    assert not names[np.isnan(values).all(axis=0)].tolist()
    assert not names[~np.isnan(values).any(axis=0)].tolist()
