"""Duty: who of the school acts on an alert and, apart, to whom it is reported; the most urgent first."""

from __future__ import annotations

import datetime as dt
import math

from dropout_risk.alerts.alert import CALLED, OFFICES, ROUTES, Alert
from dropout_risk.text import COMMA, Language, Text

_HEARD: tuple[str | None, ...] = (*OFFICES, None)
_ACTS = Text(zh="{who}办理", en="{who} acts")
_REPORTS = Text(zh="报{office}", en="reported to: {office}")


def duty_text(alert: Alert, language: Language) -> str:
    """Say who of the school acts on an alert and, apart, to whom it is reported.

    >>> import datetime as dt
    >>> duty_text(Alert("absent_5_days", dt.date(2025, 2, 26), "…", "class_teacher", 5, "county"), "zh")
    '班主任办理，报县教育局'
    """
    told = [_ACTS.fill(language, who=CALLED[alert.route].to(language))]
    if alert.report_to is not None:
        office = CALLED[alert.report_to].to(language)
        told.append(_REPORTS.fill(language, office=office.casefold()))
    return COMMA.join(language, told)


def duty_order(alert: Alert) -> tuple[bool, int, int]:
    """Give the key that sorts alerts by who acts and by how high they are reported."""
    return alert.route != ROUTES[0], _HEARD.index(alert.report_to), ROUTES.index(alert.route)


def urgency_of(alert: Alert) -> tuple[bool, int, int, float, dt.date, str]:
    """Give the key by which alerts are sorted, the most urgent first.

    What the counsellor acts on comes first, then what is reported highest (county, township, principal), then
    who acts (principal, class teacher), then what is more than an absence, the longer one, the older one.

    >>> import datetime as dt
    >>> day = dt.date(2025, 2, 26)
    >>> short = Alert("absent_1_day", day, "…", "class_teacher", days=1)
    >>> critical = Alert("critical_item", day, "…", "counsellor")
    >>> sorted([short, critical], key=urgency_of)[0].rule
    'critical_item'
    """
    return (
        *duty_order(alert),
        -(math.inf if alert.days is None else alert.days),
        alert.since,
        alert.rule,
    )
