"""A scope made of grants: the pupils of a reader's places, as pages are made for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dropout_risk.access.reader import Reader
from dropout_risk.access.route_rights import STRONGEST, parts_of
from dropout_risk.arrays import Bools
from dropout_risk.casebook.people import Grant
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.scope import Scope


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


def role_for_pages(reader: Reader, route: str) -> tuple[str, tuple[Grant, ...]] | None:
    """Give the strongest role in which a reader has pages, and its grants; None without one.

    >>> reader = Reader("t-1", (Grant("t-1", "class_teacher", "class", "s-1/8/1"),))
    >>> role_for_pages(reader, "/review")[0], role_for_pages(reader, "/metrics")
    ('class_teacher', None)
    """
    name = next((role for role in STRONGEST if role in reader.roles and parts_of(role, route)), None)
    return None if name is None else (name, tuple(grant for grant in reader.grants if grant.role == name))
