"""The pages at ``/review``, behind the service's own door, in a browser and over HTTP."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from serving.gate.costs import Limits
from serving.gate.door import Door
from serving.review import ReviewRoom, day_after, review_routes
from starlette.applications import Starlette

from dropout_risk.errors import BundleError, SettingsError, UnknownRoleError
from dropout_risk.features.cohort import histories_of
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.scoring.readers.scope import Scope
from support.reviewed import EVIL, EVIL_SCHOOL, Watched


@contextlib.contextmanager
def served(room):
    """Serve a room's pages behind the door, on a free port of this machine."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    app = Door(Starlette(routes=review_routes(lambda: room)), Limits())
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([held],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def store(district, tmp_path_factory):
    return histories_of(district).save(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def room(risk_model, store):
    return ReviewRoom(risk_model, store, language="en")


@pytest.fixture(scope="module")
def client(room):
    with served(room) as started:
        yield started


def test_a_reviewer_finds_the_way_from_the_first_page_to_a_pupil_and_back(browser, client):
    watched = Watched(browser.new_page())
    page = watched.page
    page.goto(f"{client.base_url}/review?lang=zh")
    assert page.locator("h1").inner_text() == "控辍保学关注名单"
    page.get_by_role("link", name="全体概况").click()
    assert page.locator("h1").inner_text() == "全体概况"
    page.get_by_role("link", name=EVIL, exact=True).first.click()
    assert page.locator("h1").inner_text() == f"学生 {EVIL}"
    page.get_by_role("link", name=EVIL_SCHOOL, exact=True).click()
    assert EVIL_SCHOOL in page.locator(".whose").first.inner_text()
    page.get_by_role("link", name="关于模型").click()
    page.get_by_role("link", name="今日首页").click()
    assert page.locator("html").get_attribute("lang") == "zh"
    assert all(url.startswith(str(client.base_url)) for url in watched.asked)
    assert watched.said == []
    page.close()


def test_a_pupil_is_found_by_a_form_without_a_script_and_sideways_scrolling(browser, client):
    watched = Watched(browser.new_page(viewport={"width": 390, "height": 844}))
    page = watched.page
    page.goto(f"{client.base_url}/review?lang=zh")
    page.locator("#q").fill(EVIL[:20])
    page.get_by_role("button", name="查找").click()
    assert page.locator(".first-lines li").count() == 1
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond == 0
    page.get_by_role("link", name=EVIL, exact=True).click()
    assert page.locator("h1").inner_text() == f"学生 {EVIL}"
    assert watched.said == []
    page.close()


def test_a_teachers_first_page_is_one_screen_of_a_phone(browser, risk_model, store):
    room = ReviewRoom(risk_model, store, language="zh")
    groups = room.review_for("zh", room.scope).watch_list.groups
    for group in sorted(groups, key=lambda group: -len(group.listed))[:3]:
        room.scope = Scope(group.school_id, responsible_id=group.responsible_id)
        with served(room) as client:
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(f"{client.base_url}/review")
            assert page.locator(".first-lines li").count() > 0
            last = page.locator(".first-lines li").last.bounding_box()
            assert last["y"] + last["height"] <= 844
            page.close()


@pytest.mark.parametrize("path", ["/review", "/review/model", "/review/pupil/nobody"])
def test_every_page_is_sent_with_headers_that_let_nothing_in(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"].startswith("text/html")


def test_a_pupil_whom_nobody_knows_gets_a_page_that_says_so_without_the_id(client):
    reply = client.get("/review/pupil/nobody-9")
    assert reply.status_code == 404
    assert "There is no such page" in reply.text
    assert "nobody-9" not in reply.text


def test_an_unknown_language_is_refused_with_those_that_there_are(client):
    reply = client.get("/review?lang=fr")
    assert reply.status_code == 400
    assert "?lang=zh" in reply.text


def test_the_log_names_the_kind_of_page_and_no_pupil_and_no_school(client, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "bentoml.dropout_risk")
    monkeypatch.setattr(logging.getLogger("bentoml"), "propagate", True)
    for path in ("pupil/SECRET", "school/SECRET", "pupil/SECRET/x?lang=en", "pupils?q=SECRET"):
        client.get(f"/review/{path}")

    def paths():
        logged = [record.getMessage().split()[1] for record in caplog.records]
        return [path for path in logged if path.startswith("/review/")]

    end = time.monotonic() + 5
    while len(paths()) < 4 and time.monotonic() < end:  # a line is written after its reply
        time.sleep(0.01)
    assert paths() == ["/review/pupil", "/review/school", "/review/pupil", "/review/pupils"]
    assert "SECRET" not in caplog.text


def test_a_store_is_scored_once_in_each_of_its_states(risk_model, district, tmp_path, monkeypatch):
    calls = []
    score = type(risk_model).score
    monkeypatch.setattr(type(risk_model), "score", lambda *of, **how: calls.append(1) or score(*of, **how))
    histories = histories_of(district)
    with served(ReviewRoom(risk_model, histories.save(tmp_path / "store"), language="en")) as client:
        for _ in range(2):
            assert client.get("/review").status_code == 200
        assert len(calls) == 1
        histories.save(tmp_path / "store")
        assert client.get("/review").status_code == 200
        assert len(calls) == 2


def test_other_requests_are_answered_while_a_store_is_being_scored(risk_model, store, monkeypatch):
    gate = threading.Event()
    score = type(risk_model).score
    monkeypatch.setattr(type(risk_model), "score", lambda *of, **how: gate.wait(20) and score(*of, **how))
    with served(ReviewRoom(risk_model, store, language="en")) as client:
        waiting = threading.Thread(target=client.get, args=("/review",))
        waiting.start()
        assert client.get("/review?lang=fr", timeout=5).status_code == 400
        assert waiting.is_alive()
        gate.set()
        waiting.join()


def test_a_counsellor_reads_what_a_class_teacher_does_not(risk_model, store, district):
    scores = risk_model.score(district, day_after(histories_of(district)), language="en")
    judged = [pupil for pupil in scores.pupils if pupil.band != "unknown"]
    told = ((pupil, reason) for pupil in judged for reason in pupil.raising if reason.domain == "psychology")
    score, secret = next((pupil, reason.text) for pupil, reason in told)
    seen = {}
    for role in ("class_teacher", "counsellor"):
        with served(ReviewRoom(risk_model, store, role=ROLES[role], language="en")) as client:
            seen[role] = secret in client.get(f"/review/pupil/{score.student_id}").text
    assert seen == {"class_teacher": False, "counsellor": True}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("DROPOUT_RISK_ROLE", "councellor", UnknownRoleError),
        ("DROPOUT_RISK_ROLE", "parent", SettingsError),
        ("DROPOUT_RISK_LANGUAGE", "fr", SettingsError),
        ("DROPOUT_RISK_STORE", "nowhere", BundleError),
    ],
)
def test_wrong_settings_are_refused_before_the_service_starts(risk_model, monkeypatch, name, value, error):
    monkeypatch.setenv(name, value)
    with pytest.raises(error):
        ReviewRoom.from_environment(risk_model)
