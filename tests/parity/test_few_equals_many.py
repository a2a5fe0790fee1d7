"""Scores of a few pupils become objects without columns: the bytes of a reply are those of the columns."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dropout_risk as dr
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.request import request_of, score_features_request, score_request
from dropout_risk.scoring.risk_model import FEW
from dropout_risk.scoring.score_rows import pupil_scores

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=250, seed=5)


@pytest.fixture(scope="module")
def histories(records):
    return dr.Histories.from_records(records)


def reply_bytes(results):
    return [json.dumps(result, ensure_ascii=False, allow_nan=False).encode() for result in results]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_objects_are_what_is_read_from_columns(risk_model, histories, language):
    population = Population.of(risk_model, histories, AS_OF, language=language)
    everyone = population.everyone()
    told, errors = population.told(everyone)
    read = list(pupil_scores(population.block(everyone)))

    assert told == read
    assert not errors
    assert reply_bytes(one.to_dict() for one in told) == reply_bytes(one.to_dict() for one in read)
    assert {type(value) for one in told for value in vars(one).values()} == {
        type(value) for one in read for value in vars(one).values()
    }


def test_a_pupil_is_told_the_same_alone_among_many_and_among_so_many_that_columns_are_made(
    risk_model, histories
):
    everyone = Population.of(risk_model, histories, AS_OF).everyone()
    many = risk_model.score_histories(histories, AS_OF, everyone).to_dict()["results"]
    often = risk_model.score_histories(histories, AS_OF, np.tile(everyone, FEW // len(everyone) + 1))
    columns = often.to_dict()["results"]
    assert len(columns) > FEW

    for index in range(0, len(everyone), 23):
        (alone,) = risk_model.score_histories(histories, AS_OF, everyone[index : index + 1]).to_dict()[
            "results"
        ]
        assert reply_bytes([alone]) == reply_bytes([many[index]]) == reply_bytes([columns[index]])


def test_a_request_of_one_gets_the_bytes_that_it_gets_among_others(records, risk_model):
    ids = records.table("students")["student_id"].to_pylist()[:40]
    body = request_of(records, ids, AS_OF, "en")
    together = score_request(risk_model, body).to_dict()["results"]

    assert len(together) > 30
    whole = {result["student_id"]: result for result in together}
    for student in body["students"][::7]:
        for result in score_request(risk_model, {**body, "students": [student]}).to_dict()["results"]:
            assert reply_bytes([result]) == reply_bytes([whole[result["student_id"]]])


@given(st.data())
def test_rows_of_features_are_told_the_same_alone_and_among_others(risk_model, data):
    number = st.none() | st.floats(0, 1) | st.integers(0, 40)
    names = data.draw(st.lists(st.sampled_from(risk_model.catalogue.names), min_size=1, unique=True))
    rows = [
        {"student_id": f"p{k}", "features": {name: data.draw(number) for name in names}} for k in range(3)
    ]
    together = score_features_request(risk_model, {"rows": rows}).to_dict()
    for index, row in enumerate(rows):
        alone = score_features_request(risk_model, {"rows": [row]}).to_dict()
        own = [result for result in together["results"] if result["student_id"] == row["student_id"]]
        assert reply_bytes(alone["results"]) == reply_bytes(own)
        assert [e["code"] for e in alone["errors"]] == [
            e["code"] for e in together["errors"] if e["index"] == index
        ]


def test_a_pupil_with_an_impossible_value_is_in_errors_and_the_others_are_scored(risk_model, histories):
    population = Population.of(risk_model, histories, AS_OF)
    broken = population.table.values.copy()
    broken[1, 0] = 1e9
    object.__setattr__(population.table, "values", broken)
    told, errors = population.told(np.array([0, 1, 2]))
    batch = population.block(np.array([0, 1, 2]))

    assert told == list(pupil_scores(batch))
    assert [(error.index, error.student_id) for error in errors] == [(1, histories.student_ids[1])]
    assert pa.compute.is_valid(batch["error"]).to_pylist() == [False, True, False]
