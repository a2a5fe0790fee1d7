"""``dropout-risk serve``: the service on a bundle, under uvicorn."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dropout_risk.cli import options
from dropout_risk.errors import MissingExtraError
from dropout_risk.text import language_of

ROOT = Path(__file__).resolve().parents[3]


def serve(
    model: options.Model,
    host: Annotated[
        str, typer.Option(help="Address to listen on; keep a proxy with authentication before it.")
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
) -> None:
    """Serve a bundle: POST /score, POST /score_features, GET /model, GET /catalogue, and pages at /review."""
    from dropout_risk.scoring.risk_model import RiskModel

    folder = options.bundle_folder(model)
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
    }
    given = {name: value for name, value in pages.items() if value is not None}
    os.execve(words[0], words, serve_environment(folder) | given)  # noqa: S606 - a signal reaches the service itself


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
