import datetime as dt

import pytest

import dropout_risk as dr
from dropout_risk.catalogue.facts import EVENTS_TOLD
from dropout_risk.features.compute import compute_features
from dropout_risk.scoring.request import request_of, score_request

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=250, seed=5)


@pytest.fixture(scope="module")
def calendar(records):
    return records.table("calendar")


@pytest.fixture(scope="module")
def context(records, risk_model):
    return compute_features(dr.Histories.from_records(records), AS_OF, risk_model.catalogue).context


@pytest.fixture(scope="module")
def batch(records, risk_model):
    return {pupil.student_id: pupil for pupil in risk_model.score(records, AS_OF, language="en").pupils}


def as_requested(results):
    """Results as a request can have them: without a rank, and without the outcomes that it does not carry."""
    return [
        result
        | {
            "rank_in_school": None,
            "facts": [fact for fact in result["facts"] if fact["name"] not in EVENTS_TOLD],
            "suggested_help": [
                item | {"because": because}
                for item in result["suggested_help"]
                if (because := [name for name in item["because"] if name not in EVENTS_TOLD])
            ],
        }
        for result in results
    ]


def test_a_request_gets_the_bits_of_the_batch(records, risk_model, batch, calendar, context):
    ids = sorted(batch)[:60]
    body = request_of(records, ids, AS_OF, "en")
    reply = score_request(risk_model, body, calendar=calendar, context=context).to_dict()

    assert reply["errors"] == []
    assert reply["results"] == as_requested([batch[name].to_dict() for name in ids])


def test_the_class_context_may_come_with_the_request(records, risk_model, batch, calendar, context):
    ids = sorted(batch)[:5]
    body = request_of(records, ids, AS_OF, "en") | {"class_context": context.to_rows()}
    reply = score_request(risk_model, body, calendar=calendar).to_dict()

    assert reply["results"] == as_requested([batch[name].to_dict() for name in ids])


def test_one_pupil_alone_in_a_batch_and_in_another_order_gets_the_same_bits(records, risk_model, batch):
    ids = sorted(batch)[:12]
    together = score_request(risk_model, request_of(records, ids, AS_OF)).to_dict()["results"]
    backwards = score_request(risk_model, request_of(records, ids[::-1], AS_OF)).to_dict()["results"]
    alone = [
        score_request(risk_model, request_of(records, [name], AS_OF)).to_dict()["results"][0] for name in ids
    ]

    assert together == backwards[::-1] == alone


def test_rows_from_the_future_are_counted_and_change_nothing_else(records, risk_model, batch):
    body = request_of(records, sorted(batch)[:1], AS_OF, "en")
    before = score_request(risk_model, body).to_dict()["results"][0]
    later = {"date": (dt.date.fromisoformat(AS_OF) + dt.timedelta(days=1)).isoformat(), "status": "absent"}
    body["students"][0]["attendance"] += [later, later | {"date": "2025-05-30", "recorded_on": AS_OF}]
    after = score_request(risk_model, body).to_dict()["results"][0]

    assert any(warning.startswith("2 row(s)") for warning in after["warnings"])
    assert after | {"warnings": []} == before | {"warnings": []}


def test_a_bad_row_is_named_and_the_pupil_is_scored_from_the_rest(records, risk_model, batch):
    body = request_of(records, sorted(batch)[:2], AS_OF, "en")
    clean = score_request(risk_model, body).to_dict()["results"]
    body["students"][1]["grades"].append(
        {"date": "2025-05-09", "subject": "maths", "exam": "quiz", "score": 150, "max_score": 100}
    )
    reply = score_request(risk_model, body).to_dict()
    (error,) = reply["errors"]

    assert error["index"] == 1
    assert error["field"] == f"grades[{len(body['students'][1]['grades']) - 1}].score"
    assert [result["log_odds"] for result in reply["results"]] == [result["log_odds"] for result in clean]
    assert any("1 row(s) of grades were not used" in warning for warning in reply["results"][1]["warnings"])


def test_a_pupil_sent_twice_is_an_error_and_the_others_are_scored(records, risk_model, batch):
    first, second = sorted(batch)[:2]
    reply = score_request(risk_model, request_of(records, [first, second, first], AS_OF)).to_dict()

    assert [error["index"] for error in reply["errors"]] == [0, 2]
    assert [result["student_id"] for result in reply["results"]] == [second]


def test_a_pupil_who_had_left_is_an_error(records, risk_model, batch):
    body = request_of(records, sorted(batch)[:1], AS_OF)
    body["students"][0]["left_on"] = "2025-01-01"

    codes = [error["code"] for error in score_request(risk_model, body).to_dict()["errors"]]
    assert set(codes[:-1]) == {"DR168"}  # a row after the day of leaving
    assert codes[-1] == "DR198"


def test_a_pupil_of_whom_nothing_but_the_id_is_sent_is_answered_and_not_judged(risk_model):
    (result,) = score_request(risk_model, {"as_of": AS_OF, "students": [{"student_id": 5}]}).to_dict()[
        "results"
    ]

    assert (result["student_id"], result["band"]) == (5, "unknown")
