"""Opening an MLflow store: asked before a training for all that it could refuse after one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dropout_risk.errors import DropoutRiskError, TrackingError
from dropout_risk.histories.store import hold_lock
from dropout_risk.tracking.tracking_store import TrackingStore, database_file

FREE_BYTES = 200 << 20
"""What must be free where runs and their files go: some times what a training leaves."""
WAIT_SECONDS = 300.0
HASTE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""How long a server is waited for before a training; afterwards MLflow's own patience holds."""
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
FORBIDDEN = "/:@'\"%"
LONGEST_NAME = 250


def check_names(store: TrackingStore) -> None:
    """Check the names of experiment and model before anything else.

    Raises
    ------
    TrackingError
        If MLflow, or the way a version is asked for (``models:/name@alias``), cannot take one.

    Examples
    --------
    >>> check_names(TrackingStore("sqlite:///x.db", "sqlite:///x.db", None, "dropout_risk", "county/2025"))
    Traceback (most recent call last):
    ...
    dropout_risk.errors.TrackingError: [DR508] MLflow cannot take the name 'county/2025'
    of tracking.model_name.
    Hint: use letters, digits, spaces, '_', '-' and '.', at most 250 of them
    """
    for where, name, forbidden in (
        ("model_name", store.model_name, FORBIDDEN),
        ("experiment", store.experiment, ""),
    ):
        is_path = name.strip() != name or name in (".", "..")
        if is_path or len(name) > LONGEST_NAME or any(letter in forbidden for letter in name):
            raise TrackingError(
                f"MLflow cannot take the name {name!r} of tracking.{where}.",
                hint=f"use letters, digits, spaces, '_', '-' and '.', at most {LONGEST_NAME} of them",
            )


@contextlib.contextmanager
def store_lock(store: TrackingStore) -> Iterator[None]:
    """Hold what stands for a database: one process makes its tables or writes a run, the others wait."""
    if urlsplit(store.uri).scheme in ("http", "https", "file", "databricks", ""):
        yield
        return
    place = database_file(store.uri)
    if place is None:
        digest = hashlib.sha256(store.uri.encode()).hexdigest()[:16]
        place = Path(tempfile.gettempdir(), f"dropout_risk-{digest}")
    else:
        _make_folder(place.parent, "tracking.uri")
    with hold_lock(place.parent, WAIT_SECONDS, f"{place.name}.lock"):
        yield


def make_store_tables(store: TrackingStore) -> None:
    """Open the store once, which makes the tables of a new one, while no other process does.

    Raises
    ------
    TrackingError
        If it cannot be reached or is none.
    """
    from mlflow.tracking._model_registry import utils as registry
    from mlflow.tracking._tracking_service import utils as tracking

    makers: tuple[Any, ...] = (tracking._get_store, registry._get_store)
    with store_errors(store), store_lock(store):
        for make, uri in zip(makers, (store.uri, store.registry), strict=True):
            _ask_database(uri)
            make(uri)


def _ask_database(uri: str) -> None:
    """Ask a database once whether it answers: MLflow asks ten times, for a minute and a half."""
    if urlsplit(uri).scheme.partition("+")[0] in DATABASES:
        import sqlalchemy as sa
        from mlflow.store.db import utils

        make_engine: Any = utils.create_sqlalchemy_engine
        engine = make_engine(uri)
        try:
            sa.inspect(engine)
        finally:
            engine.dispose()


@contextlib.contextmanager
def store_errors(store: TrackingStore, hint: str = "") -> Iterator[None]:
    """Turn what MLflow and its database raise into an error of this library.

    Raises
    ------
    TrackingError
        With the first line of what was said.
    """
    try:
        yield
    except (DropoutRiskError, FileNotFoundError):
        raise
    except Exception as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise TrackingError(
            f"The MLflow store {_without_password(store.uri)} cannot be used: {said}",
            hint=hint or _way_out(said),
        ) from error


def check_experiment(experiment: Any) -> None:
    """Check that an experiment takes runs.

    Raises
    ------
    TrackingError
        If it was deleted.
    """
    if experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"The MLflow experiment {experiment.name!r} was deleted, so the store takes no runs for it.",
            hint=f"mlflow experiments restore --experiment-id {experiment.experiment_id}, "
            "or name another one: tracking.experiment",
        )


def check_room(store: TrackingStore, artifacts: str | None) -> None:
    """Check that the places of runs and of their files can be written to, and have room.

    Raises
    ------
    TrackingError
        If one cannot.
    """
    database = database_file(store.uri)
    if database is not None:
        _check_folder(database.parent, "tracking.uri")
        if database.exists() and not os.access(database, os.W_OK):
            raise TrackingError(
                f"The MLflow store {database} may not be written to.",
                hint="change its rights, or tracking.uri",
            )
    if artifacts is None:
        return
    folder = local_folder(artifacts)
    if folder is not None:
        _check_folder(folder, "tracking.artifacts")
        return
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with store_errors(store, "change tracking.artifacts, or install what MLflow needs for such a place"):
        get_artifact_repository(artifacts, tracking_uri=store.uri).list_artifacts()


def local_folder(place: str) -> Path | None:
    """Give the folder of a place on this machine; None for any other."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(place).absolute()


@contextlib.contextmanager
def in_haste() -> Iterator[None]:
    """Wait for a server for seconds instead of minutes."""
    before = {name: os.environ.get(name) for name in HASTE}
    os.environ.update({name: value for name, value in HASTE.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def _check_folder(folder: Path, where: str) -> None:
    _make_folder(folder, where)
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        raise _folder_error(folder, where, error) from error
    if free < FREE_BYTES:
        raise TrackingError(
            f"The disk of {folder} has {free >> 20} MB left, a training run needs {FREE_BYTES >> 20} MB.",
            hint=f"make room, or change {where}",
        )


def _make_folder(folder: Path, where: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _folder_error(folder, where, error) from error


def _folder_error(folder: Path, where: str, error: OSError) -> TrackingError:
    return TrackingError(
        f"The MLflow store cannot write to {folder}: {error.strerror or error}.", hint=f"change {where}"
    )


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return uri.replace(f":{parts.password}@", ":...@", 1)


def _way_out(said: str) -> str:
    if "out-of-date" in said or "upgrade" in said:
        return "another version of MLflow made it: mlflow db upgrade URI, or another tracking.uri"
    return "see that it runs and that tracking.uri names it, or train without it: track=False, --no-track"
