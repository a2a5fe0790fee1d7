"""The service as it is run: under ``bentoml serve``, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.running import READY_SECONDS, environment, free_port, running_service

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
MARKERS = ("PUPIL-ONE-MARKER", "SUBJECT-MARKER", "918273645", "FIELD-MARKER", "PATH-MARKER", "QUERY-MARKER")


def bentoml_command(port):
    where = ["--host", "127.0.0.1", "--port", str(port), "--working-dir", str(ROOT)]
    return [BENTOML, "serve", "serving.service:DropoutRisk", *where]


def say_markers(client, example):
    """Send the markers in every way that the service answers or refuses."""
    pupil, subject, score, field, path, query = MARKERS
    first = example["students"][0] | {"student_id": pupil, "class_id": pupil}
    first["grades"] = [*first["grades"], {"date": "2025-01-10", "subject": subject, "exam": pupil,
                                          "score": int(score), "max_score": 120}]  # fmt: skip
    good = example | {"students": [first]}
    unusable = example | {"students": [first | {"grade_level": subject, field: score}]}
    return [
        client.post("/score", json=good),
        client.post("/score", json=unusable),
        client.post(
            "/score", content=f'{{"as_of": "{pupil}'.encode(), headers={"content-type": "application/json"}
        ),
        client.post("/score", content=pupil.encode(), headers={"content-type": f"text/{subject}"}),
        client.post("/score_features", json={"rows": [{"student_id": pupil, "features": {field: score}}]}),
        client.get(f"/students/{path}"),
        client.get("/model", params={"student": query}),
        client.get(f"/review/pupil/{path}", params={"lang": query}),
        client.request(f"GET{path.replace('-', '')}", "/score"),
    ]


@pytest.mark.slow
def test_nothing_a_pupil_wrote_or_scored_is_in_a_log_a_refusal_or_the_metrics(bundle, example, tmp_path):
    with running_service(tmp_path, bundle, start=bentoml_command) as running:
        replies = say_markers(running.client, example)
        metrics = running.client.get("/metrics")
    assert [reply.status_code for reply in replies] == [200, 400, 400, 415, 200, 404, 200, 400, 400]
    assert replies[0].json()["errors"][0]["field"] == "grades[4].score"
    assert "request_total" in metrics.text
    assert 'endpoint="/score"' in metrics.text
    problems = [
        problem
        for reply in replies
        if reply.status_code >= 400 and reply.headers["content-type"] == "application/json"
        for problem in reply.json()["problems"]
    ]
    told = [problem["message"] + problem["hint"] for problem in problems if problem["code"] != "DR607"]
    written = "".join([running.said(), metrics.text, *told])
    assert [marker for marker in (*MARKERS, "PATHMARKER") if marker in written] == []
    lines = re.findall(r"(GET|POST|-) /\S+ \d{3} \S+ ms request_id=\w{32}", running.said())
    assert len(lines) == len(replies) - 1  # an unknown method is no HTTP, and does not come to the door


@pytest.mark.slow
@pytest.mark.parametrize(("model", "told"), [("", "DROPOUT_RISK_MODEL is not set"), ("nowhere", "DR501")])
def test_the_service_does_not_start_without_a_model_and_says_why(model, told, tmp_path):
    ended = subprocess.run(
        bentoml_command(free_port()), cwd=ROOT, env=environment(tmp_path, DROPOUT_RISK_MODEL=model),
        timeout=READY_SECONDS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
