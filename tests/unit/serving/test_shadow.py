"""The challenger answers nobody: what it would have said is counted, and so is a failure of its own."""

import copy
import json

import pytest
from serving.answers.asked_scores import RawRecords
from serving.metrics import Metrics
from serving.served.shadow import MOST_WAITING, Challenger

from support.counting import Client


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def challenger(risk_model, client):
    return Challenger(risk_model, "a" * 64, Metrics.of(client))


@pytest.fixture
def asked(risk_model, example):
    return RawRecords(risk_model, {}, json.dumps(example).encode())


def finish(challenger):
    challenger._thread.shutdown(wait=True)


def test_the_same_model_differs_from_itself_in_nothing(challenger, client, asked, example):
    told = asked.scores("r")
    challenger.ask(asked, told)
    finish(challenger)
    assert client.value("dropout_risk_shadow_pupils_total", band="same") == len(told.pupils) > 0
    assert client.value("dropout_risk_shadow_difference_sum") == 0
    assert client.value("dropout_risk_shadow_requests_total", outcome="answered") == 1


def test_another_band_is_counted_as_higher_or_lower(challenger, client, asked):
    from dataclasses import replace

    told = asked.scores("r")
    first = next(pupil for pupil in told.pupils if pupil.band == "high")
    challenger.ask(asked, replace(told, pupils=(replace(first, band="low"),)))
    finish(challenger)
    assert client.value("dropout_risk_shadow_pupils_total", band="higher") == 1
    assert client.value("dropout_risk_shadow_pupils_total", band="same") is None


def test_a_challenger_that_fails_is_counted_and_nobody_hears_of_it(challenger, client, asked):
    told = asked.scores("r")
    challenger.model = None
    challenger.ask(asked, told)
    finish(challenger)
    assert client.value("dropout_risk_shadow_requests_total", outcome="failed") == 1
    challenger.ask(asked, told)  # closed


def test_of_more_requests_than_may_wait_it_is_asked_nothing(challenger, client, asked, monkeypatch):
    held, told = [], asked.scores("r")
    from concurrent.futures import Future

    def keep(*_):
        held.append(Future())
        return held[-1]

    monkeypatch.setattr(challenger._thread, "submit", keep)
    for _ in range(MOST_WAITING + 2):
        challenger.ask(asked, told)
    assert len(held) == MOST_WAITING
    assert client.value("dropout_risk_shadow_requests_total", outcome="too busy") == 2


def test_scoring_leaves_a_request_as_it_was_read(asked):
    before = copy.deepcopy(asked.request)
    asked.scores("r")
    assert asked.request == before
