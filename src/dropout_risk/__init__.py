"""dropout_risk: school records in, explained dropout risks out.

Whom to see first, why, and what kind of help fits. It informs people; it never decides.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
    from dropout_risk.errors import DropoutRiskError
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.explanation.reason import Reason
    from dropout_risk.features.cohort import Cohort
    from dropout_risk.features.compute import build_features
    from dropout_risk.histories.histories import Histories
    from dropout_risk.modelling.classifier import RiskClassifier
    from dropout_risk.modelling.folds.splits import TemporalSplit
    from dropout_risk.monitoring.drift import measure_drift
    from dropout_risk.records.days.calendar import SchoolCalendar
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel
    from dropout_risk.settings import Settings
    from dropout_risk.simulate.district import simulate_district
    from dropout_risk.text import Text
    from dropout_risk.training.own_model import judge_classifier
    from dropout_risk.training.plan import plan
    from dropout_risk.training.train import train
    from dropout_risk.watchlist.watch_list import WatchList

# The public names and where they live; a name is imported when it is first used.
_HOMES = {
    "Cohort": "features.cohort",
    "DropoutRiskError": "errors",
    "EvaluationReport": "evaluation.report",
    "Feature": "catalogue.feature",
    "FeatureCatalogue": "catalogue.feature",
    "Histories": "histories.histories",
    "Reason": "explanation.reason",
    "RiskClassifier": "modelling.classifier",
    "RiskModel": "scoring.risk_model",
    "SchoolCalendar": "records.days.calendar",
    "SchoolRecords": "records.school_records",
    "Settings": "settings",
    "TemporalSplit": "modelling.folds.splits",
    "Text": "text",
    "WatchList": "watchlist.watch_list",
    "build_features": "features.compute",
    "default_catalogue": "catalogue.default",
    "judge_classifier": "training.own_model",
    "plan": "training.plan",
    "measure_drift": "monitoring.drift",
    "simulate_district": "simulate.district",
    "train": "training.train",
}

__all__ = [
    "Cohort",
    "DropoutRiskError",
    "EvaluationReport",
    "Feature",
    "FeatureCatalogue",
    "Histories",
    "Reason",
    "RiskClassifier",
    "RiskModel",
    "SchoolCalendar",
    "SchoolRecords",
    "Settings",
    "TemporalSplit",
    "Text",
    "WatchList",
    "build_features",
    "default_catalogue",
    "judge_classifier",
    "measure_drift",
    "plan",
    "simulate_district",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name == "__version__":
        return version("dropout-risk")
    if name not in _HOMES:
        raise AttributeError(f"module 'dropout_risk' has no attribute {name!r}")
    value = getattr(import_module(f"dropout_risk.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
