"""Making a registered model the champion: only with a report that allows it, or with a stated reason."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from dropout_risk.errors import EvaluationError, PublishingError
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import (
    CHALLENGER,
    CHAMPION,
    client_of,
    load_bundle_path,
    registered,
)

METRICS = "metrics.json"
FEWEST_WORDS = 4


def publish(version: int | str, settings: TrackingSettings, *, override: str | None = None) -> str | None:
    """Make a registered version the champion, if its report allows it.

    Parameters
    ----------
    version : int or str
        The version's number.
    settings : TrackingSettings
        The store and the model's name.
    override : str, optional
        Why it is published all the same, in a sentence of at least four words (or eight Chinese
        characters). It is kept with the version, together with every reason against it and the day.

    Returns
    -------
    str or None
        The version that was champion before, to go back to.

    Raises
    ------
    BundleError
        If there is no such version.
    PublishingError
        If a required check is missing or not passed and no reason is given, with all of them named.
    """
    name, wanted = settings.model_name, str(version)
    folder = load_bundle_path(f"models:/{name}/{wanted}", settings)
    verdict = _verdict(folder)
    _require(verdict, override)
    with client_of(settings) as client:
        registered(client.get_model_version, name, wanted)
        aliases = client.get_registered_model(name).aliases
        for key, value in _record(verdict, override).items():
            client.set_model_version_tag(name, wanted, key, value)
        client.set_registered_model_alias(name, CHAMPION, wanted)
        if str(aliases.get(CHALLENGER)) == wanted:
            client.delete_registered_model_alias(name, CHALLENGER)
        before = aliases.get(CHAMPION)
    return None if before is None else str(before)


def _verdict(bundle: Path) -> Verdict:
    """Judge the report that the bundle carries."""
    try:
        metrics: dict[str, Any] = json.loads((bundle / METRICS).read_text(encoding="utf-8"))
        return Verdict.of(EvaluationReport.from_dict(metrics))
    except (OSError, ValueError, KeyError, TypeError, EvaluationError) as error:
        raise PublishingError(
            "The version carries no evaluation report of this library's version.", hint="train it again"
        ) from error


def _require(verdict: Verdict, override: str | None) -> None:
    if verdict.may_be_published and override is None:
        return
    if override is None:
        raise PublishingError(
            verdict.text("en"),
            hint="mend what failed and train again, or publish with a stated reason (override): it is kept",
        )
    if len(override.split()) < FEWEST_WORDS and len(override.strip()) < 2 * FEWEST_WORDS:
        raise PublishingError(
            f"The reason for an override has fewer than {FEWEST_WORDS} words.",
            hint="say who decided it and why, in a sentence",
        )


def _record(verdict: Verdict, override: str | None) -> dict[str, str]:
    """Give what is kept with the version."""
    record = {"published_on": dt.datetime.now(dt.UTC).date().isoformat(), "verdict": verdict.text("en")}
    return record if override is None else record | {"override": override.strip()}
