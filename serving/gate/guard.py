"""The guard: who asks, and whether the address is for them; made once of what the environment declares."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
from collections.abc import Callable, Collection, MutableMapping
from dataclasses import replace
from functools import cached_property, partial
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from dropout_risk.access.access_settings import AccessSettings
from dropout_risk.access.identity import Asking, Identity
from dropout_risk.access.known_people import KnownPeople
from dropout_risk.access.reader import NOBODY, Reader
from dropout_risk.access.route_rights import ANYONE, ROUTES, may_ask, parts_of
from dropout_risk.errors import (
    NotAnsweredError,
    NotGrantedError,
    NotSignedInError,
    SettingsError,
    TooSlowError,
    UnknownRouteError,
)

COOKIE = "desk"
HOSTS = "DROPOUT_RISK_HOSTS"
_MOST_HEADER = 10_000


class Guard:
    """Lets requests in by the declared table, and says who asks, within some seconds."""

    def __init__(self, seconds: int = 60) -> None:
        self.seconds = seconds

    @cached_property
    def identity(self) -> Identity:
        """How readers are known here; read when first asked for."""
        return identity_from_environment()

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Names, beside those of this machine, by which a service is asked that asks nobody who they are."""
        return frozenset(filter(None, map(str.strip, os.environ.get(HOSTS, "").lower().split(","))))

    async def reader(self, scope: MutableMapping[str, Any], route: str) -> Reader:
        """Give who asks, for an address that is for them.

        Raises
        ------
        NotSignedInError, NotGrantedError, UnknownRouteError
            If nobody knows who asks, the address is not for them, or there is none: said in this order, so
            that whoever is not signed in learns of no address.
        NotAnsweredError
            If it cannot be looked up; or if a service that asks nobody is reached from elsewhere.
        """
        if not self.identity.asks and not is_local(scope):
            raise NotAnsweredError(
                "This service answers on the loopback address alone.", hint="declare an identity"
            )
        if not self.identity.asks and not is_asked_as_here(scope, self.hosts):
            raise NotGrantedError(
                "This service answers by the names of this machine alone.",
                hint=f"ask for http://localhost, declare an identity, or name others in {HOSTS}",
                field="Host",
            )
        is_open = bool(parts_of(ANYONE, route))
        try:
            reader = await self._known_reader(scope)
        except NotSignedInError:
            if not is_open:
                raise
            reader = NOBODY
        if route not in ROUTES:
            raise UnknownRouteError(
                "There is no such address.", hint="GET /docs.json lists them", field="path"
            )
        if not may_ask(reader.roles, route):
            raise NotGrantedError(
                "This address is not for you.", hint="ask whoever gave you the key or the role"
            )
        return reader

    async def _known_reader(self, scope: MutableMapping[str, Any]) -> Reader:
        """Say who asks; people are looked up in a thread, since a database may be asked."""
        named = self.identity.named(_asking_of(scope))
        if named.reader is not None:
            return named.reader
        look_up = partial(self.identity.looked_up, named)
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.get_running_loop().run_in_executor(None, look_up)
        except TimeoutError:
            raise TooSlowError("Who asks was not looked up in time.", hint="try again in a moment") from None


def _asking_of(scope: MutableMapping[str, Any]) -> Asking:
    """Read of a request what says who asks; a header that is given twice says nothing."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        word = name.decode("latin-1").lower()
        headers[word] = (
            "" if word in headers or len(value) > _MOST_HEADER else value.decode("utf-8", "replace")
        )
    query = scope.get("query_string", b"").decode("latin-1")
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").partition("?")[0] + (f"?{query}" if query else "")
    return Asking(scope["method"], path, headers, _cookie_in(headers.get("cookie", "")))


def _cookie_in(header: str) -> str:
    try:
        held = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if held is None else held.value


def is_local(scope: MutableMapping[str, Any]) -> bool:
    """Say whether a request came in by the loopback address, or a socket of this machine."""
    server = scope.get("server")
    return server is None or is_loopback(str(server[0]), other=True)


def is_by_loopback(scope: MutableMapping[str, Any]) -> bool:
    """Say whether a request surely came in so: an address that is a mere name does not count.

    The caller's own address says nothing: a proxy on this machine names its callers there.
    """
    server = scope.get("server")
    return server is None or is_loopback(str(server[0]))


def is_asked_as_here(scope: MutableMapping[str, Any], hosts: Collection[str] = ()) -> bool:
    """Say whether a request asks for this machine, by an address, by ``localhost``, or by one of ``hosts``.

    A page of another house can give its own name this machine's address, and would read the answers: its
    requests still ask for that name.
    """
    asked = [value.decode("latin-1").lower() for name, value in scope["headers"] if name.lower() == b"host"]
    if not asked:
        return True
    host = re.sub(r":\d*$", "", asked[0]).strip("[]")
    served = str((scope.get("server") or ("",))[0]).lower()
    return len(asked) == 1 and (host in (*hosts, served) or is_loopback(host) or _is_address(host))


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_loopback(host: str, *, other: bool = False) -> bool:
    """Say whether an address is the loopback one; ``other`` is for what is no address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or other


