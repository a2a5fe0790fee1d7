"""Risk models: candidates, calibration, splits in time and selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier
    from dropout_risk.modelling.input_checks import (
        FewDropoutsWarning,
        IdentifierWarning,
        UnknownCodeWarning,
    )
    from dropout_risk.modelling.labels import PositiveLabelWarning
    from dropout_risk.modelling.leaks.report import LeakReport, find_leaks
    from dropout_risk.modelling.splits import RandomSplit, SchoolSplit, TemporalSplit
    from dropout_risk.modelling.tuning import Tuning

__all__ = [
    "FewDropoutsWarning",
    "IdentifierWarning",
    "LeakReport",
    "PositiveLabelWarning",
    "RandomSplit",
    "RiskClassifier",
    "SchoolSplit",
    "TemporalSplit",
    "Tuning",
    "UnknownCodeWarning",
    "find_leaks",
]
_HOMES = {
    "FewDropoutsWarning": "input_checks",
    "IdentifierWarning": "input_checks",
    "LeakReport": "leaks.report",
    "PositiveLabelWarning": "labels",
    "RandomSplit": "splits",
    "RiskClassifier": "classifier",
    "SchoolSplit": "splits",
    "TemporalSplit": "splits",
    "Tuning": "tuning",
    "UnknownCodeWarning": "input_checks",
    "find_leaks": "leaks.report",
}

__getattr__, __dir__ = given_names("dropout_risk.modelling", _HOMES)
