"""``dropout-risk catalogue``: every feature with its meaning."""

from __future__ import annotations

from typing import Annotated

import typer

from dropout_risk.cli import options

_SHOWN = (0, 3, 7, 10, 11)  # name, cause, direction, example, when missing: what fits a terminal


def catalogue(
    language: options.PrintedIn = "zh",
    markdown: Annotated[bool, typer.Option(help="Print Markdown instead of a table.")] = False,
) -> None:
    """Print the feature catalogue as a table; with --markdown, every column of it."""
    from rich.console import Console
    from rich.table import Table

    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.render import catalogue_table, markdown_table

    rows = catalogue_table(default_catalogue(), language)  # type: ignore[arg-type]
    if markdown:
        typer.echo(markdown_table(rows))
        return
    table = Table(header_style="bold", show_lines=False)
    shown = [list(rows[0])[index] for index in _SHOWN]
    for header in shown:
        table.add_column(header, no_wrap=header == shown[0])
    for row in rows:
        table.add_row(*(row[header] for header in shown))
    Console().print(table)
