"""Last year's model on this year's test rows."""

from dataclasses import replace

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.errors import BundleError
from dropout_risk.evaluation.parts import Parts, labelled_cohort
from dropout_risk.features.cohort import histories_of
from dropout_risk.settings import Settings
from dropout_risk.training.train import given_last_model, last_model_baseline


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=200, seed=9)


@pytest.fixture(scope="module")
def parts(records):
    cohort = labelled_cohort(histories_of(records), Settings())
    test = np.flatnonzero(cohort.frame["as_of"] == cohort.frame["as_of"].max())
    return Parts(cohort, cohort.frame[[]], test[:0], test[:0], test)


def test_it_scores_the_test_rows_as_it_scores_a_morning(risk_model, records, parts):
    found = last_model_baseline(risk_model, histories_of(records), parts)
    day = parts.days(parts.test)[0]
    scored = risk_model.score(records, day).frame().set_index("student_id")["risk"]
    assert found.risks == pytest.approx(scored[parts.pupils(parts.test)].to_numpy(), abs=1e-12)
    assert risk_model.version in found.description.en


def test_a_model_that_was_trained_into_the_test_is_not_compared(risk_model, records, parts):
    later = replace(risk_model, trained_to=parts.days(parts.test)[0])
    found = last_model_baseline(later, histories_of(records), parts)
    assert found.risks is None
    assert "the test begins on" in found.unavailable.en


def test_a_model_of_unknown_age_is_not_compared(risk_model, records, parts):
    found = last_model_baseline(replace(risk_model, trained_to=None), histories_of(records), parts)
    assert found.risks is None
    assert "not known to which day" in found.unavailable.en


def test_without_one_the_report_says_that_none_was_given(records, parts):
    found = last_model_baseline(None, histories_of(records), parts)
    assert "no former model was given" in found.unavailable.en


def test_the_settings_name_a_bundle(risk_model, bundle, tmp_path):
    assert given_last_model(Settings()) is None
    named = Settings(evaluation={"last_model": str(bundle)})
    assert given_last_model(named).version == risk_model.version
    with pytest.raises(BundleError):
        given_last_model(Settings(evaluation={"last_model": str(tmp_path / "none")}))
