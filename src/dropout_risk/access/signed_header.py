"""A signed header: a proxy that has asked somebody who they are says so, for one request and a short time."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from dropout_risk.errors import NotSignedInError, SettingsError

LEAST_BYTES = 32
_LONGEST = 200


@dataclass(eq=False, repr=False)
class SignedHeader:
    """Checks what a proxy signed: ``time;nonce;signature``.

    The signature is HMAC-SHA-256, in hex, over method, path with query, time, nonce and person, a line each.
    A nonce counts once as long as its time is good, in each process that answers.

    Parameters
    ----------
    key : bytes
        Shared with the proxy, at least 32 bytes.
    window : int
        Seconds by which the time may differ from the clock here.

    Examples
    --------
    >>> header = SignedHeader(b"k" * 32, now=lambda: 1000.0)
    >>> signed = sign_header(b"k" * 32, "GET", "/review", "t-1", at=1000, nonce="n-1")
    >>> header.check("GET", "/review", "t-1", signed)
    't-1'
    """

    key: bytes
    window: int = 60
    now: Callable[[], float] = time.time
    _seen: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed."""
        if len(self.key) < LEAST_BYTES:
            raise SettingsError(
                f"The key of the proxy has {len(self.key)} bytes; {LEAST_BYTES} are needed.",
                hint="make one with: openssl rand -base64 48 > FILE",
            )

    def check(self, method: str, path: str, person: str, signed: str) -> str:
        """Give the person; NotSignedInError if it is forged, of another request, too old or replayed."""
        at, _, rest = signed.partition(";")
        nonce, _, _ = rest.partition(";")
        if not at.isdecimal() or len(signed) > _LONGEST or not nonce or not person:
            raise _header_refusal()
        right = sign_header(self.key, method, path, person, at=int(at), nonce=nonce)
        in_time = abs(self.now() - int(at)) <= self.window
        if not hmac.compare_digest(right.encode(), signed.encode("utf-8", "replace")) or not in_time:
            raise _header_refusal()
        self._take_nonce(nonce)
        return person

    def _take_nonce(self, nonce: str) -> None:
        with self._lock:
            now = self.now()
            while self._seen and next(iter(self._seen.values())) < now:
                del self._seen[next(iter(self._seen))]
            if nonce in self._seen:
                raise _header_refusal()
            self._seen[nonce] = now + 2 * self.window


def sign_header(key: bytes, method: str, path: str, person: str, *, at: int, nonce: str) -> str:
    """Sign a request as a proxy does."""
    told = "\n".join((method, path, str(at), nonce, person))
    return f"{at};{nonce};{hmac.digest(key, told.encode('utf-8', 'replace'), 'sha256').hex()}"


def _header_refusal() -> NotSignedInError:
    return NotSignedInError("The signed header is no good.", hint="the proxy signs each request anew")