def identity_from_environment() -> Identity:
    """Read how readers are known; SettingsError if something of it cannot be used."""
    settings = AccessSettings.read()
    book, people, secret = (
        os.environ.get(f"DROPOUT_RISK_{name}", "") for name in ("BOOK", "PEOPLE", "DESK_SECRET")
    )
    if not settings.knows_readers:
        return Identity(settings)
    known = known_people(book, people)
    if known.are_declared:
        known.people()
    held = _session_keys(secret) if secret else None
    identity = Identity.of_settings(
        settings,
        secret=None if held is None else held.secret,
        people=known,
        person_of_session=lambda cookie: None if held is None else _person_in(held, cookie),
    )
    return replace(identity, take_once=_shared_nonces(settings)) if settings.proxy.key else identity


def _shared_nonces(settings: AccessSettings) -> Callable[[str, float], bool] | None:
    """Remember in the audit, where there is one, which headers of the proxy have counted."""
    from serving.gate.looks import audit_of

    audit = audit_of(settings.audit)
    return None if audit is None else audit.take_once


def known_people(book: str, people: str) -> KnownPeople:
    """Give the people of a file, or else of a book; opening it may fail as the book's own errors say."""
    if people or not book:
        return KnownPeople(Path(people) if people else None)
    from dropout_risk.casebook.book import Book

    return KnownPeople(None, Book.open(book, create=False))


def _session_keys(secret: str) -> Any:
    from dropout_risk.desk.session_keys import SessionKeys

    return SessionKeys.load(secret)


def _person_in(keys: Any, cookie: str) -> str | None:
    session = keys.session_in(cookie)
    return None if session is None else str(session.person)


def require_safe_address(host: str, identity: Identity) -> None:
    """Refuse an address that others reach where nobody is asked who they are; SettingsError."""
    if is_loopback(host):
        return
    if not identity.asks:
        raise SettingsError(
            f"Without an identity the service listens on the loopback address alone, not on {host}.",
            hint="declare one (docs/how-to/identity.md), or leave --host out",
        )
    if os.environ.get("DROPOUT_RISK_DAY"):
        raise SettingsError(
            f"DROPOUT_RISK_DAY is for demonstrations on the loopback address, and others reach {host}.",
            hint="take DROPOUT_RISK_DAY (--day) away, or leave --host out",
        )
    if os.environ.get("DROPOUT_RISK_DESK_HEADER"):
        raise SettingsError(
            f"A header that nobody signed names people, and others reach {host}.",
            hint="take DROPOUT_RISK_DESK_HEADER away, and let the proxy sign (docs/how-to/identity.md)",
        )


def said_at_start(identity: Identity) -> str:
    """Say in one sentence who is answered, and whether it is written down."""
    written = "looks are written down" if identity.settings.audit.url else "no look is written down"
    if not identity.asks:
        role = os.environ.get("DROPOUT_RISK_REPLY_ROLE", "")
        told = f"as {role} reads them" if role else "complete"
        return f"no identity: whoever reaches it is one reader, 'local', and reads replies {told}; {written}"
    ways = {
        "tokens": identity.tokens, "API keys": identity.keys, "a proxy's signed header": identity.header,
        "sessions": identity.settings.sessions,
    }  # fmt: skip
    return f"readers are known by {', '.join(name for name, way in ways.items() if way)}; {written}"
