"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.settings import Settings

if TYPE_CHECKING:
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel

Folder = Annotated[
    Path,
    typer.Argument(
        exists=True, file_okay=False, help="Folder of school records: CSV or Parquet, one per table."
    ),
]
Mapping = Annotated[
    Path | None, typer.Option(exists=True, help="TOML with your own column headers and words.")
]
Quarantine = Annotated[
    Path | None,
    typer.Option(help="Where unusable rows are written with their reason [default: DIR/quarantine.csv]."),
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", exists=True, help="TOML with your settings.")
]
Model = Annotated[
    str, typer.Option("--model", help="A bundle's folder, or an alias such as models:/dropout_risk@champion.")
]
AsOf = Annotated[
    str, typer.Option("--as-of", help="The date: only what was known before it counts. YYYY-MM-DD")
]
Speech = Annotated[str | None, typer.Option("--language", help="zh or en [default: the settings']")]


def read_settings(path: Path | None) -> Settings:
    """Read settings, or take the defaults."""
    return Settings() if path is None else Settings.from_toml(path)


def load_model(model: str) -> RiskModel:
    """Load a bundle from a folder or from an MLflow alias, through the library's own loader."""
    from dropout_risk.scoring.risk_model import RiskModel

    if model.startswith("models:/"):
        from dropout_risk.tracking.mlflow_store import load_bundle_path

        return RiskModel.load(load_bundle_path(model, Settings().tracking))
    return RiskModel.load(model)


def read_records(folder: Path, mapping: Path | None, quarantine: Path | None) -> SchoolRecords:
    """Read a folder, print what was read, used and set apart, and write what was set apart to a file."""
    from dropout_risk.records.school_records import SchoolRecords

    records = SchoolRecords.from_folder(folder, mapping=mapping)
    typer.echo(str(records.check()))
    if len(records.quarantine):
        place = quarantine or folder / "quarantine.csv"
        records.quarantine.write(place)
        typer.secho(
            f"{len(records.quarantine)} row(s) were set apart, with the reason of each: {place}", fg="yellow"
        )
    return records
