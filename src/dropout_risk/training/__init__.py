"""Training: from school records to a tracked, evaluated risk model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.training.foreign import ForeignCandidate
    from dropout_risk.training.own_model import JudgedClassifier
    from dropout_risk.training.plan import TrainingPlan
    from dropout_risk.training.train import TrainingRun

__all__ = ["ForeignCandidate", "JudgedClassifier", "TrainingPlan", "TrainingRun"]
_HOMES = {
    "ForeignCandidate": "foreign", "JudgedClassifier": "own_model", "TrainingPlan": "plan",
    "TrainingRun": "train",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.training", _HOMES)
