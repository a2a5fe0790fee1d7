"""Scores made by hand, for the tests of alerts, lists and pages."""

import datetime as dt

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import Fact
from dropout_risk.alerts.help import help_for
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.explanation.reason import Reason
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import BandSettings

MONDAY = dt.date(2025, 3, 3)
MODEL = {"name": "county", "version": "2025-01-10-aa", "trained_to": "2025-01-10", "synthetic": True}


def reason(text="Absent on 35% of the last 20 school days", points=0.1, **changes):
    """A raising reason about absence, changed as asked."""
    told = {
        "feature": "absence_share_20d",
        "domain": "attendance",
        "cause": "disengagement",
        "label": "Absence",
        "value": 0.35,
        "unit": "share of school days",
        "comparison": {"kind": "class", "value": 0.04},
        "data_age_days": 3,
        "contribution": 8 * points,
        "missing": False,
        "actionable": True,
        "state": "known",
    }
    return Reason(text=text, points=points, **told | changes)


def alert(rule="absent_3_days", route="class_teacher", days=3, text="Absent for 3 days", **changes):
    """An alert of three days' absence, changed as asked."""
    changes = {"report_to": "township" if route == "class_teacher" else None} | changes
    return Alert(rule, dt.date(2025, 2, 26), text, route, days, **changes)


def fact(name="low_income", text="household on minimum allowance", since=dt.date(2024, 9, 1), **changes):
    """A family fact, changed as asked."""
    kind = FACT_KINDS[name]
    return Fact(name, kind.domain, kind.label.en, text, since, **changes)


def pupil(student_id, risk=0.2, *, raising=(), alerts=(), facts=(), **changes):
    """A pupil of teacher t-1 at school s-1, changed as asked."""
    told = {
        "school_id": "s-1",
        "class_id": "8-2",
        "responsible_id": "t-1",
        "interval": (risk / 2, min(1.0, 1.5 * risk)),
        "band": BandSettings().of(risk),
        "rank_in_school": None,
        "base_log_odds": -3.0,
        "log_odds": 0.0,
        "domains": {"attendance": 1.5, "grades": 0.3, "psychology": 0.1, "family": 0.2},
        "causes": {},
        "lowering": (),
        "other": 0.0,
        "missing": (),
        "warnings": (),
        "suggested_help": help_for([item.name for item in facts], alerts, 8, "en"),
    }
    return PupilScore(
        student_id=student_id, risk=risk, raising=raising, alerts=alerts, facts=facts, **told | changes
    )


def scores(*pupils, as_of=MONDAY, language="en", errors=(), **model):
    """Scores of some pupils."""
    return Scores(as_of, "r-1", MODEL | model, language, tuple(pupils), tuple(errors))
