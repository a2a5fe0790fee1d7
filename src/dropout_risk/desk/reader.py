"""A reader: a person with the grants of the day, and what these grants let the person see of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import sqlalchemy as sa

from dropout_risk.casebook.case import Case
from dropout_risk.casebook.machine import LEVELS
from dropout_risk.casebook.people import EVERYWHERE, OWN, Grant, People, Placed
from dropout_risk.casebook.rights import CASE_ROLES, RIGHTS, Act, Part, may
from dropout_risk.casebook.tables import STANDING
from dropout_risk.scoring.roles import ROLES

SCHOOL_ROLES = ("class_teacher", "principal", "counsellor")
"""Who reads of a pupil what the records say, besides the case."""
_SCORING_ROLES = {"village": "community_worker"}
_OFFICE_COLUMNS = ("name", "village")
"""What an office above the school reads of the directory, of the cases that are its own."""


class Seat(NamedTuple):
    """A case as one reader has it before it: where its pupil is, and the reader's roles and level for it."""

    case: Case
    placed: Placed
    roles: tuple[str, ...]
    person: str

    def may(self, act: Act, part: Part) -> bool:
        """Say whether the reader may do something with a part of this case."""
        return may(self.roles, act, part, self.case.line)

    @property
    def level(self) -> int | None:
        """The highest level at which the reader acts for the pupil; None without one."""
        held = [level for level, office in enumerate(LEVELS) if office in self.roles]
        return 0 if self.case.line == "care" else max(held, default=None)

    @property
    def owned(self) -> bool:
        """Whether it is the reader's to act upon."""
        return self.case.owner == self.person

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the directory that the reader reads of this pupil."""
        told: set[str] = set()
        for role in self.roles:
            if may([role], "see", "where", self.case.line) or self.case.line == "care":
                told.update(ROLES[_SCORING_ROLES.get(role, role)].reads_of_directory)
            if self.owned and role in ("township", "county"):
                told.update(_OFFICE_COLUMNS)
        return frozenset(told)

    @property
    def domains(self) -> frozenset[str]:
        """The domains of facts that the reader reads of this pupil; psychology is in the book alone."""
        if not self.may("see", "signals"):
            return frozenset()
        return frozenset(
            domain
            for role in self.roles
            if role in ("township", *SCHOOL_ROLES)
            for domain in ROLES[role].sees
            if domain != "psychology"
        )

    @property
    def is_of_school(self) -> bool:
        """Whether the reader is one of the pupil's school."""
        return not {*self.roles}.isdisjoint(SCHOOL_ROLES)


@dataclass(frozen=True)
class Reader:
    """A person with the grants that hold on a day.

    >>> people = People((Grant("t-1", "class_teacher", "class", "s-1/8/1"),))
    >>> reader = Reader.of_day("t-1", people, dt.date(2025, 3, 3))
    >>> reader.roles_for(Placed("p-1", "s-1", "s-1/8/1")), reader.roles_for(Placed("p-2", "s-1", "s-1/8/2"))
    (('class_teacher',), ())
    """

    person: str
    grants: tuple[Grant, ...]

    @classmethod
    def of_day(cls, person: str, people: People, day: dt.date) -> Self:
        """Look up what somebody may do on a day; nothing, for whom nobody knows."""
        return cls(person, people.grants_of(person, day))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the person has for anybody."""
        held = {grant.role for grant in self.grants}
        return tuple(role for role in CASE_ROLES if role in held)

    def roles_for(self, placed: Placed) -> tuple[str, ...]:
        """Name the roles that the person has for a pupil."""
        held = {grant.role for grant in self.grants if grant.covers(placed)}
        return tuple(role for role in CASE_ROLES if role in held)

    def may_anywhere(self, act: Act, part: Part) -> bool:
        """Say whether any role of the person may do something with a part of a case."""
        return any((role, part, act) in RIGHTS for role in self.roles)

    def seat_at(self, case: Case, placed: Placed) -> Seat | None:
        """Give a case as the person has it; None where it does not exist for the person."""
        seat = Seat(case, placed, self.roles_for(placed), self.person)
        return seat if seat.may("see", "plan") else None

    def pupils_clause(self, roles: Iterable[str]) -> sa.ColumnElement[bool]:
        """Choose the pupils of the person's grants of some roles, of the table of standings."""
        chosen = {*roles}
        clauses = [_covers_clause(grant) for grant in self.grants if grant.role in chosen]
        return sa.or_(sa.false(), *clauses)

    def schools_of(self, role: str) -> tuple[str, ...]:
        """Name the schools for which the person has a role as a whole."""
        held = (grant.scope_id for grant in self.grants if (grant.role, grant.scope) == (role, "school"))
        return tuple(dict.fromkeys(held))


def _covers_clause(grant: Grant) -> sa.ColumnElement[bool]:
    """Word in SQL what :meth:`Grant.covers` says."""
    if grant.scope == "county":
        return sa.true()
    if grant.scope == OWN and grant.scope_id == EVERYWHERE:
        return STANDING.c.responsible == (grant.stands_for or grant.person)
    return STANDING.c[grant.scope] == grant.scope_id
