"""The service as ``dropout-risk serve`` starts it, and what neither callers nor crashes do to it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

from support.running import ended_service, running_service

pytestmark = pytest.mark.slow
PATIENCE = 2
COUNTERS = "PROMETHEUS_MULTIPROC_DIR="
POST = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
NEXT = b"GET /model HTTP/1.1\r\nHost: localhost\r\n\r\n"
ROW = {"rows": [{"features": {"absence_share_20d": 0.5}}]}


@pytest.fixture(scope="module")
def service(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    with running_service(folder, bundle, DROPOUT_RISK_READ_TIMEOUT=PATIENCE) as running:
        yield running


@pytest.mark.parametrize(
    "form",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"Content-Length: 2, 2\r\n\r\n{}",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length : 2\r\n\r\n{}",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
        b"X: a\rContent-Length: 9\r\nContent-Length: 2\r\n\r\n{}",
        b"X: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        b"Content-Length: 2\n\n{}",
    ],
    ids=lambda form: form.split(b"\r\n\r\n")[0].decode("latin-1"),
)
def test_what_two_servers_could_read_in_two_ways_is_refused_and_the_connection_closed(service, form):
    assert service.ask_raw(POST + form + NEXT, wait=PATIENCE - 0.5) == ([400], True)


def test_what_is_no_sound_http_is_refused_in_the_shape_of_every_refusal(service):
    reply = service.client.request("GETZHANGSAN", "/score")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "DR600")
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    line = f"- - 400 request_id={reply.headers['x-request-id']}"
    until = time.monotonic() + 10  # the line is written after the reply
    while line not in service.said() and time.monotonic() < until:
        time.sleep(0.05)
    assert line in service.said()
    assert "ZHANGSAN" not in service.said()


def test_a_sound_request_keeps_its_connection(service):
    assert service.ask_raw(POST + b"Content-Length: 2\r\n\r\n{}" + NEXT, wait=1) == ([400, 200], False)


@contextlib.contextmanager
def connections(port, number, sent):
    with contextlib.ExitStack() as stack:
        held = []
        for _ in range(number):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            one.sendall(sent)
            held.append(one)
        yield held


def test_bodies_of_one_byte_keep_nobody_out(service, example):
    with connections(service.port, 64, POST + b"Content-Length: 9000\r\n\r\n{"):
        time.sleep(0.5)
        started = time.monotonic()
        statuses = [service.client.post("/score", json=example).status_code for _ in range(5)]
        assert statuses == [200] * 5
        assert time.monotonic() - started < PATIENCE


@pytest.mark.parametrize("sent", [b"", b"GET /model HTTP/1.1\r\nX: ", POST + b"Content-Length: 9\r\n\r\n{"])
def test_a_connection_that_only_waits_is_closed(service, sent):
    started = time.monotonic()
    with connections(service.port, 1, sent) as (one,):
        while one.recv(4096):
            pass
    assert time.monotonic() - started < 4 * PATIENCE + 6


def keep_sending(one, part, seconds):
    """Send a part again and again, until the connection is closed or the time is over."""
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            one.sendall(part)
            time.sleep(0.1)


def test_headers_that_come_a_letter_at_a_time_are_given_up(service):
    started = time.monotonic()
    with connections(service.port, 1, b"GET /model HTTP/1.1\r\nX: ") as (one,):
        keep_sending(one, b"a", 5 * PATIENCE)
    assert time.monotonic() - started < 3 * PATIENCE


def test_a_refused_body_does_not_go_on_for_ever(service):
    started = time.monotonic()
    with connections(service.port, 1, POST + b"Content-Length: 99000000000\r\n\r\n") as (one,):
        keep_sending(one, b"a" * 1000, 8 * PATIENCE)
    assert time.monotonic() - started < 6 * PATIENCE


def ask_large(service, replies):
    body = json.dumps({"rows": ROW["rows"] * 10_000})
    address = f"http://127.0.0.1:{service.port}/score_features"
    json_type = {"content-type": "application/json"}
    replies.append(httpx.post(address, content=body, timeout=120, headers=json_type))


def test_probes_never_wait_for_a_large_body(service):
    large, waited = [], []

    thread = threading.Thread(target=ask_large, args=(service, large))
    thread.start()
    while thread.is_alive():
        started = time.monotonic()
        assert service.client.get("/livez").status_code == 200
        waited.append(time.monotonic() - started)
        time.sleep(0.01)
    assert large[0].status_code == 200
    assert len(large[0].content) > 5_000_000
    assert max(waited) < 1


def test_a_reply_that_nobody_reads_is_not_kept(service):
    body = json.dumps({"rows": ROW["rows"] * 10_000}).encode()
    asked = POST.replace(b"/score", b"/score_features") + b"Content-Length: %d\r\n\r\n" % len(body) + body
    before = service.said().count("POST /score_features 200")
    came = 0
    with connections(service.port, 1, asked) as (one,):
        deadline = time.monotonic() + 60
        while service.said().count("POST /score_features 200") == before and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(3 * PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            while part := one.recv(1_000_000):
                came += len(part)
    assert 0 < came < 10_000_000


def test_more_large_bodies_than_can_be_answered_are_told_when_to_come_again(service):
    replies, small = [], []

    threads = [threading.Thread(target=ask_large, args=(service, replies)) for _ in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    while any(thread.is_alive() for thread in threads):
        small.append(service.client.post("/score_features", json=ROW).status_code)
    statuses = [reply.status_code for reply in replies]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) <= 4
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies if reply.status_code == 429)
    assert set(small) == {200}


def test_a_callers_uuid_names_the_request_everywhere_and_nothing_else_does(service, example):
    own = str(uuid.uuid4())
    reply = service.client.post("/score", json=example, headers={"x-request-id": own})
    assert reply.headers["x-request-id"] == reply.json()["request_id"] == own
    assert [name for name in reply.headers if name.endswith("request-id")] == ["x-request-id"]
    for said in ("zhang-san", "110101199003074258", own + "0"):
        assert service.client.get("/model", headers={"x-request-id": said}).headers["x-request-id"] != said
        assert f"request_id={said}\n" not in service.said()
    assert f"request_id={own}\n" in service.said()


def test_the_model_is_told_by_its_manifest_in_the_log_and_among_the_metrics(service, bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    metrics = service.client.get("/metrics").text
    assert f"manifest={manifest['sha256']}" in service.said()
    assert f'manifest="{manifest["sha256"]}",name="{manifest["name"]}"' in metrics
    assert 'bentoml_service_request_total{endpoint="/score"' in metrics


def test_the_service_holds_no_more_after_many_requests_than_after_some(service, example):
    def ask_many(number):
        for turn in range(number):
            if turn % 10:
                service.client.get("/livez")
            else:
                service.client.post("/score_features", json=ROW)

    ask_many(500)
    before = service.resident()
    ask_many(2500)
    assert service.resident() - before < 5_000_000


def test_a_worker_that_dies_is_replaced_by_one_with_the_same_model_or_by_none(bundle, tmp_path):
    own = shutil.copytree(bundle, tmp_path / "model")
    with running_service(tmp_path, own) as service:
        first = service.worker()
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 120
        while service.worker() == first and time.monotonic() < deadline:
            time.sleep(0.2)
        service.wait_for(200)
        about = json.loads((own / "manifest.json").read_text())
        shutil.rmtree(own)
        changed_copy(bundle, own)
        assert service.client.get("/model").json()["version"] == about["version"]
        os.kill(service.worker(), signal.SIGKILL)
        assert service.process.wait(120) == 3
        assert "The model is not the one that the service was started with" in service.said()
        assert "Traceback" not in service.said()


def changed_copy(bundle, place):
    """Another sound bundle at the same place."""
    from dropout_risk.scoring.risk_model import RiskModel

    model = RiskModel.load(bundle)
    object.__setattr__(model, "metrics", {**model.metrics, "another": 1.0})
    model.save(place)


def test_a_worker_without_its_parent_ends_and_leaves_the_port(bundle, tmp_path):
    with running_service(tmp_path, bundle) as service:
        worker = service.worker()
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and os.path.exists(f"/proc/{worker}"):
            time.sleep(0.1)
        assert not os.path.exists(f"/proc/{worker}")
        with socket.socket() as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", service.port))


def test_what_was_asked_before_the_end_is_answered_first(bundle, tmp_path):
    with running_service(tmp_path, bundle) as service:
        replies = []
        thread = threading.Thread(target=ask_large, args=(service, replies))
        thread.start()
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        thread.join(60)
        assert [reply.status_code for reply in replies] == [200]
        assert service.process.wait(30) == 0


def test_idle_connections_leave_files_for_those_who_ask(bundle, tmp_path):
    with (
        running_service(tmp_path, bundle, files=80) as service,
        connections(service.port, 120, b""),
    ):
        replies = [httpx.get(f"http://127.0.0.1:{service.port}/model", timeout=5) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [200] * 5


def test_a_disk_that_fills_keeps_nobody_from_an_answer(bundle, tmp_path, example):
    with running_service(tmp_path, bundle) as service:
        resource.prlimit(service.worker(), resource.RLIMIT_FSIZE, (0, 0))  # no file can grow any more
        assert service.client.post("/score", json=example).status_code == 200
        assert service.client.post("/score_features", json=ROW).status_code == 200
        assert 'request_total{endpoint="/score_features"' in service.client.get("/metrics").text
        assert "Traceback" not in service.said()


def test_several_workers_count_together(bundle, tmp_path):
    with running_service(tmp_path, bundle, "--workers", "2") as service:
        for _ in range(8):
            assert httpx.get(f"http://127.0.0.1:{service.port}/model").status_code == 200
        told = httpx.get(f"http://127.0.0.1:{service.port}/metrics").text
        line = next(line for line in told.splitlines() if 'request_total{endpoint="/model"' in line)
        assert line.endswith(" 8.0")
        folder = Path(
            Path(f"/proc/{service.worker()}/environ").read_text().partition(COUNTERS)[2].split("\0")[0]
        )
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"DROPOUT_RISK_MODEL": ""}, "DROPOUT_RISK_MODEL is not set"),
        ({"DROPOUT_RISK_MODEL": "nowhere"}, "DR501"),
        ({"DROPOUT_RISK_MAX_ROWS": "many"}, "DROPOUT_RISK_MAX_ROWS is not a positive whole number"),
        ({"DROPOUT_RISK_MANIFEST": "f" * 64}, "not the one that the service was started with"),
    ],
)
def test_what_cannot_start_ends_with_one_error_of_ours(bundle, tmp_path, more, told):
    ended = ended_service(tmp_path, **({"DROPOUT_RISK_MODEL": bundle} | more))
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_setting_that_only_the_worker_reads_ends_the_service_with_its_error(bundle, tmp_path):
    ended = ended_service(tmp_path, DROPOUT_RISK_MODEL=bundle, DROPOUT_RISK_CALENDAR="nowhere.csv")
    assert ended.returncode == 3
    assert "DROPOUT_RISK_CALENDAR cannot be read" in ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_taken_port_is_one_sentence(bundle, tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        ended = ended_service(tmp_path, held.getsockname()[1], DROPOUT_RISK_MODEL=bundle)
    assert ended.returncode == 2
    assert "cannot be had: another process has it" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 2
