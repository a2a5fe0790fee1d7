"""A school that records a table of nobody: likely values stand in, the reply says so, and sums still hold."""

from __future__ import annotations

import numpy as np
import pytest

import dropout_risk as dr


@pytest.fixture(scope="module")
def tables():
    """The tables of a district that the model did not see."""
    from dropout_risk.simulate.district import simulate_tables

    return dict(simulate_tables(450, seed=6).tables)


@pytest.fixture(scope="module")
def without_family(risk_model, tables):
    records = dr.SchoolRecords.from_tables(
        **{name: rows for name, rows in tables.items() if name != "family"}
    )
    return risk_model.score(records, "2025-06-02", language="en")


def test_the_model_knows_that_every_school_recorded_families(risk_model):
    likely, names = risk_model.calibrated.likely, risk_model.catalogue.names
    told = {names[index] for index in likely.columns[likely.of_table]}
    assert {"family_burden_count", "left_behind", "single_parent"} <= told


def test_a_school_without_the_table_is_told_and_its_sums_hold(without_family):
    for pupil in without_family.pupils:
        assert any("the model never saw missing" in text for text in pupil.warnings)
        assert pupil.log_odds == pytest.approx(pupil.base_log_odds + sum(pupil.domains.values()), abs=1e-9)
        told = sum(reason.contribution for reason in (*pupil.raising, *pupil.lowering))
        assert pupil.log_odds == pytest.approx(pupil.base_log_odds + told + pupil.other, abs=1e-9)
        assert not any(reason.domain == "family" and reason.value is None for reason in pupil.raising)


def test_a_pupil_alone_has_the_bits_of_the_school(risk_model, tables, without_family):
    records = dr.SchoolRecords.from_tables(
        **{name: rows for name, rows in tables.items() if name != "family"}
    )
    histories = dr.Histories.from_records(records)
    ids = histories.student_ids
    some = np.array([ids.index(pupil.student_id) for pupil in without_family.pupils[5:8]])
    alone = [
        risk_model.score_histories(histories, "2025-06-02", np.array([row])).pupils[0].log_odds
        for row in some
    ]
    assert alone == [pupil.log_odds for pupil in without_family.pupils[5:8]]


def test_where_the_table_is_kept_nothing_is_said(risk_model, tables):
    scores = risk_model.score(dr.SchoolRecords.from_tables(**tables), "2025-06-02", language="en")
    asked = [pupil for pupil in scores.pupils if not any("Family" in text for text in pupil.missing)]
    assert len(asked) > 100
    assert (
        sum(any("never saw missing" in text for text in pupil.warnings) for pupil in asked) < len(asked) / 2
    )
