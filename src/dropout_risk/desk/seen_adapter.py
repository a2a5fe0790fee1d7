"""Who looked: a chained row for every look of a person at a part of a pupil."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, lock_book
from dropout_risk.casebook.tables import SEEN


def note_seen(book: Book, person: str, pupil: str, part: str) -> None:
    """Write down that a person looked at a part of a pupil."""
    with book.writing() as connection:
        lock_book(connection)
        last = connection.execute(
            sa.select(SEEN.c.id, SEEN.c.hash).order_by(SEEN.c.id.desc()).limit(1)
        ).first()
        number, before = (0, "") if last is None else tuple(last)
        at = book.now()
        told = json.dumps([before, number + 1, at.isoformat(), person, pupil, part], ensure_ascii=False)
        row = {"id": number + 1, "at": at, "person": person, "pupil": pupil, "part": part}
        connection.execute(SEEN.insert().values(**row, hash=hashlib.sha256(told.encode()).hexdigest()))
