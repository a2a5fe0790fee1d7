"""The desk at ``/desk``: people read their cases and write down what they did.

It reads, once, at the start,

* ``DROPOUT_RISK_BOOK``: the case book's address; without it there is no desk;
* ``DROPOUT_RISK_KEYS`` (optional): the file of keys for notes;
* ``DROPOUT_RISK_PEOPLE`` (optional): the file of people, read again whenever it changes; by default the
  people of the last morning;
* ``DROPOUT_RISK_DESK_SECRET``: a file of at least 32 bytes that signs links, sessions and forms; without it
  everybody is signed out when the service stops;
* ``DROPOUT_RISK_DESK_HEADER`` (optional): a header in which a trusted proxy names who asks, for instance
  ``X-Remote-User``; nobody needs a link then. It holds where no identity is declared, and for what comes in
  by the loopback address;
* ``DROPOUT_RISK_DAY`` (optional): the day to take for today, for demonstrations on the loopback address;
  keys, tokens and the grants of readers whom the service knows go by the real date.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dropout_risk.access.known_people import KnownPeople
from dropout_risk.access.reader import LOCAL_READER, NOBODY, Reader
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning_facts import attended_days
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import People
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.desk.case_address import CaseAddresses
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.screens import answer_get, answer_post, open_screens
from dropout_risk.desk.session_keys import SESSION_SECONDS, Session, SessionKeys
from dropout_risk.desk.view import ROOM, Answer, View, message_answer
from dropout_risk.errors import BundleError, CaseBookError, DateError, PeopleError, SettingsError
from dropout_risk.pages.rendering import content_policy
from dropout_risk.pages.review import Review
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.readers.roles import CLASS_TEACHER
from dropout_risk.text import LANGUAGES, Language
from serving.gate.guard import COOKIE, is_by_loopback
from serving.review import ReviewRoom

ROOT = "/desk"
THREADS = 4
MOST_FIELDS = 80
FOREIGN = ("cross-site", "same-site")
"""What browsers say (``Sec-Fetch-Site``) where a page of another house, or of a neighbour's, asks."""
_log = logging.getLogger("bentoml.dropout_risk")
HEADERS = {
    "Content-Security-Policy": f"{content_policy(forms=True, room=ROOM)}; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NOBODY = Session("", "")


@dataclass(frozen=True)
class Asked:
    """A request as far as the desk needs it.

    ``header`` is None where no header is believed; ``knows_readers`` says whether an identity is declared,
    ``is_foreign`` whether the browser says that a page of another house asks.
    """

    method: str
    steps: tuple[str, ...]
    fields: Mapping[str, str]
    cookie: str = ""
    header: str | None = ""
    body: bytes = b""
    reader: Reader | None = None
    knows_readers: bool = False
    is_foreign: bool = False


@dataclass(frozen=True)
class Given:
    """What is sent, and the cookie that goes with it: none, a new one, or an empty one that ends it."""

    answer: Answer
    cookie: str | None = None


@dataclass(eq=False)
class DeskRoom:
    """Where people work: a book, who they are, and what else is known of the pupils."""

    book: Book
    keys: SessionKeys = field(default_factory=SessionKeys)
    header: str = ""
    day: dt.date | None = None
    review_room: ReviewRoom | None = None
    language: Language = "zh"
    _known: KnownPeople = field(default_factory=KnownPeople)
    _directory: Directory | None = None
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "desk"))

    @classmethod
    def from_environment(cls, review_room: ReviewRoom | None = None) -> Self | None:
        """Open what the environment names; None where it names no book.

        CaseBookError, NoteKeyError, PeopleError or SettingsError if something of it cannot be used.
        """
        url = os.environ.get("DROPOUT_RISK_BOOK", "")
        if not url:
            return None
        keys, people, secret = (
            os.environ.get(f"DROPOUT_RISK_{name}", "") for name in ("KEYS", "PEOPLE", "DESK_SECRET")
        )
        settings = None if review_room is None else review_room.model.settings.cases
        book = Book.open(url, keys=NoteKeys.load(keys) if keys else None, settings=settings, create=False)
        known = KnownPeople(Path(people)) if people else KnownPeople(None, book)
        if people:
            known.people()
        return cls(
            book,
            SessionKeys.load(secret) if secret else SessionKeys(),
            os.environ.get("DROPOUT_RISK_DESK_HEADER", ""),
            _day_in(os.environ.get("DROPOUT_RISK_DAY", "")),
            review_room,
            _language_in(os.environ.get("DROPOUT_RISK_LANGUAGE", "")) or "zh",
            _known=known,
        )

    async def answer(self, asked: Asked) -> Given:
        """Answer a request; the event loop does nothing of it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.given, asked)

    def given(self, asked: Asked) -> Given:
        """Answer a request: let somebody in or out, or give what the person has."""
        session = self._session(asked)
        if asked.method == "POST" and asked.is_foreign:  # it would let somebody in, or out, unasked
            return Given(message_answer(self._bare_view(asked), "sign_in", 403))
        try:
            view = self._view(asked, session)
            if asked.steps[:1] == ("enter",):
                return self._enter(asked, view)
            if asked.steps == ("leave",) and asked.method == "POST":
                return Given(message_answer(replace(view, steps=("leave",)), "sign_in", 200), cookie="")
            if session is _NOBODY:
                return Given(message_answer(view, "sign_in", 401))
            return Given(self._answer(asked, view, session))
        except (CaseBookError, PeopleError) as error:  # its words may name a folder of this machine
            _log.error("the desk cannot be read: %s", type(error).__name__)
            return Given(message_answer(self._bare_view(asked), "no_book", 503))

    def _answer(self, asked: Asked, view: View, session: Session) -> Answer:
        if asked.method == "GET":
            return answer_get(view)
        try:
            text = asked.body.decode("ascii")
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
        except ValueError:
            return view.page("said.html", status=400, head=view.word("unreadable"), text="")
        ticket = self.keys.ticket_in("".join(fields.get("token", [])), session, view.path)
        return answer_post(view, fields, ticket)

    def _enter(self, asked: Asked, view: View) -> Given:
        """Let somebody in by a link: first a page with a button, so that no preview of a link comes in."""
        token = asked.fields.get("token", "")
        if asked.method == "POST":
            token = "".join(parse_qs(asked.body.decode("ascii", "replace")).get("token", []))
        person = self.keys.person_of_link(token)
        if person is None:
            return Given(message_answer(view, "sign_in", 401))
        if asked.method == "POST":
            return Given(Answer(status=303, onward=view.link()), self.keys.cookie_for(person))
        text = view.word("enter_text", who=view.desk.people.name_of(person))
        return Given(
            view.page(
                "enter.html", head=view.word("enter"), text=text, action=view.link("enter"), token=token
            )
        )

    def _session(self, asked: Asked) -> Session:
        """Say who asks: the reader that the service knows, whom the trusted proxy names, or the cookie's."""
        if asked.reader is not None:
            return Session(asked.reader.person, "by identity")
        if self.header and asked.header is not None:
            return Session(asked.header, "by header") if asked.header else _NOBODY
        return self.keys.session_in(asked.cookie) or _NOBODY

    def _view(self, asked: Asked, session: Session) -> View:
        """Look up, for every request anew, what the person may do today.

        The day of a demonstration counts for grants only where nobody is asked who they are.
        """
        desk = self.desk()
        day = dt.date.today() if asked.knows_readers else desk.day
        reader = asked.reader or Reader.of_day(session.person, desk.people, day)
        screens = [(screen.steps, screen.text) for screen in open_screens(reader)]
        return replace(
            self._bare_view(asked), desk=desk, reader=reader, screens=screens,
            sign=lambda path, seq: self.keys.ticket_for(session, path, seq),
        )  # fmt: skip

    def _bare_view(self, asked: Asked) -> View:
        desk = Desk(self.book, People(), self.day or dt.date.today())
        language = _language_in(asked.fields.get("lang", "")) or self.language
        return View(desk, desk.reader(""), language, asked.steps, asked.fields)

    def desk(self) -> Desk:
        """Give the desk as it stands: the people as their file names them now."""
        review, today = self._review(self.language), self.day or dt.date.today()
        return Desk(
            self.book,
            self._current_people(),
            today,
            SchoolDaysAhead() if review is None else SchoolDaysAhead.of_calendar(review.histories.calendar),
            CaseAddresses.by_secret(self.keys.secret),
            self._names(),
            self._review,
            None if review is None else partial(attended_days, review.histories, today),
        )

    def _current_people(self) -> People:
        return self._known.people()

    def _review(self, language: Language) -> Review | None:
        """Give the review as class teachers read it, whoever the pages at /review are for."""
        if self.review_room is None or self.review_room.store is None:
            return None
        try:
            return self.review_room.review_for(language, role=CLASS_TEACHER)
        except (BundleError, DateError, OSError, SettingsError) as error:
            _log.error("the desk has no review: %s", type(error).__name__)
            return None

    def _names(self) -> Directory:
        store = None if self.review_room is None else self.review_room.store
        if store is None:
            return Directory.empty()
        if self._directory is None:
            self._directory = Directory.load(store)
        return self._directory


