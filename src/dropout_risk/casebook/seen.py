"""Who has looked at what: written when a part of a pupil is shown, and chained."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, lock_looks
from dropout_risk.casebook.chain import append_rows, broken_rows
from dropout_risk.casebook.tables import SEEN


class Look(NamedTuple):
    """One look: when, who, at which pupil, and at which part; ``hash`` chains it to the one before."""

    id: int
    at: dt.datetime
    person: str
    pupil: str
    part: str
    hash: str = ""


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
        rows = [{"at": at, "person": person, "pupil": pupil, "part": part} for part in new]
        return append_rows(connection, SEEN, rows)


def who_has_seen(book: Book, pupil: str) -> list[Look]:
    """Give all looks at a pupil, in their order."""
    with book.reading() as connection:
        rows = connection.execute(sa.select(SEEN).where(SEEN.c.pupil == pupil).order_by(SEEN.c.id))
        return [Look(*row) for row in rows]


def broken_looks(connection: sa.Connection) -> list[int]:
    """Name the looks that do not follow the one before them: something was changed, added or taken out."""
    return broken_rows(connection, SEEN)
