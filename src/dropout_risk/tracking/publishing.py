"""Making a registered model the champion: only with a report that allows it, or with a stated reason."""

from __future__ import annotations

import datetime as dt
import getpass

from dropout_risk.errors import PublishingError
from dropout_risk.evaluation.publishing import SYNTHETIC, Verdict
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import (
    CHALLENGER,
    CHAMPION,
    OVERRIDE,
    client_of,
    load_bundle_path,
    registered,
)
from dropout_risk.tracking.verdicts import FEWEST_CHARACTERS, FEWEST_WORDS, is_a_reason, verdict_of


def publish(version: int | str, settings: TrackingSettings, *, override: str | None = None) -> str | None:
    """Make a registered version the champion, if its report allows it.

    Parameters
    ----------
    version : int or str
        The version's number.
    settings : TrackingSettings
        The store and the model's name.
    override : str, optional
        Why it is published all the same, in a sentence of at least four different words (or eight different
        Chinese characters). It is kept with the version, together with every reason against it, the day
        and the user name of whoever published it.

    Returns
    -------
    str or None
        The version that was champion before, to go back to.

    Raises
    ------
    BundleError
        If there is no such version, or its bundle was changed after it was saved.
    PublishingError
        If a required check is missing or not passed and no reason is given, with all of them named; or if
        the model was trained on simulated pupils, whatever the reason.
    """
    name, wanted = settings.model_name, str(version)
    folder = load_bundle_path(f"models:/{name}/{wanted}", settings)
    verdict = verdict_of(folder)
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


def _require(verdict: Verdict, override: str | None) -> None:
    if SYNTHETIC in verdict.refusals:
        raise PublishingError(
            "The model was trained on simulated pupils: it must not be published, whatever the reason.",
            hint="train on records of real pupils",
        )
    if verdict.may_be_published and override is None:
        return
    if override is None:
        raise PublishingError(
            verdict.text("en"),
            hint="mend what failed and train again, or publish with a stated reason (override): it is kept",
        )
    if not is_a_reason(override):
        raise PublishingError(
            f"The reason for an override has fewer than {FEWEST_WORDS} words (of Chinese, "
            f"{FEWEST_CHARACTERS} characters); the same one again does not count.",
            hint="say who decided it and why, in a sentence",
        )


def _record(verdict: Verdict, override: str | None) -> dict[str, str]:
    """Give what is kept with the version."""
    record = {
        "published_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "published_by": _user(),
        "verdict": verdict.text("en"),
    }
    return record if override is None else record | {OVERRIDE: override.strip()}


def _user() -> str:
    """Give the name of the account that publishes; a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
