"""Kinds of help, and which cause each one fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dropout_risk.alerts.alert import Alert, Route
from dropout_risk.catalogue.feature import Cause
from dropout_risk.text import Language, Text


@dataclass(frozen=True)
class Help:
    """One kind of help that fits: ``tutoring``, ``counselling``, ``home_visit`` and so on.

    ``because`` names the features or alert rules behind the suggestion.
    """

    kind: str
    because: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write the suggestion as one entry of the reply's ``suggested_help``."""
        return {"kind": self.kind, "because": list(self.because), "text": self.text}


@dataclass(frozen=True)
class HelpKind:
    """A kind of help that a county has, and the causes it fits.

    Alerts that go to one of its ``routes`` ask for it, whatever the reasons. ``min_grade`` is the lowest
    grade level it is for; 0 for every pupil, also where the level is not recorded.
    """

    kind: str
    causes: tuple[Cause, ...]
    text: Text
    routes: tuple[Route, ...] = ()
    min_grade: int = 0


HELP_KINDS: tuple[HelpKind, ...] = (
    HelpKind(
        "counselling",
        ("wellbeing",),
        Text(
            zh="心理支持：请心理教师约谈，必要时转介",
            en="Counselling: a talk with the counsellor, and a referral where needed",
        ),
        routes=("counsellor",),
    ),
    HelpKind(
        "home_visit",
        ("family", "disengagement"),
        Text(
            zh="家访：上门听孩子和家长说，了解困难并记录",
            en="Home visit: listen to the child and the family, and note what is difficult",
        ),
        routes=("class_teacher", "principal", "township", "county"),
    ),
    HelpKind(
        "tutoring",
        ("learning",),
        Text(zh="学业辅导：安排补课或结对帮学", en="Tutoring: extra lessons or a study partner"),
    ),
    HelpKind(
        "financial_aid",
        ("poverty",),
        Text(
            zh="资助：核对应享受的补助，帮助申请",
            en="Financial aid: check what the family is entitled to, and help to apply",
        ),
    ),
    HelpKind(
        "transport_or_boarding",
        ("distance",),
        Text(
            zh="交通或寄宿：了解上学路程，安排乘车补助或寄宿",
            en="Transport or boarding: look at the way to school; a bus, an allowance or a boarding place",
        ),
    ),
    HelpKind(
        "vocational_route",
        ("learning",),
        Text(
            zh="普职融合：介绍职业教育的课程和升学路径",
            en="Vocational route: courses and ways on in vocational education",
        ),
        min_grade=9,
    ),
)


WEIGHTY_SHARE = 0.2


class RaisingReason(NamedTuple):
    """What the suggestions read of a reason that raises the risk; ``contribution`` is in log-odds."""

    feature: str
    cause: str
    contribution: float
    missing: bool


def help_for(
    raising: Sequence[RaisingReason], alerts: Sequence[Alert], grade_level: int | None, language: Language
) -> tuple[Help, ...]:
    """Suggest the kinds of help that fit a pupil's reasons and alerts, the most urgent alert first.

    A missing value points to no help but to a record worth fetching, and what weighs less than a fifth of the
    strongest reason to none either. Some kinds are for older pupils only. What an alert asks for comes first;
    then by the sum of the contributions of the causes it fits.

    >>> import datetime as dt
    >>> alert = Alert("absent_3_days", dt.date(2025, 2, 26), "…", "township", days=3)
    >>> [(item.kind, item.because) for item in help_for((), (alert,), 8, "en")]
    [('home_visit', ('absent_3_days',))]
    """
    fitting = []
    weighty = WEIGHTY_SHARE * max((reason.contribution for reason in raising), default=0.0)
    raising = [reason for reason in raising if not reason.missing and reason.contribution >= weighty]
    for index, kind in enumerate(HELP_KINDS):
        rules = [alert for alert in alerts if alert.route in kind.routes]
        reasons = [reason for reason in raising if reason.cause in kind.causes]
        if (rules or reasons) and (grade_level or 0) >= kind.min_grade:
            because = (*(alert.rule for alert in rules), *(reason.feature for reason in reasons))
            strength = sum(reason.contribution for reason in reasons)
            first = alerts.index(rules[0]) if rules else len(alerts)
            fitting.append(((first, -strength, index), Help(kind.kind, because, kind.text.to(language))))
    return tuple(suggestion for _, suggestion in sorted(fitting, key=lambda item: item[0]))
