"""Whatever befalls a body on its way, it is answered or refused, and soon: a few of a benchmark's many."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.mark.parametrize("seed", [1, 2])
def test_no_body_brings_the_service_down_or_keeps_it(client, seed):
    from mutated_bodies import wrong_answers

    def send(path, body):
        reply = client.post(path, content=body, headers={"content-type": "application/json"})
        return reply.status_code, reply.content

    found, _, wrong = wrong_answers(send, 300, seed)
    assert [words for words in wrong if ": 5" in words or ": 200" in words] == []
    assert found[400] > 100
    assert found[200] > 10
