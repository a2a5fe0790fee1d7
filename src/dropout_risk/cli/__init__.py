"""The command line: ``dropout-risk``, one thin command for each thing people do every day."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of_package
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dropout_risk.cli import (
    access,
    casebook,
    catalogue,
    demo,
    exchange,
    model,
    monitor,
    morning,
    records,
    service,
    training,
    versions,
    working_day,
)
from dropout_risk.errors import DropoutRiskError


class _PlainErrors(TyperGroup):
    """Shows the library's own errors as they are worded, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DropoutRiskError as error:
            typer.secho(str(error), fg="red", err=True)
            sys.exit(2)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"dropout-risk {version_of_package('dropout-risk')}")
        raise typer.Exit


app = typer.Typer(
    cls=_PlainErrors, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """School records in, explained dropout risks out. It informs people; it never decides."""


app.command()(demo.demo)
app.command("map")(records.propose)
app.command()(records.check)
app.command()(training.train)
app.command()(morning.score)
app.command()(morning.watchlist)
app.command()(working_day.morning)
app.command()(catalogue.catalogue)
app.command()(training.report)
app.command()(monitor.monitor)
app.command()(versions.compare)
app.command()(versions.publish)
app.command()(service.serve)
app.command("desk-link")(service.desk_link)
app.add_typer(access.api_key, name="api-key")
app.command()(access.access)
app.add_typer(access.audit, name="audit")
app.add_typer(model.model, name="model")
app.add_typer(records.store, name="store")
app.add_typer(casebook.casebook, name="casebook")
app.add_typer(exchange.import_app, name="import")
app.command()(exchange.export)
