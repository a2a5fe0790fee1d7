"""Runs and model versions in MLflow: the only module that imports it.

Nothing is pickled: the model is our own bundle, kept as the run's artefact ``bundle`` and registered as a
version by its place. Loading gives back a folder for our own loader.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import math
import os
import re
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from dropout_risk.errors import BundleError, EvaluationError, MissingExtraError, PublishingError
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.scoring.bundle import read_bundle
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.open_store import (
    LONGEST_NAME,
    check_experiment,
    check_names,
    check_room,
    in_haste,
    make_tables,
    store_errors,
    store_lock,
)
from dropout_risk.tracking.run_content import RunContent

# --- What the report inside a bundle says about publishing it, and whether an override is a reason ---

METRICS = "metrics.json"
FEWEST_WORDS, FEWEST_CHARACTERS = 4, 8
CHARACTER = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
WORD = re.compile(r"[^\W\d_]{2,}")


def verdict_of(bundle: Path) -> Verdict:
    """Judge the report that a bundle carries, after its manifest has vouched for every file.

    BundleError if a file was changed after it was saved, PublishingError if there is no report of this
    version.
    """
    files, _ = read_bundle(bundle)
    try:
        return Verdict.of(EvaluationReport.from_dict(json.loads(files[METRICS])))
    except (ValueError, KeyError, TypeError, EvaluationError) as error:
        raise PublishingError(
            "The version carries no evaluation report of this library's version.", hint="train it again"
        ) from error


def is_a_reason(override: str) -> bool:
    """Say whether an override has four different words, or eight different Chinese characters.

    >>> is_a_reason("The board decided so."), is_a_reason("县教育局三月三日决定试用")
    (True, True)
    >>> is_a_reason("asdfghjk"), is_a_reason("no no no no")
    (False, False)
    """
    characters = set(CHARACTER.findall(override))
    words = set(WORD.findall(CHARACTER.sub(" ", override.lower())))
    return len(words) >= FEWEST_WORDS or len(characters) >= FEWEST_CHARACTERS


BUNDLE = "bundle"
CHAMPION, CHALLENGER = "champion", "challenger"
OVERRIDE = "override"
PARENT = "mlflow.parentRunId"
MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
PARAMS_AT_ONCE, METRICS_AT_ONCE, DIGEST_LENGTH = 100, 500, 32


def log_run(content: RunContent, settings: TrackingSettings) -> str:
    """Log a run with the runs inside it and, where it holds a bundle, register a new model version.

    Every new version gets the alias ``challenger``; only
    :func:`dropout_risk.tracking.published.publish_version` makes one the champion. A
    store that is absent is created. Gives the run's id; MissingExtraError if MLflow is not installed.
    """
    with client_of(settings, create=True) as client, store_errors(settings), store_lock(settings):
        return _log_run(client, _experiment_id(client, settings), content, settings.model_name, None)


def prepare_store(settings: TrackingSettings) -> None:
    """Ask MLflow before a training for all that it could refuse after it; a store that is absent is made.

    Raises
    ------
    MissingExtraError
        If MLflow is not installed.
    TrackingError
        If it could not log the run: a name it does not take, a deleted experiment, a store that cannot be
        reached or belongs to another version, a place that cannot be written to or has no room.
    """
    require_mlflow()
    check_names(settings)
    check_room(settings, settings.artifacts)
    with in_haste(), client_of(settings, create=True) as client, store_errors(settings):
        with store_lock(settings):
            number = _experiment_id(client, settings)
        check_room(settings, str(client.get_experiment(number).artifact_location))


def _log_run(client: Any, experiment: str, content: RunContent, model: str, parent: str | None) -> str:
    tags = dict(content.tags) | ({} if parent is None else {PARENT: parent})
    run_id = str(client.create_run(experiment, tags=tags, run_name=content.name).info.run_id)
    try:
        _log_content(client, run_id, content)
        for part in content.parts:
            _log_run(client, experiment, part, model, run_id)
        if content.bundle is not None:
            client.log_artifacts(run_id, str(content.bundle), BUNDLE)
            _register_version(client, run_id, model, content)
    except BaseException:
        client.set_terminated(run_id, status="FAILED")
        raise
    client.set_terminated(run_id)
    return run_id


def load_bundle_path(uri_or_alias: str, settings: TrackingSettings) -> Path:
    """Find the bundle folder of a registered version, for our own loader.

    ``uri_or_alias`` is ``models:/name@alias``, ``models:/name/version``, or an alias of
    ``settings.model_name``. The folder is local; a remote store's bundle is copied into a temporary one.
    BundleError if there is no such version, or its folder is gone; PublishingError if the champion is asked
    for, and the alias was set on a version whose report does not allow it and that carries no reason for an
    override.
    """
    name, alias, version = _parse_uri(uri_or_alias, settings.model_name)
    with client_of(settings) as client:
        if alias is not None:
            version_there = find_version(client.get_model_version_by_alias, name, alias)
        else:
            version_there = find_version(client.get_model_version, name, version)
        folder = local_bundle(client, str(version_there.source))
    if not folder.is_dir():
        raise BundleError(
            f"The bundle of {name} version {version_there.version} is not where the store says it is."
        )
    if alias == CHAMPION:
        _require_published(folder, version_there)
    return folder


def _require_published(folder: Path, version: Any) -> None:
    """Refuse a champion that was made one past the publishing gate."""
    if is_a_reason(version.tags.get(OVERRIDE, "")):
        return
    verdict = verdict_of(folder)
    if not verdict.may_be_published:
        raise PublishingError(
            f"Version {version.version} is champion without having been published. {verdict.text('en')}",
            hint="dropout-risk publish makes a version the champion, if need be with a stated reason",
        )


def require_mlflow() -> None:
    """Say at once, by MissingExtraError and not after an hour of training, that MLflow is not installed."""
    try:
        installed = importlib.util.find_spec("mlflow") is not None
    except ValueError:
        installed = False
    if not installed:
        raise MissingExtraError("Tracking needs MLflow.", hint="install dropout-risk[train]")


@contextlib.contextmanager
def client_of(settings: TrackingSettings, *, create: bool = False) -> Iterator[Any]:
    """Open the store, without a word on the error stream; who only reads does not ``create`` it.

    BundleError if there is no store and none is to be made.
    """
    require_mlflow()
    if not create:
        _require_store(settings.uri)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings(action="ignore"):  # deprecations of MLflow's own libraries
        from mlflow import MlflowClient

        with _no_notes():
            if create:
                make_tables(settings)
            with store_errors(settings):
                client = MlflowClient(tracking_uri=settings.uri, registry_uri=settings.uri)
            yield client


def _require_store(uri: str) -> None:
    place = uri.removeprefix("sqlite:///")
    if place != uri and not Path(place).is_file():
        raise BundleError(
            f"There is no store at {place}.",
            hint="training makes it; give --settings, or change to the folder where the training ran",
        )


def _experiment_id(client: Any, settings: TrackingSettings) -> str:
    found = client.get_experiment_by_name(settings.experiment)
    if found is not None:
        check_experiment(found)
        return str(found.experiment_id)
    place = settings.artifacts
    if not urlsplit(place).scheme:
        folder = Path(place).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        place = folder.as_uri()
    return str(client.create_experiment(settings.experiment, artifact_location=place))


def _log_content(client: Any, run_id: str, content: RunContent) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(key_of(name), str(value)) for name, value in content.params.items()]
    metrics = [
        Metric(key_of(name), float(value), now, 0)
        for name, value in content.metrics.items()
        if math.isfinite(value)
    ]
    for start in range(0, len(params), PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + PARAMS_AT_ONCE])
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_AT_ONCE])
    _log_dataset(client, run_id, content)
    with tempfile.TemporaryDirectory() as folder:
        content.write_to(folder)
        client.log_artifacts(run_id, folder)


def key_of(name: str) -> str:
    """Write the name of a parameter or figure with the letters that MLflow takes.

    >>> key_of("leaks.allowed.score (%)")
    'leaks.allowed.score ___'
    """
    return re.sub(r"[^\w.\- :]|^\.+", "_", name)[:LONGEST_NAME]


def _log_dataset(client: Any, run_id: str, content: RunContent) -> None:
    if not content.dataset:
        return
    from mlflow.entities import Dataset, DatasetInput

    fingerprint = content.dataset["fingerprint"]
    dataset = Dataset(
        name=content.dataset["name"],
        digest=fingerprint.removeprefix("sha256:")[:DIGEST_LENGTH],
        source_type="school_records",
        source=fingerprint,
    )
    client.log_inputs(run_id, [DatasetInput(dataset=dataset, tags=[])])


def _register_version(client: Any, run_id: str, name: str, content: RunContent) -> None:
    from mlflow.exceptions import MlflowException

    with contextlib.suppress(MlflowException):  # it is there
        client.create_registered_model(name)
    made = client.create_model_version(
        name, source=f"runs:/{run_id}/{BUNDLE}", run_id=run_id, tags=dict(content.tags)
    )
    client.set_registered_model_alias(name, CHALLENGER, str(made.version))


def _parse_uri(uri_or_alias: str, name: str) -> tuple[str, str | None, str | None]:
    if ":" not in uri_or_alias and "/" not in uri_or_alias:
        return name, uri_or_alias, None
    matched = MODEL_URI.fullmatch(uri_or_alias)
    if matched is None:
        raise BundleError(f"{uri_or_alias!r} names no registered model.", hint="write models:/name@champion")
    return matched["name"], matched["alias"], matched["version"]


def find_version(look_up: Any, name: str, which: str | None) -> Any:
    """Look a version up by number or alias; BundleError if there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return look_up(name, which)
    except MlflowException as error:
        hint = "training registers a challenger; dropout-risk publish makes a version the champion"
        raise BundleError(f"The store has no model {name!r} under {which!r}.", hint=hint) from error


