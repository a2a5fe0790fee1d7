"""``dropout-risk score`` and ``dropout-risk watchlist``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import SettingsError

if TYPE_CHECKING:
    from dropout_risk.scoring.scores import Scores
    from dropout_risk.watchlist.watch_list import WatchList

STATE = "state.json"


def score(
    folder: options.Folder,
    model: options.Model,
    as_of: options.AsOf,
    out: Annotated[
        Path,
        typer.Option(
            help="A .csv or .parquet file: one row per pupil, without results of psychological tests. "
            "A .json file: the complete reply of the endpoint, with all reasons and those results."
        ),
    ],
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.Speech = None,
) -> None:
    """Score everyone at school on a date."""
    if out.suffix not in (".csv", ".parquet", ".json"):
        raise SettingsError(
            f"Scores cannot be written as {out.suffix!r}.", hint="allowed: .csv, .parquet, .json"
        )
    risk_model = options.load_model(model)
    records = options.read_records(folder, mapping, quarantine)
    scores = risk_model.score(records, as_of, language=language)  # type: ignore[arg-type]
    write_scores(scores, out)
    typer.echo(f"{len(scores)} pupils scored, {len(scores.errors)} could not be: {out}")


def write_scores(scores: Scores, out: Path) -> None:
    """Write scores to a file that is there complete or not at all, readable by its owner only.

    A ``.json`` file is the endpoint's complete reply; the tables leave out results of psychological tests.
    """
    from dropout_risk.watchlist.files import write_whole
    from dropout_risk.watchlist.table import guarded, told_frame

    if out.suffix == ".json":
        write_whole(out, json.dumps(scores.to_dict(), ensure_ascii=False, allow_nan=False))
    elif out.suffix == ".parquet":
        write_whole(out, told_frame(scores).to_parquet())
    else:
        write_whole(out, told_frame(scores).map(guarded).to_csv(index=False), encoding="utf-8-sig")


def watchlist(
    folder: options.Folder,
    model: options.Model,
    as_of: options.AsOf,
    out: Annotated[
        Path, typer.Option(help="Folder for the pages, the CSV and the state for the next morning.")
    ],
    capacity: Annotated[
        int | None, typer.Option(min=1, help="Pupils one teacher can see (by default the settings').")
    ] = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.Speech = None,
) -> None:
    """Write the morning's watch list: whom to see first, why, since when, and what help fits."""
    from dropout_risk.watchlist.watch_list import WatchList

    risk_model = options.load_model(model)
    records = options.read_records(folder, mapping, quarantine)
    scores = risk_model.score(records, as_of, language=language)  # type: ignore[arg-type]
    settings = risk_model.settings.watch_list
    if capacity is not None:
        settings = settings.model_copy(update={"capacity": capacity})
    state = out / STATE
    previous = WatchList.load_state(state) if state.exists() else None
    morning = WatchList.of(scores, settings=settings, previous=previous)
    typer.echo(f"{summary(morning)}: {write_morning(morning, out)}")


def write_morning(morning: WatchList, out: Path) -> Path:
    """Write a watch list as pages and CSV, and its state for the next morning; give the first page."""
    from dropout_risk.pages.watch_list_page import write_pages

    morning.to_csv(out / "watch-list.csv")
    index = write_pages(morning, out, morning.language)
    morning.save_state(out / STATE)
    return index


def summary(morning: WatchList) -> str:
    """Say where everybody of the cohort is."""
    counts = morning.counts()
    return (
        f"{counts['cohort']} pupils: {counts['listed']} listed ({counts['with_alert']} of them by an alert), "
        f"{counts['below_line']} below the line, {counts['not_scored']} could not be scored"
    )
