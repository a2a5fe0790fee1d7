"""The real service with a real model, in this process."""

from __future__ import annotations

import asyncio
import json
import logging
import math

import jsonschema
import pytest
from serving.gate.costs import Limits
from serving.gate.door import Door
from serving.openapi import ERROR, TITLES

from dropout_risk.scoring.contract_problems import contract_schema

JSON = {"content-type": "application/json"}


def validator(schema):
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


REPLY, REFUSAL = validator(contract_schema("score.reply")), validator(ERROR)


def post(client, path, request):
    content = request if isinstance(request, bytes) else json.dumps(request).encode()
    return client.post(path, content=content, headers=JSON)


def answered(client, path, request):
    reply = post(client, path, request)
    assert reply.status_code == 200, reply.text
    REPLY.validate(reply.json())
    return reply.json()


def refused(reply):
    REFUSAL.validate(reply.json())
    body = reply.json()
    assert body["error"] == body["problems"][0]
    assert body["request_id"] == reply.headers["x-request-id"]
    return reply.status_code, body["error"]["code"], body["error"]["field"]


def test_the_example_gets_the_answer_its_description_asks_for(client, example):
    reply = answered(client, "/score", example)
    first, second = reply["results"]
    assert (first["student_id"], second["student_id"], reply["errors"]) == ("p-001", "p-002", [])
    assert ("absent_3_days", 3) in [(alert["rule"], alert.get("days")) for alert in first["alerts"]]
    assert (second["band"], len(second["missing"]), second["alerts"]) == ("unknown", 4, [])
    assert any("Neither attendance nor marks" in warning for warning in second["warnings"])


def test_reasons_domains_and_causes_add_up_in_the_reply(client, example):
    for pupil in answered(client, "/score", example)["results"]:
        told = sum(reason["contribution"] for reason in pupil["raising"] + pupil["lowering"]) + pupil["other"]
        moved = pupil["log_odds"] - pupil["base_log_odds"]
        assert told == pytest.approx(moved, abs=1e-9)
        assert sum(pupil["domains"].values()) == pytest.approx(moved, abs=1e-9)
        assert sum(pupil["causes"].values()) == pytest.approx(moved, abs=1e-9)
        assert pupil["log_odds"] == pytest.approx(math.log(pupil["risk"] / (1 - pupil["risk"])), abs=1e-9)


def test_sentences_are_chinese_unless_english_is_asked_for(client, example):
    english = answered(client, "/score", example)["results"][1]["missing"][0]
    del example["language"]
    chinese = answered(client, "/score", example)["results"][1]["missing"][0]
    assert english.isascii()
    assert not chinese.isascii()


def test_a_bad_row_is_an_error_and_the_rest_is_scored(client, example):
    example["students"][0]["grades"][2]["score"] = 500
    reply = answered(client, "/score", example)
    (error,) = reply["errors"]
    assert (error["index"], error["student_id"], error["field"]) == (0, "p-001", "grades[2].score")
    assert [pupil["student_id"] for pupil in reply["results"]] == ["p-001", "p-002"]
    assert "500" not in error["message"] + error["hint"]


def wrong_cells():
    """One field of a row, or of a pupil, that holds what is no word, day or size of its kind."""
    return [
        ("attendance[0].status", lambda pupil: pupil["attendance"][0].update(status="MARKER")),
        ("attendance[0].date", lambda pupil: pupil["attendance"][0].update(date="MARKER")),
        ("grades[0].max_score", lambda pupil: pupil["grades"][0].update(max_score=-3)),
        ("grades[0].subject", lambda pupil: pupil["grades"][0].update(subject="")),
        ("left_on", lambda pupil: pupil.update(left_on="MARKER")),
        ("distance_km", lambda pupil: pupil.update(distance_km=-3)),
    ]


@pytest.mark.parametrize(("field", "change"), wrong_cells())
def test_a_bad_word_of_one_pupil_is_an_error_of_its_row_and_all_are_scored(client, example, field, change):
    before = answered(client, "/score", example)
    change(example["students"][0])
    reply = answered(client, "/score", example)

    assert [(error["index"], error["field"]) for error in reply["errors"]] == [(0, field)]
    assert "MARKER" not in json.dumps(reply)
    assert [pupil["student_id"] for pupil in reply["results"]] == ["p-001", "p-002"]
    assert reply["results"][1] == before["results"][1]


