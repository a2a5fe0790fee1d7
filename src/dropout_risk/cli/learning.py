"""``dropout-risk casebook feedback``, ``learned`` and ``trial``: what a case book teaches."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.options import DEFAULT_BOOK, BookAddress, open_book
from dropout_risk.errors import TrialError
from dropout_risk.text import Text, language_of

_LOGGED = Text(
    zh="{answers}条反馈，涉及{versions}个模型版本；新记录{runs}次运行",
    en="{answers} answers on {versions} version(s) of the model; {runs} new run(s) logged",
)
_DECLARED = Text(zh="已声明试点“{name}”，校验值{digest}", en="Declared the trial {name!r}: {digest}")
_Settings = Annotated[
    Path | None, typer.Option("--settings", exists=True, dir_okay=False, help="A TOML file.")
]


def feedback(
    book: BookAddress = DEFAULT_BOOK, settings: _Settings = None, language: options.Speech = None
) -> None:
    """Count what people said of each reason, and log it to MLflow by version of the model."""
    from dropout_risk.casebook.feedback import feedback_counts, feedback_frame
    from dropout_risk.tracking.feedback_runs import log_feedback

    read = options.read_settings(settings)
    counts = feedback_counts(feedback_frame(open_book(book, None, create=False)))
    runs = log_feedback(counts, read.tracking)
    told = {"answers": int(counts["answers"].sum()), "versions": counts["run"].nunique(), "runs": len(runs)}
    typer.echo(_LOGGED.fill(language_of(language or read.language), **told))


def learned(
    book: BookAddress = DEFAULT_BOOK,
    leavers: Annotated[
        Path | None,
        typer.Option(
            "--leavers", exists=True, dir_okay=False, help="Who left: a CSV of student_id and date."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="All tables, as JSON.")] = None,
    settings: _Settings = None,
    language: options.Speech = None,
) -> None:
    """Report how soon somebody came, who was reached before leaving, who came back, and what it took."""
    import pandas as pd

    from dropout_risk.casebook.learning import casebook_report
    from dropout_risk.files import write_whole

    read = options.read_settings(settings)
    gone = None if leavers is None else pd.read_csv(leavers, dtype=str)
    if gone is not None and "event" in gone:
        gone = gone[gone["event"].isin(read.outcome.events)]
    report = casebook_report(open_book(book, None, read.cases, create=False), leavers=gone)
    if out is not None:
        write_whole(out, json.dumps(report.to_dict(), ensure_ascii=False, indent=1))
    typer.echo(report.text(language_of(language or read.language)))


def trial(
    declaration: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML file.")],
    by: Annotated[str, typer.Option("--by", help="Who declares it.")],
    book: BookAddress = DEFAULT_BOOK,
    language: options.Speech = None,
) -> None:
    """Declare a trial before it begins; it is kept as it is."""
    from dropout_risk.casebook.trial import Trial, declare_trial

    try:
        data = tomllib.loads(declaration.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrialError(
            f"{declaration.name} is not TOML in UTF-8.", hint="see the how-to on learning"
        ) from error
    told = Trial.from_dict(data)
    digest = declare_trial(open_book(book, None, create=False), told, by=by)
    typer.echo(_DECLARED.fill(language_of(language or "zh"), name=told.name, digest=digest))
