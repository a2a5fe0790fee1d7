"""Who has looked at what: written when a part of a pupil is shown, and chained."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, lock_looks
from dropout_risk.casebook.tables import SEEN


class Look(NamedTuple):
    """One look: when, who, at which pupil, and at which part.

    ``hash`` is SHA-256 over the hash of the look before it and all of this one.
    """

    id: int
    at: dt.datetime
    person: str
    pupil: str
    part: str
    hash: str = ""

    def digest(self, previous: str) -> str:
        """Compute the hash of the look after another one's."""
        told = [previous, self.id, self.at.isoformat(), self.person, self.pupil, self.part]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def note_seen(book: Book, person: str, pupil: str, parts: str | Iterable[str]) -> int:
    """Write down that somebody looks at parts of a pupil, before they are shown; give how many are new.

    The same look within a minute is one: a page that is loaded again tells nothing new.

    >>> book = Book.open("sqlite://")
    >>> note_seen(book, "c-1", "p-1", "psychology")
    1
    >>> [(look.person, look.part) for look in who_has_seen(book, "p-1")]
    [('c-1', 'psychology')]
    """
    with book.writing() as connection:
        lock_looks(connection)
        at = book.now()
        lately = connection.scalars(
            sa.select(SEEN.c.part).where(
                SEEN.c.pupil == pupil, SEEN.c.person == person, SEEN.c.at > at - dt.timedelta(minutes=1)
            )
        ).all()
        named = dict.fromkeys([parts] if isinstance(parts, str) else parts)
        new = [part for part in named if part not in lately]
        last = connection.execute(
            sa.select(SEEN.c.id, SEEN.c.hash).order_by(SEEN.c.id.desc()).limit(1)
        ).first()
        number, previous = last or (0, "")
        rows = []
        for number_of_look, part in enumerate(new, start=number + 1):
            look = Look(number_of_look, at, person, pupil, part)
            previous = look.digest(previous)
            rows.append(look._replace(hash=previous)._asdict())
        if rows:
            connection.execute(SEEN.insert(), rows)
    return len(rows)


def who_has_seen(book: Book, pupil: str) -> list[Look]:
    """Give all looks at a pupil, in their order."""
    with book.reading() as connection:
        rows = connection.execute(sa.select(SEEN).where(SEEN.c.pupil == pupil).order_by(SEEN.c.id))
        return [Look(*row) for row in rows]


def broken_looks(connection: sa.Connection) -> list[int]:
    """Name the looks that do not follow the one before them: something was changed, added or taken out."""
    broken, number, previous = [], 0, ""
    statement = sa.select(SEEN).order_by(SEEN.c.id).execution_options(yield_per=10_000)
    for look in (Look(*row) for row in connection.execute(statement)):
        if look.id != number + 1 or look.digest(previous) != look.hash:
            broken.append(look.id)
        number, previous = look.id, look.hash
    return broken
