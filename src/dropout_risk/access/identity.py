"""Identity: who asks, by a token, a key, a proxy's signed word or a session: always one reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from dropout_risk.access.access_settings import AccessSettings
from dropout_risk.access.api_keys import PREFIX, ApiKeys
from dropout_risk.access.known_people import KnownPeople
from dropout_risk.access.reader import LOCAL, LOCAL_READER, READER_ROLES, Reader
from dropout_risk.access.signed_header import SignedHeader
from dropout_risk.access.web_tokens import WebTokens
from dropout_risk.casebook.people import EVERYWHERE, OWN, SCOPES, Grant
from dropout_risk.errors import (
    DropoutRiskError,
    NotAnsweredError,
    NotSignedInError,
    RequestError,
    SettingsError,
)


class Asking(NamedTuple):
    """A request as far as it says who asks; names of headers are small, ``path`` has its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    cookie: str = ""


class Named(NamedTuple):
    """Who asks: a reader whose token or key says it all, or a person who is still to be looked up.

    ``nonce`` is what a proxy signed, which counts once.
    """

    person: str
    reader: Reader | None = None
    nonce: str = ""


def _no_session(cookie: str) -> str | None:
    """Know no sessions."""


@dataclass(frozen=True, repr=False)
class Identity:
    """The ways in which readers are known; without any, everybody is the one local reader.

    A request says in one way who asks: by ``Authorization: Bearer`` (a token, or a key), by the proxy's
    header, or by a session. The rights of a key are its own; those of all others are the people's, and where
    nobody declared people, a token's.

    Parameters
    ----------
    settings : AccessSettings
    tokens, keys, header
        The ways; None where it is off.
    people : KnownPeople
    person_of_session : callable
        Gives whom a cookie of the desk lets in, or None.
    today : callable
        Gives the day whose grants hold.
    take_once : callable, optional
        Says whether a nonce is new to all processes that answer, and takes it for some seconds; by default
        each process remembers its own alone.

    Examples
    --------
    >>> Identity().reader(Asking("GET", "/model", {})).roles
    ('local',)
    """

    settings: AccessSettings = field(default_factory=AccessSettings)
    tokens: WebTokens | None = None
    keys: ApiKeys | None = None
    header: SignedHeader | None = None
    people: KnownPeople = field(default_factory=KnownPeople)
    person_of_session: Callable[[str], str | None] = _no_session
    today: Callable[[], dt.date] = dt.date.today
    take_once: Callable[[str, float], bool] | None = None

    @classmethod
    def of_settings(
        cls,
        settings: AccessSettings,
        *,
        secret: bytes | None = None,
        people: KnownPeople | None = None,
        person_of_session: Callable[[str], str | None] = _no_session,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> Self:
        """Read all keys; SettingsError if one of them is no good, or something that it needs is not given."""
        jwt, proxy, known = settings.jwt, settings.proxy, people or KnownPeople()
        needs = (
            ((settings.sessions or settings.api_keys.file) and secret is None,
             "sessions and API keys need the secret of the service: --secret FILE"),
            ((settings.sessions or proxy.key) and not known.are_declared,
             "sessions and a proxy name persons: --people FILE, or --book URL, says what they may"),
        )  # fmt: skip
        lacking = [words for lacks, words in needs if lacks]
        if lacking:
            raise SettingsError("What readers are known by is not whole.", hint="; ".join(lacking))
        tokens = jwt.keys and WebTokens.of_file(
            jwt.keys, jwt.issuer, jwt.audience, jwt.algorithms, jwt.leeway
        )
        keys = settings.api_keys.file and ApiKeys.of_file(settings.api_keys.file, secret or b"")
        header = proxy.key and SignedHeader(_secret_of(proxy.key), proxy.window)
        return cls(settings, tokens or None, keys or None, header or None, known, person_of_session, today)

    @property
    def asks(self) -> bool:
        """Whether anybody is asked who they are."""
        return self.settings.knows_readers

    def reader(self, asking: Asking) -> Reader:
        """Give who asks, with all grants of the day; see :meth:`named` and :meth:`looked_up`."""
        return self.looked_up(self.named(asking))

    def named(self, asking: Asking) -> Named:
        """Say who asks, without looking anybody up.

        Raises
        ------
        NotSignedInError
            If it is said by nothing, by something that is no good, or in two ways at once.
        NotAnsweredError
            If the keys cannot be read.
        """
        if not self.asks:
            return Named(LOCAL_READER.person, LOCAL_READER)
        bearer = _bearer_of(asking.headers.get("authorization", ""))
        signed = asking.headers.get(self.settings.proxy.signature.lower(), "") if self.header else ""
        if bearer and signed:
            raise NotSignedInError("Two say who asks.", hint="send a token or key, or come by the proxy")
        with answered_errors():
            if bearer:
                return self._of_bearer(bearer)
            if signed and self.header is not None:
                person = asking.headers.get(self.settings.proxy.header.lower(), "")
                known = self.header.check(asking.method, asking.path, person, signed)
                return Named(known, nonce=signed.split(";")[1])
        person_of_cookie = self.person_of_session(asking.cookie) if asking.cookie else None
        if not self.settings.sessions or not person_of_cookie:
            raise NotSignedInError("Nobody has said who asks.", hint="send Authorization: Bearer, or sign in")
        return Named(person_of_cookie)

    def looked_up(self, named: Named) -> Reader:
        """Look up what a person may today; NotAnsweredError if the people cannot be read."""
        if named.reader is not None:
            return named.reader
        with answered_errors():
            if named.nonce and self.take_once is not None:
                self._take_nonce(named.nonce, self.take_once)
            return self.people.reader(named.person, self.today())

    def _take_nonce(self, nonce: str, take_once: Callable[[str, float], bool]) -> None:
        """Let what a proxy signed count once among all processes."""
        if not take_once(nonce, 2 * self.settings.proxy.window):
            raise NotSignedInError("The signed header is no good.", hint="the proxy signs each request anew")

    def _of_bearer(self, bearer: str) -> Named:
        if self.keys is not None and bearer.startswith(f"{PREFIX}_"):
            reader = self.keys.reader(bearer, self.today())
            return Named(reader.person, reader)
        if self.tokens is None:
            raise NotSignedInError("Tokens are not taken here.", hint="send an API key")
        claims = self.tokens.claims(bearer)
        if self.people.are_declared:
            return Named(claims["sub"])
        return Named(claims["sub"], Reader(claims["sub"], grants_of_claims(claims)))


def grants_of_claims(claims: Mapping[str, Any]) -> tuple[Grant, ...]:
    """Read the grants that a token brings: its claim ``grants``, such as ``["principal school s-1"]``.

    What cannot be read grants nothing.

    >>> grants = grants_of_claims({"sub": "h-1", "grants": ["principal school s-1", "x"]})
    >>> [grant.scope_id for grant in grants]
    ['s-1']
    """
    told = claims.get("grants", ())
    made = []
    for words in told if isinstance(told, list) else ():
        role, scope, name = (*str(words).split(" ", 2), "", "", "")[:3]
        named = bool(name) or scope in ("county", OWN)
        if role in READER_ROLES and role != LOCAL and scope in SCOPES and named:
            made.append(Grant(str(claims["sub"]), role, scope, name or EVERYWHERE))
    return tuple(made)


@contextmanager
def answered_errors() -> Iterator[None]:
    """Turn what is wrong with what lies here into a refusal that names none of it."""
    try:
        yield
    except RequestError:
        raise
    except DropoutRiskError as error:
        raise NotAnsweredError(
            "Who asks cannot be looked up now.", hint="try again; if it stays so, tell the operator"
        ) from error


def _bearer_of(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


def _secret_of(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}.", hint="make it with: openssl rand -base64 48 > FILE"
        ) from error
