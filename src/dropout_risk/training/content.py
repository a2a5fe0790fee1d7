"""What a training run leaves in MLflow: settings, figures, report, card, pictures, candidates and folds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dropout_risk.evaluation.card import card_page, model_card
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.report_charts import fairness_gaps_chart, splits_chart
from dropout_risk.modelling.selection import Selection
from dropout_risk.settings import Settings
from dropout_risk.text import LANGUAGES
from dropout_risk.tracking.run_content import RunContent, flat_settings


def run_content(
    report: EvaluationReport,
    settings: Settings,
    *,
    selection: Selection | None = None,
    bundle: Path | None = None,
) -> RunContent:
    """Gather what is logged of a run.

    Parameters
    ----------
    report : EvaluationReport
        What was measured.
    settings : Settings
        Every choice, logged flat.
    selection : Selection, optional
        The candidates; each becomes a run inside the run, each of its folds a run inside that.
    bundle : Path, optional
        The folder of the saved model.
    """
    dates, hashes = report.split, report.hashes
    params = flat_settings(settings) | {
        "candidate": report.candidate,
        "train_from": dates["train_as_of"][0],
        "train_to": dates["train_as_of"][-1],
        "trained_to": dates["trained_to"],
        "test_from": dates["test_as_of"][0],
        "test_to": dates["test_as_of"][-1],
        "data_hash": hashes["data"],
        "catalogue_hash": hashes["catalogue"],
    }
    return RunContent(
        params=params,
        metrics=report.metrics(),
        tags={"synthetic": str(report.synthetic).lower(), "candidate": report.candidate},
        dataset={"name": "school_records", "fingerprint": hashes["data"]},
        artefacts=artefacts(report),
        bundle=bundle,
        parts=() if selection is None else _candidates(selection),
    )


def artefacts(report: EvaluationReport) -> dict[str, Any]:
    """Give the report and the card in every form, by file name: all of it made from the report alone."""
    files: dict[str, Any] = {
        "report.json": report.to_json(),
        "plots/evaluation.png": report.chart(),
        "plots/splits.png": splits_chart(report),
    }
    fairness = fairness_gaps_chart(report)
    files |= {} if fairness is None else {"plots/fairness.png": fairness}
    for language in LANGUAGES:
        card = model_card(report, language=language)
        files[f"report.{language}.md"] = report.to_markdown(language)
        files[f"card.{language}.md"] = card
        files[f"card.{language}.html"] = card_page(card, language)
    return files


def _candidates(selection: Selection) -> tuple[RunContent, ...]:
    table = selection.frame().set_index("candidate")
    return tuple(
        RunContent(
            name=name,
            params={"candidate": name, "chosen": name == selection.chosen},
            metrics={
                key: float(value)
                for key, value in table.loc[name].items()
                if isinstance(value, float) and key != "chosen"
            },
            parts=tuple(
                RunContent(
                    name=f"{name}, fold {fold}", params={"fold": fold}, metrics={"log_loss": float(loss)}
                )
                for fold, loss in enumerate(losses)
            ),
        )
        for name, losses in selection.losses.items()
    )
