"""A school that records a table of nobody: likely values stand in, the reply says so, and sums still hold."""

from __future__ import annotations

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.compute import compute_features
from dropout_risk.scoring.request import request_of, score_request


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


def test_a_context_that_leaves_a_table_out_does_not_say_that_nobody_keeps_it(risk_model, tables):
    histories = dr.Histories.from_records(dr.SchoolRecords.from_tables(**tables))
    whole = compute_features(histories, "2025-06-02", risk_model.catalogue)
    sources = {name: item.source for name, item in risk_model.catalogue.items()}
    family = np.array([source == "family" for source in sources.values()])
    rows = whole.context.to_rows()

    def unrecorded(kept):
        return ClassContext.from_rows([row for row in rows if kept(row)]).unrecorded(whole.snapshot, sources)

    def is_family(row):
        return sources.get(row["feature"]) == "family"

    sent = unrecorded(lambda row: sources.get(row["feature"], "grades") in {"attendance", "grades"})
    assert not sent[:, family].any()
    school = rows[0]["school_id"]
    assert not unrecorded(lambda row: not (is_family(row) and row["school_id"] == school)).any()
    reply = risk_model.score_histories(
        histories,
        "2025-06-02",
        np.arange(5),
        context=ClassContext.from_rows([row for row in rows if not is_family(row)]),
        language="en",
    )
    assert not any(text.startswith("Family: something") for pupil in reply.pupils for text in pupil.warnings)


@pytest.fixture(scope="module")
def two_schools(tables):
    """Two schools, of which the second keeps no family table, and the first no test but in one class."""
    pupils = tables["students"].to_pandas()
    first = pupils["student_id"].isin(pupils["student_id"][::2])
    pupils["school_id"] = np.where(first, "a", "b")
    family, wellbeing = (tables[name].to_pandas() for name in ("family", "wellbeing"))
    of_a = set(pupils.loc[first, "student_id"])
    tested = set(pupils.loc[first & (pupils["class_id"] == pupils["class_id"].iloc[0]), "student_id"])
    kept = {
        "students": pupils,
        "family": family[family["student_id"].isin(of_a)],
        "wellbeing": wellbeing[wellbeing["student_id"].isin(tested)],
    }
    return dr.SchoolRecords.from_tables(**tables | kept, today="2026-05-01")


def test_rows_of_one_class_alone_say_what_its_school_keeps_as_all_rows_do(risk_model, two_schools):
    histories = dr.Histories.from_records(two_schools)
    catalogue = risk_model.catalogue
    whole = compute_features(histories, "2025-06-02", catalogue)
    rows, lacks = whole.context.to_rows(), whole.unrecorded(catalogue)
    schools = np.array(histories.students["school_id"].to_pylist())
    family = np.array([item.source == "family" for item in catalogue.values()])
    assert lacks[schools == "b"][:, family].all(axis=1).sum() > 100
    assert not lacks[schools == "a"].any()

    for key in {(row["school_id"], row["class_id"], row["grade_level"]) for row in rows}:
        own = [row for row in rows if (row["school_id"], row["class_id"], row["grade_level"]) == key]
        alone = compute_features(
            histories, "2025-06-02", catalogue, context=ClassContext.from_rows(own)
        ).unrecorded(catalogue)
        there = alone.any(axis=1)
        assert (alone[there] == lacks[there]).all()
        assert there.any() == (key[0] == "b")


def test_a_request_with_the_rows_of_its_class_alone_has_the_risk_that_the_records_have(
    risk_model, two_schools
):
    histories = dr.Histories.from_records(two_schools)
    whole = risk_model.score(two_schools, "2025-06-02", language="en")
    rows = compute_features(histories, "2025-06-02", risk_model.catalogue).context.to_rows()
    students = histories.students.to_pylist()
    some = [next(item for item in students if item["school_id"] == school) for school in ("a", "b")]
    for pupil in some:
        own = [
            row
            for row in rows
            if (row["school_id"], row["class_id"], row["grade_level"])
            == (pupil["school_id"], pupil["class_id"], pupil["grade_level"])
        ]
        request = request_of(two_schools, [pupil["student_id"]], "2025-06-02", "en")
        (alone,) = score_request(risk_model, request | {"class_context": own}).pupils
        there = whole[pupil["student_id"]]
        assert alone.log_odds == there.log_odds
        assert (alone.raising, alone.lowering) == (there.raising, there.lowering)
