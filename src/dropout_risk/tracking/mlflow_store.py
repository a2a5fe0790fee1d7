"""Model versions in MLflow, and what was logged, read back.

Nothing is pickled: the model is our own bundle, kept as the run's artefact ``bundle`` and registered as a
version by its place. Loading gives back a folder for our own loader.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from dropout_risk.errors import BundleError, EvaluationError, PublishingError
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.scoring.bundles.bundle import read_bundle
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.open_store import make_store_tables, store_errors
from dropout_risk.tracking.run_content import MAIN, grouped_name
from dropout_risk.tracking.run_dataset import fingerprint_of
from dropout_risk.tracking.tracking_store import TrackingStore, quiet_mlflow

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
MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def load_bundle_path(uri_or_alias: str, settings: TrackingSettings | None = None) -> Path:
    """Find the bundle folder of a registered version, for our own loader.

    ``uri_or_alias`` is ``models:/name@alias``, ``models:/name/version``, or an alias of
    ``settings.model_name``. The folder is local; a remote store's bundle is copied into a temporary one.
    BundleError if there is no such version, or its folder is gone; PublishingError if the champion is asked
    for, and the alias was set on a version whose report does not allow it and that carries no reason for an
    override.
    """
    settings = TrackingSettings() if settings is None else settings
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


@contextlib.contextmanager
def client_of(settings: TrackingSettings | TrackingStore, *, create: bool = False) -> Iterator[Any]:
    """Open the store, without a word on the error stream; who only reads does not ``create`` it.

    BundleError if there is no store and none is to be made.
    """
    store = TrackingStore.of_settings(settings)
    if not create:
        _require_store(store.uri)
    with quiet_mlflow() as mlflow, no_notes():
        if create:
            make_store_tables(store)
        with store_errors(store):
            client = mlflow.MlflowClient(tracking_uri=store.uri, registry_uri=store.registry)
        yield client


def _require_store(uri: str) -> None:
    place = uri.removeprefix("sqlite:///")
    if place != uri and not Path(place).is_file():
        raise BundleError(
            f"There is no store at {place}.",
            hint="training makes it; give --settings, or change to the folder where the training ran",
        )


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
def no_notes() -> Iterator[None]:
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
COMPARED = tuple(
    grouped_name(name)
    for name in (
        *MAIN, "calibration_intercept", "mean_risk", "baselines.auc_within_schools", "baseline.abc_rule.auc",
        "baseline.last_mark.auc", "capacity.teacher_recall", "timing.integrated_brier", "timing.concordance",
        "stability.kept", "leaks.found",
    )
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
    rows: list[tuple[Any, ...]] = [("data", "fingerprint", *(fingerprint_of(run) for run in runs), None)]
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
        if every or name in COMPARED
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


def _main_first(name: str) -> tuple[int, str]:
    """Order the main figures as they are listed, and before all others."""
    return (COMPARED.index(name) if name in COMPARED else len(COMPARED)), name


def _difference_or_none(one: float | None, two: float | None) -> float | None:
    return None if one is None or two is None else two - one
