"""A path, a list or a word where an object is asked for is an error of ours, before any work."""

import polars as pl
import pytest

import dropout_risk as dr
from dropout_risk.errors import ArgumentError
from dropout_risk.scoring.risk_model import RiskModel

DAY = "2025-03-03"


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=40, seed=1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda r: dr.train("records/", track=False), "SchoolRecords, got a str"),
        (lambda r: dr.train(r, catalogue=["absence_share_20d"], track=False), "FeatureCatalogue, got a list"),
        (lambda r: dr.Cohort.on("records/", as_of=DAY), "SchoolRecords, got a str"),
        (lambda r: dr.build_features("records/", dr.Cohort.on(r, as_of=DAY)), "SchoolRecords, got a str"),
        (lambda r: dr.build_features(r, DAY), "Cohort, got a str"),
        (lambda r: dr.build_features(r, dr.Cohort.on(r, as_of=DAY), ["absence"]), "FeatureCatalogue, got a"),
        (lambda r: dr.Cohort.on(r, as_of=DAY).with_labels("records/"), "SchoolRecords, got a str"),
        (lambda r: dr.Histories.from_records("records/"), "SchoolRecords, got a str"),
        (lambda r: dr.measure_drift("models/county", None), "RiskModel, got a str"),
        (lambda r: RiskModel.load(3), "got a int"),
    ],
)
def test_another_kind_of_object_is_named_with_the_way_out(records, call, said):
    with pytest.raises(ArgumentError, match=said) as caught:
        call(records)
    assert caught.value.hint


def test_ready_features_in_a_frame_without_index_are_scored_by_name(risk_model, records):
    X = dr.build_features(records, dr.Cohort.on(records, as_of=DAY), risk_model.catalogue)
    names = list(reversed(risk_model.catalogue.names))
    given = pl.from_pandas(X.reset_index("student_id")[["student_id", *names]])
    by_name = risk_model.score_features(X)
    told = risk_model.score_features(given)

    assert [pupil.risk for pupil in told.pupils] == [pupil.risk for pupil in by_name.pupils]
    assert [pupil.student_id for pupil in told.pupils] == [pupil.student_id for pupil in by_name.pupils]
