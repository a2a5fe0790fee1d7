"""The pages for reviewers at ``/review``: the library's own renderer, on the histories of a store.

It reads, once, at the start,

* ``DROPOUT_RISK_STORE`` (optional): a store of histories, as ``dropout-risk store`` keeps it;
* ``DROPOUT_RISK_ROLE`` (optional): for whom the pages are made, by default the class teacher;
* ``DROPOUT_RISK_SCHOOL``, ``_GRADE``, ``_CLASS``, ``_RESPONSIBLE`` (optional): of which pupils this reader
  reads; all others do not exist for it;
* ``DROPOUT_RISK_LANGUAGE`` (optional): the language where ``?lang=`` asks for none.

The store is scored once in each of its states, in threads of its own, and never by the event loop; a page is
rendered once for each state, address, language and reader.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from dropout_risk.access.granted_scope import GrantedScope, roles_for_pages, seeing_most
from dropout_risk.access.read_scores import role_of_scores
from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.access.route_rights import STRONGEST
from dropout_risk.casebook.people import Grant
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.catalogue.feature import CONFIDENTIAL
from dropout_risk.errors import (
    BundleError,
    DateError,
    NotGrantedError,
    RequestError,
    SettingsError,
    UnknownPupilError,
    nearest,
)
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import read_state
from dropout_risk.pages.links import Links, id_at, served_under
from dropout_risk.pages.pupil_search import PupilQuestion
from dropout_risk.pages.rendering import Message, content_policy, message_page
from dropout_risk.pages.review import Review, reader_of_pages
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.readers.roles import CLASS_TEACHER, Role, role_named, roles_of
from dropout_risk.scoring.readers.scope import EVERYBODY, Scope
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import LANGUAGES, Language
from dropout_risk.watchlist.state import Signalled
from serving.gate.body import latest_today
from serving.gate.looks import MANY, Looks

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book

ROOT = "/review"
_log = logging.getLogger("bentoml.dropout_risk")
THREADS = 2
MOST_READERS = 256
"""Scopes of which what was made is kept."""
FIELDS = ("q", "sort", "page", "responsible")
"""What makes another page of an address; nothing else that is asked for does."""
MOST_KEPT = 32_000_000
"""Characters of pages that are kept."""
HEADERS = {
    "Content-Security-Policy": f"{content_policy(forms=True)}; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class Page:
    """A page and the status it is sent with."""

    html: str
    status: int = 200
    role: str = ""
    """The role in which it is read."""


@dataclass(eq=False)
class ReviewRoom:
    """Where reviewers read: a model and a store, scored once in each state of the store.

    Without a store there is nothing to review, and every page says how to switch it on. The case ``book``
    knows what its mornings before a day were told of, and keeps who looked at a pupil's psychology; without
    it pages say that nobody knows.
    """

    model: RiskModel
    store: Path | None = None
    role: Role = CLASS_TEACHER
    language: Language = "zh"
    scope: Scope = EVERYBODY
    looks: Looks = field(default_factory=Looks)
    book: Book | None = None
    _lock: Lock = field(default_factory=Lock)
    _made_of: Any = None
    _store_lock: Lock = field(default_factory=Lock)
    _held: tuple[Any, Histories | None] = (None, None)
    _placed: tuple[Histories, PlacedPupils] | None = None
    _reviews: dict[tuple[Language, Role], Review] = field(default_factory=dict)
    _parts: LRUCache[Any, Review] = field(default_factory=lambda: LRUCache(MOST_READERS))
    _pages: LRUCache[Any, Page] = field(
        default_factory=lambda: LRUCache(MOST_KEPT, getsizeof=lambda page: len(page.html))
    )
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "review"))

    @classmethod
    def from_environment(cls, model: RiskModel) -> Self:
        """Read the settings; BundleError if the store is none.

        UnknownRoleError or SettingsError if the role, the language or the grade level is unknown, pages are
        not for that role, or a class is named without its school.
        """
        place = os.environ.get("DROPOUT_RISK_STORE", "")
        store = Path(place) if place else None
        if store is not None:
            read_state(store)
        role = reader_of_pages(os.environ.get("DROPOUT_RISK_ROLE", CLASS_TEACHER.name), model.settings)
        language = language_of(os.environ.get("DROPOUT_RISK_LANGUAGE", model.settings.language))
        return cls(model, store, role, language, scope_from_environment())

    async def answer(
        self,
        path: str,
        rest: str | None,
        asked: str | None,
        *,
        scope: Scope | None = None,
        fields: Mapping[str, str] | None = None,
        reader: Reader = LOCAL_READER,
        request: str = "",
    ) -> Page:
        """Give a page; the event loop does nothing of it.

        ``path`` is the route, without what follows it: ``rest``, the id of a pupil or of a school. ``asked``
        is the language that was asked for, ``fields`` whatever else; ``scope`` and ``reader`` are those of
        whoever asks, by default the declared scope and the local reader, who reads it in the declared role. A
        pupil outside is answered as one that does not exist, by the same look into the same pupils. What is
        shown is written down first, under the name of the request; NotAnsweredError if it cannot be.

        A reader of several roles reads in the one that the field ``role`` names, or in the one that sees
        most; NotGrantedError for another role than the reader's, and for a reader without one for pages.
        """
        whose = (reader, self.scope if scope is None else scope)

        def noted_page() -> Page:
            page = self._answer(path, rest, asked, whose, fields or {})
            if page.status == 200 and path != f"{ROOT}/model":
                pupil = (rest or MANY) if path == f"{ROOT}/pupil" else MANY
                self.looks.note(reader, path, {pupil: page.role}, request)
                self._note_seen(reader, pupil, page.role)
            return page

        return await asyncio.get_running_loop().run_in_executor(self._threads, noted_page)

    def _note_seen(self, reader: Reader, pupil: str, role: str) -> None:
        """Write into the book that somebody whom it knows looks at the psychology of a pupil."""
        if self.book is None or reader == LOCAL_READER or pupil == MANY:
            return
        if CONFIDENTIAL in role_named(role, roles_of(self.model.settings)).sees:
            from dropout_risk.casebook.seen import note_seen

            note_seen(self.book, reader.person, pupil, "psychology")

    def _signalled_before(self, day: dt.date) -> Signalled | None:
        if self.book is None:
            return None
        from dropout_risk.casebook.lessons.told_cases import signalled_before

        return signalled_before(self.book, day)

    def _answer(
        self,
        path: str,
        rest: str | None,
        asked: str | None,
        whose: tuple[Reader, Scope],
        fields: Mapping[str, str],
    ) -> Page:
        role = fields.get("role", "")
        carried = asked if asked in LANGUAGES else "", role if role in STRONGEST else ""
        links = served_under(_up_from(path, rest) + ROOT[1:], *carried)
        try:
            language = self.language if asked is None else language_of(asked)
        except SettingsError as error:
            return Page(message_page("unknown_language", self.language, links, error), 400)
        if self.store is None:
            return Page(message_page("switched_off", language, links), 404)
        return self._page(path, rest, (language, *whose), links, fields)

    def _page(
        self,
        path: str,
        rest: str | None,
        how: tuple[Language, Reader, Scope],
        links: Links,
        fields: Mapping[str, str] | None = None,
    ) -> Page:
        language, reader, scope = how
        fields = dict(fields or {})
        try:
            role = self._role_for(reader, fields.get("role"))
            review = self._review_of(language, reader, scope, role)
        except (BundleError, OSError) as error:  # its words name a folder of this machine: not for a page
            _log.error("the store cannot be read: %s", type(error).__name__)
            return Page(message_page("no_store", language, links), 503)
        except DateError as error:
            return Page(message_page("nobody_yet", language, links, error), 404)
        except SettingsError as error:  # the scope's class is two classes now
            return Page(message_page("no_scope", language, links, error), 503)
        fields = {name: fields[name] for name in FIELDS if name in fields}
        asked = (review, path, rest, links.lists, links.carried, tuple(fields.items()))
        with self._lock:
            kept = self._pages.get(asked)
        if kept is None:
            kept = _rendered_page((review, language), path, (rest, fields), links)
            with self._lock:
                if kept.status == 200 and review in (*self._reviews.values(), *self._parts.values()):
                    self._pages[asked] = kept
        return replace(kept, role=role)

    def _role_for(self, reader: Reader, asked: str | None) -> str:
        """Give the role in which somebody reads: the one that is asked for, or that sees most.

        The local reader alone reads in the declared role; NotGrantedError for whoever has not the role.
        """
        found: dict[str, tuple[Grant, ...]] = {self.role.name: ()}
        if reader != LOCAL_READER:
            found = roles_for_pages(reader, ROOT)
        if not found or asked not in (None, *found):
            raise NotGrantedError(
                "These pages are not for you.", hint="ask whoever gave you the key or the role"
            )
        placed = self.placed() if asked is None and len(found) > 1 else None
        return asked or (next(iter(found)) if placed is None else seeing_most(found, ROOT, placed))

    def _review_of(self, language: Language, reader: Reader, scope: Scope, name: str) -> Review:
        """Give what a reader reads: in a role of its own, and of the pupils of that role's grants."""
        if reader == LOCAL_READER:
            return self.review_for(language, scope)
        grants = roles_for_pages(reader, ROOT)[name]
        role = role_of_scores(name, ROOT, roles_of(self.model.settings))
        return self.review_for(language, GrantedScope(grants=grants, placed_in=self._placed_in), role)

    def placed(self) -> PlacedPupils | None:
        """Say where everybody of the store is in its present state; None without a store."""
        if self.store is None:
            return None
        with self._store_lock:
            histories = self._present()[1]
        return self._placed_in(histories)

    def held_store(self) -> tuple[Histories, PlacedPupils] | None:
        """Give the histories of the store in its present state, and where everybody is; None without a store.

        BundleError or OSError if it cannot be read.
        """
        if self.store is None:
            return None
        with self._store_lock:
            histories = self._present()[1]
        return histories, self._placed_in(histories)

    def _placed_in(self, histories: Histories) -> PlacedPupils:
        """Say where everybody of some histories is; looked up once for each."""
        with self._store_lock:
            if self._placed is None or self._placed[0] is not histories:
                names = Directory.empty() if self.store is None else Directory.load(self.store)
                found = PlacedPupils.of_histories(histories, day_after(histories), names)
                self._placed = (histories, found)
            return self._placed[1]

    def _present(self) -> tuple[Any, Histories]:
        """Give the store's state and histories, loaded if it has changed; within the lock of the store.

        Scores ask where pupils are, and do not wait for pages that are made.
        """
        assert self.store is not None  # noqa: S101
        state = read_state(self.store)["parts"]
        if state != self._held[0]:
            self._held = (state, Histories.load(self.store))
        histories = self._held[1]
        assert histories is not None  # noqa: S101
        return state, histories

    def review_for(self, language: Language, scope: Scope = EVERYBODY, role: Role | None = None) -> Review:
        """Give the review of the store's present state; whoever comes while it is made waits for it."""
        role = self.role if role is None else role
        with self._lock:
            with self._store_lock:
                state, histories = self._present()
            if state != self._made_of:
                self._made_of = state
                for held in (self._reviews, self._parts, self._pages):
                    held.clear()
            whole = (language, role)
            if whole not in self._reviews:
                assert self.store is not None  # noqa: S101
                day = day_after(histories)
                self._reviews[whole] = Review.of(
                    self.model,
                    histories,
                    day,
                    language=language,
                    role=role,
                    directory=Directory.load(self.store),
                    signalled=self._signalled_before(day),
                )
            if scope == EVERYBODY:
                return self._reviews[whole]
            if (*whole, scope) not in self._parts:
                self._parts[*whole, scope] = self._reviews[whole].within(scope)
            return self._parts[*whole, scope]


