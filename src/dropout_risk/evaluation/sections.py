"""The sections of a report: the one list that report, text, page, card and publishing go by.

A new section is a file that declares its :class:`SectionKind`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dropout_risk.evaluation.baselines import BASELINES
from dropout_risk.evaluation.questions.band_calibration import BAND_CALIBRATION
from dropout_risk.evaluation.questions.calibration import CALIBRATION
from dropout_risk.evaluation.questions.data_section import DATA
from dropout_risk.evaluation.questions.decision import DECISION
from dropout_risk.evaluation.questions.effects import EFFECTS
from dropout_risk.evaluation.questions.fairness import FAIRNESS
from dropout_risk.evaluation.questions.faithfulness import FAITHFULNESS
from dropout_risk.evaluation.questions.lead_time import LEAD_TIME
from dropout_risk.evaluation.questions.leak_section import LEAKS
from dropout_risk.evaluation.questions.learning_curve import LEARNING_CURVE
from dropout_risk.evaluation.questions.list_section import CAPACITY
from dropout_risk.evaluation.questions.separation import SEPARATION
from dropout_risk.evaluation.questions.stability import STABILITY
from dropout_risk.evaluation.questions.timing import TIMING
from dropout_risk.evaluation.questions.transfer import TRANSFER
from dropout_risk.evaluation.questions.unlike_tests import UNLIKE
from dropout_risk.evaluation.result import Measured
from dropout_risk.evaluation.section import Section, SectionKind
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.report import EvaluationReport

SELECTION: SectionKind = SectionKind(
    name="selection",
    title=Text(zh="为何选用这个模型", en="Why this model"),
    of_model=lambda trained: SELECTION.section([trained.classifier.selection_.explanation]),
)
SECTIONS: tuple[SectionKind, ...] = (
    DATA,
    BASELINES,
    CAPACITY,
    SEPARATION,
    DECISION,
    SELECTION,
    LEAKS,
    CALIBRATION,
    BAND_CALIBRATION,
    TRANSFER,
    UNLIKE,
    EFFECTS,
    LEAD_TIME,
    TIMING,
    LEARNING_CURVE,
    FAIRNESS,
    STABILITY,
    FAITHFULNESS,
)
"""In the order of the report."""


def make_sections(measured: Measured, trained: TrainedModel | None) -> list[Section]:
    """Make every section for which there is something to say."""
    made = (kind.make(measured, trained) for kind in SECTIONS)
    return [section for section in made if section is not None]


def missing_sections(report: EvaluationReport) -> list[Text]:
    """Name the sections that publishing requires and a report has not."""
    return [kind.required for kind in SECTIONS if kind.required and report.section(kind.name) is None]


def panels_of(report: EvaluationReport) -> list[Callable[[Any, EvaluationReport], None]]:
    """Give what draws the panels of a report's sections."""
    return [panel for kind in SECTIONS if report.section(kind.name) for panel in kind.panels]


def pictures_of(report: EvaluationReport) -> dict[str, Figure]:
    """Draw each section that has a picture of its own, by its key."""
    found: dict[str, Figure] = {}
    for kind in SECTIONS:
        section = report.section(kind.name)
        figure = kind.picture(section) if kind.picture is not None and section is not None else None
        found |= {} if figure is None else {kind.name: figure}
    return found


def with_titles(sections: Iterable[Section]) -> tuple[Section, ...]:
    """Give the checks of sections that were read back, or made by hand, their declared titles."""
    titles = {question.name: question.zh for kind in SECTIONS for question in kind.questions}
    return tuple(
        replace(
            section,
            checks=tuple(
                replace(check, zh=check.zh or titles.get(check.name, "")) for check in section.checks
            ),
        )
        for section in sections
    )
