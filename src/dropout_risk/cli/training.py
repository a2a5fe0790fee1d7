"""``dropout-risk train`` and ``dropout-risk report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options


def train(
    folder: options.Folder,
    out: Annotated[Path, typer.Option(help="Where the bundle is written.")],
    settings: options.SettingsFile = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Train, evaluate beside the baselines, log to MLflow and write the bundle."""
    from dropout_risk.training.train import train as train_model

    records = options.read_records(folder, mapping, quarantine)
    run = train_model(records, options.read_settings(settings), progress=True, track=track)
    typer.echo(str(run.report))
    typer.echo(f"bundle: {run.model.save(out)}")


def report(bundle: Annotated[str, typer.Argument(help="A bundle's folder or an MLflow alias.")]) -> None:
    """Print the evaluation that a bundle carries."""
    from dropout_risk.evaluation.report import EvaluationReport

    typer.echo(str(EvaluationReport.from_dict(options.load_model(bundle).metrics)))
