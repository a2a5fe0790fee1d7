"""``dropout-risk catalogue``: every feature with its meaning."""

from __future__ import annotations

from typing import Annotated

import typer


def catalogue(
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
    markdown: Annotated[bool, typer.Option(help="Print Markdown instead of a table.")] = False,
) -> None:
    """Print the feature catalogue as a table."""
    from rich.console import Console
    from rich.table import Table

    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.render import catalogue_table, markdown_table

    rows = catalogue_table(default_catalogue(), language)  # type: ignore[arg-type]
    if markdown:
        typer.echo(markdown_table(rows))
        return
    table = Table(*rows[0], show_lines=False, header_style="bold")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)
