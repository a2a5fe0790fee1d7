"""One connection: what is taken of it, and what it may not weigh."""

import asyncio
import json

import pytest
from serving.protocol import MOST_HEAD, DoorProtocol
from uvicorn.config import Config
from uvicorn.server import ServerState

GET = b"GET /model HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /score HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"a" * 8192


class Wire(asyncio.Transport):
    """What the other side would see."""

    def __init__(self):
        super().__init__()
        self.sent, self.closed, self.aborted = b"", False, False

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    def abort(self):
        self.closed = self.aborted = True

    def is_closing(self):
        return self.closed

    def get_extra_info(self, name, default=None):
        return {"sockname": ("127.0.0.1", 3000), "peername": ("127.0.0.1", 9)}.get(name, default)

    def pause_reading(self):
        """Take no notice."""

    def resume_reading(self):
        """Take no notice."""


def spoken_to(*pieces, app=None):
    """The requests that an application has been asked, once some bytes have come, and what it said."""
    asked, wire = [], Wire()

    async def keep(scope, receive, send):
        asked.append(scope)
        message = await receive()
        while message.get("more_body"):
            message = await receive()
        asked[-1] = [*scope["headers"]]

    async def talk():
        config = Config(app or keep, http=DoorProtocol, ws="none", log_config=None)
        config.load()
        held = DoorProtocol(config, ServerState(), {})
        held.connection_made(wire)
        for piece in pieces:
            if wire.closed:
                break
            held.data_received(piece)
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        held.connection_lost(None)

    asyncio.run(talk())
    return asked, wire


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /", *[PIECE] * 40],
        [GET + b"X: ", *[PIECE] * 40],
        [GET, *[b"X: a\r\n" * 1000] * 40],
        [GET + b"X: " + b"a" * (MOST_HEAD + 1) + b"\r\n\r\n"],
        [CHUNKED + b"1\r\na\r\n0\r\nX: ", *[PIECE] * 40],
        [b"\r\n" * 4096] * 40,
    ],
    ids=["address", "header", "headers", "at once", "behind the body", "empty lines"],
)
def test_what_is_no_body_and_has_no_end_is_refused_before_it_fills_the_memory(pieces):
    _, wire = spoken_to(*pieces)
    assert wire.closed
    assert wire.sent.startswith(b"HTTP/1.1 400 ")
    assert json.loads(wire.sent.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "DR600"


def test_what_comes_behind_the_body_is_no_header():
    (headers,), _ = spoken_to(CHUNKED + b"2\r\n{}\r\n0\r\nX-Remote-User: h-1\r\nCookie: desk=x\r\n\r\n")
    assert {name for name, _ in headers} == {b"host", b"transfer-encoding"}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_may_be_longer_than_headers_in_whatever_pieces_it_comes(size):
    piece = b"%x\r\n%s\r\n" % (size, b"a" * size)
    number = 3 * MOST_HEAD // len(piece)
    (headers,), wire = spoken_to(CHUNKED, *[piece] * number, b"0\r\n\r\n")
    assert isinstance(headers, list)
    assert b" 400 " not in wire.sent


@pytest.mark.parametrize("more", [b"\r\n", b"Content-Length: 2\r\n\r\n{}"])
def test_who_wants_another_protocol_is_answered_in_this_one_and_closed(more):
    """What comes behind such a request is dropped: whoever shares the connection would wait in vain."""
    upgrade = b"Connection: upgrade\r\nUpgrade: h2c\r\n"
    _, wire = spoken_to(GET + upgrade + more + GET + b"\r\n", app=answer)
    assert wire.sent.count(b"HTTP/1.1 200") == 1
    assert wire.closed


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def test_nothing_is_said_within_a_reply_that_has_begun():
    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"1234", "more_body": True})
        await asyncio.sleep(1)

    _, wire = spoken_to(GET + b"\r\n", b"", b"\x00 no request\r\n\r\n", app=stream)
    assert wire.sent.endswith(b"1234")
    assert wire.aborted
