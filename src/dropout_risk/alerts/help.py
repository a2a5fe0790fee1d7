"""Kinds of help, and the recorded facts that each one follows. A model's reasons suggest none."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dropout_risk.alerts.alert import Alert
from dropout_risk.catalogue.alert_kinds import kind_of_rule
from dropout_risk.settings import HelpSettings, Settings
from dropout_risk.text import Language

HelpTable = tuple[HelpSettings, ...]


@dataclass(frozen=True)
class Help:
    """One kind of help that fits: ``tutoring``, ``counselling``, ``home_visit`` and so on.

    ``because`` names the facts or alert rules behind the suggestion.
    """

    kind: str
    because: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write the suggestion as one entry of the reply's ``suggested_help``."""
        return {"kind": self.kind, "because": list(self.because), "text": self.text}


@cache
def shipped_help() -> HelpTable:
    """Read the table of help that the library ships.

    >>> [line.kind for line in shipped_help()]
    ['counselling', 'home_visit', 'financial_aid', 'transport_or_boarding', 'tutoring']
    """
    text = (resources.files("dropout_risk.alerts") / "help.toml").read_text(encoding="utf-8")
    return Settings(help=tomllib.loads(text)["help"]).help


def help_table(settings: Settings) -> HelpTable:
    """Give a county's table of help, or the shipped one."""
    return settings.help or shipped_help()


def help_for(
    facts: Sequence[str],
    alerts: Sequence[Alert],
    grade_level: int | None,
    language: Language,
    table: HelpTable | None = None,
) -> tuple[Help, ...]:
    """Suggest the kinds of help that a pupil's facts and alerts ask for, the most urgent alert first.

    Given are the names of the facts. What no alert asks for comes after, in the order of the table.

    >>> import datetime as dt
    >>> alert = Alert("absent_3_days", dt.date(2025, 2, 26), "…", "class_teacher", days=3)
    >>> [(item.kind, item.because) for item in help_for(("low_income",), (alert,), 8, "en")]
    [('home_visit', ('absent_3_days',)), ('financial_aid', ('low_income',))]
    """
    fitting = []
    for index, line in enumerate(shipped_help() if table is None else table):
        rules = [alert for alert in alerts if kind_of_rule(alert.rule) in line.alerts]
        because = (*(alert.rule for alert in rules), *(name for name in facts if name in line.facts))
        if because and (grade_level or 0) >= line.min_grade:
            first = alerts.index(rules[0]) if rules else len(alerts)
            fitting.append(((first, index), Help(line.kind, because, line.text.text.to(language))))
    return tuple(suggestion for _, suggestion in sorted(fitting, key=lambda item: item[0]))
