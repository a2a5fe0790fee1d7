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
    from dropout_risk.training.train import train as train_model

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
    found, cards = _report_of(model, settings)
    if out is None:
        typer.echo(found.to_text(language_of(language)))
        return
    from dropout_risk.tracking.run_content import RunContent, report_artefacts

    RunContent(artefacts=report_artefacts(found, cards)).write_to(out)
    typer.echo(f"report, card and pictures: {out}")


def _report_of(model: str, settings: Path | None) -> tuple[EvaluationReport, dict[str, str]]:
    """Read a report, and the cards of the bundle that it is in."""
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.tracking.mlflow_store import report_of_run

    if RUN_ID.fullmatch(model):
        return report_of_run(model, options.read_settings(settings).tracking), {}
    found = options.load_model(model)
    return EvaluationReport.from_dict(found.metrics), found.card


def publish(
    version: Annotated[int, typer.Argument(help="Number of the registered version.")],
    settings: options.SettingsFile = None,
    override: Annotated[
        str | None,
        typer.Option(help="Publish although checks stand against it: who decided it and why; it is kept."),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="A TOML file that says who answers for the model: owner, approver, contact, …"),
    ] = None,
) -> None:
    """Make a version the champion, if its report allows it."""
    from dropout_risk.evaluation.statement import ModelStatement
    from dropout_risk.tracking.mlflow_store import publish_version

    tracking = options.read_settings(settings).tracking
    said = ModelStatement() if statement is None else ModelStatement.from_toml(statement)
    before = publish_version(version, tracking, override=override, statement=said)
    if said.missing("en"):
        typer.secho(f"not stated (--statement): {', '.join(said.missing('en'))}", fg="yellow")
    former = "none" if before is None else f"version {before}"
    typer.echo(f"{tracking.model_name} version {version} is champion; before it: {former}")


def compare(
    first: Annotated[str, typer.Argument(help="A run's id; with --out a bundle's folder or an alias too.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    settings: options.SettingsFile = None,
    every: Annotated[bool, typer.Option("--all", help="Every figure, not only the main ones.")] = False,
    language: options.PrintedIn = "en",
    out: Annotated[
        Path | None, typer.Option(help="A page (.html) with both side by side and their curves in one.")
    ] = None,
) -> None:
    """Put two MLflow runs side by side: data, settings that differ, the main figures."""
    if out is not None:
        from dropout_risk.evaluation.versions import versions_page
        from dropout_risk.files import write_whole

        one, two = (_report_of(model, settings)[0] for model in (first, second))
        write_whole(out, versions_page(one, two, (first, second), language_of(language)))
        typer.echo(f"both side by side: {out}")
        return
    from dropout_risk.tracking.mlflow_store import compare_runs

    table = compare_runs(first, second, options.read_settings(settings).tracking, every=every)
    typer.echo(table.to_string(na_rep="-", float_format="{:.4f}".format))
