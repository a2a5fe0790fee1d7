import json

import pyarrow as pa
import pytest

import dropout_risk as dr
from dropout_risk.scoring.confidential import ASK, without_tests
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.score_rows import pupil_scores
from dropout_risk.watchlist.told import told, told_missing

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def given(risk_model):
    histories = dr.Histories.from_records(dr.simulate_district(n_students=500, seed=6))
    return next(score_blocks(risk_model, histories, AS_OF, language="en"))


@pytest.fixture(scope="module")
def redacted(risk_model, given):
    return without_tests(given, risk_model.catalogue, "en")


def secret(risk_model):
    return [feature for feature in risk_model.catalogue.values() if feature.domain == "psychology"]


def test_the_rows_keep_their_columns_and_everything_that_is_no_test(given, redacted):
    assert redacted.schema.equals(given.schema)
    touched = {"contributions", "raising", "lowering", "missing", "suggested_help"}
    for name in set(given.schema.names) - touched:
        assert redacted[name].equals(given[name])


def test_reasons_are_told_as_a_list_for_teachers_tells_them(given, redacted):
    hidden = 0
    for complete, open_ in zip(pupil_scores(given), pupil_scores(redacted), strict=True):
        for side in ("raising", "lowering"):
            expected = told(getattr(complete, side), "en")
            found = getattr(open_, side)
            assert [reason.text for reason in found] == [item.text for item in expected]
            assert [reason.points for reason in found] == pytest.approx([item.points for item in expected])
            kept = [reason for reason in found if reason.domain != "psychology"]
            assert kept == [item.reason for item in expected if item.reason]
            hidden += len(found) - len(kept)
            total = sum(reason.contribution for reason in getattr(complete, side))
            assert sum(reason.contribution for reason in found) == pytest.approx(total)
        assert open_.missing == told_missing(complete)
        assert open_.missing_sensitive == ()
    assert hidden > 5


def test_nothing_of_a_test_is_left_to_read(risk_model, redacted):
    names = {feature.name for feature in secret(risk_model)}
    rows = redacted.to_pylist()
    for row in rows:
        assert not names & {name for name, value in row["contributions"].items() if value is not None}
        for reason in (*row["raising"], *row["lowering"]):
            if reason["domain"] == "psychology":
                assert reason["text"] == ASK.en
                rest = {key: value for key, value in reason.items()
                        if key not in ("domain", "text", "contribution", "points")}  # fmt: skip
                assert not any(rest.values())
    written = json.dumps([{**row, "contributions": None} for row in rows], default=str)
    assert not [name for name in names if name in written]


def test_a_batch_without_sentences_hides_single_tests_too(risk_model, given):
    names = [field for field in given.schema.names if field in ("student_id", "risk", "contributions")]
    some = pa.RecordBatch.from_arrays([given[name] for name in names], names=names)
    numbers = without_tests(some, risk_model.catalogue, "en")["contributions"]
    empty = [field.name for field in numbers.type if numbers.field(field.name).null_count == len(numbers)]
    assert empty == [feature.name for feature in secret(risk_model)]
