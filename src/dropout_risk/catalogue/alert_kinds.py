"""Kinds of alerts: the rules without their number of days, and the domains that each one looks at."""

from __future__ import annotations

import re

from dropout_risk.catalogue.feature import CONFIDENTIAL, Domain

ABSENT, REGISTER_SILENT = "absent", "register_silent"
MARKS_FALL, CRITICAL_ITEM = "marks_fall_with_absence", "critical_item"
ALERT_KINDS: dict[str, tuple[Domain, ...]] = {
    ABSENT: ("attendance",),
    REGISTER_SILENT: ("attendance",),
    MARKS_FALL: ("attendance", "grades"),
    CRITICAL_ITEM: (CONFIDENTIAL,),
}
"""By these, a county's table of help follows alerts, and roles are told of them."""
BELIED: dict[str, tuple[str, ...]] = {
    ABSENT: ("absence_trend",),
    MARKS_FALL: ("score_change",),
    CRITICAL_ITEM: (CONFIDENTIAL,),
}
"""Domains and families of features that are not told to lower a risk beside an alert: they would reassure."""
_ABSENCE = re.compile(rf"{ABSENT}_\d+_days?")


def absence_rule(days: int) -> str:
    """Name the rule of so many days of absence.

    >>> absence_rule(1), absence_rule(3)
    ('absent_1_day', 'absent_3_days')
    """
    return f"{ABSENT}_1_day" if days == 1 else f"{ABSENT}_{days}_days"


def kind_of_rule(rule: str) -> str:
    """Give the rule without its number of days; one that nobody has declared stays as it is.

    >>> kind_of_rule("absent_3_days"), kind_of_rule("absent_1_day"), kind_of_rule("critical_item")
    ('absent', 'absent', 'critical_item')
    """
    return ABSENT if _ABSENCE.fullmatch(rule) else rule
