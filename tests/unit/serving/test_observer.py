"""What is asked is compared with what the model learnt: in memory, without ids, and no reply waits for it."""

import pytest
from serving.metrics import Metrics
from serving.served.observer import LOOK_EVERY, MOST_PUPILS, TELL_EVERY, Observer

from dropout_risk.scoring.request import score_request
from support.counting import Client


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def observer(client, clock):
    return Observer(Metrics.of(client), lambda: clock[0])


@pytest.fixture
def scores(risk_model, example):
    return score_request(risk_model, example)


def test_missing_shares_and_drift_are_told_by_family_of_ten_rows_and_more(
    observer, client, clock, risk_model, scores
):
    families = {feature.family for feature in risk_model.catalogue.values()}

    def told():
        return {f for f in families if client.value("dropout_risk_drift_psi", family=f) is not None}

    observer.look(risk_model, scores)
    assert told() == set()
    for _ in range(5):
        clock[0] += TELL_EVERY
        observer.look(risk_model, scores)
    assert told() == families
    assert client.value("dropout_risk_drift_rows") == 6 * len(scores)
    shares = [client.value("dropout_risk_missing_share", family=family) for family in families]
    assert all(0 <= share <= 1 for share in shares)
    assert max(shares) > 0


def test_another_model_begins_anew(observer, risk_model, scores):
    observer.look(risk_model, scores)
    observer.look(object.__new__(type(risk_model)), type(scores)(None, "", {}, "zh", ()))
    assert len(observer._rows) == 0


def test_a_reply_never_waits_for_it(observer, clock, risk_model, scores):
    for _ in range(3):
        observer.saw(risk_model, scores)
        clock[0] += LOOK_EVERY
    assert observer._waiting.qsize() == 1


def test_little_is_looked_at(observer, clock, risk_model, scores):
    class Many(tuple):
        pupils = ()

    observer.saw(risk_model, Many(range(MOST_PUPILS + 1)))
    observer.saw(risk_model, Many())
    assert observer._waiting.empty()
    observer.saw(risk_model, scores)
    observer._waiting.get_nowait()
    observer.saw(risk_model, scores)
    assert observer._waiting.empty()


def test_it_says_what_the_worker_holds_and_ends_when_told(observer, client, scores, risk_model):
    observer.beat()
    assert client.value("dropout_risk_resident_bytes") > 10_000_000
    observer.saw(risk_model, scores)
    observer.stop()
    observer._watch()
