import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import dropout_risk as dr
from dropout_risk.errors import DateError, UnknownPupilError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.kernels import prefetch
from dropout_risk.scoring import population as module
from dropout_risk.scoring.population import Population, score_blocks
from dropout_risk.scoring.score_rows import pupil_scores, row_errors
from dropout_risk.scoring.score_writer import score_schema

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=200, seed=6))


@pytest.fixture(scope="module")
def scores(risk_model, histories):
    return risk_model.score(histories, AS_OF, language="en")


@pytest.fixture(scope="module")
def rows(risk_model, histories):
    return pa.Table.from_batches(score_blocks(risk_model, histories, AS_OF, language="en", block_size=64))


def test_the_reply_of_every_pupil_can_be_rebuilt_from_its_row(scores, rows):
    replies = [pupil.to_dict() | {"rank_in_school": None} for pupil in scores.pupils]
    assert [pupil.to_dict() for pupil in pupil_scores(rows)] == replies
    assert [pupil.missing_sensitive for pupil in pupil_scores(rows)] == [
        pupil.missing_sensitive for pupil in scores.pupils
    ]


def test_the_rows_have_the_schema_that_is_promised(risk_model, rows, histories):
    assert rows.schema.equals(score_schema(risk_model))
    numbers = next(score_blocks(risk_model, histories, AS_OF, sentences=False))
    assert numbers.schema.equals(score_schema(risk_model, sentences=False))


def test_base_and_contributions_added_in_their_order_are_the_log_odds_to_the_bit(rows):
    total = rows["base_log_odds"].to_numpy()
    for column in rows["contributions"].combine_chunks().flatten():
        total = total + column.to_numpy()
    assert total.tobytes() == rows["log_odds"].to_numpy().tobytes()


def test_a_block_needs_nothing_but_its_own_histories_and_the_context(risk_model, histories, rows):
    context = Population.of(risk_model, histories, AS_OF).table.context
    some = np.arange(0, len(histories), 3)
    own = score_blocks(risk_model, histories.take(some), AS_OF, context=context, language="en")
    own = pa.Table.from_batches(own)
    kept = set(own["student_id"].to_pylist())
    assert own.num_rows
    assert own.to_pylist() == [row for row in rows.to_pylist() if row["student_id"] in kept]


def test_a_block_of_pupils_who_are_not_at_school_gives_no_rows(risk_model, histories):
    early = score_blocks(risk_model, histories, "2000-01-03", context=ClassContext.empty())
    assert list(early) == []
    with pytest.raises(DateError, match="nobody was at school"):
        risk_model.score(histories, "2000-01-03")


def test_a_pupil_who_cannot_be_scored_keeps_its_row_and_says_why(risk_model, histories, rows, monkeypatch):
    feature = risk_model.catalogue.names[0]
    population = Population.of(risk_model, histories, AS_OF, language="en")
    population.table.values[population.members[5], 0] = 1e9
    found = pa.Table.from_batches(population.blocks(population.members, block_size=50))
    ids = found["student_id"].to_pylist()
    assert ids == rows["student_id"].to_pylist()
    assert found["error"].null_count == len(ids) - 1
    broken = found.slice(5, 1).to_pylist()[0]
    assert broken["error"]["field"] == feature
    assert "1e9" not in str(broken["error"])
    assert {name for name, value in broken.items() if value is not None} == {
        "student_id", "school_id", "class_id", "responsible_id", "error"
    } & {name for name, value in broken.items() if value is not None}  # fmt: skip
    others = [row for row in range(len(ids)) if row != 5]
    assert found.take(others).drop(["error"]).equals(rows.take(others).drop(["error"]))
    errors = [error for batch in found.to_batches() for error in row_errors(batch)]
    assert [(error.student_id, error.code) for error in errors] == [(ids[5], "DR203")]
    assert len(list(pupil_scores(found))) == len(ids) - 1


@pytest.mark.parametrize("values", [[7.0], [7.0, 9.0], [], [0.1, 7.0, 0.2]])
def test_features_that_cannot_be_are_errors_and_the_others_are_scored(risk_model, values):
    X = pd.DataFrame({"absence_share_20d": values}, index=[f"p-{n}" for n in range(len(values))])
    scores = risk_model.score_features(X)
    assert [error.student_id for error in scores.errors] == list(X.index[X["absence_share_20d"] > 1])
    assert [pupil.student_id for pupil in scores.pupils] == list(X.index[X["absence_share_20d"] <= 1])


def test_blocks_are_given_before_all_are_made(risk_model, histories, monkeypatch):
    made = []
    block = Population.block

    def counted(self, pupils, **how):
        made.append(len(pupils))
        return block(self, pupils, **how)

    monkeypatch.setattr(module.Population, "block", counted)
    monkeypatch.setenv("DROPOUT_RISK_THREADS", "2")
    blocks = score_blocks(risk_model, histories, AS_OF, block_size=5)
    next(blocks)
    assert len(made) <= 5
    blocks.close()
    assert sum(made) < 60


@pytest.mark.parametrize("threads", ["1", "3"])
def test_work_in_threads_keeps_its_order_and_its_errors(monkeypatch, threads):
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    assert list(prefetch(lambda item: item * item, range(50))) == [item * item for item in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(prefetch(lambda item: 1 / item, range(3, -3, -1)))


def test_progress_tells_how_many_pupils_are_done(risk_model, histories, scores):
    told = []
    list(score_blocks(risk_model, histories, AS_OF, block_size=70, sentences=False,
                      progress=lambda *done: told.append(done)))  # fmt: skip
    n = len(scores)
    assert told == [(min(done, n), n) for done in range(70, n + 70, 70)]


@pytest.mark.parametrize("wrong", [[99999], [-1], ["nobody"], [0.5], [True], [[0]]])
def test_a_pupil_who_is_not_in_the_histories_is_one_clear_error(risk_model, histories, wrong):
    questions = (
        lambda: risk_model.change(histories, "2025-02-03", AS_OF, wrong),
        lambda: risk_model.what_if(histories, AS_OF, wrong),
        lambda: next(score_blocks(risk_model, histories, AS_OF, pupils=wrong)),
    )
    for ask in questions:
        with pytest.raises(UnknownPupilError, match="one is none of the"):
            ask()


def test_pupils_are_asked_for_by_id_as_well_as_by_row(risk_model, histories):
    rows = [5, 2]
    ids = [histories.student_ids[row] for row in rows]
    by_row, by_id = (
        [
            risk_model.change(histories, "2025-02-03", AS_OF, given),
            risk_model.what_if(histories, AS_OF, given, most=1),
        ]
        for given in (rows, ids)
    )

    assert by_id == by_row
    assert [change.student_id for change in by_id[0]] == ids
