"""``dropout-risk publish`` and ``dropout-risk compare``: versions of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.training import report_of_model
from dropout_risk.text import language_of


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
    from dropout_risk.evaluation.model_card.statement import ModelStatement
    from dropout_risk.tracking.published import publish_version

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
        from dropout_risk.evaluation.model_card.versions import versions_page
        from dropout_risk.files import write_whole

        one, two = (report_of_model(model, settings)[0] for model in (first, second))
        write_whole(out, versions_page(one, two, (first, second), language_of(language)))
        typer.echo(f"both side by side: {out}")
        return
    from dropout_risk.tracking.mlflow_store import compare_runs

    table = compare_runs(first, second, options.read_settings(settings).tracking, every=every)
    typer.echo(table.to_string(na_rep="-", float_format="{:.4f}".format))
