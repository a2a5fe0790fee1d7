"""An alert: a rule that fired, whatever any model says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Alert:
    """One rule that fired for one pupil.

    Parameters
    ----------
    rule : str
        Name of the rule, such as ``absent_3_days``.
    since : date
        The first day of what it tells.
    text : str
        What the reader should know, in the asked language.
    route : str
        Who acts: ``class_teacher``, ``principal``, ``township``, ``county`` or ``counsellor``.
    days : int, optional
        School days it has lasted, where that means something.
    """

    rule: str
    since: dt.date
    text: str
    route: Literal["class_teacher", "principal", "township", "county", "counsellor"]
    days: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the alert as one entry of the reply's ``alerts``."""
        data: dict[str, Any] = {
            "rule": self.rule, "since": self.since.isoformat(), "text": self.text, "route": self.route,
        }  # fmt: skip
        return data if self.days is None else data | {"days": self.days}
