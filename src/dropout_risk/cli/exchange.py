"""``dropout-risk import`` and ``export``: records from and for the school roll, OneRoster and Ed-Fi."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.options import show_working
from dropout_risk.errors import SettingsError, nearest
from dropout_risk.text import Language, Text, language_of

if TYPE_CHECKING:
    from dropout_risk.exchange.left_out import LeftOut
    from dropout_risk.exchange.pseudonyms import Pseudonyms
    from dropout_risk.exchange.record_folder import Imported, RecordFolder

Source = Annotated[Path, typer.Argument(exists=True, help="The export: a folder, a zip or one file.")]
Records = Annotated[Path, typer.Option("--out", help="Folder to which the tables are written.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", help="Key file: identity numbers become pseudonyms. Without it they are dropped."),
]
WithDirectory = Annotated[
    bool,
    typer.Option("--directory", help="Keep names, guardians, telephones and addresses, for pages alone."),
]
Force = Annotated[bool, typer.Option("--force", help="Take the place of tables that are there.")]

import_app = typer.Typer(no_args_is_help=True, help="Records from other systems, as tables of our contract.")
export_app = typer.Typer(
    no_args_is_help=True, help="Records for other systems; what they cannot carry is named."
)

_WRITTEN = Text(zh="已写入 {out}：{names}", en="Written to {out}: {names}")
_NEXT = Text(zh="以后读取时请加上：--mapping {mapping}", en="Read them with: --mapping {mapping}")


@import_app.command()
def key(file: Annotated[Path, typer.Argument(help="The key file to make.")]) -> None:
    """Make a key for pseudonyms; keep it outside of the records, and a copy in a safe."""
    from dropout_risk.exchange.pseudonyms import make_key

    typer.echo(make_key(file))


@import_app.command("roll")
def take_roll(
    source: Source,
    out: Records,
    key: Key = None,
    directory: WithDirectory = False,
    ids: Annotated[str | None, typer.Option("--id", help="Header of the column of ids.")] = None,
    enters: Annotated[int | None, typer.Option(help="Grade level in which pupils enter: 1, 7 or 10.")] = None,
    drawn_on: Annotated[
        str | None, typer.Option(help="Day on which it was drawn (by default today).")
    ] = None,
    force: Force = False,
    language: options.PrintedIn = "en",
) -> None:
    """Read a school roll in the form of its import template: 71 columns, by names, codes or both."""
    from dropout_risk.exchange.record_folder import RecordFolder
    from dropout_risk.exchange.roll_import import import_roll
    from dropout_risk.records.days.calendar import date_of, ordinal_of

    day = dt.date.today() if drawn_on is None else date_of(ordinal_of(drawn_on))
    with show_working("reading the roll"):
        found = import_roll(
            source,
            _pseudonyms_by(key, source, out),
            drawn_on=day,
            with_directory=directory,
            id_column=ids,
            enters=enters,
        )
    _keep_import(found, RecordFolder(out, replace=force), language_of(language))


@import_app.command("oneroster")
def take_oneroster(
    source: Source,
    out: Records,
    key: Key = None,
    directory: WithDirectory = False,
    force: Force = False,
    language: options.PrintedIn = "en",
) -> None:
    """Read a whole export in OneRoster 1.2 CSV: pupils, classes and marks. It has no attendance."""
    from dropout_risk.exchange.oneroster_import import import_oneroster
    from dropout_risk.exchange.record_folder import RecordFolder

    with show_working("reading the export"):
        found = import_oneroster(source, _pseudonyms_by(key, source, out), with_directory=directory)
    _keep_import(found, RecordFolder(out, replace=force), language_of(language))


@import_app.command("edfi")
def take_edfi(
    source: Source,
    out: Records,
    unrecorded: Annotated[
        str | None, typer.Option(help="present (only exceptions were sent) or unknown.")
    ] = None,
    week: Annotated[str | None, typer.Option(help="The ordinary week: weekdays, china or listed.")] = None,
    mapping: options.Mapping = None,
    key: Key = None,
    directory: WithDirectory = False,
    force: Force = False,
    language: options.PrintedIn = "en",
) -> None:
    """Read attendance events of Ed-Fi, in JSON or XML, with enrolments and calendars where they are there."""
    from dropout_risk.exchange.edfi_import import import_edfi
    from dropout_risk.exchange.record_folder import RecordFolder

    folder = RecordFolder(out, replace=force)
    with show_working("reading the events"):
        found = import_edfi(
            source, _pseudonyms_by(key, source, out), folder, unrecorded=unrecorded, week=week,
            mapping=mapping, with_directory=directory,
        )  # fmt: skip
    _keep_import(found, folder, language_of(language))


def export(
    kind: Annotated[str, typer.Argument(help="roll (CSV), oneroster (a zip) or edfi (JSON).")],
    folder: options.Folder,
    out: Annotated[Path, typer.Option("--out", help="File that is written.")],
    mapping: options.Mapping = None,
    directory: Annotated[
        bool,
        typer.Option("--directory", help="Write names too, and what else the format has of the directory."),
    ] = False,
    language: options.PrintedIn = "en",
) -> None:
    """Write records for another system: the school roll's template, OneRoster 1.2 or Ed-Fi's events."""
    from dropout_risk.exchange.edfi_export import export_edfi
    from dropout_risk.exchange.oneroster_export import export_oneroster
    from dropout_risk.exchange.roll_export import export_roll
    from dropout_risk.files import write_whole

    kinds: dict[str, Callable[..., tuple[str | bytes, LeftOut]]]
    kinds = {"roll": export_roll, "oneroster": export_oneroster, "edfi": export_edfi}
    if kind not in kinds:
        raise SettingsError(f"There is no export {kind!r}.", hint=nearest(kind, kinds))
    speech = language_of(language)
    records = options.read_records(folder, mapping, None, speech)
    content, left = kinds[kind](records, with_directory=directory)
    write_whole(out, content)
    typer.echo(left.text(speech))
    typer.echo(_WRITTEN.fill(speech, out=out.parent, names=out.name))


def _pseudonyms_by(key: Path | None, source: Path, out: Path) -> Pseudonyms:
    from dropout_risk.exchange.pseudonyms import Pseudonyms

    return Pseudonyms.from_file(key, out, *([source] if source.is_dir() else []))


def _keep_import(found: Imported, folder: RecordFolder, language: Language) -> None:
    """Write what was imported, and say what was left out and what the check finds; 1 if rows are unusable."""
    names = folder.write(found)
    typer.echo(found.left.text(language))
    typer.echo(_WRITTEN.fill(language, out=folder.path, names=", ".join(names)))
    records = folder.checked()
    typer.echo(records.check().text(language))
    if folder.mapping is not None:
        typer.echo(_NEXT.fill(language, mapping=folder.mapping))
    if len(records.quarantine):
        raise typer.Exit(1)
