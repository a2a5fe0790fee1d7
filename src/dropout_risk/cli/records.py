"""``dropout-risk map``, ``check`` and ``store``: school records, and the histories kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.options import show_working
from dropout_risk.errors import OutputError, StoreError
from dropout_risk.text import Text, fill_english, language_of

Store = Annotated[Path, typer.Option("--store", help="The folder in which the histories are kept.")]


def check(
    folder: options.Folder,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.PrintedIn = "en",
) -> None:
    """List every problem of the records at once; exit with 1 if any row cannot be used."""
    records = options.read_records(folder, mapping, quarantine, language_of(language))
    if len(records.quarantine):
        raise typer.Exit(1)


def propose(
    folder: options.Folder,
    out: Annotated[Path, typer.Option(help="Where the proposed mapping is written.")] = Path("mapping.toml"),
    language: options.PrintedIn = "en",
    force: Annotated[
        bool, typer.Option("--force", help="Take the place of a mapping that is there.")
    ] = False,
) -> None:
    """Propose a mapping for the files of a school's own system, and show what the check would say with it."""
    from dropout_risk.files import write_whole
    from dropout_risk.proposals.mapping_proposal import propose_mapping

    speech = language_of(language)
    if out.exists() and not force:
        raise OutputError(
            f"{out} is there already.", hint="name another file with --out, or --force to take its place"
        )
    with show_working("looking at the files"):
        proposal = propose_mapping(folder)
    write_whole(out, proposal.toml(speech))
    typer.echo(proposal.text(speech))
    typer.echo(f"\n{_WRITTEN.fill(speech, out=out, folder=folder)}")


_WRITTEN = Text(
    zh="映射已写入 {out}。核对后运行：dropout-risk check {folder} --mapping {out}",
    en="The mapping is in {out}. Look at it, then run: dropout-risk check {folder} --mapping {out}",
)


store = typer.Typer(no_args_is_help=True, help="Histories on disk: build them once, append each day.")


@store.command()
def build(
    folder: options.Folder,
    store: Store,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a store, with the days appended to it.")
    ] = False,
) -> None:
    """Read a folder of school records, and write the histories of all pupils."""
    from dropout_risk.histories.histories import Histories
    from dropout_risk.histories.store import holds_store
    from dropout_risk.records.directory import Directory

    if holds_store(store) and not replace:
        raise StoreError(
            f"{store} holds a store already.",
            hint="add what arrived with store append; --replace drops it, and the days appended to it",
        )
    records = options.read_records(folder, mapping, quarantine)
    with show_working("packing"):
        histories = Histories.from_records(records)
    with show_working("saving"):
        histories.save(store)
        Directory.of_records(records).save(store)
    typer.echo(fill_english("{n} pupils: {store}", n=len(histories), store=store))


@store.command()
def append(
    folder: options.Folder,
    store: Store,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
) -> None:
    """Add the rows of a day; 'students' may be missing, or hold only who is new or changed."""
    append_folder(folder, store, mapping, quarantine)


def append_folder(folder: Path, store: Path, mapping: Path | None, quarantine: Path | None) -> None:
    """Add the rows of a day to a store, and say what that did."""
    from dropout_risk.histories.store_append import MANY_DAYS, append_day, known_to
    from dropout_risk.records.directory import Directory

    with show_working("reading the store's pupils and calendar"):
        known = known_to(store)
    records = options.read_records(folder, mapping, quarantine, known=known)
    with show_working("appending"):
        appended = append_day(store, records)
        Directory.load(store).updated(Directory.of_records(records)).save(store)
    typer.echo(f"{'appended' if appended.is_new else 'nothing new, sent before and ignored'}: {store}")
    if appended.n_recounted:
        typer.secho(
            f"{appended.n_recounted} school(s) got a school day that has passed: the days after it are "
            "counted anew, and scores of earlier dates may change",
            fg="yellow",
        )
    if appended.n_days > MANY_DAYS:
        typer.secho(
            f"{appended.n_days} days lie beside the base, and each is read apart: "
            f"fold them when nobody waits: dropout-risk store fold --store {store}",
            fg="yellow",
        )


@store.command()
def fold(store: Store) -> None:
    """Write the base anew with all days in it, so that it is read faster."""
    from dropout_risk.histories.store import fold_days

    with show_working("folding"):
        fold_days(store)
    typer.echo(f"folded: {store}")
