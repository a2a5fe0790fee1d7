"""The protocol of a connection: uvicorn's own on httptools, with an end to what only waits.

httptools refuses what two servers could read in two ways, such as a Content-Length beside a
Transfer-Encoding, and closes. This closes what uvicorn leaves open for ever: headers that never end, the rest
of a body that was refused, a reply that nobody reads, and more connections than the process has files. It
bounds headers, and takes none behind a body: what was looked at before the body is all there is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import uuid
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dropout_risk.errors import RequestError
from serving.gate.costs import Limits

_log = logging.getLogger("bentoml.dropout_risk")
KEPT_FILES = 64
"""Files that are not for connections."""
MOST_CONNECTIONS, FEWEST_CONNECTIONS = 1000, 16
MOST_HEAD = 65_536
"""Bytes of an address and its headers, and of whatever else comes without a piece of a body."""


@cache
def _own_limits() -> Limits:
    return Limits.from_environment()


def most_connections() -> int:
    """Say how many connections the process may hold: so many that it never runs out of files."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, files - KEPT_FILES))


class DoorProtocol(HttpToolsProtocol):
    """One connection, which is closed when it only waits."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.patience = _own_limits().reading
        self.most = most_connections()
        self.since = self.loop.time()
        self._headers_due: asyncio.TimerHandle | None = None
        self._reading_due: asyncio.TimerHandle | None = None
        self._unread = 0
        self._bodiless = 0
        self._in_head = False

    @property
    def idle(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers, and make room where there is none."""
        super().connection_made(transport)
        self._expect_headers()
        if len(self.connections) > self.most:
            ours = (other for other in self.connections if isinstance(other, DoorProtocol))
            others = [other for other in ours if other is not self and other.idle]
            oldest = min(others, key=lambda other: other.since, default=self)
            self.connections.discard(oldest)
            oldest.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no sound HTTP in the shape of every refusal, and close; never within a reply."""
        if self.cycle is not None and self.cycle.response_started and not self.idle:
            self.transport.abort()
            return
        problem = {"code": RequestError.code, "message": "The request is not sound HTTP/1.1.", "field": "",
                   "hint": "send one length, one line for each header, and a known method"}  # fmt: skip
        name = uuid.uuid4().hex
        body = json.dumps({"error": problem, "problems": [problem], "request_id": name}).encode()
        head = (
            "HTTP/1.1 400 Bad Request", "content-type: application/json", f"content-length: {len(body)}",
            f"x-request-id: {name}", "cache-control: no-store", "connection: close", "", "",
        )  # fmt: skip
        _log.info("- - 400 request_id=%s", name)
        self.transport.write("\r\n".join(head).encode() + body)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting("_headers_due")
        self._stop_waiting("_reading_due")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; headers that began must end in time, however slowly they come, and somewhere."""
        self._bodiless += len(data)
        super().data_received(data)
        if self._bodiless > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("")
        if self.idle and not self.transport.is_closing():
            self._expect_headers()

    def on_message_begin(self) -> None:
        """Begin to read headers."""
        self._in_head, self._bodiless = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but none that comes behind the body."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop waiting for them; what is too long is no sound request."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD:
            raise ValueError
        self._in_head, self._bodiless = False, 0
        self._stop_waiting("_headers_due")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._bodiless = 0
        super().on_body(body)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer in this protocol, and close: what comes behind such a request is read by nobody."""
        self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Go on with the connection, but not for ever with a body that was refused."""
        super().on_response_complete()
        self.since = self.loop.time()
        if self.idle and self.cycle.more_body and not self.transport.is_closing():
            self._expect_headers()

    def pause_writing(self) -> None:
        """Wait for the caller to read, as long as it does read."""
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self._stop_waiting("_reading_due")
        self._reading_due = self.loop.call_later(self.patience, self._look_at_reading)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._stop_waiting("_reading_due")
        super().resume_writing()

    def _expect_headers(self) -> None:
        if self._headers_due is None:
            self._headers_due = self.loop.call_later(self.patience, self.transport.close)

    def _look_at_reading(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= self._unread:
            self.transport.abort()
        else:
            self._unread = left
            self._reading_due = self.loop.call_later(self.patience, self._look_at_reading)

    def _stop_waiting(self, timer: str) -> None:
        handle = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
