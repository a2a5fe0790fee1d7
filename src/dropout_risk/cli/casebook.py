"""``dropout-risk casebook``: the upkeep of a case book."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import learning, ledgers, notices, options, visits
from dropout_risk.cli.options import DEFAULT_BOOK, show_working
from dropout_risk.errors import OutputError
from dropout_risk.text import Text, language_of

casebook = typer.Typer(
    no_args_is_help=True,
    help="The case book: visits, notices, ledgers, what it teaches; its laws, keys and copies.",
)
Keys = Annotated[
    Path, typer.Option("--keys", help="The file of the keys; keep it outside the book, and a copy.")
]

_HOLD = Text(zh="{number}个个案，各条规则都成立。", en="{number} cases: all laws hold.")
_BROKEN = Text(zh="规则{law}不成立（{text}）：{wrong}", en="Broken: {wrong} ({text})")
_NO_KEYS = Text(zh="未给出密钥：备注未核对。", en="Without keys: notes were not checked.")
_REBUILT = Text(zh="{number}个个案已由记录重建。", en="{number} cases were made again from their entries.")
_UPGRADED = Text(zh="个案簿：第{was}版 → 第{now}版", en="The book: version {was} → version {now}")
_MADE = Text(zh="密钥已写入 {keys}；请另存一份，不要与个案簿放在一起。",
             en="The keys are in {keys}: keep a copy, and keep neither with the book.")  # fmt: skip
_RENEWED = Text(zh="{number}条备注已用新密钥加密。", en="{number} notes are encrypted with a new key.")
_NO_PUPIL = Text(
    zh="没有人查看过；个案簿里也没有这个学号，请核对。",
    en="Nobody has looked, and the book has no pupil of that id: check it.",
)


@casebook.command()
def check(
    book: options.BookAddress = DEFAULT_BOOK,
    keys: options.KeysFile = None,
    language: options.PrintedIn = "en",
) -> None:
    """Check all laws; exit with 1 and name the broken one if any does not hold."""
    speech = language_of(language)
    opened = options.open_book(book, keys)
    from dropout_risk.casebook.laws import LAWS, check_book

    with show_working("checking"):
        broken = check_book(opened)
    for law in broken:
        text = LAWS[law.law].to(speech)
        typer.secho(_BROKEN.fill(speech, law=law.law, wrong=law, text=text), fg="red", err=True)
        options.show_pupils(law.pupils, speech)
    if keys is None:
        typer.secho(_NO_KEYS.to(speech), fg="yellow", err=True)
    if broken:
        raise typer.Exit(1)
    typer.echo(_HOLD.fill(speech, number=opened.count_cases()))


@casebook.command()
def rebuild(book: options.BookAddress = DEFAULT_BOOK, language: options.PrintedIn = "en") -> None:
    """Make the cases again from their entries, where somebody changed them by hand."""
    number = options.open_book(book).rebuild()
    typer.echo(_REBUILT.fill(language_of(language), number=number))


@casebook.command()
def upgrade(book: options.BookAddress = DEFAULT_BOOK, language: options.PrintedIn = "en") -> None:
    """Bring a book of an earlier version of this library up to date, in one transaction."""
    options.require_book()
    from dropout_risk.casebook.upgrade import upgrade_book

    was, now = upgrade_book(book)
    typer.echo(_UPGRADED.fill(language_of(language), was=was, now=now))


@casebook.command()
def export(
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    book: options.BookAddress = DEFAULT_BOOK,
    kind: Annotated[str, typer.Option("--format", help="csv or parquet")] = "csv",
    complete: Annotated[
        bool, typer.Option("--complete", help="The cases too that only counsellors may know of.")
    ] = False,
) -> None:
    """Write the tables for analysis, and entries.jsonl: ids and words of the lists, no free text."""
    opened = options.open_book(book)
    from dropout_risk.casebook.export import export_book

    for name, rows in export_book(opened, out, kind, complete=complete).items():
        typer.echo(f"{out / name}\t{rows}")


@casebook.command("keys")
def make_keys(keys: Keys, language: options.PrintedIn = "en") -> None:
    """Make the keys with which notes are encrypted."""
    from dropout_risk.casebook.notes import NoteKeys

    if keys.exists():
        raise OutputError(
            f"{keys} is there already.",
            hint="without it no note is read any more; new keys: dropout-risk casebook renew-keys",
        )
    NoteKeys.new().save(keys)
    typer.echo(_MADE.fill(language_of(language), keys=keys))


@casebook.command("renew-keys")
def renew_keys(
    keys: Keys,
    book: options.BookAddress = DEFAULT_BOOK,
    forget: Annotated[
        bool,
        typer.Option("--forget-old", help="Take the old keys out of the file; no other book may need them."),
    ] = False,
    language: options.PrintedIn = "en",
) -> None:
    """Encrypt all notes with a new key, which is added to the file first: safe to stop and to run again."""
    opened = options.open_book(book, keys)
    assert opened.keys is not None  # noqa: S101
    renewed = opened.keys.renewed()
    renewed.save(keys)
    with show_working("encrypting"):
        number = opened.renew_notes(renewed)
    if forget:
        renewed.only_last().save(keys)
    typer.echo(_RENEWED.fill(language_of(language), number=number))


@casebook.command()
def seen(
    pupil: Annotated[str, typer.Argument(help="The id of a pupil.")],
    book: options.BookAddress = DEFAULT_BOOK,
    language: options.PrintedIn = "en",
) -> None:
    """Say who has looked at which part of a pupil, and when (UTC)."""
    opened = options.open_book(book)
    from dropout_risk.casebook.seen import who_has_seen

    looks = who_has_seen(opened, pupil)
    for look in looks:
        typer.echo(f"{look.at:%Y-%m-%d %H:%M}\t{look.person}\t{look.part}")
    if not looks:
        known = opened.has_pupil(pupil)
        typer.echo((options.NOBODY_LOOKED if known else _NO_PUPIL).to(language_of(language)))


casebook.command("visits")(visits.visits)
casebook.command("contacts")(visits.contacts)
casebook.command("send")(notices.send_notices)
casebook.command("ledgers")(ledgers.ledgers)
casebook.command("month")(ledgers.month)
casebook.command("feedback")(learning.feedback)
casebook.command("learned")(learning.learned)
casebook.command("trial")(learning.trial)
casebook.command("end-trial")(learning.end_trial)