def test_a_number_of_310_digits_is_an_error_of_its_row_and_sinks_no_other(client):
    rows = [{"features": {"absence_share_20d": number}} for number in (0.5, 10**310, 0.25)]
    reply = answered(client, "/score_features", {"rows": rows, "language": "en"})

    assert [pupil["student_id"] for pupil in reply["results"]] == [0, 2]
    (error,) = reply["errors"]
    assert (error["index"], error["code"], error["field"]) == (1, "DR606", "features.absence_share_20d")
    assert "000000" not in error["message"]


def test_the_name_of_an_unknown_feature_is_not_repeated_whole(client):
    reply = answered(client, "/score_features", {"rows": [{"features": {"x" * 100_000: 1}}]})
    assert reply["errors"][0]["code"] == "DR201"
    assert len(json.dumps(reply["errors"])) < 5000


def test_rank_is_unknown_because_a_request_is_no_school(client, example):
    assert {pupil["rank_in_school"] for pupil in answered(client, "/score", example)["results"]} == {None}


def test_features_are_scored_by_name_and_unknown_ones_are_errors(client):
    rows = [
        {"student_id": 7, "features": {"absence_share_20d": 0.5}},
        {"features": {"absense_share_20d": 0.5}},
    ]
    reply = answered(client, "/score_features", {"rows": rows, "language": "en"})
    assert [pupil["student_id"] for pupil in reply["results"]] == [7]
    assert reply["as_of"] is None
    assert [(error["index"], error["code"]) for error in reply["errors"]] == [(1, "DR201")]
    assert "absence_share_20d" in reply["errors"][0]["hint"]


def test_ready_features_give_the_risk_of_the_same_features_in_the_library(client, risk_model):
    import pandas as pd

    row = {"absence_share_20d": 0.5, "absence_streak": 3.0}
    row = {name: value for name, value in row.items() if name in risk_model.catalogue.names}
    expected = risk_model.score_features(pd.DataFrame([row])).pupils[0]
    (given,) = answered(client, "/score_features", {"rows": [{"features": row}]})["results"]
    assert given["risk"] == expected.risk


