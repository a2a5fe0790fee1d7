"""The desk: the case book, the people and the day, with what else is known of the pupils."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.book import Book, read_case
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.mornings.morning import Attended
from dropout_risk.casebook.people import People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.seen import note_seen
from dropout_risk.casebook.tables import CASE, ENTRY, STANDING
from dropout_risk.desk.case_address import CaseAddresses
from dropout_risk.desk.reader import SCHOOL_ROLES, Seat, pupils_clause, seat_of
from dropout_risk.errors import DateError, UnknownPupilError
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language

if TYPE_CHECKING:
    from dropout_risk.explanation.reason import Reason
    from dropout_risk.pages.review import Review

Reviews = Callable[[Language], "Review | None"]
"""Gives the review of the day as class teachers read it, if there is a store."""
WHOLE = (*SCHOOL_ROLES, "auditor")
"""Who has before it all cases of its pupils, not its own alone."""


def _no_review(language: Language) -> None:
    """Give no review: the book alone speaks."""


@dataclass(eq=False)
class Desk:
    """What the pages are made from.

    Parameters
    ----------
    book : Book
    people : People
    day : date
        Today: grants are those of this day.
    days : SchoolDaysAhead
    addresses : CaseAddresses
        How cases are addressed, so that nobody can count them.
    directory : Directory
        Pupils' names, and how to reach their families.
    reviews : callable
        What the records say of pupils; by default nothing.
    attended : callable, optional
        What the register has of pupils since a day; without it nobody closes a case as *stayed*.

    Examples
    --------
    >>> from dropout_risk.casebook.people import Grant
    >>> desk = Desk(Book.open("sqlite://"), People((Grant("t-1", "principal", "school", "s-1"),)),
    ...             dt.date(2025, 3, 3))
    >>> desk.reader("t-1").roles, desk.reader("t-2").roles, desk.seats(desk.reader("t-1"))
    (('principal',), (), [])
    """

    book: Book
    people: People
    day: dt.date
    days: SchoolDaysAhead = field(default_factory=SchoolDaysAhead)
    addresses: CaseAddresses = field(default_factory=CaseAddresses.new)
    directory: Directory = field(default_factory=Directory.empty)
    reviews: Reviews = _no_review
    attended: Callable[[Sequence[tuple[str, dt.date]]], list[Attended]] | None = None
    _read: dict[int, list[Entry]] = field(default_factory=dict, init=False, repr=False)

    def reader(self, person: str) -> Reader:
        """Give somebody as a reader of today."""
        return Reader.of_day(person, self.people, self.day)

    def seat(self, reader: Reader, address: str) -> Seat | None:
        """Give a case by its address; None where it does not exist for the reader, by the same look."""
        number = self.addresses.number_at(address)
        with self.book.reading() as connection:
            case = read_case(connection, CASE.c.id == number)
            placed, back = _placed_at(connection, case.pupil if case else "", case.school if case else "")
        return None if case is None else seat_of(reader, case, placed, back)

    def seats(
        self,
        reader: Reader,
        *where: sa.ColumnElement[bool],
        line: str = "school",
        roles: Collection[str] = WHOLE,
    ) -> list[Seat]:
        """Give the cases of a line that the reader has before it, by default those that are not closed.

        They are its own, those of the pupils for whom it has one of some roles, and those referred to it.
        """
        chosen = where or (CASE.c.state != "closed",)
        schools = [name for role in roles for name in reader.schools_of(role)]
        held = sa.or_(
            CASE.c.owner == reader.person,
            _refers_to(reader.person),
            CASE.c.school.in_(schools),
            CASE.c.pupil.in_(sa.select(STANDING.c.pupil).where(pupils_clause(reader, roles))),
        )
        query = (
            sa.select(CASE, *_STOOD, _BACK)
            .select_from(_WITH_STANDING)
            .where(CASE.c.line == line, held, *chosen)
        )
        with self.book.reading() as connection:
            rows = connection.execute(query.order_by(CASE.c.due, CASE.c.opened, CASE.c.pupil)).mappings()
            seats = [seat_of(reader, _case_in(row), _placed_in(row), row["present_since"]) for row in rows]
        return [seat for seat in seats if seat is not None]

    def last_entries(self, seats: Iterable[Seat]) -> dict[int, Entry]:
        """Give the last entry of each of some cases."""
        numbers = [seat.case.id for seat in seats]
        joined = (ENTRY.c.case == CASE.c.id) & (ENTRY.c.seq == CASE.c.seq)
        found: dict[int, Entry] = {}
        with self.book.reading() as connection:
            for first in range(0, len(numbers), _AT_ONCE):
                some = CASE.c.id.in_(numbers[first : first + _AT_ONCE])
                for row in connection.execute(sa.select(ENTRY).join(CASE, joined).where(some)).mappings():
                    found[row["case"]] = Entry(**row)
        return found

    def entries_of(self, case: Case) -> list[Entry]:
        """Give the entries of a case, which are read once for as long as nobody adds one."""
        read = self._read.get(case.id)
        if read is None or len(read) < case.seq:
            read = self._read[case.id] = self.book.entries(case.id)
        return read

    def is_written(self, key: str) -> bool:
        """Say whether an entry of that key is in the book."""
        with self.book.reading() as connection:
            return connection.scalar(sa.select(ENTRY.c.case).where(ENTRY.c.key == key)) is not None

    def pupils_of(self, reader: Reader, roles: Collection[str] = WHOLE) -> list[tuple[Placed, str]]:
        """Give the pupils at school of a reader, each with its part of the morning."""
        query = sa.select(*_STOOD, STANDING.c.part).where(STANDING.c.at_school, pupils_clause(reader, roles))
        with self.book.reading() as connection:
            rows = connection.execute(query.order_by(STANDING.c.pupil)).mappings()
            return [(_placed_in(row), row["part"]) for row in rows]

    def next_days(self, school: str, number: int) -> list[dt.date]:
        """Give the next school days of a school."""
        return [self.days.later(school, self.day, ahead) for ahead in range(1, number + 1)]

    def told_of(self, seat: Seat) -> dict[str, str]:
        """Give what the directory says of the pupil, as far as the reader reads it."""
        return {
            name: value for name, value in self.directory.of(seat.case.pupil).items() if name in seat.columns
        }

    def score_of(self, seat: Seat, language: Language) -> PupilScore | None:
        """Give what the review says of the pupil, as class teachers read it; None where it says nothing."""
        if not seat.domains:
            return None
        review = self.reviews(language)
        try:
            return None if review is None else review.score_of(seat.case.pupil)
        except (UnknownPupilError, DateError):
            return None

    def reasons_of(self, seat: Seat, language: Language = "zh") -> tuple[Reason, ...]:
        """Give the reasons that raise the risk, as they are told: to the pupil's school alone."""
        score = self.score_of(seat, language) if seat.is_of_school else None
        return score.raising if score else ()

    def note_seen(self, seat: Seat, part: str) -> None:
        """Write down that the reader looked at a part of the pupil."""
        note_seen(self.book, seat.person, seat.case.pupil, part)

    def may_note(self, seat: Seat) -> bool:
        """Say whether the reader may write free text here: only where there are keys to seal it."""
        return self.book.keys is not None and seat.may("write", "notes")


