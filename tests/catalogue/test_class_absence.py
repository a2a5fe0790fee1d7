"""How the whole class came: declared for one's own catalogue, and never against a pupil."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.catalogue.attendance import CLASS_ABSENCE
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import compute_features
from dropout_risk.scoring.remarks.abstention import facts_of, judged_by, too_little_known

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def table():
    catalogue = dr.default_catalogue().with_features(CLASS_ABSENCE)
    histories = dr.Histories.from_records(dr.simulate_district(200, seed=5))
    return compute_features(histories, AS_OF, catalogue), catalogue


def test_whoever_is_in_a_class_has_the_same_value_and_it_is_the_mean_of_those_at_school(table):
    made, catalogue = table
    own = made.values[:, catalogue.names.index("absence_share_10d")]
    mean = made.values[:, catalogue.names.index("class_absence_10d")]
    classes = made.snapshot.histories.classes.codes

    there = members_on(made.snapshot) & ~np.isnan(own)
    for code in np.unique(classes[classes >= 0]):
        members = there & (classes == code)
        found = np.unique(mean[classes == code])
        if members.sum() >= 3:
            assert found == pytest.approx([own[members].mean()])


def test_what_only_the_class_tells_is_no_knowledge_of_the_pupil_and_nothing_to_fetch(table):
    _, catalogue = table
    index = catalogue.names.index("class_absence_10d")
    values = np.full((1, len(catalogue)), np.nan)
    values[0, index] = 0.1

    assert too_little_known(values, judged_by(catalogue)).all()
    assert all(index not in indices for indices in facts_of(catalogue).values())


def test_it_is_told_as_a_fact_and_declared_never_to_raise_a_risk():
    assert CLASS_ABSENCE.monotone == -1
    assert CLASS_ABSENCE.describe(0.124, "zh") == "近10个教学日全班平均缺课率12.4%"
    assert CLASS_ABSENCE.describe(0.0, "en") == "Nobody in the class was absent in the last 10 school days"
