"""Two versions of a model side by side: what has changed from the one to the other, in words and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dropout_risk.evaluation.model_card.card import card_page
from dropout_risk.evaluation.model_card.card_figures import (
    calibration_figure,
    decision_figure,
    roc_figure,
)
from dropout_risk.evaluation.model_card.first_page import why_not
from dropout_risk.evaluation.model_card.statement import CHANGES
from dropout_risk.evaluation.questions.separation import precision_curves, precisions_figure
from dropout_risk.evaluation.report_tables import (
    CHOSEN_CANDIDATE,
    HORIZON,
    METRIC_LABELS,
    OUTCOME_EVENTS,
    RESULTS,
    TEST_DAYS,
    events_of,
    word_of,
)
from dropout_risk.evaluation.section import Cell, SectionTable
from dropout_risk.modelling.candidates import candidate_words
from dropout_risk.text import ITEMS, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport

COLOURS = ("#8c6d1f", "#1b4f8a")
BESIDE = Text(zh="两个版本并列", en="Two versions side by side")
BEFORE, NOW = Text(zh="上一版本：{name}", en="Before: {name}"), Text(zh="本版本：{name}", en="Now: {name}")
SAME = Text(zh="两个版本在同一批数据上训练和检验。", en="Both were trained and tested on the same records.")
OTHER = Text(
    zh="两个版本用的数据不同，数字的差别也可能来自数据。",
    en="They rest on different records: figures may differ for that reason too.",
)
NOTHING = Text(zh="无", en="nothing")
ROWS = {
    "candidate": CHOSEN_CANDIDATE,
    "events": OUTCOME_EVENTS,
    "horizon": HORIZON,
    "trained_to": Text(zh="训练数据截至", en="Trained on data up to"),
    "test": TEST_DAYS,
    "train_rows": Text(zh="训练行数", en="Training rows"),
    "leavers": Text(zh="训练中的辍学学生", en="Pupils who dropped out in the training"),
    "base_rate": Text(zh="测试期辍学比例", en="Base rate of the test"),
    "recall": Text(zh="名单找到的辍学者", en="Share found by the list"),
    "precision": Text(zh="名单中辍学的比例", en="Share of the list that dropped out"),
    "against": Text(zh="不得投入使用的原因", en="What stands against its use"),
}


def versions_table(reports: Mapping[Text, EvaluationReport], title: Text = BESIDE) -> SectionTable:
    """Put the choices and main figures of some reports side by side, each under its name."""
    columns = [_report_column(report) for report in reports.values()]
    rows = [(word, *(column[key] for column in columns)) for key, word in ROWS.items() if key != "against"]
    for name, word in METRIC_LABELS.items():
        rows.append((word, *(report.result().metrics.get(name) for report in reports.values())))
    rows.append((ROWS["against"], *(column["against"] for column in columns)))
    return SectionTable(title, ("", *reports), tuple(rows))


def _report_column(report: EvaluationReport) -> dict[str, Cell]:
    model, train = report.result(), report.counts.get("train", {})
    listed = model.at_capacity
    shares = {name: listed[name]["expected"] for name in ("recall", "precision")}
    return {
        "candidate": word_of(report.candidate, candidate_words()),
        "events": events_of(report.events),
        "horizon": report.horizon_days,
        "trained_to": report.split.get("trained_to"),
        "test": ", ".join(report.split.get("test_as_of", [])) or None,
        "train_rows": train.get("rows"),
        "leavers": train.get("leavers"),
        "base_rate": f"{model.metrics['base_rate']:.1%}",
        **{name: None if share is None else f"{share:.0%}" for name, share in shares.items()},
        "against": why_not(report) or NOTHING,
    }


def _about_data(one: EvaluationReport, two: EvaluationReport) -> Text:
    return SAME if one.hashes.get("data") == two.hashes.get("data") else OTHER


def changes_part(
    former: EvaluationReport, report: EvaluationReport, names: tuple[str, str], language: Language
) -> str:
    """Write the part of a card on what has changed since the former version."""
    headed = dict(
        zip((BEFORE.filled(name=names[0]), NOW.filled(name=names[1])), (former, report), strict=True)
    )
    table = versions_table(headed, CHANGES).to(language).to_markdown()
    return f"{table}\n\n{_about_data(former, report).to(language)}"


def versions_page(
    first: EvaluationReport, second: EvaluationReport, names: tuple[str, str], language: Language
) -> str:
    """Write a page with two versions side by side, their curves in one picture each."""
    words = [Text(zh=name, en=name) for name in names]
    reports = dict(zip(names, (first, second), strict=True))
    table = versions_table(dict(zip(words, (first, second), strict=True)), RESULTS).to(language).to_markdown()
    title = BESIDE.to(language)
    head = f"# {title}\n\n{ITEMS.join(language, names)}\n\n{_about_data(first, second).to(language)}"
    results = {name: report.result() for name, report in reports.items()}
    curves = {
        name: ("model", found["model"])
        for name, report in reports.items()
        if (found := precision_curves(report))
    }
    base = second.result().metrics["base_rate"]
    drawn = [
        roc_figure(results, language, COLOURS),
        precisions_figure(curves, base, language, COLOURS),
        decision_figure(results, language, COLOURS),
        calibration_figure(reports, language, COLOURS),
    ]
    pictures = f'<div class="side-by-side">{"".join(drawn)}</div>'
    return card_page(f"{head}\n\n{table}\n", language, {RESULTS.to(language): pictures})
