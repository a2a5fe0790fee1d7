"""Scoring: the risk model, its bundle and the one scoring function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.scoring.changes.change import Change
    from dropout_risk.scoring.changes.what_if import WhatIf
    from dropout_risk.scoring.remarks.unlike_groups import UnlikeGroup
    from dropout_risk.scoring.risk_model import RiskModel
    from dropout_risk.scoring.scores import Answers, PupilScore, RowError, Scores

__all__ = ["Answers", "Change", "PupilScore", "RiskModel", "RowError", "Scores", "UnlikeGroup", "WhatIf"]
_HOMES = {
    "Answers": "scores", "Change": "changes.change", "PupilScore": "scores", "RiskModel": "risk_model",
    "RowError": "scores", "Scores": "scores", "UnlikeGroup": "remarks.unlike_groups",
    "WhatIf": "changes.what_if",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.scoring", _HOMES)
