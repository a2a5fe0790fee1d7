"""An alert: a rule that fired, whatever any model says."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

Route = Literal["counsellor", "county", "township", "principal", "class_teacher"]
ROUTES: tuple[Route, ...] = get_args(Route)


@dataclass(frozen=True)
class Alert:
    """One rule that fired for one pupil, such as ``absent_3_days``, whatever the risk.

    ``since`` is the first day of what it tells; ``days`` are the school days it has lasted, where that means
    something; ``route`` says who acts.
    """

    rule: str
    since: dt.date
    text: str
    route: Route
    days: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the alert as one entry of the reply's ``alerts``."""
        data: dict[str, Any] = {
            "rule": self.rule, "since": self.since.isoformat(), "text": self.text, "route": self.route,
        }  # fmt: skip
        return data if self.days is None else data | {"days": self.days}


def urgency_of(alert: Alert) -> tuple[int, float, dt.date, str]:
    """Give the key by which alerts are sorted, the most urgent first.

    Whoever must act counts first (counsellor, county, township, principal, class teacher), then what is more
    than an absence, then the longer one, then the older one.

    >>> day = dt.date(2025, 2, 26)
    >>> short = Alert("absent_1_day", day, "…", "class_teacher", days=1)
    >>> critical = Alert("critical_item", day, "…", "counsellor")
    >>> sorted([short, critical], key=urgency_of)[0].rule
    'critical_item'
    """
    return (
        ROUTES.index(alert.route),
        -(math.inf if alert.days is None else alert.days),
        alert.since,
        alert.rule,
    )
