"""``dropout-risk api-key``, ``audit`` and ``access``: keys of systems, who saw whom, and who may see what."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import SettingsError
from dropout_risk.text import Text, language_of

if TYPE_CHECKING:
    from dropout_risk.access.audit import Audit

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


audit = typer.Typer(no_args_is_help=True, help="Who saw or scored whom, when, and by which model.")
Address = Annotated[
    str, typer.Option("--audit", help="sqlite:///FILE or postgresql://..., as the service has it.")
]
_SOUND = Text(zh="{rows}条记录，链完整，末条：{head}", en="{rows} rows, the chain holds; its head is {head}")
_BROKEN = Text(zh="{number}条记录被改动、添加或删除，首条：第{first}条",
               en="{number} rows were changed, added or taken out, the first is row {first}")  # fmt: skip
_CUT = Text(
    zh="链中没有给出的末条：其后的记录被删除", en="The given head is not in the chain: its end was cut off"
)
_MANY = Text(zh="多名学生的页面，其中可能有本人", en="a page of many pupils, perhaps this one")


@audit.command()
def verify(
    audit_url: Address,
    head: Annotated[str, typer.Option(help="A head that was printed earlier and kept elsewhere.")] = "",
    language: options.PrintedIn = "en",
) -> None:
    """Go through the chain; exit with 1 if a row is not as it was written, or the head is gone."""
    speech = language_of(language)
    opened = _open_audit(audit_url, None)
    checked = opened.check()
    if checked.broken:
        told = _BROKEN.fill(speech, number=len(checked.broken), first=checked.broken[0])
        typer.secho(told, fg="red", err=True)
        raise typer.Exit(1)
    if head and not opened.holds(head):
        typer.secho(_CUT.to(speech), fg="red", err=True)
        raise typer.Exit(1)
    typer.echo(_SOUND.fill(speech, rows=checked.rows, head=checked.head))


@audit.command("who-saw")
def who_saw(
    pupil: Annotated[str, typer.Argument(help="The id of a pupil.")],
    audit_url: Address,
    key: Annotated[Path, typer.Option(exists=True, help="The key of the pseudonyms there.")],
    language: options.PrintedIn = "en",
) -> None:
    """Say who saw or scored a pupil, when (UTC), in which role, and by which model."""
    speech = language_of(language)
    rows = _open_audit(audit_url, key).who_saw(pupil)
    for row in rows:
        whom = pupil if row.pupil else f"({_MANY.to(speech)})"
        typer.echo("\t".join((f"{row.at:%Y-%m-%d %H:%M:%S}", row.person, row.role, row.act, whom, row.model)))
    if not rows:
        typer.echo(options.NOBODY_LOOKED.to(speech))


def _open_audit(url: str, key: Path | None) -> Audit:
    """Open an audit that is there; without a key nobody is looked up in it."""
    options.require_book()
    from dropout_risk.access.audit import Audit
    from dropout_risk.exchange.pseudonyms import Pseudonyms

    return Audit.open(url, Pseudonyms.from_file(key), create=False)
