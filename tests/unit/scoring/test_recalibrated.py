"""A model moved to another school: same order of pupils, a version of its own, and a card that says so."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.errors import TrainingError
from dropout_risk.simulate.district import simulate_tables

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def features():
    records = dr.simulate_district(n_students=200, seed=12)
    return dr.build_features(records, dr.Cohort.on(records, AS_OF))


def risks(model, rows):
    return np.array([pupil.risk for pupil in model.score_features(rows).pupils])


def test_a_base_rate_alone_is_met_and_said(risk_model, features, tmp_path):
    moved = risk_model.recalibrated(features, base_rate=0.2)
    assert risks(moved, features).mean() == pytest.approx(0.2, abs=1e-9)
    order = np.argsort(risks(risk_model, features))
    assert (np.diff(risks(moved, features)[order]) >= -1e-12).all()
    assert moved.version != risk_model.version
    assert moved.describe()["recalibrated"]["base_rate"] == 0.2
    assert "20.00%" in moved.card["en"]
    assert "20.00%" in moved.card["zh"]
    moved.save(tmp_path / "moved")
    assert np.array_equal(risks(dr.RiskModel.load(tmp_path / "moved"), features), risks(moved, features))


def test_labels_move_it_and_its_reasons_still_add_up(risk_model, features):
    y = np.arange(len(features)) % 4 == 0
    moved = risk_model.recalibrated(features, y.astype(int))
    (pupil, *_) = moved.score_features(features).pupils
    told = sum(reason.contribution for reason in (*pupil.raising, *pupil.lowering)) + pupil.other
    assert risks(moved, features).mean() > risks(risk_model, features).mean()
    assert pupil.base_log_odds + told == pytest.approx(pupil.log_odds, abs=1e-9)
    assert pupil.interval[0] <= pupil.risk <= pupil.interval[1]
    assert f"{len(features)} pupils" in moved.card["en"]


def test_a_base_rate_is_the_mean_of_scores_where_a_table_is_kept_of_nobody(risk_model):
    tables = {name: rows for name, rows in simulate_tables(200, seed=12).tables.items() if name != "family"}
    records = dr.SchoolRecords.from_tables(**tables)
    X = dr.build_features(records, dr.Cohort.on(records, AS_OF), risk_model.catalogue)
    means = [
        np.mean([pupil.risk for pupil in moved.score(records, AS_OF).pupils])
        for moved in (
            risk_model.recalibrated(X, base_rate=0.2, records=records),
            risk_model.recalibrated(X, base_rate=0.2),
        )
    ]
    assert means[0] == pytest.approx(0.2, abs=1e-9)
    assert means[1] != pytest.approx(0.2, abs=1e-4)  # X alone does not say what is kept of nobody


def test_with_records_rows_name_their_pupils_and_days(risk_model, features):
    records = dr.simulate_district(n_students=50, seed=1)
    with pytest.raises(TrainingError, match="names its pupil and day"):
        risk_model.recalibrated(features.reset_index(drop=True), base_rate=0.2, records=records)


@pytest.mark.parametrize("given", [{}, {"y": [0], "base_rate": 0.1}])
def test_it_needs_labels_or_a_base_rate(risk_model, features, given):
    with pytest.raises(TrainingError, match="either labels or a base rate"):
        risk_model.recalibrated(features.iloc[:1], **given)


def test_a_model_that_was_not_moved_says_so(risk_model):
    assert risk_model.describe()["recalibrated"] is None
