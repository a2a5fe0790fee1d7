"""For whom pages are made."""

from __future__ import annotations

from dropout_risk.errors import SettingsError
from dropout_risk.scoring.confidential import CONFIDENTIAL
from dropout_risk.scoring.roles import Role, role_named, roles_of
from dropout_risk.settings import Settings


def reader_of_pages(role: str, settings: Settings) -> Role:
    """Give a role for which pages may be made.

    Raises
    ------
    UnknownRoleError
        If there is no such role, with the nearest right name.
    SettingsError
        If it may not know names, or does not work with the pupils: pages name pupils and say who acts.

    Examples
    --------
    >>> reader_of_pages("counsellor", Settings()).name
    'counsellor'
    """
    reader = role_named(role, roles_of(settings))
    if not (reader.names and reader.staff):
        raise SettingsError(
            f"Pages name pupils and say who acts: they are not for {reader.name!r}.",
            hint="give this role scores: dropout-risk score --role",
        )
    return reader


def sees_less_than_lists(reader: Role) -> bool:
    """Say whether a role sees less than lists tell, which is all but results of psychological tests."""
    return any(domain != CONFIDENTIAL for domain in reader.hidden)
