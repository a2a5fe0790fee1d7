"""Features that read the future are named, and so is a cohort that was chosen by its outcome."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.catalogue import measures as declared
from dropout_risk.features import compute
from dropout_risk.features.cohort import Cohort
from dropout_risk.modelling.leaks.record_checks import chosen_check, future_check
from support.catalogues import every_measure

DAYS, HORIZON = ["2025-03-03", "2025-04-07"], 60


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=600, seed=2, n_days=300))


@pytest.fixture(scope="module")
def cohort(histories):
    return Cohort.on(histories, DAYS).with_labels(histories, HORIZON)


def leavers(measure, window, inputs):
    """A feature that looks up who will have left."""
    known = inputs.snapshot
    return (known.student_dates("left_on") > known.ordinal).astype(float)


def test_the_shipped_features_read_no_future(histories, cohort):
    catalogue = dr.default_catalogue()
    made = future_check(histories, cohort, dr.build_features(histories, cohort, catalogue), catalogue)
    assert made.leaks == ()


def test_a_feature_that_looks_up_who_will_leave_is_named(histories, cohort, monkeypatch):
    monkeypatch.setitem(compute.MEASURES, declared.DaysSinceExam, leavers)
    catalogue = dr.default_catalogue()
    made = future_check(histories, cohort, dr.build_features(histories, cohort, catalogue), catalogue)
    assert [leak.column for leak in made.leaks] == ["days_since_exam"]
    assert "it reads the future" in made.leaks[0].reason.en


def test_a_column_that_was_overwritten_afterwards_is_named(histories, cohort):
    features = dr.build_features(histories, cohort, dr.default_catalogue())
    features.loc[cohort.labels.to_numpy() == 1, "absence_share_20d"] += 1e-12
    made = future_check(histories, cohort, features, dr.default_catalogue())
    assert [leak.column for leak in made.leaks] == ["absence_share_20d"]


def test_features_written_as_functions_are_judged_as_well(histories, cohort):
    catalogue = every_measure()
    features = dr.build_features(histories, cohort, catalogue)
    assert future_check(histories, cohort, features, catalogue).leaks == ()


def test_of_a_large_county_whole_schools_are_judged(histories, cohort, monkeypatch):
    monkeypatch.setattr("dropout_risk.modelling.leaks.record_checks.PUPILS", 1)
    asked = []
    real = compute.build_features
    monkeypatch.setattr(
        "dropout_risk.modelling.leaks.record_checks.build_features",
        lambda *given, **more: asked.append(len(given[0])) or real(*given, **more),
    )
    features = dr.build_features(histories, cohort, dr.default_catalogue())
    assert future_check(histories, cohort, features, dr.default_catalogue()).leaks == ()
    assert 0 < max(asked) < len(histories)


def test_leaving_out_who_is_still_enrolled_is_seen(histories, cohort):
    decided = histories.outcomes.pupil[histories.outcomes.columns["event"] >= 0]
    kept = np.isin(cohort.frame["pupil"], decided)
    some = Cohort(cohort.frame[kept].reset_index(drop=True), cohort.labels[kept])
    leaks = chosen_check(histories, some, HORIZON, ["dropout"]).leaks
    assert [leak.check for leak in leaks] == ["chosen_by_outcome"]
    assert "100% of the dropouts" in leaks[0].reason.en


def test_the_whole_cohort_and_a_random_part_of_it_are_accused_of_nothing(histories, cohort):
    part = np.random.default_rng(0).random(len(cohort)) < 0.5
    some = Cohort(cohort.frame[part].reset_index(drop=True), cohort.labels[part])
    for given in (cohort, some):
        assert chosen_check(histories, given, HORIZON, ["dropout"]).leaks == ()
