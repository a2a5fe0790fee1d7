"""Who is believed, on the way from the server's address to the desk."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
from serving.desk import Asked, desk_routes
from serving.gate.costs import Limits
from serving.gate.door import Door
from serving.gate.guard import HOSTS, Guard
from starlette.applications import Starlette

from dropout_risk.access.access_settings import AccessSettings
from dropout_risk.access.identity import Identity
from dropout_risk.casebook.people import Grant, People
from support.desk_town import Town

NAMED = [(b"x-remote-user", b"t-1")]
KNOWS_READERS = Identity(AccessSettings(sessions=True))


@pytest.fixture
def town(tmp_path_factory):
    made = Town(f"sqlite:///{tmp_path_factory.mktemp('town')}/book.db")
    made.room.header = "X-Remote-User"
    return made


def status_at_desk(town, identity, *, server, client, more=()):
    """The status of a desk's page for a caller whom an unsigned header names."""
    guard = Guard()
    guard.identity = identity
    door = Door(Starlette(routes=desk_routes(lambda: town.room)), Limits(), guard)
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/desk/today",
        "raw_path": b"/desk/today", "root_path": "", "query_string": b"", "headers": [*NAMED, *more],
        "server": server, "client": client,
    }  # fmt: skip
    asyncio.run(door(scope, receive, send))
    return sent[0]["status"]


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1"])
def test_where_an_identity_is_declared_an_unsigned_header_names_nobody(town, address):
    at = (address, 3000)
    assert status_at_desk(town, KNOWS_READERS, server=at, client=at) == 401


@pytest.mark.parametrize(
    ("server", "status"),
    [
        (("127.0.0.1", 3000), 200),
        (("::1", 3000), 200),
        (None, 200),
        (("10.0.0.5", 3000), 503),
        (("school", 3000), 401),
    ],
)
def test_without_an_identity_the_header_holds_by_the_loopback_address_alone(town, server, status):
    assert status_at_desk(town, Identity(), server=server, client=server) == status


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ([b"localhost:3000"], 200),
        ([b"127.0.0.1"], 200),
        ([b"[::1]:3000"], 200),
        ([b"LocalHost"], 200),
        ([b"10.0.0.5:3000"], 200),
        ([b"desk.school.example"], 200),
        ([b"school.example"], 403),
        ([b"localhost.school.example"], 403),
        ([b"desk.school.example.evil.example"], 403),
        ([b"127.0.0.1.evil.example:3000"], 403),
        ([b""], 403),
        ([b"localhost", b"evil.example"], 403),
    ],
)
def test_where_nobody_is_asked_a_page_that_gives_its_name_our_address_reads_nothing(
    town, monkeypatch, asked, status
):
    monkeypatch.setenv(HOSTS, "desk.school.example, other.example")
    at, more = ("127.0.0.1", 3000), [(b"host", host) for host in asked]
    assert status_at_desk(town, Identity(), server=at, client=at, more=more) == status


def test_a_service_that_asks_who_they_are_has_any_name(town):
    at, more = ("127.0.0.1", 3000), [(b"host", b"school.example")]
    assert status_at_desk(town, KNOWS_READERS, server=at, client=at, more=more) == 401


def test_a_proxy_on_this_machine_may_say_for_whom_it_asks(town):
    """Uvicorn puts the address of ``X-Forwarded-For`` in the place of the proxy's own."""
    assert status_at_desk(town, Identity(), server=("127.0.0.1", 3000), client=("10.0.0.5", 0)) == 200


def test_where_an_identity_is_declared_the_day_of_a_demonstration_revives_no_grant(town):
    """The town's day is long ago, and so is the last day of this grant."""
    old = Grant("t-0", "class_teacher", "class", "s-1/7/4", until=town.room.day + dt.timedelta(1))
    town.people = People((old,))
    cookie = town.room.keys.cookie_for("t-0")
    town.room.header = ""
    asked = Asked("GET", ("today",), {}, cookie)
    assert town.room._view(asked, town.room._session(asked)).reader.roles == ("class_teacher",)
    known = replace(asked, knows_readers=True)
    assert town.room._view(known, town.room._session(known)).reader.roles == ()
