"""Evaluation reports whose checks are known: sound ones, and such as lack something."""

import numpy as np

from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.evaluation.section import Check, Section
from dropout_risk.evaluation.sections import SECTIONS
from dropout_risk.text import Text

REQUIRED = {kind.name: kind.required for kind in SECTIONS if kind.required}
WORDS = Text(zh="斜率0.5", en="slope 0.5")


def report(sections=None, synthetic=False):
    held_out = HeldOut(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), np.array(["2025-03-03"] * 4))
    made = sound() if sections is None else sections
    return EvaluationReport.of(
        held_out, [], model="county", candidate="logistic", synthetic=synthetic, horizon_days=90,
        events=["dropout"], capacity_share=0.25, sections=made,
    )  # fmt: skip


def sound():
    return [Section(name, title, checks=(Check("sound", True, WORDS),)) for name, title in REQUIRED.items()]