def local_bundle(client: Any, source: str) -> Path:
    """Find the folder of a version's source on this machine; a remote one is copied to it."""
    parts = urlsplit(source)
    if parts.scheme != "runs":
        return _path_of_uri(source)
    run_id, _, place = parts.path.lstrip("/").partition("/")
    root = str(client.get_run(run_id).info.artifact_uri)
    if urlsplit(root).scheme in ("", "file"):
        return _path_of_uri(root) / place
    return Path(client.download_artifacts(run_id, place))


def _path_of_uri(place: str) -> Path:
    parts = urlsplit(place)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path(place)


@contextlib.contextmanager
def _no_notes() -> Iterator[None]:
    """Keep MLflow's notes on its work from the reader; its import sets the levels, so it comes first."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# --- What was logged, read back: the report of a run, and two runs beside each other ---

REPORT = "report.json"
MAIN = (
    "auc", "average_precision", "brier", "log_loss", "calibration_slope", "calibration_intercept",
    "base_rate", "mean_risk", "precision_at_capacity", "recall_at_capacity", "lift_at_capacity",
    "recall_ratio_to_abc_rule", "baselines.auc_within_schools", "baseline.abc_rule.auc",
    "baseline.last_mark.auc", "capacity.teacher_recall", "lead_time.median_days", "timing.integrated_brier",
    "timing.concordance", "fairness.largest_fnr_gap", "stability.kept", "leaks.found",
)  # fmt: skip
"""Figures that two runs are compared by unless every one is asked for."""


def report_of_run(run_id: str, settings: TrackingSettings) -> EvaluationReport:
    """Rebuild the evaluation report from what the run holds, and from nothing else.

    BundleError if there is no such run, or it holds no report.
    """
    from mlflow.exceptions import MlflowException

    with client_of(settings) as client, tempfile.TemporaryDirectory() as folder:
        _find_run(client, run_id)
        try:
            place = Path(client.download_artifacts(run_id, REPORT, folder))
            data = json.loads(place.read_text(encoding="utf-8"))
        except (MlflowException, OSError) as error:
            raise BundleError(
                f"Run {run_id} holds no {REPORT}.", hint="a training run does; its candidates' runs do not"
            ) from error
    return EvaluationReport.from_dict(data)


def compare_runs(first: str, second: str, settings: TrackingSettings, *, every: bool = False) -> pd.DataFrame:
    """Put two runs side by side: their main figures, or ``every`` one, and every setting that differs.

    Rows by ``kind`` (``data``, ``setting`` or ``figure``) and ``name``; columns ``first``, ``second`` and,
    for figures, ``difference`` (second less first). Runs on different data say so in the first row.
    """
    with client_of(settings) as client:
        runs = [_find_run(client, run_id) for run_id in (first, second)]
    rows: list[tuple[Any, ...]] = [("data", "fingerprint", *(_data_fingerprint(run) for run in runs), None)]
    one, two = (run.data.params for run in runs)
    rows += [
        ("setting", name, one.get(name), two.get(name), None)
        for name in sorted({*one, *two})
        if one.get(name) != two.get(name)
    ]
    one, two = (run.data.metrics for run in runs)
    rows += [
        ("figure", name, one.get(name), two.get(name), _difference_or_none(one.get(name), two.get(name)))
        for name in sorted({*one, *two}, key=_main_first)
        if every or name in MAIN
    ]
    columns = ["kind", "name", "first", "second", "difference"]
    return pd.DataFrame(rows, columns=columns).set_index(["kind", "name"])


def _find_run(client: Any, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        raise BundleError(
            f"The store has no run {run_id!r}.", hint="ids are printed by training and listed by MLflow"
        ) from error


def _data_fingerprint(run: Any) -> str | None:
    inputs = run.inputs.dataset_inputs
    return str(inputs[0].dataset.source) if inputs else None


def _main_first(name: str) -> tuple[int, str]:
    """Order the main figures as they are listed, and before all others."""
    return (MAIN.index(name) if name in MAIN else len(MAIN)), name


def _difference_or_none(one: float | None, two: float | None) -> float | None:
    return None if one is None or two is None else two - one
