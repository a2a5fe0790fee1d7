"""The service as it is run, with an identity: who gets in, who does not, and what is left of it."""

from __future__ import annotations

import re
import subprocess
import time

import pytest
from typer.testing import CliRunner

from dropout_risk.access.audit import open_audit
from dropout_risk.access.signed_header import sign_header
from dropout_risk.cli import app
from dropout_risk.exchange.pseudonyms import make_key
from support.desk_town import DAY, GRANTS, Town
from support.issuer import AUDIENCE, ISSUER, Issuer
from support.running import command, ended_service, environment, free_port, running_service

pytestmark = pytest.mark.slow
PROXY = b"a key that the proxy and the service share"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("identity")
    (made / "secret").write_bytes(b"a secret that is long enough for this test")
    (made / "proxy.key").write_bytes(PROXY)
    make_key(made / "audit.key")
    rows = [
        f"{grant.person},{grant.role},{grant.scope},{'' if grant.scope == 'county' else grant.scope_id}"
        for grant in GRANTS
    ]
    (made / "people.csv").write_text("\n".join(["person,role,scope,scope_id", *rows]) + "\n", "utf-8")
    (made / "access.toml").write_text(
        f'''sessions = true
[jwt]
keys = "jwks.json"
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
[proxy]
key = "proxy.key"
[audit]
url = "sqlite:///{made}/audit.db"
key = "audit.key"
'''
    )
    return made


@pytest.fixture(scope="module")
def issuer(folder):
    return Issuer(folder / "jwks.json").add_rsa("one")


@pytest.fixture(scope="module")
def running(bundle, folder, issuer):
    Town(f"sqlite:///{folder}/book.db")
    settings = {
        "ACCESS": folder / "access.toml", "BOOK": f"sqlite:///{folder}/book.db",
        "PEOPLE": folder / "people.csv", "DESK_SECRET": folder / "secret",
    }  # fmt: skip
    named = {f"DROPOUT_RISK_{name}": value for name, value in settings.items()}
    with running_service(folder, bundle, "--host", "0.0.0.0", **named) as started:  # noqa: S104
        yield started


@pytest.fixture
def request_of_p1(example):
    """The records of p-1, who is in class 4 of grade 7 of school s-1."""
    place = {"student_id": "p-1", "school_id": "s-1", "grade_level": 7, "class_id": "4"}
    return example | {"students": [example["students"][0] | place]}


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def test_a_person_is_one_reader_by_token_by_proxy_and_by_a_link_of_the_desk(
    running, issuer, folder, request_of_p1
):
    told = CliRunner().invoke(app, ["desk-link", "t-1", "--secret", str(folder / "secret")]).output
    entered = running.client.post("/desk/enter", data={"token": re.search(r"token=(\S+)", told)[1]})
    cookie = {"cookie": f"desk={entered.cookies['desk']}"}
    running.client.cookies.clear()
    pages = [
        running.client.get("/desk/today", headers=way)
        for way in (cookie, bearer(issuer.token("one")), signed("/desk/today"))
    ]
    assert [page.status_code for page in pages] == [200] * 3
    assert len({re.sub(r'name="token" value="[^"]*"', "", page.text) for page in pages}) == 1
    ways = (cookie, bearer(issuer.token("one")), signed("/score", "POST"))
    replies = [
        running.client.post("/score", json=request_of_p1, headers=way).json()["results"] for way in ways
    ]
    assert replies[0] == replies[1] == replies[2]
    assert replies[0][0]["student_id"] == "p-1"
    assert "psychology" not in replies[0][0]["domains"]
    by_other = running.client.post(
        "/score", json=request_of_p1, headers=bearer(issuer.token("one", sub="t-2"))
    )
    assert (by_other.status_code, by_other.json()["error"]["code"]) == (404, "DR622")


def signed(path, method="GET", person="t-1", at=None, nonce=None):
    at = int(time.time()) if at is None else at
    word = sign_header(PROXY, method, path, person, at=at, nonce=nonce or f"{path}{time.monotonic_ns()}")
    return {"x-remote-user": person, "x-remote-signature": word}


