"""``dropout-risk serve``: the service on a bundle, under uvicorn."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import MissingExtraError, SettingsError
from dropout_risk.text import language_of

ROOT = Path(__file__).resolve().parents[3]


def serve(
    model: options.Model,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than the loopback one needs --access.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer; each holds the model.")] = 1,
    store: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Histories for the pages of reviewers at /review."),
    ] = None,
    role: Annotated[str | None, typer.Option(help="For whom these pages are: class_teacher, ...")] = None,
    school: options.School = None,
    grade: options.Grade = None,
    class_id: options.ClassId = None,
    responsible: options.Responsible = None,
    language: options.Speech = None,
    book: Annotated[
        str | None, typer.Option(help="The case book, for the pages of the working day at /desk.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(exists=True, help="The file of keys for the book's notes.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(exists=True, help="Who may do what; read again when it changes.")
    ] = None,
    secret: Annotated[
        Path | None, typer.Option(exists=True, help="At least 32 bytes that sign links and forms of /desk.")
    ] = None,
    access: Annotated[
        Path | None, typer.Option(exists=True, help="TOML: how readers are known, and where looks are kept.")
    ] = None,
    switch: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="The folder of `dropout-risk model`, which changes the model."),
    ] = None,
    follow: Annotated[
        bool, typer.Option(help="Follow the alias that --model names, by the switch, when it moves.")
    ] = False,
    day: Annotated[
        str | None, typer.Option(help="The day that /desk takes for today, for demonstrations.")
    ] = None,
    allow_synthetic: options.AllowSynthetic = False,
) -> None:
    """Serve a bundle: /score, /score_features, /model, /catalogue, and pages at /review and /desk."""
    from dropout_risk.scoring.bundles.bundle import find_bundle
    from dropout_risk.scoring.risk_model import RiskModel

    if follow and switch is None:
        raise SettingsError("--follow moves a switch, and there is none.", hint="give --switch DIR")
    folder = find_bundle(model)
    RiskModel.load(folder)
    words = serve_command(host, port, workers)
    pages = {
        "DROPOUT_RISK_STORE": None if store is None else str(store.resolve()),
        "DROPOUT_RISK_ROLE": role,
        "DROPOUT_RISK_SCHOOL": school,
        "DROPOUT_RISK_GRADE": None if grade is None else str(grade),
        "DROPOUT_RISK_CLASS": class_id,
        "DROPOUT_RISK_RESPONSIBLE": responsible,
        "DROPOUT_RISK_LANGUAGE": None if language is None else language_of(language),
        "DROPOUT_RISK_BOOK": None if book is None else absolute_address(book),
        "DROPOUT_RISK_DAY": day,
        "DROPOUT_RISK_ALLOW_SYNTHETIC": "1" if allow_synthetic else None,
        "DROPOUT_RISK_SWITCH": None if switch is None else str(switch.resolve()),
        "DROPOUT_RISK_FOLLOW": str(model) if follow else None,
        **{
            f"DROPOUT_RISK_{name}": None if path is None else str(path.resolve())
            for name, path in (
                ("KEYS", keys),
                ("PEOPLE", people),
                ("DESK_SECRET", secret),
                ("ACCESS", access),
            )
        },
    }
    given = {name: value for name, value in pages.items() if value is not None}
    os.execve(words[0], words, serve_environment(folder) | given)  # noqa: S606 - a signal reaches the service itself


def absolute_address(book: str) -> str:
    """Give the address of a book that lies in a file for a service that starts elsewhere.

    >>> absolute_address("sqlite:////srv/casebook.db"), absolute_address("postgresql://db/book")
    ('sqlite:////srv/casebook.db', 'postgresql://db/book')
    """
    kind, _, path = book.partition(":///")
    return f"sqlite:///{Path(path).resolve()}" if kind == "sqlite" and path else book


def desk_link(
    person: Annotated[str, typer.Argument(help="Who comes in by it, as the file of people names it.")],
    secret: Annotated[Path, typer.Option(exists=True, help="The secret that the service was started with.")],
    url: Annotated[str, typer.Option(help="Where people reach the service.")] = "http://127.0.0.1:3000",
) -> None:
    """Print a link by which one person comes to /desk within a day, and stays signed in for twelve hours."""
    from dropout_risk.desk.session_keys import SessionKeys

    link = SessionKeys.load(secret).link_for(person)
    typer.echo(f"{url.rstrip('/')}/desk/enter?token={link}")


def serve_command(host: str, port: int, workers: int = 1) -> list[str]:
    """Give the command that starts the service; it lies in ``serving/``, beside the library."""
    if not (ROOT / "serving" / "run.py").exists():
        raise MissingExtraError(
            "The folder serving/ is not beside the library.", hint="serve from a checkout of the project"
        )
    where = ["--host", host, "--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "serving.run", *where]


def serve_environment(folder: Path) -> dict[str, str]:
    """Give the environment of the service: where it lies, which bundle it loads, and no telemetry."""
    found = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own = {"PYTHONPATH": found, "DROPOUT_RISK_MODEL": str(folder.resolve()), "BENTOML_DO_NOT_TRACK": "True"}
    return os.environ | own
