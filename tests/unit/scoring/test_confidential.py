import json
from dataclasses import replace

import pyarrow as pa
import pytest

import dropout_risk as dr
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.readers.redacted_rows import redact_rows
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.readers.roles import ASK, ROLES
from dropout_risk.scoring.score_rows import pupil_scores
from dropout_risk.scoring.scores import Scores
from dropout_risk.watchlist.wording import listed_reasons

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def given(risk_model):
    histories = dr.Histories.from_records(dr.simulate_district(n_students=500, seed=6))
    return next(score_blocks(risk_model, histories, AS_OF, language="en"))


@pytest.fixture(scope="module")
def redacted(risk_model, given):
    return redact_rows(given, ROLES["class_teacher"], risk_model.catalogue, "en")


def secret(risk_model):
    return [feature for feature in risk_model.catalogue.values() if feature.domain == "psychology"]


def test_the_rows_keep_their_columns_and_everything_that_is_open_to_all(given, redacted):
    assert redacted.schema.equals(given.schema)
    for name in ("student_id", "risk", "low", "high", "band", "base_log_odds", "log_odds", "error"):
        assert redacted[name].equals(given[name])


@pytest.mark.parametrize("role", ["class_teacher", "parent", "community_worker"])
def test_rows_are_redacted_as_single_scores_are(risk_model, given, role):
    rows = redact_rows(given, ROLES[role], risk_model.catalogue, "en")
    scores = Scores(None, "r", {}, "en", tuple(pupil_scores(given)))
    redacted = redact(scores, role, catalogue=risk_model.catalogue)
    for expected, found in zip(redacted.pupils, pupil_scores(rows), strict=True):
        for name in ("domains", "causes"):
            parts = {key: size for key, size in getattr(expected, name).items() if key != "other"}
            assert getattr(found, name) == parts
        assert found.other == pytest.approx(expected.other, abs=1e-12)
        same = {name: getattr(expected, name) for name in ("domains", "causes", "other")}
        assert replace(found, **same) == expected


def test_of_a_test_nothing_is_left_to_read(risk_model, redacted):
    names = {feature.name for feature in secret(risk_model)}
    rows = redacted.to_pylist()
    for row in rows:
        assert not names & {name for name, value in row["contributions"].items() if value is not None}
        assert row["domains"]["psychology"] is None
        assert "psychology" not in {reason["domain"] for reason in (*row["raising"], *row["lowering"])}
    written = json.dumps([{**row, "contributions": None} for row in rows], default=str)
    assert not [name for name in names if name in written]
    assert ASK.en not in written


def test_a_batch_without_sentences_is_folded_too(risk_model, given):
    names = [field for field in given.schema.names if field in ("student_id", "risk", "contributions")]
    some = pa.RecordBatch.from_arrays([given[name] for name in names], names=names)
    numbers = redact_rows(some, ROLES["class_teacher"], risk_model.catalogue, "en")["contributions"]
    empty = {field.name for field in numbers.type if numbers.field(field.name).null_count == len(numbers)}
    assert empty == {
        item.name for item in risk_model.catalogue.values() if item.domain in ("psychology", "grades")
    }


def test_what_tells_a_fact_together_with_a_hidden_feature_is_folded_in_the_columns_too(risk_model, given):
    catalogue = risk_model.catalogue
    shared = replace(catalogue["late_share_20d"], family=catalogue["mht_total"].family)
    own = dr.FeatureCatalogue([shared if item.name == shared.name else item for item in catalogue.values()])
    numbers = [
        redact_rows(given, ROLES["class_teacher"], of, "en")["contributions"].field("late_share_20d")
        for of in (catalogue, own)
    ]

    assert numbers[1].null_count == len(given)
    assert numbers[0].null_count < len(given)


def test_who_sees_everything_gets_the_rows_as_they_are(risk_model, given):
    assert redact_rows(given, ROLES["counsellor"], risk_model.catalogue, "en") is given


def test_replies_files_and_lists_word_a_reason_by_one_rule(risk_model, given):
    """A teacher who hears of marks only, and of tests nothing: all three follow."""
    own = replace(ROLES["class_teacher"], sees=("attendance", "family"), hears_of=("grades",))
    complete = tuple(pupil_scores(given))
    replies = redact(Scores(None, "r", {}, "en", complete), own, catalogue=risk_model.catalogue).pupils
    rows = pupil_scores(redact_rows(given, own, risk_model.catalogue, "en"))
    found = set()
    for pupil, reply, row in zip(complete, replies, rows, strict=True):
        listed = {item.text for item in listed_reasons(reply)}
        for told in (reply, row):
            words = " ".join((*(reason.text for reason in told.raising), *told.warnings))
            assert all(text in words for text in listed)
        found |= {
            reason.domain
            for reason in pupil.raising
            if not any(text.startswith(reason.text) for text in listed)
        }
    assert found == {"grades", "psychology"}


def test_what_may_only_be_heard_of_stands_last_whatever_its_place_among_the_others(risk_model, given):
    own = replace(ROLES["class_teacher"], sees=("attendance", "family"), hears_of=("grades",))
    complete = tuple(pupil_scores(given))
    heard = 0
    for pupil in redact(Scores(None, "r", {}, "en", complete), own, catalogue=risk_model.catalogue).pupils:
        hints = [item.reason is None for item in pupil.told if item.raises]
        assert hints == sorted(hints)
        heard += sum(hints)
    assert heard > 5
