"""What a bundle is told when it is put into use: who answers for it, since when, and what has changed."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dropout_risk.errors import BundleError, PublishingError
from dropout_risk.evaluation.model_card.statement import (
    ANSWERS_FOR,
    CHANGES,
    ModelStatement,
    no_changes,
    replace_part,
)
from dropout_risk.evaluation.model_card.versions import changes_part
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.scoring.bundles.bundle import CARDS, PUBLISHED, read_bundle, write_bundle
from dropout_risk.settings import TrackingSettings
from dropout_risk.text import LANGUAGES
from dropout_risk.tracking.mlflow_store import (
    BUNDLE,
    CHALLENGER,
    CHAMPION,
    FEWEST_CHARACTERS,
    FEWEST_WORDS,
    METRICS,
    OVERRIDE,
    client_of,
    find_version,
    is_a_reason,
    load_bundle_path,
    local_bundle,
    verdict_of,
)
from dropout_risk.tracking.run_content import RunContent, card_artefacts

_WRITTEN_ANEW = ("format", "files", "sha256")


@dataclass(frozen=True)
class PublishedBundle:
    """The files of a bundle that is put into use, and what is kept of its manifest."""

    files: dict[str, bytes]
    about: dict[str, Any]

    @classmethod
    def of(
        cls,
        bundle: Path,
        statement: ModelStatement,
        former: Path | None,
        kept: Mapping[str, str],
        names: tuple[str, str],
    ) -> PublishedBundle:
        """Write statement and changes into the cards of a bundle; ``kept`` is the record of its publishing.

        ``former`` is the bundle of the version in use until now, ``names`` are what both are called.
        """
        files, manifest = read_bundle(bundle)
        report, before = _report_in(files), None
        if former is not None:
            before = _report_in(read_bundle(former)[0])
        for language in LANGUAGES:
            card = files.get(CARDS[language], b"").decode()
            changes = no_changes(language)
            if before is not None:
                changes = changes_part(before, report, names, language)
            card = replace_part(card, ANSWERS_FOR.to(language), statement.to_markdown(language, kept))
            files[CARDS[language]] = replace_part(card, CHANGES.to(language), changes).encode()
        said = {"statement": statement.model_dump(mode="json", exclude_none=True)}
        files[PUBLISHED] = json.dumps(dict(kept) | said, ensure_ascii=False, indent=1).encode()
        return cls(files, {key: value for key, value in manifest.items() if key not in _WRITTEN_ANEW})

    def store(self, client: Any, run_id: str, folder: Path, name: str) -> None:
        """Put it in the place of the bundle that it was made of, and its cards beside it into the run."""
        write_bundle(folder, self.files, self.about)
        root = str(client.get_run(run_id).info.artifact_uri)
        if urlsplit(root).scheme not in ("", "file"):
            client.log_artifacts(run_id, str(folder), name)
        with tempfile.TemporaryDirectory() as place:
            RunContent(artefacts=card_artefacts(_report_in(self.files), self.cards())).write_to(place)
            client.log_artifacts(run_id, place)

    def cards(self) -> dict[str, str]:
        """Give the cards by language."""
        return {language: self.files[CARDS[language]].decode() for language in LANGUAGES}


def _report_in(files: Mapping[str, bytes]) -> EvaluationReport:
    return EvaluationReport.from_dict(json.loads(files[METRICS]))


# --- Making a registered model the champion: only with a report that allows it, or with a stated reason ---


def publish_version(
    version: int | str,
    settings: TrackingSettings,
    *,
    override: str | None = None,
    statement: ModelStatement | None = None,
) -> str | None:
    """Make a registered version the champion if its report allows it, and give the champion before it.

    The ``statement`` says who answers for it; it goes into the version's card, with what has changed since
    the champion before.

    An ``override`` is why it is published all the same, in a sentence of at least four different words (or
    eight different Chinese characters). It is kept with the version, together with every reason against it,
    the day and the user name of whoever published it. BundleError if there is no such version, or its bundle
    was changed after it was saved; PublishingError, with all that stands against it, if a required check is
    missing or not passed and no reason is given, or if the model was trained on simulated pupils, whatever
    the reason.
    """
    name, wanted = settings.model_name, str(version)
    folder = load_bundle_path(f"models:/{name}/{wanted}", settings)
    verdict = verdict_of(folder)
    _require_verdict(verdict, override)
    with client_of(settings) as client:
        find_version(client.get_model_version, name, wanted)
        aliases = client.get_registered_model(name).aliases
        record = _publishing_record(verdict, override)
        _write_statement(client, settings, wanted, statement or ModelStatement(), record)
        for key, value in record.items():
            client.set_model_version_tag(name, wanted, key, value)
        client.set_registered_model_alias(name, CHAMPION, wanted)
        if str(aliases.get(CHALLENGER)) == wanted:
            client.delete_registered_model_alias(name, CHALLENGER)
        before = aliases.get(CHAMPION)
    return None if before is None else str(before)


def _write_statement(
    client: Any, settings: TrackingSettings, version: str, statement: ModelStatement, record: dict[str, str]
) -> None:
    """Write into the version's bundle, and beside it, who answers for it and what has changed."""
    name, told = settings.model_name, client.get_model_version(settings.model_name, version)
    former = client.get_registered_model(name).aliases.get(CHAMPION)
    before = None if former in (None, version) else client.get_model_version(name, former)
    old = None if before is None else _readable_folder(client, str(before.source))
    kept = {key: value for key, value in record.items() if key in ("published_on", OVERRIDE)}
    folder = local_bundle(client, str(told.source))
    published = PublishedBundle.of(folder, statement, old, kept, (f"{name} {former}", f"{name} {version}"))
    published.store(client, told.run_id, folder, BUNDLE)


def _readable_folder(client: Any, source: str) -> Path | None:
    """Find a bundle's folder; None where its report cannot be read, which must not keep a new one out."""
    try:
        verdict_of(folder := local_bundle(client, source))
    except (BundleError, PublishingError, OSError):
        return None
    return folder


def _require_verdict(verdict: Verdict, override: str | None) -> None:
    if verdict.synthetic:
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


def _publishing_record(verdict: Verdict, override: str | None) -> dict[str, str]:
    """Give what is kept with the version."""
    record = {
        "published_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "published_by": _user_name(),
        "verdict": verdict.text("en"),
    }
    return record if override is None else record | {OVERRIDE: override.strip()}


def _user_name() -> str:
    """Give the name of the account that publishes; a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
