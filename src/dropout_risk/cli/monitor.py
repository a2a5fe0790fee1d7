"""``dropout-risk monitor``: the monthly check of a model against what has become of the pupils."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.text import Text, language_of

_LOGGED = Text(
    zh="新记录{runs}次运行；这个模型已有{months}个月的记录，斜率：{slopes}",
    en="{runs} new run(s) logged; {months} month(s) of this model are on record, slopes: {slopes}",
)


def monitor(
    folder: options.Folder,
    model: options.Model,
    as_of: Annotated[
        list[str] | None,
        typer.Option("--as-of", help="Days to look at (by default each month from the training's end on)."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The figures of all months, as JSON.")] = None,
    settings: options.SettingsFile = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    outcomes_to: Annotated[
        str | None, typer.Option(help="The last day whose outcomes are all recorded, YYYY-MM-DD.")
    ] = None,
    track: Annotated[bool, typer.Option(help="Log each month to MLflow.")] = True,
    allow_synthetic: options.AllowSynthetic = False,
    language: options.Speech = None,
) -> None:
    """Hold the scores of past months against their outcomes: slope, shift, drift, and what to do."""
    from dropout_risk.files import write_whole
    from dropout_risk.monitoring.matured import check_matured

    loaded = options.load_model(model, allow_synthetic=allow_synthetic)
    records = options.read_records(folder, mapping, quarantine, outcomes_to=outcomes_to)
    days: list[dt.date] | None = [date_of(ordinal_of(day)) for day in as_of] if as_of else None
    report = check_matured(loaded, records, days)
    speech = language_of(language or loaded.settings.language)
    typer.echo(report.to_text(speech))
    if out is not None:
        written = json.loads(report.frame().to_json(orient="records"))
        write_whole(out, json.dumps(written, ensure_ascii=False, indent=1))
    if track:
        from dropout_risk.tracking.monitor_runs import log_matured, matured_history

        tracking = (options.read_settings(settings) if settings else loaded.settings).tracking
        runs = log_matured(report, tracking)
        history = matured_history(tracking, report.version)
        slopes = history["slope"].dropna() if "slope" in history else []
        told = ", ".join(f"{slope:.2f}" for slope in slopes) or "–"
        typer.echo(_LOGGED.fill(speech, runs=len(runs), months=len(history), slopes=told))
