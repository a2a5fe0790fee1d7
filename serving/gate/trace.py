"""The trace that a request belongs to, by the W3C's ``traceparent``; its own where there is none."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Self

_PARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(frozen=True)
class Trace:
    """Where a request stands among others; hexadecimal digits alone are taken of a caller.

    >>> given = Trace.of(b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", "0" * 31 + "1")
    >>> given.trace_id == "a" * 32, given.said == " trace_id=" + "a" * 32
    (True, True)
    >>> Trace.of(b"zhang-san", "0" * 31 + "1")
    Trace(trace_id='00000000000000000000000000000001', flags='', said='')
    """

    trace_id: str
    flags: str = ""
    said: str = ""

    @classmethod
    def of(cls, parent: bytes, request_id: str) -> Self:
        """Read the caller's, or begin one by the name of the request."""
        found = _PARENT.fullmatch(parent)
        if found is None:
            return cls(request_id.replace("-", "").lower())
        trace_id = found[1].decode()
        return cls(trace_id, found[2].decode(), f" trace_id={trace_id}")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What a reply says of it: nothing to whom did not ask."""
        if not self.flags:
            return []
        return [(b"traceresponse", f"00-{self.trace_id}-{secrets.token_hex(8)}-{self.flags}".encode())]
