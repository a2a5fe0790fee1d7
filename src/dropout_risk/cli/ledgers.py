"""The commands that write what a school, a village and a county hand in; registered under ``casebook``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import DateError
from dropout_risk.text import Language, Text, language_of

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.paperwork.county_list import CountyList

BookUrl = Annotated[
    str, typer.Option("--book", help="Address of the case book, such as sqlite:///casebook.db.")
]
Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Person = Annotated[
    str | None, typer.Option("--for", help="For whom: only what this person of the file of people may see.")
]
ListFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A list of the county to compare: CSV or workbook."),
]

_COUNT = Text(zh="{title}：{count}行", en="{title}: {count} row(s)")
_UNNAMED = Text(
    zh="名册中没有的学生：{count}人（姓名处填学号）",
    en="{count} pupil(s) are not in the roll: their id stands in the place of the name",
)
_APART = Text(
    zh="{list}：{count}行有问题，第一处：{source} 第{row}行，{why}",
    en="{list}: {count} row(s) to be mended, the first: {source}, row {row}: {why}",
)


def ledgers(
    day: Annotated[str, typer.Option(help="As of which day. YYYY-MM-DD")],
    out: Out,
    book: BookUrl = "sqlite:///casebook.db",
    roll: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The county's own list with names, identity numbers, addresses: CSV or workbook.",
        ),
    ] = None,
    residents: ListFile = None,
    enrolled: ListFile = None,
    attending: ListFile = None,
    poor: ListFile = None,
    school: options.School = None,
    person: Person = None,
    key: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The key of the pseudonyms, where records hold them in the place of identity numbers.",
        ),
    ] = None,
    settings: options.SettingsFile = None,
    language: options.PrintedIn = "zh",
) -> None:
    """Write the ledgers of a day, made from entries; names and numbers come from the county's own list."""
    from dropout_risk.casebook.paperwork.comparisons import COUNTY_LISTS, ListName, write_comparison
    from dropout_risk.casebook.paperwork.county_list import CountyList
    from dropout_risk.casebook.paperwork.ledger_rows import ROLL, read_everybody
    from dropout_risk.casebook.paperwork.ledgers import write_ledgers
    from dropout_risk.exchange.pseudonyms import Pseudonyms

    speech, on = language_of(language), _read_day(day)
    given: dict[ListName, Path | None] = {
        "residents": residents, "enrolled": enrolled, "attending": attending, "poor": poor,
    }  # fmt: skip
    name_of = Pseudonyms.from_file(key, out).of_id if key else None
    lists = {name: CountyList.from_file(path, name_of) for name, path in given.items() if path}
    county = CountyList.from_file(roll, name_of) if roll else CountyList()
    opened = _open_book(book, settings)
    everybody = read_everybody(opened, on, county, lists=lists, school=school, person=person)
    counts = write_ledgers(everybody, out, on, speech)
    if everybody.compared:
        counts |= write_comparison(everybody.compared, lists, out, on, speech)
    for title, count in counts.items():
        typer.echo(_COUNT.fill(speech, title=title, count=count))
    unnamed = sum("name" not in row.listed for row in everybody.rows)
    if unnamed:
        typer.secho(_UNNAMED.fill(speech, count=unnamed), fg="yellow")
    _tell_problems(ROLL, county, speech)
    for name, rows in lists.items():
        _tell_problems(COUNTY_LISTS[name], rows, speech)


def month(
    month: Annotated[
        str, typer.Option("--month", help="2025-09, 2025-Q3, 2025, or a term: 2025-09-01..2026-01-20")
    ],
    out: Out,
    book: BookUrl = "sqlite:///casebook.db",
    school: options.School = None,
    person: Person = None,
    language: options.PrintedIn = "zh",
) -> None:
    """Write the report of a month, a quarter, a term or a year; it closes, or an error names the schools."""
    from dropout_risk.casebook.paperwork.monthly import Period, month_balances, write_month

    period = Period.named(month)
    balances = month_balances(_open_book(book, None), period, person=person)
    kept = [balance for balance in balances if school in (None, balance.school)]
    for path in write_month(kept, period, out, language_of(language)):
        typer.echo(path)


def _read_day(word: str) -> dt.date:
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise DateError(f"{word!r} is no date.", hint="write it as YYYY-MM-DD") from None


def _open_book(url: str, settings: Path | None) -> Book:
    from dropout_risk.casebook.book import Book

    return Book.open(url, settings=options.read_settings(settings).cases, create=False)


def _tell_problems(name: Text, rows: CountyList, language: Language) -> None:
    if rows.problems:
        first = rows.problems[0]
        told = _APART.fill(
            language, list=name.to(language), count=len(rows.problems), source=first.source, row=first.row,
            why=first.why.to(language),
        )  # fmt: skip
        typer.secho(told, fg="yellow")
