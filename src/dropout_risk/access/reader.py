"""A reader: a person, or a system, with the grants of the day. Pages, the desk and replies know no other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Self

from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.rights import CASE_ROLES, RIGHTS, Act, Part
from dropout_risk.text import Text

OPERATOR, LOCAL = "operator", "local"
READER_ROLES: dict[str, Text] = {
    **CASE_ROLES,
    OPERATOR: Text(zh="运维人员", en="operator"),
    LOCAL: Text(zh="本机（未设身份验证）", en="local (no identity)"),
}
"""The roles of the case book; who runs the service; and who reaches it where it asks nobody who they are."""


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
        return _in_order({grant.role for grant in self.grants})

    def roles_for(self, placed: Placed) -> tuple[str, ...]:
        """Name the roles that the person has for a pupil."""
        return _in_order({grant.role for grant in self.grants if grant.covers(placed)})

    def may_anywhere(self, act: Act, part: Part) -> bool:
        """Say whether any role of the person may do something with a part of a case."""
        return any((role, part, act) in RIGHTS for role in self.roles)

    def schools_of(self, role: str) -> tuple[str, ...]:
        """Name the schools for which the person has a role as a whole."""
        held = (grant.scope_id for grant in self.grants if (grant.role, grant.scope) == (role, "school"))
        return tuple(dict.fromkeys(held))


def _in_order(held: set[str]) -> tuple[str, ...]:
    return tuple(role for role in READER_ROLES if role in held)


NOBODY = Reader("", ())
LOCAL_READER = Reader(LOCAL, (Grant(LOCAL, LOCAL, "county"),))
"""Whoever reaches a service that asks nobody: one reader of one declared role, on this machine alone."""