@pytest.mark.parametrize(
    ("request_body", "status", "code", "field"),
    [
        (b"{", 400, "DR603", "body"),
        (b"", 400, "DR603", "body"),
        (b'{"as_of": 1, "as_of": 2}', 400, "DR604", "as_of"),
        (b"[" * 100_000, 400, "DR605", "body"),
        ({"as_of": "2025-03-03", "students": [{"student_id": 1, "distance_km": float("nan")}]}, 400, "DR606",
         "students[0].distance_km"),
        ({"as_of": "2025-03-03", "students": [{"student_id": 1, "atendance": []}]}, 400, "DR607",
         "students[0].atendance"),
        ({"as_of": "2025-03-03"}, 400, "DR608", "students"),
        ({"as_of": "2025-03-03", "students": [{"student_id": True}]}, 400, "DR609", "students[0].student_id"),
        ({"as_of": "2025-03-03", "students": [{"student_id": 1}], "language": ""}, 400, "DR610", "language"),
        ({"as_of": "03/03/2025", "students": [{"student_id": 1}]}, 400, "DR611", "as_of"),
        ({"as_of": "2999-03-03", "students": [{"student_id": 1}]}, 400, "DR612", "as_of"),
        ({"as_of": "2025-03-03", "students": []}, 400, "DR613", "students"),
        ({"as_of": "2025-03-03", "students": [{"student_id": 1}] * 201}, 400, "DR614", "students"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_status_code_and_field(client, request_body, status, code, field):
    assert refused(post(client, "/score", request_body)) == (status, code, field)


@pytest.mark.parametrize("path", ["/score", "/score_features"])
@pytest.mark.parametrize(
    "kind", ["application/vnd.bentoml+pickle", "multipart/form-data; boundary=x", "text/plain", "",
             "application/x-www-form-urlencoded", "application/json; charset=gbk"],
)  # fmt: skip
def test_only_json_is_accepted(client, path, kind):
    reply = client.post(path, content=b"{}", headers={"content-type": kind})
    assert refused(reply) == (415, "DR602", "Content-Type")


def test_a_compressed_body_is_not_accepted(client):
    reply = client.post("/score", content=b"{}", headers=JSON | {"content-encoding": "gzip"})
    assert refused(reply) == (415, "DR602", "Content-Encoding")


@pytest.mark.parametrize("body", [b" " * 32_000_001, (b" " * 1_000_000 for _ in range(33))])
def test_a_body_over_the_limit_is_refused_with_and_without_a_declared_length(client, body):
    assert refused(client.post("/score", content=body, headers=JSON)) == (413, "DR601", "body")


def test_no_more_of_a_body_is_read_than_the_limit(client):
    asked = []

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b" " * 100, "more_body": True}

    sent = run_door(Door(never, Limits(body=1000)), receive)
    assert sent[0]["status"] == 413
    assert len(asked) == 11


def test_an_answer_that_takes_too_long_is_given_up(client):
    async def slow(scope, receive, send):
        await asyncio.sleep(60)

    sent = run_door(Door(slow, Limits(seconds=0.05)))
    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"]) == (504, "DR618")


def test_more_requests_than_the_limit_are_told_to_come_again(client):
    door = Door(never, Limits(at_once=1))
    door.inside = 1
    sent = run_door(door)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"]) == (429, "DR617")
    assert int(dict(sent[0]["headers"])[b"retry-after"]) >= 1
    assert door.inside == 1


def test_a_fault_of_the_service_is_a_500_and_leaves_no_value_in_the_log(client, caplog):
    async def broken(scope, receive, send):
        raise KeyError("p-001")

    with caplog.at_level(logging.INFO, logger="bentoml.dropout_risk"):
        sent = run_door(Door(broken, Limits()))
    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"]) == (500, "DR619")
    assert "KeyError" in caplog.text
    assert "p-001" not in caplog.text


def test_a_fault_while_scoring_is_a_500_without_a_trace_of_the_pupil(client, example, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError("p-001 scored 52")

    monkeypatch.setattr("serving.answers.asked_scores.score_request", broken)
    with caplog.at_level(logging.INFO, logger="bentoml.dropout_risk"):
        reply = post(client, "/score", example)
    assert refused(reply) == (500, "DR619", "")
    assert reply.json()["request_id"] in caplog.text
    assert "p-001" not in caplog.text + reply.text


@pytest.mark.parametrize(
    "path", ["/nowhere", "/students/p-001", "/score/", "/", "/static_content/../x", "/submit"]
)
def test_unknown_addresses_get_the_same_shape(client, path):
    assert refused(client.get(path)) == (404, "DR615", "path")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/score", "POST"), ("PUT", "/score", "POST"), ("POST", "/model", "GET")],
)
def test_wrong_methods_get_the_same_shape_and_the_right_ones(client, method, path, allowed):
    reply = client.request(method, path)
    assert refused(reply) == (405, "DR616", "method")
    assert allowed in reply.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/model"), ("GET", "/docs.json"), ("POST", "/score"), ("GET", "/nowhere")],
)
def test_no_reply_is_kept_for_another_reader_or_taken_for_another_kind(client, example, method, path):
    headers = client.request(method, path, json=example if method == "POST" else None).headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_the_model_tells_what_its_numbers_mean(client, risk_model):
    about = client.get("/model").json()
    assert (about["name"], about["version"]) == (risk_model.name, risk_model.version)
    assert {
        "catalogue",
        "explainer",
        "background",
        "interval",
        "trained_to",
        "metrics",
        "synthetic",
        "card",
    } <= set(about)


def test_the_catalogue_is_that_of_the_model(client, risk_model):
    assert [feature["name"] for feature in client.get("/catalogue").json()] == risk_model.catalogue.names


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_answer(client, path):
    assert client.get(path).status_code == 200


def test_the_description_holds_the_contract_unchanged_but_for_its_title(client):
    described = client.get("/docs.json").json()
    schemas = described["components"]["schemas"]
    assert schemas["score"] == contract_schema("score.request") | {"title": TITLES["score"]}
    assert schemas["score_features"] == contract_schema("score_features.request") | {
        "title": TITLES["score_features"]
    }
    assert schemas["reply"] == contract_schema("score.reply") | {"title": TITLES["reply"]}
    for name in ("score", "score_features"):
        operation = described["paths"][f"/{name}"]["post"]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{name}")
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith(
            "/reply"
        )
        assert {"400", "413", "415", "500"} <= set(operation["responses"])


def test_pages_may_be_refused_for_their_question_and_say_so_in_the_description(client):
    paths = client.get("/docs.json").json()["paths"]
    pages = [path for path in paths if path.startswith("/review")]
    assert len(pages) > 4
    assert all({"200", "400", "404", "429", "503"} <= set(paths[path]["get"]["responses"]) for path in pages)


def described_rows(client):
    """The check of the description's class context rows."""
    described = client.get("/docs.json").json()
    asked = described["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert asked["properties"]["class_context"]["items"]["$ref"] == "#/components/schemas/context_row"
    return validator(described["components"]["schemas"]["context_row"])


CONTEXT_ROW = {"school_id": "s", "class_id": "c", "grade_level": None, "feature": "", "subject": "maths",
               "exam": "final", "date": "2025-01-10", "mean": 0.5, "sd": 0.1, "n": 40}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sd": -1},
        {"n": 0},
        {"n": -1},
        {"n": "40"},
        {"school_n": -1},
        {"school_n": 40.5},
        {"of": 1},
        {"mean": None},
        {"school_id": None},
        {"date": 7},
    ],
)
def test_the_description_of_a_class_context_row_is_that_of_what_reads_it(client, example, change):
    row = CONTEXT_ROW | change
    sound = described_rows(client).is_valid(row)
    assert sound == (change == {})
    assert post(client, "/score", example | {"class_context": [row]}).status_code == (200 if sound else 400)


