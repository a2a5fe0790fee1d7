"""``dropout-risk casebook send``: notices leave the outbox, and what is stuck is shown first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.text import Language, Text, language_of

if TYPE_CHECKING:
    from dropout_risk.casebook.notices.outbox import Outbox, Sending

_STUCK = Text(
    zh="{state}：{key}（通知渠道 {channel}）。请先问本人，再用 --again 重发，或用 --told 标记为已告知。",
    en="{state}: {key} (channel {channel}). Ask the person, then --again to send it anew, or --told.",
)
_NOT_STUCK = Text(zh="没有需要人工处理的通知。", en="No notice waits for a person.")
_BEING_SENT = Text(
    zh="{n}条通知正在发送，或发送时中断。", en="{n} notice(s) are being sent, or were broken off."
)
_DUE = Text(zh="待发送：{channel}：{text}", en="To be sent: {channel}: {text}")
_DONE = Text(
    zh="已送达{sent}条，失败{failed}条，不确定是否送达{unsure}条。",
    en="{sent} sent, {failed} failed, {unsure} unsure whether they arrived.",
)
_WHY = Text(zh="{channel}：{state}，{why}", en="{channel}: {state}, {why}")
_QUIET = Text(
    zh="现在是免打扰时段（{first}至{last}），其余通知留待之后发送。",
    en="These are quiet hours ({first} to {last}): the rest waits.",
)
_UNKNOWN = Text(
    zh="渠道文件中没有“{channel}”，发往该渠道的通知仍在等待。",
    en="The file of channels does not name {channel!r}: its notices wait.",
)
_OUTDATED = Text(
    zh="{n}条较早的通知未发送：最近一次早间处理之后，这些渠道没有待办。",
    en="{n} notice(s) of earlier mornings were not sent: by the last one nothing waits for their channels.",
)
_NO_CHANNEL = Text(
    zh="{n}名工作人员没有登记通知渠道，只能在页面上看到待办。",
    en="{n} people have no channel: only the pages tell them what waits.",
)

Again = Annotated[
    list[str] | None, typer.Option("--again", help="Queue this stuck notice anew (its key, as shown).")
]
Told = Annotated[
    list[str] | None,
    typer.Option("--told", help="This stuck notice arrived, or the person was told by another way."),
]


def send_notices(
    channels: Annotated[
        Path, typer.Option("--channels", exists=True, help="TOML: where each channel leads. Keep it secret.")
    ],
    book: Annotated[str, typer.Option("--book", help="Address of the case book.")] = "sqlite:///casebook.db",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send and change nothing.")
    ] = False,
    again: Again = None,
    told: Told = None,
    settings: options.SettingsFile = None,
    language: Annotated[
        str | None, typer.Option("--language", help="zh or en (by default the settings')")
    ] = None,
) -> None:
    """Send the notices that are due: at most once each, or shown as unsure."""
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.notices.channels import read_channels
    from dropout_risk.casebook.notices.outbox import Outbox

    chosen = options.read_settings(settings)
    speech = language_of(language) if language else chosen.language
    port = read_channels(channels)
    outbox = Outbox(Book.open(book, create=False), chosen.notices, chosen.language)
    if not dry_run:
        _settle_stuck(outbox, again or [], told or [])
        outbox.doubt_broken()
    _show_stuck(outbox, speech)
    if dry_run:
        if outbox.states()["sending"]:
            typer.echo(_BEING_SENT.fill(speech, n=outbox.states()["sending"]))
        for notice in outbox.due():
            text = notice.text(chosen.notices, chosen.language)
            typer.echo(_DUE.fill(speech, channel=notice.channel, text=text))
        done = None
    else:
        done = outbox.send(port)
        _show_done(outbox, done, speech)
    if outbox.stuck() or (done is not None and done.unknown):
        raise typer.Exit(1)


def _settle_stuck(outbox: Outbox, again: list[str], told: list[str]) -> None:
    if again:
        outbox.queue_again(again)
    if told:
        outbox.mark_told(told)


def _show_stuck(outbox: Outbox, language: Language) -> None:
    from dropout_risk.casebook.notices.outbox import OUTBOX_WORDS

    stuck = outbox.stuck()
    if not stuck:
        typer.echo(_NOT_STUCK.to(language))
    for item in stuck:
        state = OUTBOX_WORDS[item.state].to(language)
        typer.secho(_STUCK.fill(language, state=state, key=item.key, channel=item.channel), fg="red")


def _show_done(outbox: Outbox, done: Sending, language: Language) -> None:
    from dropout_risk.casebook.notices.outbox import OUTBOX_WORDS
    from dropout_risk.casebook.notices.ports import REFUSALS, Sent, Unsure

    for notice, result in done.told:
        if isinstance(result, Sent):
            continue
        state = OUTBOX_WORDS["unsure" if isinstance(result, Unsure) else "failed"].to(language)
        why = REFUSALS[result.why].to(language)
        typer.secho(_WHY.fill(language, channel=notice.channel, state=state, why=why), fg="yellow")
    for channel in done.unknown:
        typer.secho(_UNKNOWN.fill(language, channel=channel), fg="yellow")
    if done.is_quiet:
        first, last = (f"{hour:%H:%M}" for hour in (outbox.settings.quiet_from, outbox.settings.quiet_until))
        typer.echo(_QUIET.fill(language, first=first, last=last))
    if done.outdated:
        typer.echo(_OUTDATED.fill(language, n=done.outdated))
    alone = outbox.without_channel()
    if alone:
        typer.echo(_NO_CHANNEL.fill(language, n=alone))
    typer.echo(_DONE.fill(language, **done.counts()))
