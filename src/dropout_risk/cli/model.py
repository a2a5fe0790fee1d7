"""``dropout-risk model``: which model a running service answers with, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.text import Text, language_of

model = typer.Typer(no_args_is_help=True, help="Which model a running service answers with.")
Switch = Annotated[Path, typer.Option("--switch", help="The folder that the service was started with.")]
Within = Annotated[float, typer.Option(min=0, help="Seconds after which all workers answer with it.")]
_USED = Text(
    zh="{within:g} 秒后所有进程改用 {model}。", en="All workers answer with {model} in {within:g} s."
)
_SHADOW = Text(zh="{model} 同时评估，结果只计数、不回复。", en="{model} is asked the same, and not heard.")
_NO_SHADOW = Text(zh="不再有对照模型。", en="No challenger is asked any more.")
_ROWS = {
    "champion": Text(zh="现用", en="answers"),
    "next": Text(zh="{at} 起用", en="answers from {at}"),
    "former": Text(zh="以前", en="before"),
    "challenger": Text(zh="对照", en="challenger"),
}


@model.command("use")
def use(
    place: Annotated[str, typer.Argument(help="A bundle's folder, or models:/name@alias.")],
    switch: Switch,
    within: Within = 20,
    followed: Annotated[bool, typer.Option("--followed", hidden=True)] = False,
    language: options.PrintedIn = "en",
) -> None:
    """Verify and try a model, and let it answer from a moment on."""
    from dropout_risk.scoring.bundles.model_switch import ModelSwitch

    made = ModelSwitch(switch).use(place, within=within, followed=followed)
    typer.echo(_USED.fill(language_of(language), model=made, within=within))


@model.command("back")
def back(switch: Switch, within: Within = 20, language: options.PrintedIn = "en") -> None:
    """Let the model before answer again; once more undoes it."""
    from dropout_risk.scoring.bundles.model_switch import ModelSwitch

    made = ModelSwitch(switch).back(within=within)
    typer.echo(_USED.fill(language_of(language), model=made, within=within))


@model.command("shadow")
def shadow(
    switch: Switch,
    place: Annotated[
        str | None, typer.Argument(help="A bundle's folder, or models:/name@alias; none ends it.")
    ] = None,
    language: options.PrintedIn = "en",
) -> None:
    """Let a challenger be asked the same as the model that answers; its answers are counted alone."""
    from dropout_risk.scoring.bundles.model_switch import ModelSwitch

    made = ModelSwitch(switch).shadow(place)
    speech = language_of(language)
    typer.echo(_NO_SHADOW.to(speech) if made is None else _SHADOW.fill(speech, model=made))


@model.command("show")
def show(switch: Switch, language: options.PrintedIn = "en") -> None:
    """Print which models the switch names."""
    from dropout_risk.scoring.bundles.model_switch import ModelSwitch

    speech, state, now = language_of(language), ModelSwitch(switch).state(), datetime.now(UTC)
    at = datetime.fromtimestamp(state.since, UTC)
    first = "next" if at > now and state.former else "champion"
    for role, named in (
        (first, [state.champion]),
        ("former", list(state.former)),
        ("challenger", [state.challenger] if state.challenger else []),
    ):
        for one in named:
            typer.echo(f"{_ROWS[role].fill(speech, at=at.isoformat(timespec='seconds'))}: {one}")
