"""A scope made of grants: the pupils of a reader's places, as pages are made for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dropout_risk.access.reader import LOCAL, Reader
from dropout_risk.access.route_rights import STRONGEST, parts_of
from dropout_risk.arrays import Bools
from dropout_risk.casebook.people import Grant
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import DateLike
from dropout_risk.scoring.readers.scope import Scope


@dataclass(frozen=True)
class GrantedScope(Scope):
    """The pupils that some grants cover; ``placed_in`` says where all pupils of some histories are."""

    grants: tuple[Grant, ...] = ()
    placed_in: Callable[[Histories], PlacedPupils] = field(
        default=lambda histories: PlacedPupils([]), compare=False, repr=False
    )

    @property
    def is_everybody(self) -> bool:
        """Whether all pupils are in it."""
        return any(grant.scope == "county" for grant in self.grants)

    @property
    def holds_unplaced(self) -> bool:
        """Whether pupils of whom nobody knows the school are in it."""
        return self.is_everybody

    def rows(self, histories: Histories, as_of: DateLike) -> Bools:
        """Say of each row of the histories whether a grant covers its pupil."""
        return self.placed_in(histories).rows_of(self.grants)

    def asks(self, school_id: str | None, class_id: str | None) -> bool:
        """Say whether a question about the register of a class, or of a school, is one for the scope."""
        return any(_asks_about(grant, school_id or "", class_id) for grant in self.grants)


def _asks_about(grant: Grant, school: str, class_id: str | None) -> bool:
    if grant.scope == "class":
        of_school, _, rest = grant.scope_id.partition("/")
        return class_id is not None and (of_school, rest.rpartition("/")[2]) == (school, str(class_id))
    return grant.scope == "county" or (grant.scope, grant.scope_id) == ("school", school)


def roles_for_pages(reader: Reader, route: str) -> dict[str, tuple[Grant, ...]]:
    """Give the roles in which a reader has pages, each with its grants; the strongest first.

    >>> reader = Reader("t-1", (Grant("t-1", "class_teacher", "class", "s-1/8/1"),))
    >>> list(roles_for_pages(reader, "/review")), roles_for_pages(reader, "/metrics")
    (['class_teacher'], {})
    """
    held = {grant.role for grant in reader.grants} - {LOCAL}
    names = [role for role in STRONGEST if role in held and parts_of(role, route)]
    return {name: tuple(grant for grant in reader.grants if grant.role == name) for name in names}


def seeing_most(roles: dict[str, tuple[Grant, ...]], route: str, placed: PlacedPupils) -> str:
    """Choose the role that sees most: parts of the table for each pupil of its grants; else the strongest.

    >>> from dropout_risk.casebook.people import Placed
    >>> placed = PlacedPupils([Placed("p-1", "s-1", "s-1/8/1"), Placed("p-2", "s-1", "s-1/8/2")])
    >>> own, all_of_them = Grant("a", "counsellor", "pupil", "p-1"), Grant("a", "principal", "school", "s-1")
    >>> seeing_most({"counsellor": (own,), "principal": (all_of_them,)}, "/review", placed)
    'principal'
    """
    seen = {
        role: len(parts_of(role, route)) * int(placed.rows_of(held).sum()) for role, held in roles.items()
    }
    return max(seen, key=lambda role: seen[role])  # of equals, the first
