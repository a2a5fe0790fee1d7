"""Whatever the dates, the pupils and the former model: a change is the sum of its parts."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dropout_risk as dr
from support.districts import untidy_histories

DAYS = ("2024-10-14", "2024-12-02", "2025-01-06", "2025-02-24", "2025-04-07")


@functools.cache
def former():
    """A model of another kind, with other features and another base."""
    histories = untidy_histories()
    catalogue = dr.default_catalogue().select(
        ["absence_share_60d", "score_mean", "low_income", "distance_km"]
    )
    X = dr.build_features(histories, dr.Cohort.on(histories, "2024-12-02"), catalogue)
    y = (X["absence_share_60d"].rank(pct=True) > 0.7).to_numpy().astype(int)
    classifier = dr.RiskClassifier("logistic").fit(X, y)
    return dr.RiskModel.from_classifier(
        classifier, catalogue=catalogue, X=X, y=y, settings=dr.Settings(), synthetic=True
    )


@given(
    days=st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(sorted),
    pupils=st.lists(st.integers(0, 149), max_size=12, unique=True),
    with_former=st.booleans(),
)
@settings(max_examples=25)
def test_a_change_is_the_sum_of_its_parts(risk_model, days, pupils, with_former):
    found = risk_model.change(untidy_histories(), *days, pupils, former=former() if with_former else None)

    assert len(found) + len(found.errors) == len(pupils)
    for change in found:
        parts = change.background + sum(change.data.values()) + change.model
        assert change.log_odds_now - change.log_odds_before == pytest.approx(parts, abs=1e-9)


@given(pupils=st.lists(st.integers(0, 149), min_size=1, max_size=12, unique=True))
@settings(max_examples=10)
def test_the_part_of_the_model_is_the_difference_of_two_models_on_the_old_data(risk_model, pupils):
    histories = untidy_histories()
    found = risk_model.change(histories, DAYS[2], DAYS[4], pupils, former=former())
    new, old = (
        {pupil.student_id: pupil.log_odds for pupil in model.score(histories, DAYS[2]).pupils}
        for model in (risk_model, former())
    )
    for change in found:
        assert change.log_odds_before == old[change.student_id]
        assert change.model == new[change.student_id] - old[change.student_id]
        assert "新版本" in change.text