def test_the_reply_is_written_as_one_piece_of_json_would_be(client, risk_model, example):
    from serving.service import written_reply
    from starlette.responses import JSONResponse

    from dropout_risk.scoring.request import score_request

    example["students"][0]["grades"][2]["score"] = 500
    for language in ("zh", "en"):
        scores = score_request(risk_model, example | {"language": language}, request_id="x")
        assert json.loads(written_reply(scores.to_dict())) == json.loads(JSONResponse(scores.to_dict()).body)


def test_nothing_is_scored_for_a_caller_who_was_told_that_it_took_too_long(client, example, monkeypatch):
    scored = []
    monkeypatch.setattr("serving.answers.asked_scores.score_request", lambda *_, **__: scored.append(1))
    monkeypatch.setattr(client.app, "limits", Limits(seconds=-1))
    assert refused(post(client, "/score", example))[:2] == (504, "DR618")
    assert scored == []


def test_a_caller_of_pages_waits_after_many(client):
    codes = []

    async def at_once():
        door = Door(quiet, Limits(pages="3/minute"))
        for address in "aaaab":
            await ask(door, "GET", "/review", hanging, codes, address)
        await ask(door, "GET", "/model", hanging, codes, "a")

    asyncio.run(at_once())
    assert codes == [200, 200, 200, 429, 200, 200]


async def never(scope, receive, send):
    raise AssertionError("the door let it in")


def run_door(door, receive=None):
    sent = []

    async def nothing():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/score",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(door(scope, receive or nothing, send))
    return sent


def test_bodies_that_never_end_keep_no_question_out_and_are_given_up(client):
    async def at_once():
        door, codes = Door(quiet, Limits(at_once=2, reading=0.2)), []
        slow = [asyncio.create_task(ask(door, "POST", "/score", hanging, codes)) for _ in range(2)]
        await asyncio.sleep(0.05)
        await ask(door, "GET", "/model", hanging, codes)
        await ask(door, "POST", "/score", hanging, codes)
        await asyncio.gather(*slow)
        return codes, len(door._senders.held), door.inside

    assert asyncio.run(at_once()) == ([200, 429, 504, 504], 0, 0)


def test_a_body_being_sent_takes_no_place_of_those_being_answered(client):
    async def at_once():
        door, codes = Door(quiet, Limits(at_once=1, reading=0.2)), []
        door.inside = 1
        slow = asyncio.create_task(ask(door, "POST", "/score", hanging, codes))
        await asyncio.sleep(0.05)
        counted = len(door._senders.held), door.inside
        await slow
        return counted

    assert asyncio.run(at_once()) == (1, 1)


def test_parts_of_bodies_take_no_more_memory_than_a_few_whole_ones(client):
    async def at_once():
        door, codes = Door(quiet, Limits(body=1000, reading=0.3)), []

        async def most_of_a_body():
            await asyncio.sleep(0.01 if codes else 0)
            return {"type": "http.request", "body": b" " * 900, "more_body": True}

        def sender():
            parts = iter([most_of_a_body, hanging])

            async def receive():
                return await next(parts)()

            return receive

        await asyncio.gather(*(ask(door, "POST", "/score", sender(), codes) for _ in range(6)))
        return sorted(codes)

    assert asyncio.run(at_once()) == [429, 429, 504, 504, 504, 504]


async def quiet(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def hanging():
    await asyncio.sleep(60)


async def ask(door, method, path, receive, codes, address="a"):
    async def send(message):
        codes.extend([message["status"]] if "status" in message else [])

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": (address, 1)}
    await door(scope, receive, send)
