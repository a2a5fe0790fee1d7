"""The model's page: its card, how well its risks held, what weighs overall, and how to read a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.section import Section, Table, to_html
from dropout_risk.pages.cohort_charts import CalibrationPlot, Overall
from dropout_risk.pages.words import HOW_TO_READ
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import Language


@dataclass(frozen=True)
class SectionPage:
    """A section of the evaluation report in one language."""

    title: str
    told: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class ModelPage:
    """A model as its page shows it.

    Parameters
    ----------
    name, version : str
        Which model it is.
    card : str
        The model card as HTML, made from Markdown in which no HTML counts.
    evaluated : bool
        Whether the model carries an evaluation.
    calibration : CalibrationPlot or None
        From the evaluation.
    sections : tuple of SectionPage
        What else was asked of the model, such as fairness, as far as the card does not tell it.
    overall : Overall
        What weighs over the cohort.
    how_to_read : tuple of (str, str)
        How to read a reason.
    """

    name: str
    version: str
    card: str
    evaluated: bool
    calibration: CalibrationPlot | None
    sections: tuple[SectionPage, ...]
    overall: Overall
    how_to_read: tuple[tuple[str, str], ...]


def model_page(
    model: RiskModel, scored: Iterable[pa.RecordBatch], language: Language, hidden: Collection[str] = ()
) -> ModelPage:
    """Lay out the page of a model.

    Parameters
    ----------
    model : RiskModel
        With its card and its evaluation.
    scored : iterable of pyarrow.RecordBatch
        The rows of a cohort that it scored.
    language : {"zh", "en"}
        The language of the page.
    hidden : collection of str
        Domains of which the reader is told nothing about the cohort.
    """
    report, card = report_of(model), model.card.get(language, "")
    sections = report.sections if report else ()
    return ModelPage(
        name=model.name,
        version=model.version,
        card=to_html(card, under=1),
        evaluated=report is not None,
        calibration=CalibrationPlot.of(report.calibration) if report else None,
        sections=tuple(
            _section(section, language)
            for section in sections
            if f" {section.title.to(language)}\n" not in card
        ),
        overall=Overall.of(scored, model.catalogue, language, hidden),
        how_to_read=tuple((head.to(language), text.to(language)) for head, text in HOW_TO_READ),
    )


def report_of(model: RiskModel) -> EvaluationReport | None:
    """Read the evaluation that a model carries; None where it has none."""
    try:
        return EvaluationReport.from_dict(model.metrics)
    except EvaluationError:
        return None


def _section(section: Section, language: Language) -> SectionPage:
    tables = tuple(table.to(language) for table in section.tables)
    return SectionPage(section.title.to(language), tuple(section.told(language)), tables)
