"""A pupil's answer is the same bits alone, in a batch, in another order, and beside other requests."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

CODES = ("present", "present", "present", "absent", "late", "excused")


def pupil(number):
    draw = random.Random(number)
    days = [f"2025-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)]
    return {
        "student_id": f"p-{number:03d}" if number % 2 else number,
        "school_id": f"s-{number % 3}",
        "class_id": f"c-{number % 2}",
        "grade_level": 7 + number % 3,
        "distance_km": round(draw.uniform(0, 30), 2),
        "attendance": [{"date": day, "status": draw.choice(CODES)} for day in days if draw.random() < 0.7],
        "grades": [
            {
                "date": day,
                "subject": "maths",
                "exam": day[:7],
                "score": draw.randint(20, 120),
                "max_score": 120,
            }
            for day in ("2024-11-08", "2025-01-10", "2025-02-20")
        ],
        "wellbeing": [
            {"date": "2025-01-15", "instrument": "MHT", "scale": "total", "score": draw.randint(5, 90)}
        ],
    }


PUPILS = [pupil(number) for number in range(30)]


@pytest.fixture(scope="module")
def score(client):
    def post(pupils):
        reply = client.post("/score", json={"as_of": "2025-03-03", "students": pupils})
        assert reply.status_code == 200, reply.text
        assert reply.json()["errors"] == []
        return reply.json()["results"]

    return post


@pytest.fixture(scope="module")
def together(score):
    return {result["student_id"]: result for result in score(PUPILS)}


def test_alone_and_together_are_the_same_bits(score, together):
    for given in PUPILS:
        assert score([given]) == [together[given["student_id"]]]


def test_another_order_is_the_same_bits_in_that_order(score, together):
    shuffled = random.Random(1).sample(PUPILS, len(PUPILS))
    assert score(shuffled) == [together[given["student_id"]] for given in shuffled]


def test_rows_in_another_order_are_the_same_bits(score, together):
    for given in PUPILS[:10]:
        turned = {key: value[::-1] if isinstance(value, list) else value for key, value in given.items()}
        assert score([turned]) == [together[given["student_id"]]]


def test_requests_at_the_same_time_are_the_same_bits(score, together):
    with ThreadPoolExecutor(8) as pool:
        alone = list(pool.map(lambda given: score([given])[0], PUPILS))
    assert alone == list(together.values())


def test_the_service_and_the_library_are_the_same_bits(score, together, risk_model):
    from dropout_risk.scoring.request import score_request

    scores = score_request(risk_model, {"as_of": "2025-03-03", "students": PUPILS})
    assert [pupil.to_dict() for pupil in scores.pupils] == list(together.values())


def test_ready_features_are_the_same_bits_alone_and_together(client, risk_model):
    draw = random.Random(2)
    rows = [
        {"student_id": number, "features": {name: draw.random() for name in risk_model.catalogue.names[:5]}}
        for number in range(40)
    ]
    rows = [row for row in rows if post_features(client, [row])["errors"] == []]
    together = post_features(client, rows)["results"]
    assert len(together) > 10
    assert [post_features(client, [row])["results"][0] for row in rows] == together


def post_features(client, rows):
    return client.post("/score_features", json={"rows": rows}).json()