def test_what_is_no_good_is_answered_alike_and_logged_without_a_word_of_it(running, issuer):
    replayed = signed("/model")
    assert running.client.get("/model", headers=replayed).status_code == 200
    bad = [
        {},
        replayed,
        signed("/model", at=int(time.time()) - 600),
        signed("/catalogue"),
        bearer("x.y.MARKER"),
        bearer(issuer.token("one", exp=1)),
        bearer(issuer.token("one", aud="another")),
        bearer("drk_MARKER_MARKER"),
        {"cookie": "desk=MARKER"},
    ]
    replies = [running.client.get("/model", headers=headers) for headers in bad]
    assert [(reply.status_code, reply.json()["error"]["code"]) for reply in replies] == [
        (401, "DR620")
    ] * len(bad)
    assert "MARKER" not in running.said()
    assert "t-1" not in running.said()


def test_a_key_that_is_taken_out_of_the_file_is_no_good_at_once(running, issuer):
    issuer.add_ec("two")
    tokens = [bearer(issuer.token(kid)) for kid in ("one", "two")]
    assert [running.client.get("/model", headers=way).status_code for way in tokens] == [200, 200]
    told = issuer.told
    issuer.forget("one")
    assert [running.client.get("/model", headers=way).status_code for way in tokens] == [401, 200]
    issuer.publish(told)


def test_probes_answer_anyone_and_counts_do_not(running, issuer):
    answers = [running.client.get(path).status_code for path in ("/livez", "/readyz", "/metrics")]
    assert answers == [200, 200, 401]
    assert running.client.get("/metrics", headers=bearer(issuer.token("one"))).status_code == 403


def test_the_start_says_how_readers_are_known_and_that_looks_are_written_down(running):
    assert (
        "readers are known by tokens, a proxy's signed header, sessions; looks are written down"
        in running.said()
    )


def test_nobody_is_answered_when_the_audit_is_gone(running, issuer, folder, request_of_p1):
    key = bearer(issuer.token("one"))
    assert running.client.post("/score", json=request_of_p1, headers=key).status_code == 200
    audit = open_audit(f"sqlite:///{folder}/audit.db", folder / "audit.key", create=False)
    before = audit.check().rows
    (folder / "audit.db").rename(folder / "away.db")
    lost = running.client.post("/score", json=request_of_p1, headers=key)
    assert (lost.status_code, lost.json()["error"]["code"]) == (503, "DR623")
    assert "p-1" not in lost.text
    (folder / "away.db").rename(folder / "audit.db")
    assert running.client.post("/score", json=request_of_p1, headers=key).status_code == 200
    found = audit.check()
    assert (found.rows, found.broken) == (before + 1, [])


def ended_on_every_address(bundle, folder, **more):
    """Start a service that others would reach, and that refuses to; give how it ended."""
    return subprocess.run(
        [*command(free_port()), "--host", "0.0.0.0"], cwd=folder,  # noqa: S104
        env=environment(folder, DROPOUT_RISK_MODEL=bundle, **more), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_the_day_of_a_demonstration_goes_with_no_other_address(bundle, tmp_path, issuer):
    identity = {"KEYS": issuer.path, "ISSUER": ISSUER, "AUDIENCE": AUDIENCE}
    named = {f"DROPOUT_RISK_JWT_{name}": value for name, value in identity.items()}
    ended = ended_on_every_address(bundle, tmp_path, DROPOUT_RISK_DAY=DAY.isoformat(), **named)
    assert ended.returncode == 2
    assert "DROPOUT_RISK_DAY is for demonstrations on the loopback address" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_an_identity_no_other_address_is_listened_on(bundle, tmp_path):
    ended = ended_on_every_address(bundle, tmp_path)
    assert ended.returncode == 2
    assert "listens on the loopback address alone, not on 0.0.0.0" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DROPOUT_RISK_JWT_KEYS": "nowhere.json"}, "without jwt.issuer"),
        ({"DROPOUT_RISK_SESSIONS": "true"}, "--secret FILE"),
        ({"DROPOUT_RISK_AUDIT_URL": "sqlite:///audit.db"}, "without audit.key"),
    ],
)
def test_an_identity_that_cannot_be_used_is_one_sentence_at_the_start(bundle, tmp_path, variables, said):
    ended = ended_service(tmp_path, DROPOUT_RISK_MODEL=bundle, **variables)
    assert (ended.returncode, said in ended.stderr) == (2, True)
    assert "Traceback" not in ended.stderr
