"""Evaluation: metrics, capacity, baselines and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
    from dropout_risk.evaluation.model_card.statement import ModelStatement
    from dropout_risk.evaluation.publishing import Verdict
    from dropout_risk.evaluation.questions.fairness import FairnessReport
    from dropout_risk.evaluation.questions.fairness_rates import audit_groups
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import HeldOut, Result
    from dropout_risk.evaluation.section import Section, Table

__all__ = [
    "EvaluationReport", "FairnessReport", "HeldOut", "ModelStatement", "Result", "Section", "Table",
    "Verdict", "audit_groups", "ranking_and_probability_metrics",
]  # fmt: skip
_HOMES = {
    "EvaluationReport": "report", "FairnessReport": "questions.fairness", "HeldOut": "result",
    "ModelStatement": "model_card.statement", "Result": "result", "Section": "section", "Table": "section",
    "Verdict": "publishing", "audit_groups": "questions.fairness_rates",
    "ranking_and_probability_metrics": "metrics",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.evaluation", _HOMES)
