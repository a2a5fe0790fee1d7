"""Known people: who may do what today, from their file as it stands, or from the last morning of the book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from dropout_risk.access.reader import Reader
from dropout_risk.access.watched_file import WatchedFile
from dropout_risk.casebook.people import Grant, People
from dropout_risk.errors import PeopleError, SettingsError

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book


@dataclass(eq=False)
class KnownPeople:
    """Everybody who acts, looked up anew for each request, and read anew when they have changed.

    >>> KnownPeople().reader("t-1", dt.date(2025, 3, 3)).roles
    ()
    """

    file: Path | None = None
    book: Book | None = None
    _held: tuple[Hashable, People] | None = None
    _by_person: tuple[tuple[int, dt.date], dict[str, list[Grant]], People] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def are_declared(self) -> bool:
        """Whether there is anything that says who people are."""
        return self.file is not None or self.book is not None

    @cached_property
    def _watched(self) -> WatchedFile[People]:
        return WatchedFile(self.file or Path(), People.from_file)

    def people(self) -> People:
        """Give them as they are now; PeopleError or CaseBookError if they cannot be read."""
        if self.file is not None:
            try:
                return self._watched.content()
            except SettingsError as error:
                raise PeopleError("The file of people is gone.", hint="put it back") from error
        return People() if self.book is None else self._people_of_book(self.book)

    def _people_of_book(self, book: Book) -> People:
        """Read the people of the last morning, unless there has been none since."""
        from dropout_risk.casebook.book import last_morning, read_people

        with book.reading() as connection:
            morning = last_morning(connection)
            with self._lock:
                held = self._held
            if held is not None and held[0] == morning:
                return held[1]
            people = read_people(connection)
        with self._lock:
            self._held = (morning, people)
        return people

    def reader(self, person: str, day: dt.date) -> Reader:
        """Give somebody with the grants of a day; without any, for whom nobody knows."""
        people = self.people()
        named = (id(people), day)
        with self._lock:
            held = self._by_person
        if held is None or held[0] != named:
            found: dict[str, list[Grant]] = {}
            for grant in people.live_grants(day):
                found.setdefault(grant.person, []).append(grant)
            held = (named, found, people)
            with self._lock:
                self._by_person = held
        return Reader(person, tuple(held[1].get(person, ())))
