"""``dropout-risk train`` and ``dropout-risk report``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.text import language_of

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport


RUN_ID = re.compile("[0-9a-f]{32}")


def train(
    folder: options.Folder,
    out: Annotated[Path, typer.Option(help="Where the bundle is written.")],
    settings: options.SettingsFile = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    outcomes_to: Annotated[
        str | None,
        typer.Option(help="The last day whose outcomes are all recorded, YYYY-MM-DD (or in the mapping)."),
    ] = None,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Train, evaluate beside the baselines, log to MLflow and write the bundle."""
    from dropout_risk.errors import UnloggedRunError
    from dropout_risk.tracking.tracking_store import require_mlflow
    from dropout_risk.training.train import train as train_model

    if track:
        require_mlflow()
    chosen = options.read_settings(settings)
    records = options.read_records(folder, mapping, quarantine, outcomes_to=outcomes_to)
    try:
        run = train_model(records, chosen, progress=True, track=track)
    except UnloggedRunError as error:
        typer.echo(f"bundle: {error.run.model.save(out)}")
        raise
    typer.echo(str(run.report))
    typer.echo(f"bundle: {run.model.save(out)}")


def report(
    model: Annotated[
        str,
        typer.Argument(help="A bundle's folder, an alias such as models:/county@champion, or a run's id."),
    ],
    settings: options.SettingsFile = None,
    language: options.PrintedIn = "en",
    out: Annotated[
        Path | None, typer.Option(help="Folder for report, card and pictures; without it they are printed.")
    ] = None,
) -> None:
    """Rebuild the evaluation of a bundle or of an MLflow run from what it holds."""
    found, cards = report_of_model(model, settings)
    if out is None:
        typer.echo(found.to_text(language_of(language)))
        return
    from dropout_risk.tracking.run_content import RunContent, report_artefacts

    RunContent(artefacts=report_artefacts(found, cards)).write_to(out)
    typer.echo(f"report, card and pictures: {out}")


def report_of_model(model: str, settings: Path | None) -> tuple[EvaluationReport, dict[str, str]]:
    """Read a report, and the cards of the bundle that it is in."""
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.tracking.mlflow_store import report_of_run

    if RUN_ID.fullmatch(model):
        return report_of_run(model, options.read_settings(settings).tracking), {}
    found = options.load_model(model)
    return EvaluationReport.from_dict(found.metrics), found.card
