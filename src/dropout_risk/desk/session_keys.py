"""Session keys: signed links, sessions and forms, all by one secret that lies outside the book."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from dropout_risk.errors import MissingExtraError, NoteKeyError

LEAST_BYTES = 32
SESSION_SECONDS = 12 * 3600
LINK_SECONDS = 24 * 3600


class Ticket(NamedTuple):
    """What a form carries: its own name, by which it is written once, and the case's number of entries."""

    name: str
    seq: int


class Session(NamedTuple):
    """Who is signed in, and by which session."""

    person: str
    name: str


@dataclass(frozen=True, repr=False)
class SessionKeys:
    """Signs and checks; what is forged, too old, or of another session or page is refused.

    >>> keys = SessionKeys(b"s" * 32)
    >>> keys.person_of_link(keys.link_for("t-1")), keys.person_of_link("t-1")
    ('t-1', None)
    >>> session = keys.session_in(keys.cookie_for("t-1"))
    >>> ticket = keys.ticket_for(session, "/desk/worry", 3)
    >>> keys.ticket_in(ticket, session, "/desk/worry").seq
    3
    >>> keys.ticket_in(ticket, session, "/desk/today") is keys.ticket_in("x", session, "/desk/worry") is None
    True
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(LEAST_BYTES))

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed."""
        if len(self.secret) < LEAST_BYTES:
            raise NoteKeyError(
                f"The secret of the desk has {len(self.secret)} bytes; {LEAST_BYTES} are needed.",
                hint="make one with: openssl rand -base64 48 > FILE",
            )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the secret from a file; NoteKeyError if it is not there or too short."""
        try:
            return cls(Path(path).read_bytes().strip())
        except OSError as error:
            raise NoteKeyError(
                f"{path} cannot be read: {error.strerror}.",
                hint="make one with: openssl rand -base64 48 > FILE",
            ) from error

    def link_for(self, person: str) -> str:
        """Sign a link that lets one person in for a day."""
        return self._signed("link", [person])

    def person_of_link(self, token: str) -> str | None:
        """Give whom a link lets in; None where it is no good."""
        told = self._read("link", token, LINK_SECONDS, 1)
        return None if told is None else str(told[0])

    def cookie_for(self, person: str) -> str:
        """Begin a session."""
        return self._signed("session", [person, secrets.token_urlsafe(12)])

    def session_in(self, cookie: str) -> Session | None:
        """Give the session of a cookie; None where it is no good."""
        told = self._read("session", cookie, SESSION_SECONDS, 2)
        return None if told is None else Session(str(told[0]), str(told[1]))

    def ticket_for(self, session: Session, path: str, seq: int) -> str:
        """Sign a form of a session and a page."""
        return self._signed("form", [*session, path, secrets.token_urlsafe(12), seq])

    def ticket_in(self, token: str, session: Session, path: str) -> Ticket | None:
        """Give what a form carries; None where it is forged, too old, or of another session or page."""
        told = self._read("form", token, SESSION_SECONDS, 5)
        if told is None or (*told[:3],) != (*session, path):
            return None
        return Ticket(str(told[3]), int(told[4]))

    def _signed(self, kind: str, told: list[Any]) -> str:
        return str(_serializer_of(self.secret, kind).dumps(told))

    def _read(self, kind: str, token: str, seconds: int, number: int) -> list[Any] | None:
        from itsdangerous import BadData

        try:
            told = _serializer_of(self.secret, kind).loads(token, max_age=seconds)
        except BadData:
            return None
        return told if isinstance(told, list) and len(told) == number else None


def _serializer_of(secret: bytes, kind: str) -> Any:
    try:
        from itsdangerous import URLSafeTimedSerializer
    except ImportError as error:
        raise MissingExtraError(
            "The desk needs itsdangerous.", hint='pip install "dropout-risk[desk]"'
        ) from error
    return URLSafeTimedSerializer(secret, salt=f"dropout-risk {kind}")
