"""For whom a page is made: who may read results of psychological tests."""

from __future__ import annotations

from dropout_risk.alerts.alert import ROUTES, Route
from dropout_risk.errors import SettingsError, nearest
from dropout_risk.scoring.confidential import CONFIDENTIAL

CLASS_TEACHER: Route = "class_teacher"
_SEES_TESTS: tuple[Route, ...] = ("counsellor",)


def role_of(word: str) -> Route:
    """Take a role as it was typed.

    Raises
    ------
    SettingsError
        If nobody has that role.

    Examples
    --------
    >>> role_of("counsellor")
    'counsellor'
    """
    for role in ROUTES:
        if word == role:
            return role
    raise SettingsError(f"Unknown role {word!r}.", hint=nearest(word, ROUTES))


def hidden_from(role: Route) -> tuple[str, ...]:
    """Name the domains whose details a role does not see.

    Examples
    --------
    >>> hidden_from("class_teacher"), hidden_from("counsellor")
    (('psychology',), ())
    """
    return () if role in _SEES_TESTS else (CONFIDENTIAL,)