def _day_in(word: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(word) if word else None
    except ValueError as error:
        raise SettingsError("DROPOUT_RISK_DAY is no date.", hint="such as 2025-05-20") from error


def _language_in(word: str) -> Language | None:
    return next((language for language in LANGUAGES if language == word), None)


def desk_routes(room: Callable[[], DeskRoom | None]) -> list[Route]:
    """Give the routes; what follows a route, and what it is asked for, is in the request's state."""

    async def answer(request: Request) -> Response:
        request.state.page = True
        if getattr(request.state, "rest", None) == "":
            return RedirectResponse(f"..{ROOT}", 308)
        held = room()
        if held is None:
            return HTMLResponse("", 404, HEADERS)
        given = await held.answer(await _asked_by(request, held.header))
        return _response_of(request, given)

    return [Route(ROOT, answer, methods=["GET", "POST"])]


async def _asked_by(request: Request, header: str) -> Asked:
    rest = str(getattr(request.state, "rest", None) or "")
    query = str(getattr(request.state, "query", request.url.query))
    knows_readers = request.state.reader != LOCAL_READER
    is_believed = not knows_readers and is_by_loopback(request.scope)
    return Asked(
        "POST" if request.method == "POST" else "GET",
        tuple(rest.split("/")) if rest else (),
        dict(parse_qsl(query, keep_blank_values=True)),
        request.cookies.get(COOKIE, ""),
        request.headers.get(header, "") if is_believed and header else None,
        await request.body() if request.method == "POST" else b"",
        None if request.state.reader in (NOBODY, LOCAL_READER) else request.state.reader,
        knows_readers,
        request.headers.get("sec-fetch-site", "") in FOREIGN,
    )


def _response_of(request: Request, given: Given) -> Response:
    answer = given.answer
    response: Response
    if answer.onward:
        response = RedirectResponse(answer.onward, answer.status, HEADERS)
    else:
        response = HTMLResponse(answer.html, answer.status, HEADERS)
    if given.cookie is not None:
        seconds = SESSION_SECONDS if given.cookie else 0
        secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
        response.set_cookie(COOKIE, given.cookie, seconds, httponly=True, samesite="strict", secure=secure)
    return response
