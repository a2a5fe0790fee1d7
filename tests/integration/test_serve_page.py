"""``docs/how-to/serve.md`` says what the service does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dropout_risk.errors import RequestError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
REQUESTS = re.findall(
    r"curl -s http://[\w.:]+(/\S+) -H '([\w-]+): (\S+)' -d '(.*?)'\n```", PAGE, flags=re.DOTALL
)


def post(client, request):
    path, name, kind, body = request
    return client.post(path, content=body.encode(), headers={name: kind})


def test_the_first_request_of_the_page_is_answered_as_it_says(client):
    reply = post(client, REQUESTS[0]).json()
    told = json.loads(re.search(r"```json\n(\{\"as_of\".*?)\n```", PAGE, flags=re.DOTALL)[1])
    assert [(error["index"], error["code"], error["field"]) for error in reply["errors"]] == [
        (error["index"], error["code"], error["field"]) for error in told["errors"]
    ]
    (result,), (shown,) = reply["results"], told["results"]
    assert (result["student_id"], result["rank_in_school"]) == (shown["student_id"], shown["rank_in_school"])
    assert shown["alerts"][0].items() <= result["alerts"][0].items()


def test_the_tensors_of_the_page_are_answered_by_the_outputs_that_it_names(client):
    reply = post(client, REQUESTS[1]).json()
    assert reply["outputs"][0]["data"] == ["p-001", "p-002"]
    assert all(f"`{output['name']}`" in PAGE for output in reply["outputs"])


def test_the_last_request_of_the_page_is_refused_as_it_says(client):
    reply = post(client, REQUESTS[-1]).json()
    told = json.loads(re.search(r"```json\n(\{\"error\".*?)\n```", PAGE, flags=re.DOTALL)[1])
    assert {**reply, "request_id": ""} == {**told, "request_id": ""}


@pytest.mark.parametrize("kind", RequestError.__subclasses__())
def test_every_refusal_is_listed_with_its_status_and_meaning(kind):
    assert f"| {kind.code} | {kind.status} | {' '.join(kind.__doc__.split())} |" in PAGE


def test_the_bento_takes_the_wheel_of_this_version():
    version = re.search(
        r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )[1]
    assert f"dropout_risk-{version}-py3" in (ROOT / "serving" / "bentofile.yaml").read_text(encoding="utf-8")
