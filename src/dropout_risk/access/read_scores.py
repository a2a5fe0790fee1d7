"""Scores as a reader reads them: each pupil in the strongest role that the reader has for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

from dropout_risk.access.reader import LOCAL, Reader
from dropout_risk.access.route_rights import STRONGEST, parts_of
from dropout_risk.casebook.people import Placed
from dropout_risk.catalogue.feature import CONFIDENTIAL
from dropout_risk.scoring.readers.roles import Role, roles_of
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import Scores

SCORING_ROLES = {"village": "community_worker"}
"""What roles of cases are called among those of scores."""


def role_of_scores(name: str, route: str, roles: Mapping[str, Role]) -> Role | None:
    """Give the role as which replies of an address are read; None where it is complete.

    It never sees what the table of addresses does not grant.

    >>> from dropout_risk.scoring.readers.roles import ROLES
    >>> role_of_scores("auditor", "/score", ROLES).sees
    ('attendance', 'grades', 'family')
    >>> role_of_scores("local", "/score", ROLES) is None
    True
    """
    if name == LOCAL:
        return None
    own, parts = roles[SCORING_ROLES.get(name, name)], parts_of(name, route)
    hidden = () if "psychology" in parts else (CONFIDENTIAL,)
    names = own.names and "where" in parts
    return replace(
        own,
        sees=tuple(domain for domain in own.sees if domain not in hidden) if "signals" in parts else (),
        hears_of=tuple(domain for domain in own.hears_of if domain not in hidden),
        names=names,
        reads_of_directory=own.reads_of_directory if names else (),
    )


@dataclass(frozen=True)
class ReadPlan:
    """As which role each pupil, by its id as a word, is read; None for one who is not the reader's."""

    route: str
    roles: Mapping[str, str | None]

    @classmethod
    def of(cls, reader: Reader, route: str, placed: Mapping[str, Placed | None]) -> Self:
        """Give each pupil the strongest role of the reader; ``placed`` says where it is, None for nowhere.

        >>> from dropout_risk.casebook.people import Grant
        >>> reader = Reader("h-1", (Grant("h-1", "principal", "school", "s-1"),))
        >>> placed = {"p-1": Placed("p-1", "s-1"), "p-2": Placed("p-2", "s-2"), "p-3": None}
        >>> ReadPlan.of(reader, "/score", placed).roles
        {'p-1': 'principal', 'p-2': None, 'p-3': None}
        """
        reading = _reading_roles(reader, route)

        def role_among(held: Collection[str]) -> str | None:
            return next((role for role in reading if role in held), None)

        if all(grant.scope == "county" for grant in reader.grants):
            strongest = role_among(reader.roles)
            return cls(route, {name: strongest if where else None for name, where in placed.items()})
        held = {name: () if where is None else reader.roles_for(where) for name, where in placed.items()}
        return cls(route, {name: role_among(has) for name, has in held.items()})

    @property
    def outside(self) -> list[str]:
        """The pupils who are not there, or not the reader's."""
        return [name for name, role in self.roles.items() if role is None]

    @property
    def told(self) -> dict[str, str]:
        """The pupils who are read, each with its role."""
        return {name: role for name, role in self.roles.items() if role is not None}

    def read(self, scores: Scores, model: RiskModel) -> Scores:
        """Give scores of these pupils as they may be read."""
        roles, held = roles_of(model.settings), {*self.roles.values()}
        asked = [role for role in STRONGEST if role in held]
        read = {role: _as_read(scores, model, role_of_scores(role, self.route, roles)) for role in asked}
        if len(read) == 1:
            return next(iter(read.values()))

        def role_of(pupil: object) -> str:
            return self.roles.get(str(pupil)) or asked[-1]

        pupils = [read[role_of(pupil.student_id)].pupils[row] for row, pupil in enumerate(scores.pupils)]
        errors = [item for role in asked for item in read[role].errors if role_of(item.student_id) == role]
        in_order = tuple(sorted(errors, key=lambda error: error.index))
        return replace(read[asked[-1]], pupils=pupils, errors=in_order, explained=None)


def _as_read(scores: Scores, model: RiskModel, role: Role | None) -> Scores:
    return scores if role is None else model.redact(scores, role)


def _reading_roles(reader: Reader, route: str) -> list[str]:
    """Give the roles as which a reader reads scores, the strongest first.

    Who audits reads so alone: beside a score with a name none stands without.
    """
    held = [role for role in STRONGEST if role in reader.roles and "signals" in parts_of(role, route)]
    return [role for role in held if role != "auditor" or held == ["auditor"]]
