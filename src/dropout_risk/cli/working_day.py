"""``dropout-risk morning``: the day appended, scored and listed, and the case book's morning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.options import show_working
from dropout_risk.errors import LawBrokenError, SettingsError
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.people import People
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.directory import Directory
    from dropout_risk.scoring.risk_model import RiskModel

_DONE = Text(zh="{day}已办理过，或不是教学日。", en="{day} was done before, or is no school day.")


def morning(
    records: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, help="A folder of school records, or a store of histories."
        ),
    ],
    model: options.Model,
    day: Annotated[str, typer.Option("--day", help="The morning: only what was known before it counts.")],
    book: options.BookAddress = options.DEFAULT_BOOK,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people", exists=True, dir_okay=False, help="Who may act: a CSV or TOML file of grants."
        ),
    ] = None,
    keys: options.KeysFile = None,
    new: Annotated[
        Path | None,
        typer.Option(
            "--new", exists=True, file_okay=False, help="The day's rows, appended to the store first."
        ),
    ] = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.Speech = None,
    allow_synthetic: options.AllowSynthetic = False,
) -> None:
    """Run the morning: signals open and stir cases, what nobody answered goes up, today's round begins.

    Days that were missed are run one after the other; of those nobody was shown a round, so that only what
    was due on the last morning goes up. A day that is done already is not done again.
    """
    from dropout_risk.casebook.people import People
    from dropout_risk.records.days.calendar import date_of, ordinal_of

    options.seek_cycles_rarely()
    today = date_of(ordinal_of(day))
    risk_model = options.load_model(model, allow_synthetic=allow_synthetic)
    speech = options.spoken_language(language, risk_model)
    acting = None if people is None else People.from_file(people)
    opened = options.open_book(book, keys, risk_model.settings.cases, create=True)
    histories, directory = _read_source(records, new, mapping, quarantine, speech)
    for each in _days_to_run(opened, today):
        _run_day(opened, risk_model, (histories, directory), each, acting, speech, shown=each == today)


def _read_source(
    records: Path, new: Path | None, mapping: Path | None, quarantine: Path | None, language: Language
) -> tuple[Histories, Directory]:
    from dropout_risk.cli.records import append_folder
    from dropout_risk.histories.histories import Histories
    from dropout_risk.histories.store import holds_store
    from dropout_risk.records.directory import Directory

    if holds_store(records):
        if new is not None:
            append_folder(new, records, mapping, quarantine)
        return Histories.load(records), Directory.load(records)
    if new is not None:
        raise SettingsError(
            "--new appends to a store.", hint="build one: dropout-risk store build DIR --store STORE"
        )
    read = options.read_records(records, mapping, quarantine, language)
    with show_working("packing"):
        return Histories.from_records(read), Directory.of_records(read)


def _days_to_run(book: Book, today: dt.date) -> Iterator[dt.date]:
    """Give the days since the last morning, today included; on the first morning today alone."""
    last = book.today()
    first = today if last is None or last >= today else last + dt.timedelta(days=1)
    for number in range((today - first).days + 1):
        yield first + dt.timedelta(days=number)


def _run_day(
    book: Book,
    model: RiskModel,
    source: tuple[Histories, Directory],
    day: dt.date,
    people: People | None,
    language: Language,
    *,
    shown: bool,
) -> None:
    from dropout_risk.casebook.mornings.morning import run_morning
    from dropout_risk.casebook.mornings.morning_facts import morning_facts

    last = book.today()
    if last is not None and last >= day:
        typer.echo(_DONE.fill(language, day=day))
        return
    with show_working(f"{day}: features and scores"):
        facts = morning_facts(
            model, source[0], day, directory=source[1], settings=book.settings, language=language
        )
    try:
        report = run_morning(book, facts, people, shown=shown)
    except LawBrokenError as error:
        options.show_pupils(error.pupils, language)
        raise
    typer.echo(_DONE.fill(language, day=day) if report is None else report.text(language))
