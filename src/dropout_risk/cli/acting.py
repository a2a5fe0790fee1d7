"""Persons on the command line: what the table of rights lets somebody do who is named by ``--by``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dropout_risk.errors import CaseRightError

if TYPE_CHECKING:
    from dropout_risk.access.reader import Reader
    from dropout_risk.casebook.book import Book
    from dropout_risk.desk.reader import Seat

_HINT = "the file of people of the last morning names who may do what"


def _reader_of(book: Book, person: str, day: dt.date) -> Reader:
    from dropout_risk.access.reader import Reader
    from dropout_risk.casebook.book import read_people

    with book.reading() as connection:
        return Reader.of_day(person, read_people(connection), day)


def written_seats(book: Book, person: str, day: dt.date) -> dict[str, Seat]:
    """Give the live cases of the school of which a person may write a contact, by their number.

    As on the pages: a village says whether it saw the pupil, no more. CaseRightError if there are none.
    """
    from dropout_risk.casebook.people import People
    from dropout_risk.casebook.rights import CASE_ROLES
    from dropout_risk.desk.deeds import DEEDS
    from dropout_risk.desk.desk import Desk

    seats = Desk(book, People(), day).seats(_reader_of(book, person, day), roles=CASE_ROLES)
    found = {str(seat.case.id): seat for seat in seats if DEEDS["meet"].is_granted(seat)}
    if not found:
        raise CaseRightError("There is no case of which that person may write a contact.", hint=_HINT)
    return found


def require_schools_right(book: Book, person: str, schools: Iterable[str], day: dt.date) -> None:
    """Refuse a person who may not hand over the plan of every pupil of some schools; without any, of all."""
    import sqlalchemy as sa

    from dropout_risk.casebook.rights import CASE_ROLES, may
    from dropout_risk.casebook.tables import STANDING
    from dropout_risk.desk.reader import pupils_clause

    chosen = [*schools]
    concerned = STANDING.c.at_school & (STANDING.c.school.in_(chosen) if chosen else sa.true())
    roles = [role for role in CASE_ROLES if may([role], "hand_over", "plan")]
    held = pupils_clause(_reader_of(book, person, day), roles)
    number = sa.func.count()
    with book.reading() as connection:
        everybody = connection.scalar(sa.select(number).select_from(STANDING).where(concerned))
        covered = connection.scalar(sa.select(number).select_from(STANDING).where(concerned, held))
    if not everybody or covered != everybody:
        raise CaseRightError("That person does not decide for all pupils of these schools.", hint=_HINT)
