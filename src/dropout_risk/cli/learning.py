"""``dropout-risk casebook feedback``, ``learned``, ``trial`` and ``end-trial``: what a book teaches."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.acting import require_schools_right
from dropout_risk.cli.options import DEFAULT_BOOK, BookAddress, open_book
from dropout_risk.errors import TrialError
from dropout_risk.text import Text, language_of

_LOGGED = Text(
    zh="{answers}条反馈，涉及{versions}个模型版本；新记录{runs}次运行",
    en="{answers} answers on {versions} version(s) of the model; {runs} new run(s) logged",
)
_DECLARED = Text(zh="已声明试点“{name}”，校验值{digest}", en="Declared the trial {name!r}: {digest}")
_ENDED = Text(zh="已提前终止试点“{name}”，校验值{digest}", en="Ended the trial {name!r}: {digest}")
_Settings = Annotated[
    Path | None, typer.Option("--settings", exists=True, dir_okay=False, help="A TOML file.")
]


def feedback(
    book: BookAddress = DEFAULT_BOOK, settings: _Settings = None, language: options.Speech = None
) -> None:
    """Count what people said of each reason, and log it to MLflow by version of the model."""
    from dropout_risk.casebook.lessons.feedback import feedback_counts, feedback_frame
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

    from dropout_risk.casebook.lessons.learning import casebook_report
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
    """Declare a trial before it begins; it is kept as it is.

    By somebody who may hand over the plan of every pupil of its schools, by the people of the last morning.
    """
    from dropout_risk.casebook.lessons.trial import Trial, declare_trial

    try:
        data = tomllib.loads(declaration.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrialError(
            f"{declaration.name} is not TOML in UTF-8.", hint="see the how-to on learning"
        ) from error
    told = Trial.from_dict(data)
    opened = open_book(book, None, create=False)
    require_schools_right(opened, by, told.schools, dt.date.today())
    digest = declare_trial(opened, told, by=by)
    typer.echo(_DECLARED.fill(language_of(language or "zh"), name=told.name, digest=digest))


def end_trial(
    name: Annotated[str, typer.Argument(help="Its name.")],
    by: Annotated[str, typer.Option("--by", help="Who ends it.")],
    why: Annotated[str, typer.Option("--why", help="A sentence, kept with it.")],
    book: BookAddress = DEFAULT_BOOK,
    language: options.Speech = None,
) -> None:
    """End a trial early: from today on nothing is drawn, and what was declared and assigned stays.

    By somebody who might declare it.
    """
    from dropout_risk.casebook.lessons import trial as trials

    opened, today = open_book(book, None, create=False), dt.date.today()
    schools = {each.name: each.schools for each in trials.declared_trials(opened)}
    require_schools_right(opened, by, schools.get(name, ()), today)
    digest = trials.end_trial(opened, name, by=by, why=why, today=today)
    typer.echo(_ENDED.fill(language_of(language or "zh"), name=name, digest=digest))
