"""A run of the store: begun when the work begins, filled and ended when it is done, failed when it fails."""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dropout_risk.errors import DropoutRiskError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import BUNDLE, CHALLENGER, client_of
from dropout_risk.tracking.open_store import (
    LONGEST_NAME,
    check_experiment,
    check_names,
    check_room,
    in_haste,
    store_errors,
    store_lock,
)
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.tracking_store import TrackingStore

PARENT, DESCRIPTION, FAILURE = "mlflow.parentRunId", "mlflow.note.content", "failure"
PARAMS_AT_ONCE, METRICS_AT_ONCE = 100, 500


@dataclass(frozen=True)
class OpenRun:
    """A run that was begun and is not ended yet: its id, and the store that it is in."""

    store: TrackingStore
    run_id: str

    @classmethod
    @contextlib.contextmanager
    def begun(cls, settings: TrackingSettings | TrackingStore) -> Iterator[OpenRun]:
        """Begin a run that ends as failed, with the error's words, should the work inside fail.

        It goes into the active run of MLflow, if there is one in this store. A new version gets the alias
        ``challenger``; only :func:`dropout_risk.tracking.published.publish_version` makes one the champion.
        A store that is absent is created. MissingExtraError if MLflow is not installed.
        """
        store = TrackingStore.of_settings(settings)
        with _written_to(store) as client:
            experiment = experiment_of(client, store)
            run = cls(store, _begin_run(client, experiment, store.parent, None))
        try:
            yield run
        except BaseException as error:
            run._fail(error)
            raise

    def log(self, content: RunContent) -> str:
        """Log everything, register a version where there is a bundle, and end the run; give its id."""
        with _written_to(self.store) as client:
            if content.name is not None:
                client.update_run(self.run_id, name=content.name)
            _fill_run(client, self.run_id, content, self.store.model_name)
        return self.run_id

    def _fail(self, error: BaseException) -> None:
        """Mark the run, saying why where the words are this library's own: they hold no pupil's value."""
        why = str(error) if isinstance(error, DropoutRiskError) else type(error).__name__
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        with contextlib.suppress(Exception), client_of(self.store) as client:
            client.set_tag(self.run_id, FAILURE, why)
            client.set_terminated(self.run_id, status=status)


def log_run(content: RunContent, settings: TrackingSettings) -> str:
    """Log a run at once, with the runs inside it and, where it holds a bundle, a new version; give its id."""
    with OpenRun.begun(settings) as run:
        return run.log(content)


def prepare_store(settings: TrackingSettings) -> TrackingStore:
    """Ask MLflow before a training for all that it could refuse after it; a store that is absent is made.

    Raises
    ------
    MissingExtraError
        If MLflow is not installed.
    TrackingError
        If it could not log the run: a name it does not take, a deleted experiment, a store that cannot be
        reached or belongs to another version, a place that cannot be written to or has no room.
    """
    store = TrackingStore.of_settings(settings)
    check_names(store)
    check_room(store, store.artifacts)
    with in_haste(), client_of(store, create=True) as client, store_errors(store):
        with store_lock(store):
            number = experiment_of(client, store)
        check_room(store, str(client.get_experiment(number).artifact_location))
    return replace(store, experiment_id=number)


@contextlib.contextmanager
def _written_to(store: TrackingStore) -> Iterator[Any]:
    with client_of(store, create=True) as client, store_errors(store), store_lock(store):
        yield client


def _begin_run(client: Any, experiment: str, parent: str | None, name: str | None) -> str:
    from mlflow.tracking.context.registry import resolve_tags

    tags = resolve_tags() | ({} if parent is None else {PARENT: parent})
    return str(client.create_run(experiment, tags=tags, run_name=name).info.run_id)


def _fill_run(client: Any, run_id: str, content: RunContent, model: str) -> None:
    _log_content(client, run_id, content)
    experiment = client.get_run(run_id).info.experiment_id
    for part in content.parts:
        inside = _begin_run(client, experiment, run_id, part.name)
        try:
            _fill_run(client, inside, part, model)
        except BaseException:
            client.set_terminated(inside, status="FAILED")
            raise
    if content.bundle is not None:
        client.log_artifacts(run_id, str(content.bundle), BUNDLE)
        _record_model(client, run_id, Path(content.bundle))
        _register_version(client, run_id, model, content)
    client.set_terminated(run_id)


def experiment_of(client: Any, store: TrackingStore) -> str:
    """Give the id of a store's experiment, which is made where there is none of the name."""
    found = (
        client.get_experiment_by_name(store.experiment)
        if store.experiment_id is None
        else client.get_experiment(store.experiment_id)
    )
    if found is not None:
        check_experiment(found)
        return str(found.experiment_id)
    place = store.artifacts
    if place is not None and not urlsplit(place).scheme:
        folder = Path(place).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        place = folder.as_uri()
    return str(client.create_experiment(store.experiment, artifact_location=place))


def _log_content(client: Any, run_id: str, content: RunContent) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    tags = dict(content.tags) | ({} if content.description is None else {DESCRIPTION: content.description})
    params = [Param(key_of(name), str(value)) for name, value in content.params.items()]
    metrics = [
        Metric(_grouped_key(name), float(value), now, 0)
        for name, value in content.metrics.items()
        if math.isfinite(value)
    ]
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    for start in range(0, len(params), PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + PARAMS_AT_ONCE])
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_AT_ONCE])
    if content.dataset is not None:
        client.log_inputs(run_id, [content.dataset.to_input()])
    with tempfile.TemporaryDirectory() as folder:
        content.write_to(folder)
        client.log_artifacts(run_id, folder)


def key_of(name: str) -> str:
    """Write the name of a parameter or figure with the letters that MLflow takes.

    >>> key_of("leaks.allowed.score (%)")
    'leaks.allowed.score ___'
    """
    return re.sub(r"[^\w.\- :]|^\.+", "_", name)[:LONGEST_NAME]


def _grouped_key(name: str) -> str:
    """Write the name of a figure, whose groups end with ``/``."""
    return "/".join(key_of(part) or "_" for part in name.split("/"))


def _record_model(client: Any, run_id: str, bundle: Path) -> None:
    """Tell the store's pages that the run made a model."""
    from mlflow.models import Model
    from mlflow.models.model import MLMODEL_FILE_NAME

    if (bundle / MLMODEL_FILE_NAME).is_file():
        made = Model.load(str(bundle))
        made.artifact_path, made.run_id = BUNDLE, run_id
        client._record_logged_model(run_id, made)


def _register_version(client: Any, run_id: str, name: str, content: RunContent) -> None:
    from mlflow.exceptions import MlflowException

    with contextlib.suppress(MlflowException):  # it is there
        client.create_registered_model(name)
    made = client.create_model_version(
        name,
        source=f"runs:/{run_id}/{BUNDLE}",
        run_id=run_id,
        tags=dict(content.tags),
        description=content.description,
    )
    client.set_registered_model_alias(name, CHALLENGER, str(made.version))