_AT_ONCE = 500
_PLACES = ("school", "class", "responsible", "village", "township")
_STOOD = [STANDING.c.pupil.label("stood"), *(STANDING.c[name].label(f"stood_{name}") for name in _PLACES)]
_BACK = STANDING.c.present_since
_WITH_STANDING = CASE.outerjoin(STANDING, STANDING.c.pupil == CASE.c.pupil)


def _refers_to(person: str) -> sa.ColumnElement[bool]:
    """Choose the cases that were ever referred to somebody."""
    return sa.cast(CASE.c.referrals, sa.String).contains(f"{json.dumps(person)}:", autoescape=True)


def _case_in(row: sa.RowMapping) -> Case:
    return Case(**{column.name: row[column.name] for column in CASE.columns})


def _placed_in(row: sa.RowMapping) -> Placed:
    if row["stood"] is None:
        return Placed(row["pupil"], row["school"])
    school, name, *others = (row[f"stood_{place}"] for place in _PLACES)
    return Placed(row["stood"], school, name, *others)


def _placed_at(connection: sa.Connection, pupil: str, school: str) -> tuple[Placed, dt.date | None]:
    """Give where a pupil is, and since when the register has the pupil back."""
    asked = sa.select(*_STOOD, _BACK).where(STANDING.c.pupil == pupil)
    row = connection.execute(asked).mappings().first()
    return (Placed(pupil, school), None) if row is None else (_placed_in(row), row["present_since"])
