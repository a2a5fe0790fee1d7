"""What a reader's grants let it see of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.machine import LEVELS
from dropout_risk.casebook.notices.letters import absent_since
from dropout_risk.casebook.people import EVERYWHERE, OWN, Grant, Placed
from dropout_risk.casebook.rights import Act, Part, may
from dropout_risk.casebook.tables import STANDING
from dropout_risk.scoring.readers.roles import ROLES

SCHOOL_ROLES = ("class_teacher", "principal", "counsellor")
"""Who reads of a pupil what the records say, besides the case."""
_SCORING_ROLES = {"village": "community_worker"}
_OFFICE_COLUMNS = ("name", "village")
"""What an office above the school reads of the directory, of the cases that are its own."""


class Seat(NamedTuple):
    """A case as one reader has it before it: where its pupil is, and the reader's roles and level for it.

    ``present_since`` is the day since which the register has a pupil back whose case tells of absence.
    """

    case: Case
    placed: Placed
    roles: tuple[str, ...]
    person: str
    present_since: dt.date | None = None

    @property
    def away_since(self) -> dt.date | None:
        """Since when the pupil is away, where the case tells so and the register does not contradict it."""
        return absent_since(self.case, self.present_since)

    @property
    def back_since(self) -> dt.date | None:
        """Since when the register has the pupil back, of which nobody has written yet."""
        is_open = self.case.state == "open" and self.case.line == "school"
        return self.present_since if is_open else None

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
    def asked(self) -> bool:
        """Whether the case was referred to the reader, and waits for the answer or for what is done."""
        return self.case.referrals.get(self.person) in ("", "accepted")

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


def seat_of(reader: Reader, case: Case, placed: Placed, present_since: dt.date | None = None) -> Seat | None:
    """Give a case as a reader has it; None where it does not exist for the reader."""
    seat = Seat(case, placed, reader.roles_for(placed), reader.person, present_since)
    return seat if seat.may("see", "plan") else None


def pupils_clause(reader: Reader, roles: Iterable[str]) -> sa.ColumnElement[bool]:
    """Choose the pupils of the reader's grants of some roles, of the table of standings."""
    chosen = {*roles}
    clauses = [_covers_clause(grant) for grant in reader.grants if grant.role in chosen]
    return sa.or_(sa.false(), *clauses)


def _covers_clause(grant: Grant) -> sa.ColumnElement[bool]:
    """Word in SQL what :meth:`Grant.covers` says."""
    if grant.scope == "county":
        return sa.true()
    if grant.scope == OWN and grant.scope_id == EVERYWHERE:
        return STANDING.c.responsible == (grant.stands_for or grant.person)
    return STANDING.c[grant.scope] == grant.scope_id
