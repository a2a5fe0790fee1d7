"""``dropout-risk score`` and ``dropout-risk watchlist``."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.cli.options import progress_bar, show_working
from dropout_risk.errors import SettingsError
from dropout_risk.text import COLON, Language, Text

if TYPE_CHECKING:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.population import Progress
    from dropout_risk.scoring.readers.roles import Role
    from dropout_risk.scoring.risk_model import RiskModel
    from dropout_risk.scoring.scores import Scores
    from dropout_risk.watchlist.watch_list import WatchList


OLD_DAYS = 7
QUESTIONS_SHOWN = 10
FILES = (".csv", ".parquet", ".json")
_SCORED = Text(
    zh="已评估{scored}人，暂不评估{left}人：{out}", en="{scored} pupils scored, {left} could not be: {out}"
)
_QUESTIONS = Text(
    zh="关于考勤登记的问题共{number}个，详见各页。",
    en="{number} questions about registers: see the pages.",
)
_OLD = Text(
    zh="最近一条记录是{latest}，比{as_of}早{days}天：此后发生的事不在名单内。",
    en="The latest record is of {latest}, {days} days before {as_of}: what happened since is on no list.",
)


def score(
    model: options.Model,
    as_of: options.AsOf,
    out: Annotated[
        Path,
        typer.Option(
            help="A .csv or .parquet file: one row per pupil, the highest risk first. A folder: Parquet "
            "files by school with all reasons and contributions; a stopped run goes on where it stopped. "
            "None of these holds results of psychological tests. A .json file: the complete reply of the "
            "endpoint, with those results unless --role says otherwise."
        ),
    ],
    complete: Annotated[
        bool, typer.Option("--complete", help="Write results of psychological tests too (a folder only).")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option(help="Fold what this role may not see: parent, class_teacher, … (.json only)."),
    ] = None,
    folder: options.FolderOrStore = None,
    store: options.Store = None,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.Speech = None,
    allow_synthetic: options.AllowSynthetic = False,
) -> None:
    """Score everyone at school on a date."""
    if out.suffix not in (*FILES, "") and not out.is_dir():
        raise SettingsError(
            f"Scores cannot be written as {out.suffix!r}.",
            hint=f"allowed: {', '.join(FILES)}, or a folder without a suffix",
        )
    if complete and out.suffix in FILES:
        raise SettingsError(
            "--complete is for a folder.", hint="a .json is always complete, a .csv or a .parquet never"
        )
    if role is not None and out.suffix != ".json":
        raise SettingsError(
            "--role is for a .json file.",
            hint="tables and folders are written as a class teacher may read them",
        )
    from dropout_risk.features.cohort import histories_of
    from dropout_risk.scoring.readers.roles import role_named, roles_of

    risk_model = options.load_model(model, allow_synthetic=allow_synthetic)
    reader = None if role is None else role_named(role, roles_of(risk_model.settings))
    speech = options.spoken_language(language, risk_model)
    source = options.read_source(folder, store, mapping, quarantine, speech)
    with show_working("packing"):
        histories = histories_of(source)
    with progress_bar("scoring") as progress:
        scored, left = _score_to_file(
            risk_model, histories, as_of, out, speech, complete=complete, reader=reader, progress=progress
        )
    typer.echo(_SCORED.fill(speech, scored=scored, left=left, out=out))


def _score_to_file(
    model: RiskModel,
    histories: Histories,
    as_of: str,
    out: Path,
    language: Language,
    *,
    complete: bool,
    reader: Role | None,
    progress: Progress | None,
) -> tuple[int, int]:
    """Write scores in the form that the name asks for; count who was scored and who was not."""
    if out.suffix == ".json":
        scores = model.score(histories, as_of, language=language, progress=progress)
        write_reply(scores if reader is None else model.redact(scores, reader), out)
        return len(scores), len(scores.errors)
    if out.suffix in FILES:
        from dropout_risk.watchlist.scores_table import ScoresTable

        table = ScoresTable.of(model, histories, as_of, language=language, progress=progress)
        table.write(out)
        return len(table), table.left
    from dropout_risk.scoring.bundles.scores_folder import score_to

    about = score_to(model, histories, as_of, out, language=language, complete=complete, progress=progress)
    counts = json.loads(about.read_text(encoding="utf-8"))
    return counts["scored"], counts["pupils"] - counts["scored"] + len(histories.set_apart)


def write_reply(scores: Scores, out: Path) -> None:
    """Write the endpoint's complete reply to a file, there whole or not at all, for its owner only."""
    from dropout_risk.files import write_whole

    write_whole(out, json.dumps(scores.to_dict(), ensure_ascii=False, allow_nan=False))


