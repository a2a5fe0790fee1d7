"""``dropout-risk check``: what is wrong with a folder of school records."""

from __future__ import annotations

from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.text import language_of


def check(
    folder: options.Folder,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: Annotated[str, typer.Option(help="zh or en")] = "en",
) -> None:
    """List every problem of the records at once; exit with 1 if any row cannot be used."""
    records = options.read_records(folder, mapping, quarantine, language_of(language))
    if len(records.quarantine):
        raise typer.Exit(1)
