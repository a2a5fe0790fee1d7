"""The client asks as the contract says, tells what the service told, and asks again where it is told to."""

import json

import httpx
import pytest

from dropout_risk.client import ScoringClient
from dropout_risk.errors import RefusedReplyError


@pytest.fixture
def asked(client):
    """The client on the real service, in this process; its transport is that of the test client."""
    with ScoringClient("http://testserver", transport=client._transport) as made:
        yield made


def test_scores_come_as_the_service_sends_them(asked, client, example):
    told = asked.score(example["students"], as_of=example["as_of"], language="en")
    sent = client.post("/score", json=example | {"language": "en"}).json()
    assert told["results"] == sent["results"]
    assert asked.model()["version"] == told["model"]["version"]
    rows = asked.score_features([{"student_id": "p", "features": {"absence_share_20d": 0.3}}])
    assert [pupil["student_id"] for pupil in rows["results"]] == ["p"]


def test_a_refusal_is_an_error_with_all_that_was_wrong(asked):
    with pytest.raises(RefusedReplyError) as told:
        asked.score([{"student_id": "p", "gradelevel": 8, "boarding": "x"}], as_of="2025-03-03")
    assert (told.value.status, {problem["code"] for problem in told.value.problems}) == (
        400,
        {"DR607", "DR609"},
    )
    assert len(told.value.request_id) == 32
    assert "DR607" in str(told.value) or "DR609" in str(told.value)


@pytest.mark.parametrize("name", ["score_stored", "what_if"])
def test_what_needs_a_store_is_refused_by_a_service_without_one(asked, name):
    with pytest.raises(RefusedReplyError, match="DR625"):
        getattr(asked, name)(["p-1"])


class Answering:
    """A service that gives some replies, and keeps what it was asked."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def __call__(self, request):
        self.requests.append(request)
        return self.replies.pop(0)


BUSY = {"error": {"code": "DR617", "message": "Too many.", "hint": ""}, "problems": [], "request_id": "r"}


def answered_by(*replies, **more):
    service = Answering(*replies)
    return ScoringClient("http://service", "drk_key", transport=httpx.MockTransport(service), **more), service


def test_a_busy_service_is_asked_again_under_the_same_name_when_it_says(monkeypatch):
    waited = []
    monkeypatch.setattr("dropout_risk.client.time.sleep", waited.append)
    busy = httpx.Response(429, json=BUSY, headers={"retry-after": "7"})
    made, service = answered_by(busy, httpx.Response(200, json={"written": {}}))
    assert made.feedback("p-1", {"absence_share_20d": "right"}) == {"written": {}}
    assert waited == [7]
    assert len({request.headers["x-request-id"] for request in service.requests}) == 1
    assert {request.headers["authorization"] for request in service.requests} == {"Bearer drk_key"}
    assert {request.url.path for request in service.requests} == {"/v1/feedback"}


def test_a_service_that_stays_busy_is_not_asked_for_ever(monkeypatch):
    monkeypatch.setattr("dropout_risk.client.time.sleep", lambda seconds: None)
    made, service = answered_by(*[httpx.Response(503, json=BUSY)] * 2, tries=2)
    with pytest.raises(RefusedReplyError) as told:
        made.model()
    assert (told.value.status, len(service.requests)) == (503, 2)


def test_what_is_no_reply_of_the_service_is_an_error_of_ours():
    made, _ = answered_by(httpx.Response(502, text="<html>"))
    with pytest.raises(RefusedReplyError, match="status 502"):
        made.model()
    gone = ScoringClient("http://127.0.0.1:9", tries=1, timeout=2)
    with pytest.raises(RefusedReplyError, match="cannot be reached: ConnectError"):
        gone.model()


def test_ids_days_and_options_are_sent_as_the_contract_names_them():
    made, service = answered_by(*[httpx.Response(200, json={})] * 3)
    made.score_stored(["p-1"], as_of="2025-03-03", language="en")
    made.explain_change(["p-1"], "2025-01-06")
    made.what_if(["p-1"], most=2)
    from serving.answers.stored_pupils import CHANGE, STORED, WHAT_IF

    for contract, request in zip((STORED, CHANGE, WHAT_IF), service.requests, strict=True):
        assert contract.read(request.content) == json.loads(request.content)


def test_without_httpx_the_way_to_get_it_is_told(monkeypatch):
    import sys

    from dropout_risk.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"dropout-risk\[client\]"):
        ScoringClient("http://service")