def watchlist(
    model: options.Model,
    as_of: options.AsOf,
    out: Annotated[
        Path, typer.Option(help="Folder for the pages, the CSV and the state for the next morning.")
    ],
    folder: options.FolderOrStore = None,
    store: options.Store = None,
    capacity: Annotated[
        int | None, typer.Option(min=1, help="Pupils one teacher can see (by default the settings').")
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            help="For whom pages, lists and files are made: class_teacher, principal, counsellor, … "
            "None of them holds what this role may not read."
        ),
    ] = "class_teacher",
    school: options.School = None,
    grade: options.Grade = None,
    class_id: options.ClassId = None,
    responsible: options.Responsible = None,
    by_reader: Annotated[
        bool,
        typer.Option("--by-reader", help="A folder for each responsible person, with her own pupils only."),
    ] = False,
    mapping: options.Mapping = None,
    quarantine: options.Quarantine = None,
    language: options.Speech = None,
    allow_synthetic: options.AllowSynthetic = False,
) -> None:
    """Write the morning's watch list: whom to see first, why, since when, and what help fits."""
    options.seek_cycles_rarely()
    from dropout_risk.pages.reader_folders import last_state, write_morning, write_reader_folders
    from dropout_risk.pages.review import Review, reader_of_pages
    from dropout_risk.records.directory import Directory
    from dropout_risk.scoring.readers.scope import Scope, check_scope

    scope = Scope.named(school, grade, class_id, responsible)
    risk_model = options.load_model(model, allow_synthetic=allow_synthetic)
    reader = reader_of_pages(role, risk_model.settings)
    speech = options.spoken_language(language, risk_model)
    source = options.read_source(folder, store, mapping, quarantine, speech)
    _warn_of_old_records(source, as_of, speech)
    settings = risk_model.settings.watch_list
    if capacity is not None:
        settings = settings.model_copy(update={"capacity": capacity})
    with show_working("features and scores"):
        review = Review.of(
            risk_model,
            source,
            as_of,
            language=speech,
            role=reader,
            settings=settings,
            directory=None if store is None else Directory.load(store),
            previous=None if by_reader else last_state(out),
        )
    if not scope.is_everybody:
        check_scope(scope, review.histories, as_of)
        review = review.within(scope)
    for question in review.watch_list.registers[:QUESTIONS_SHOWN]:
        typer.secho(question.text, fg="yellow")
    if len(review.watch_list.registers) > QUESTIONS_SHOWN:
        told = _QUESTIONS.fill(speech, number=len(review.watch_list.registers))
        typer.secho(told, fg="yellow")
    written = write_reader_folders(review, out) if by_reader else write_morning(review, out)
    typer.echo(f"{summary_line(review.watch_list)}{COLON.to(speech)}{written}")


def _warn_of_old_records(source: SchoolRecords | Histories, as_of: str, language: Language) -> None:
    """Say how old the latest record is, where a list made from it is no morning's list any more."""
    from dropout_risk.records.days.calendar import date_of, ordinal_of

    held = source.observed_to
    latest = held if isinstance(held, dt.date) else date_of(int(held.max(initial=1)))
    days = (date_of(ordinal_of(as_of)) - latest).days
    if days > OLD_DAYS:
        typer.secho(_OLD.fill(language, latest=latest, days=days, as_of=as_of), fg="yellow")


def summary_line(morning: WatchList) -> str:
    """Say where everybody of the cohort is."""
    from dropout_risk.watchlist.wording import SUMMARY

    return SUMMARY.fill(morning.language, **morning.counts())