@dataclass(frozen=True)
class AskedPage:
    """What a page is asked for: an id, a teacher's list, or a question about pupils."""

    rest: str | None
    question: PupilQuestion
    responsible: str | None = None

    @classmethod
    def read(cls, rest: str | None, fields: Mapping[str, str]) -> Self:
        """Read what an address asks for; SettingsError if it is no question."""
        return cls(rest, PupilQuestion.read(fields), fields.get("responsible"))

    def school(self, review: Review, links: Links) -> str:
        """Render a school's page, or the part of a teacher's list that is asked for."""
        if self.responsible is None:
            return review.school(self.rest, links)
        return review.sheet(self.rest, self.responsible or None, self.question.page, links)


def _rendered_page(
    how: tuple[Review, Language], path: str, asked: tuple[str | None, Mapping[str, str]], links: Links
) -> Page:
    review, language = how
    try:
        return Page(PAGES[path](review, AskedPage.read(*asked), links))
    except SettingsError as error:
        return Page(message_page("unknown_question", language, links, error), 400)
    except (UnknownPupilError, DateError) as error:
        said: Message = "nobody_yet" if isinstance(error, DateError) else "not_here"
        return Page(message_page(said, language, links, error), 404)


PAGES: dict[str, Callable[[Review, AskedPage, Links], str]] = {
    ROOT: lambda review, asked, links: review.morning(links),
    f"{ROOT}/cohort": lambda review, asked, links: review.cohort(links, asked.question.page),
    f"{ROOT}/model": lambda review, asked, links: review.about_model(links),
    f"{ROOT}/pupil": lambda review, asked, links: review.pupil(asked.rest or "", links),
    f"{ROOT}/pupils": lambda review, asked, links: review.search(asked.question, links),
    f"{ROOT}/school": lambda review, asked, links: asked.school(review, links),
}


