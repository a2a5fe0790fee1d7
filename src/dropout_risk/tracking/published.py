"""What a bundle is told when it is put into use: who answers for it, since when, and what has changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dropout_risk.evaluation.card import card_page
from dropout_risk.evaluation.card_figures import card_figures
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.statement import ANSWERS_FOR, CHANGES, ModelStatement, no_changes, replace_part
from dropout_risk.evaluation.versions import changes_part
from dropout_risk.scoring.bundle import CARDS, PUBLISHED, read_bundle, write_bundle
from dropout_risk.text import LANGUAGES, Language
from dropout_risk.tracking.run_content import RunContent

METRICS = "metrics.json"
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
            RunContent(artefacts=self.cards()).write_to(place)
            client.log_artifacts(run_id, place)

    def cards(self) -> dict[str, str]:
        """Give the cards as files of a run, as Markdown and as pages with their pictures."""
        report, found = _report_in(self.files), {}
        for language in LANGUAGES:
            card = self.card(language)
            found[f"card.{language}.md"] = card
            found[f"card.{language}.html"] = card_page(card, language, card_figures(report, language))
        return found

    def card(self, language: Language) -> str:
        """Give the card in one language."""
        return self.files[CARDS[language]].decode()


def _report_in(files: Mapping[str, bytes]) -> EvaluationReport:
    return EvaluationReport.from_dict(json.loads(files[METRICS]))
