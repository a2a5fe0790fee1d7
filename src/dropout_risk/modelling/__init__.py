"""Risk models: candidates, calibration, splits in time and selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.modelling.calibrated_model import CalibratedModel
    from dropout_risk.modelling.classifier import RiskClassifier
    from dropout_risk.modelling.folds.group_folds import GroupFoldsWarning
    from dropout_risk.modelling.folds.splits import RandomSplit, SchoolSplit, TemporalSplit
    from dropout_risk.modelling.inputs.encoding import CategoryWarning
    from dropout_risk.modelling.inputs.input_checks import (
        FewDropoutsWarning,
        IdentifierWarning,
        UnknownCodeWarning,
        WideTableWarning,
    )
    from dropout_risk.modelling.inputs.labels import PositiveLabelWarning
    from dropout_risk.modelling.leaks.report import LeakReport, LeakWarning, find_leaks
    from dropout_risk.modelling.timing import HazardClassifier
    from dropout_risk.modelling.tuning import Tuning

__all__ = [
    "CalibratedModel", "CategoryWarning", "FewDropoutsWarning", "GroupFoldsWarning", "HazardClassifier",
    "IdentifierWarning", "LeakReport", "LeakWarning", "PositiveLabelWarning", "RandomSplit", "RiskClassifier",
    "SchoolSplit", "TemporalSplit", "Tuning", "UnknownCodeWarning", "WideTableWarning", "find_leaks",
]  # fmt: skip
_HOMES = {
    "CalibratedModel": "calibrated_model", "CategoryWarning": "inputs.encoding",
    "FewDropoutsWarning": "inputs.input_checks", "GroupFoldsWarning": "folds.group_folds",
    "HazardClassifier": "timing", "IdentifierWarning": "inputs.input_checks", "LeakReport": "leaks.report",
    "LeakWarning": "leaks.report", "PositiveLabelWarning": "inputs.labels", "RandomSplit": "folds.splits",
    "RiskClassifier": "classifier", "SchoolSplit": "folds.splits", "TemporalSplit": "folds.splits",
    "Tuning": "tuning", "UnknownCodeWarning": "inputs.input_checks",
    "WideTableWarning": "inputs.input_checks", "find_leaks": "leaks.report",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.modelling", _HOMES)
