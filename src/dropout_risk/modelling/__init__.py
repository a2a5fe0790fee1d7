"""Risk models: candidates, calibration, splits in time and selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier
    from dropout_risk.modelling.folds.splits import RandomSplit, SchoolSplit, TemporalSplit
    from dropout_risk.modelling.inputs.input_checks import (
        FewDropoutsWarning,
        IdentifierWarning,
        UnknownCodeWarning,
    )
    from dropout_risk.modelling.inputs.labels import PositiveLabelWarning
    from dropout_risk.modelling.leaks.report import LeakReport, find_leaks
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
    "FewDropoutsWarning": "inputs.input_checks",
    "IdentifierWarning": "inputs.input_checks",
    "LeakReport": "leaks.report",
    "PositiveLabelWarning": "inputs.labels",
    "RandomSplit": "folds.splits",
    "RiskClassifier": "classifier",
    "SchoolSplit": "folds.splits",
    "TemporalSplit": "folds.splits",
    "Tuning": "tuning",
    "UnknownCodeWarning": "inputs.input_checks",
    "find_leaks": "leaks.report",
}

__getattr__, __dir__ = given_names("dropout_risk.modelling", _HOMES)