def review_routes(room: Callable[[], ReviewRoom]) -> list[Route]:
    """Give the routes; what follows a route is in the request's state, where the door has put it."""

    async def answer(request: Request) -> HTMLResponse:
        request.state.page = True
        rest = id_at(getattr(request.state, "rest", None))
        fields = dict(parse_qsl(query_of(request), keep_blank_values=True))
        reader = request.state.reader
        about = {"fields": fields, "reader": reader, "request": request.state.request_id}
        try:
            page = await room().answer(request.scope["path"], rest, fields.get("lang"), **about)
        except RequestError as error:
            request.state.problems = [error]
            return HTMLResponse("")
        return HTMLResponse(page.html, page.status, HEADERS)

    async def without_slash(request: Request) -> RedirectResponse:
        asked = f"?{query_of(request)}" if query_of(request) else ""
        return RedirectResponse(f"..{ROOT}{asked}", 308)

    return [*(Route(path, answer) for path in PAGES), Route(f"{ROOT}/", without_slash)]


def query_of(request: Request) -> str:
    """Give what a page is asked for, from where the door has put it."""
    return str(getattr(request.state, "query", request.url.query))


def _up_from(path: str, rest: str | None) -> str:
    """Give the way from a page up to where ``/review`` lies, so that any prefix of a proxy's will do.

    >>> _up_from("/review", None), _up_from("/review/pupil", "p-1")
    ('', '../../')
    """
    return "../" * (path.count("/") - 1 + (rest is not None))


def day_after(histories: Histories) -> dt.date:
    """Give the day after the last one that any school was observed, but no day that has not come yet.

    Where a demonstration takes an earlier day for today, nothing is told of what came after it.
    """
    last = int(histories.observed_to.max(initial=0))
    shown = os.environ.get("DROPOUT_RISK_DAY")
    return min(date_of(last + 1), dt.date.fromisoformat(shown) if shown else latest_today())


def scope_from_environment() -> Scope:
    """Read of which pupils the reader reads; SettingsError if it is no scope."""
    school, grade, class_id, responsible = (
        os.environ.get(f"DROPOUT_RISK_{name}", "") for name in ("SCHOOL", "GRADE", "CLASS", "RESPONSIBLE")
    )
    if grade and not grade.isdecimal():
        raise SettingsError("DROPOUT_RISK_GRADE is no grade level.", hint="give a whole number, such as 8")
    return Scope.named(school, int(grade) if grade else None, class_id, responsible)


def language_of(word: str) -> Language:
    """Take a language as it was asked for; SettingsError if it is not one of zh and en."""
    for language in LANGUAGES:
        if word == language:
            return language
    raise SettingsError("That language is unknown.", hint=nearest(word, LANGUAGES))
