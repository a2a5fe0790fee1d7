"""The model's page: its card, how well its risks held, what weighs overall, and how to read a reason."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import DOMAINS, FeatureCatalogue
from dropout_risk.evaluation.model_card.card import PURPOSE
from dropout_risk.evaluation.model_card.card_figures import card_figures, with_figures
from dropout_risk.evaluation.model_card.caution import report_in
from dropout_risk.evaluation.questions.calibration import CALIBRATION
from dropout_risk.evaluation.section import Section, Table, to_html
from dropout_risk.pages.axes import Scale, Tick, signed_number
from dropout_risk.pages.words import HOW_TO_READ, WORDS
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import Language, percent_text

PLOT_HEIGHT = 280
_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class CalibrationGroup:
    """One group of test rows: its place on the picture, and the same in words."""

    x: float
    y: float
    low: float
    high: float
    given: str
    observed: str
    interval: str
    rows: int


@dataclass(frozen=True)
class CalibrationPlot:
    """Risks given against what came true, on two axes stretched alike: the diagonal stays a diagonal.

    Groups go by rising risk, with ``x`` on a field 100 wide and ``y`` from the top of one ``PLOT_HEIGHT``
    high.
    """

    groups: tuple[CalibrationGroup, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]

    @classmethod
    def of(cls, bins: Sequence[Mapping[str, Any]]) -> Self | None:
        """Draw the bins of an evaluation report; None where there are none."""
        if not bins:
            return None
        top = min(1.0, 1.1 * max(max(item["mean_risk"], item["high"]) for item in bins))
        groups = tuple(
            CalibrationGroup(
                x=_plot_x(item["mean_risk"], top),
                y=_plot_y(item["observed"], top),
                low=_plot_y(item["low"], top),
                high=_plot_y(item["high"], top),
                given=f"{item['mean_risk']:.1%}",
                observed=f"{item['observed']:.1%}",
                interval=f"{item['low']:.1%} – {item['high']:.1%}",
                rows=int(item["n"]),
            )
            for item in bins
        )
        risks = [risk for risk in _TICKS if risk <= top]
        return cls(
            groups,
            tuple(Tick(_plot_x(risk, top), percent_text(risk)) for risk in risks),
            tuple(Tick(_plot_y(risk, top), percent_text(risk)) for risk in risks),
        )


def _plot_x(risk: float, top: float) -> float:
    return round(100 * math.sqrt(max(risk, 0.0) / top), 2)


def _plot_y(risk: float, top: float) -> float:
    return round(PLOT_HEIGHT * (1 - math.sqrt(max(risk, 0.0) / top)), 2)


MOST_FACTS, LEAST_PUPILS = 15, 20
_QUANTILES = (0.05, 0.25, 0.75, 0.95)


@dataclass(frozen=True)
class FactRow:
    """One fact over the cohort; places are on a field 100 wide.

    ``weight`` is the mean contribution whatever its sign; nine tenths of the pupils lie within ``outer``,
    half of them within ``inner``; ``told`` is the picture in words.
    """

    label: str
    domain: str
    weight: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    mean: float
    told: str


@dataclass(frozen=True)
class OverallReasons:
    """How much each fact weighs over a cohort: facts by their mean weight, the largest first.

    There are no rows where there are too few pupils; ``zero`` is the place of a contribution of nothing.
    """

    rows: tuple[FactRow, ...]
    zero: float
    pupils: int

    @classmethod
    def of(
        cls,
        batches: Iterable[pa.RecordBatch],
        catalogue: FeatureCatalogue,
        language: Language,
        hidden: Collection[str] = (),
    ) -> Self:
        """Sum up the contributions in rows of scores; facts of the hidden domains are left out."""
        features = list(catalogue.values())
        parts = [_contribution_rows(batch) for batch in batches]
        each = np.concatenate(parts) if parts else np.zeros((0, len(features)))
        if len(each) < LEAST_PUPILS:
            return cls((), 50.0, len(each))
        families = list(dict.fromkeys(feature.family for feature in features))
        fact_of = [families.index(feature.family) for feature in features]
        facts = np.zeros((len(each), len(families)))
        np.add.at(facts.T, fact_of, each.T)
        weight = np.abs(facts).mean(axis=0)
        closed = [feature.domain in hidden for feature in features]
        weight[[*compress(fact_of, closed)]] = 0
        order = np.argsort(-weight, kind="stable").tolist()
        heaviest = [fact for fact in order if weight[fact] > 0][:MOST_FACTS]
        spread = np.quantile(facts, _QUANTILES, axis=0)
        held = [0.0, *spread[[0, 3]][:, heaviest].ravel().tolist(), *facts[:, heaviest].mean(axis=0).tolist()]
        room = 0.03 * max(max(held) - min(held), 0.1)
        scale = Scale(min(held) - room, max(held) + room)
        by_weight = np.argsort(-np.abs(each).mean(axis=0), kind="stable").tolist()
        speakers = {fact_of[index]: features[index] for index in reversed(by_weight)}
        rows = tuple(
            FactRow(
                label=speakers[fact].label.to(language),
                domain=DOMAINS[speakers[fact].domain].to(language),
                weight=f"{weight[fact]:.2f}",
                outer=(scale(spread[0, fact]), scale(spread[3, fact])),
                inner=(scale(spread[1, fact]), scale(spread[2, fact])),
                mean=scale(facts[:, fact].mean()),
                told=_spread_in_words(facts[:, fact].mean(), spread[:, fact], language),
            )
            for fact in heaviest
        )
        return cls(rows, scale(0.0), len(each))


def _contribution_rows(batch: pa.RecordBatch) -> Floats:
    """Give one row of numbers per pupil who has a score."""
    rows = batch.filter(batch["error"].is_null())["contributions"]
    columns = [column.to_numpy(zero_copy_only=False) for column in rows.flatten()]
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0))


def _spread_in_words(mean: float, spread: Floats, language: Language) -> str:
    return WORDS["overall_said"].fill(
        language, mean=signed_number(mean), low=signed_number(spread[0]), high=signed_number(spread[3])
    )


@dataclass(frozen=True)
class SectionPage:
    """A section of the evaluation report in one language."""

    title: str
    told: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class ModelPage:
    """A model as its page shows it.

    ``first`` is what everybody reads first of its card, ``card`` is the rest, both HTML made from Markdown in
    which no HTML counts, with pictures; ``evaluated`` says whether the model carries an evaluation;
    ``sections`` tell what else was asked of it, such as fairness, as far as the card does not.
    """

    name: str
    version: str
    first: str
    card: str
    evaluated: bool
    calibration: CalibrationPlot | None
    sections: tuple[SectionPage, ...]
    overall: OverallReasons
    how_to_read: tuple[tuple[str, str], ...]


def model_page(
    model: RiskModel, scored: Iterable[pa.RecordBatch], language: Language, hidden: Collection[str] = ()
) -> ModelPage:
    """Lay out the page of a model and of the rows of a cohort that it scored.

    Of the hidden domains the reader is told nothing about the cohort.
    """
    report, card = report_in(model.metrics), model.card.get(language, "")
    sections = report.sections if report else ()
    figures = card_figures(report, language, hidden) if report else {}
    figures.pop(CALIBRATION.title.to(language), None)  # the page draws it larger
    first, rest = _first_page(with_figures(to_html(card, under=1), figures), language)
    return ModelPage(
        name=model.name,
        version=model.version,
        first=first,
        card=rest,
        evaluated=report is not None,
        calibration=CalibrationPlot.of(report.calibration) if report else None,
        sections=tuple(
            _section_page(section, language)
            for section in sections
            if f" {section.title.to(language)}\n" not in card
        ),
        overall=OverallReasons.of(scored, model.catalogue, language, hidden),
        how_to_read=tuple((head.to(language), text.to(language)) for head, text in HOW_TO_READ),
    )


def _first_page(card: str, language: Language) -> tuple[str, str]:
    """Part a card where it begins to say what the model is for; all of it is the rest where it does not."""
    heading = PURPOSE.to(language).partition("\n")[0].lstrip("# ")
    first, found, rest = card.partition(f"<h3>{heading}</h3>")
    return (first, found + rest) if found else ("", card)


def _section_page(section: Section, language: Language) -> SectionPage:
    tables = tuple(table.to(language) for table in section.tables)
    return SectionPage(section.title.to(language), tuple(section.told(language)), tables)
