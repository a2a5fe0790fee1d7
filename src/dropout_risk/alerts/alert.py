"""An alert: a rule that fired, whatever any model says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from dropout_risk.text import Text

Route = Literal["counsellor", "principal", "class_teacher"]
"""Who acts: one person of the school."""
Office = Literal["county", "township", "principal"]
"""To whom it is reported."""
ROUTES: tuple[Route, ...] = get_args(Route)
OFFICES: tuple[Office, ...] = get_args(Office)
CALLED: dict[Route | Office, Text] = {
    "counsellor": Text(zh="心理教师", en="Counsellor"),
    "principal": Text(zh="校长", en="Principal"),
    "class_teacher": Text(zh="班主任", en="Class teacher"),
    "township": Text(zh="乡镇（街道）", en="Township"),
    "county": Text(zh="县教育局", en="County"),
}
"""What those who act and those who hear of it are called."""


@dataclass(frozen=True)
class Alert:
    """One rule that fired for one pupil, such as ``absent_3_days``, whatever the risk.

    ``since`` is the first day of what it tells; ``days`` are the school days it has lasted, where that means
    something; ``route`` says who of the school acts, and ``report_to`` to whom it is reported besides. What
    stays open after its first day has the date ``known`` on which it was entered: it is of today until a list
    has told it, and open on the lists after that one.
    """

    rule: str
    since: dt.date
    text: str
    route: Route
    days: int | None = None
    report_to: Office | None = None
    known: dt.date | None = None

    @property
    def key(self) -> str:
        """What a list keeps of an alert that it has told and that stays open; empty for one of the day."""
        return "" if self.known is None else f"{self.rule} {self.since} {self.known}"

    def is_of_today(self, told: Collection[str] = ()) -> bool:
        """Say whether it stands among the alerts of today: what no earlier list is known to have told does.

        >>> day = dt.date(2025, 2, 26)
        >>> alert = Alert("critical_item", day, "…", "counsellor", days=3, known=day)
        >>> alert.is_of_today(), alert.is_of_today([alert.key])
        (True, False)
        """
        return not self.key or self.key not in told

    def to_dict(self) -> dict[str, Any]:
        """Write the alert as one entry of the reply's ``alerts``."""
        data: dict[str, Any] = {
            "rule": self.rule, "since": self.since.isoformat(), "text": self.text, "route": self.route,
        }  # fmt: skip
        data |= {} if self.days is None else {"days": self.days}
        data |= {} if self.report_to is None else {"report_to": self.report_to}
        return data if self.known is None else data | {"known": self.known.isoformat()}
