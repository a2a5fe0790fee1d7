"""``dropout-risk api-key``, ``audit`` and ``access``: keys of systems, who saw whom, and who may see what."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import SettingsError
from dropout_risk.text import Text, language_of

api_key = typer.Typer(no_args_is_help=True, help="Keys with which systems ask the service.")
File = Annotated[Path, typer.Option("--keys", help="The file of keys; the service reads it again at once.")]
Name = Annotated[str, typer.Argument(help="What the system is called; the audit names it so.")]
_MADE = Text(zh="密钥（只显示这一次）：{token}", en="The key, which nobody can tell again: {token}")
_GONE = Text(zh="{name} 的密钥已撤销。", en="The key of {name} is taken back.")


@api_key.command("make")
def make(
    name: Name,
    keys: File,
    secret: Annotated[Path, typer.Option(exists=True, help="The secret that the service is started with.")],
    role: Annotated[str, typer.Option(help="As which role it reads: county, counsellor, operator, ...")],
    until: Annotated[str, typer.Option(help="The day from which it is no good any more. YYYY-MM-DD")],
    scope: Annotated[str, typer.Option(help="Whose pupils: county, school, class, ...")] = "county",
    scope_id: Annotated[str, typer.Option(help="Which one, such as s-1, or s-1/8/2 for a class.")] = "*",
    language: options.PrintedIn = "en",
) -> None:
    """Make a key and print it once; the file keeps a keyed hash."""
    speech = language_of(language)
    from dropout_risk.access.api_keys import make_key
    from dropout_risk.desk.session_keys import SessionKeys

    held = SessionKeys.load(secret).secret
    token = make_key(keys, held, name=name, role=role, scope=scope, scope_id=scope_id, until=_day_of(until))
    typer.echo(_MADE.fill(speech, token=token))


@api_key.command("revoke")
def revoke(name: Name, keys: File, language: options.PrintedIn = "en") -> None:
    """Take a key back."""
    from dropout_risk.access.api_keys import revoke_key

    revoke_key(keys, name)
    typer.echo(_GONE.fill(language_of(language), name=name))


@api_key.command("list")
def listed(keys: File) -> None:
    """Print the keys of a file, without what is secret of them."""
    from dropout_risk.access.api_keys import read_keys

    for key in read_keys(keys).values():
        typer.echo("\t".join((key.name, key.role, key.scope, key.scope_id, key.until.isoformat())))


def access(language: options.PrintedIn = "en") -> None:
    """Print who may see what: which role gets which parts of which address, of whose pupils."""
    from dropout_risk.access.access_page import rights_lines

    typer.echo("\n".join(rights_lines(language_of(language))))


def _day_of(word: str) -> dt.date:
    try:
        return dt.date.fromisoformat(word)
    except ValueError as error:
        raise SettingsError("--until is no date.", hint="such as 2027-08-31") from error
