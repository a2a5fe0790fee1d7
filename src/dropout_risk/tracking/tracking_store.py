"""Which store, experiment and parent a run gets: those of the settings, else those of MLflow's user."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dropout_risk.errors import MissingExtraError
from dropout_risk.settings import TrackingSettings

EXPERIMENT, ARTIFACTS = "dropout_risk", "mlartifacts"
SQLITE = "sqlite:///"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True)
class TrackingStore:
    """Where runs and versions go.

    Parameters
    ----------
    uri, registry : str
        The store of runs, and that of model versions.
    artifacts : str or None
        Where a new experiment keeps the files of its runs; None where the store decides.
    experiment : str
        The experiment's name.
    model_name : str
        Under which name versions are registered.
    experiment_id : str or None
        The experiment that ``mlflow.set_experiment``, an active run or the environment has chosen: it goes
        before the name.
    parent : str or None
        The active run, inside which a new run goes.
    """

    uri: str
    registry: str
    artifacts: str | None
    experiment: str
    model_name: str
    experiment_id: str | None = None
    parent: str | None = None

    @classmethod
    def of_settings(cls, settings: TrackingSettings | TrackingStore) -> TrackingStore:
        """Fill what the settings leave open with what MLflow's user has chosen; MissingExtraError without it.

        That is ``mlflow.set_tracking_uri``, ``set_registry_uri``, ``set_experiment``, an active run and the
        environment variables behind them. Experiment and active run count only in their own store.
        """
        if isinstance(settings, TrackingStore):
            return settings
        with quiet_mlflow() as mlflow:
            chosen, registry = str(mlflow.get_tracking_uri()), str(mlflow.get_registry_uri())
            uri = settings.uri or chosen
            experiment, run = (None, None) if uri != chosen else _chosen_in(mlflow)
        name = settings.experiment
        return cls(
            uri=uri,
            registry=settings.uri or registry,
            artifacts=settings.artifacts or _artifacts_beside(uri),
            experiment=name or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT,
            model_name=settings.model_name,
            experiment_id=experiment if name is None else None,
            parent=run if name is None else None,
        )


def _chosen_in(mlflow: Any) -> tuple[str | None, str | None]:
    """Give the ids of the experiment and of the run that are active."""
    run = mlflow.active_run()
    if run is not None:
        return str(run.info.experiment_id), str(run.info.run_id)
    return mlflow.tracking.fluent._active_experiment_id or os.environ.get("MLFLOW_EXPERIMENT_ID"), None


def _artifacts_beside(uri: str) -> str | None:
    """Give a folder beside a database, which holds no files itself; None where the store keeps them."""
    if urlsplit(uri).scheme in ("", "http", "https", "file") or uri.startswith("databricks"):
        return None
    place = database_file(uri)
    return ARTIFACTS if place is None else str(place.parent / ARTIFACTS)


def database_file(uri: str) -> Path | None:
    """Give the file of an SQLite store."""
    return Path(uri.removeprefix(SQLITE)).absolute() if uri.startswith(SQLITE) else None


def require_mlflow() -> None:
    """Say at once, by MissingExtraError and not after an hour of training, that MLflow is not installed."""
    try:
        installed = importlib.util.find_spec("mlflow") is not None
    except ValueError:
        installed = False
    if not installed:
        raise MissingExtraError("Tracking needs MLflow.", hint='pip install "dropout-risk[train]"')


@contextlib.contextmanager
def quiet_mlflow() -> Iterator[Any]:
    """Import MLflow without telemetry, and keep the deprecations of its own libraries from the reader."""
    require_mlflow()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings(action="ignore"):
        import mlflow

        yield mlflow
