"""What a training run leaves behind, as plain data: settings, figures, report, card, pictures, candidates."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropout_risk.errors import DropoutRiskError
from dropout_risk.evaluation.model_card.card import card_page, model_cards
from dropout_risk.evaluation.model_card.card_figures import card_figures
from dropout_risk.evaluation.model_card.charts import splits_chart
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.sections import pictures_of
from dropout_risk.modelling.selection import Selection
from dropout_risk.settings import Settings
from dropout_risk.text import LANGUAGES
from dropout_risk.tracking.run_dataset import RunDataset


@dataclass(frozen=True)
class RunContent:
    """Everything one training run leaves behind.

    Settings and choices are flat ``params``, figures go by names such as ``baseline/abc_rule/auc``,
    ``dataset`` describes the records, and ``description`` says in a sentence what came of it. ``artefacts``
    go by file name inside the run: text, bytes, a path, which is copied, or a figure, drawn in the format of
    its name. ``bundle`` is the folder of the saved model, which becomes the artefact ``bundle`` and a
    registered version. ``name`` is the model's version, or made up by the store; ``parts`` are runs inside
    this one: one per candidate, with one per fold.

    >>> content = RunContent(params={"seed": 0}, artefacts={"report.md": "# Report"})
    >>> [(name, data) for name, data in content.files()]
    [('report.md', b'# Report')]
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset: RunDataset | None = None
    artefacts: Mapping[str, Any] = field(default_factory=dict)
    bundle: str | Path | None = None
    name: str | None = None
    description: str | None = None
    parts: tuple[RunContent, ...] = ()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give each artefact's name inside the run and its bytes."""
        for name, content in self.artefacts.items():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise DropoutRiskError(f"Artefact {name!r} must be a name inside the run.")
            yield name, _content_bytes(name, content)

    def write_to(self, folder: str | Path) -> None:
        """Write every artefact below a folder."""
        for name, content in self.files():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _content_bytes(name: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, Path):
        return content.read_bytes()
    if isinstance(content, str):
        return content.encode()
    drawn = io.BytesIO()
    content.savefig(drawn, format=Path(name).suffix.lstrip("."))
    return drawn.getvalue()


def flat_settings(settings: Settings) -> dict[str, str]:
    """Write settings as flat parameters.

    >>> flat_settings(Settings())["outcome.horizon_days"]
    '90'
    """
    return dict(_flat_items("", settings.model_dump(mode="json")))


def _flat_items(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat_items(f"{prefix}.{key}" if prefix else key, item)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    else:
        yield prefix, str(value)


def run_content(
    report: EvaluationReport,
    settings: Settings,
    *,
    selection: Selection | None = None,
    bundle: Path | None = None,
    dataset: RunDataset | None = None,
    version: str | None = None,
) -> RunContent:
    """Gather what is logged of a run.

    Each candidate of the ``selection`` becomes a run inside the run, each of its folds a run inside that;
    ``bundle`` is the folder of the saved model, whose ``version`` is the run's name.
    """
    dates, hashes = report.split, report.hashes
    params = flat_settings(settings) | {
        "candidate": report.candidate,
        "train_from": dates["train_as_of"][0],
        "train_to": dates["train_as_of"][-1],
        "trained_to": dates["trained_to"],
        "test_from": dates["test_as_of"][0],
        "test_to": dates["test_as_of"][-1],
        "data_hash": hashes["data"],
        "catalogue_hash": hashes["catalogue"],
    }
    return RunContent(
        params=params,
        metrics={grouped_name(name): value for name, value in report.metrics().items()},
        tags={"kind": "training", "synthetic": str(report.synthetic).lower(), "candidate": report.candidate},
        dataset=dataset or RunDataset("school_records", hashes["data"]),
        name=version,
        description=Verdict.of(report).text("en"),
        artefacts=report_artefacts(report),
        bundle=bundle,
        parts=() if selection is None else _candidate_runs(selection),
    )


MAIN = (
    "auc", "average_precision", "brier", "log_loss", "calibration_slope", "base_rate",
    "precision_at_capacity", "recall_at_capacity", "lift_at_capacity", "recall_ratio_to_abc_rule",
    "lead_time.median_days", "fairness.largest_fnr_gap",
)  # fmt: skip
"""The dozen figures that MLflow's pages show first: they are in no group."""


def grouped_name(figure: str) -> str:
    """Name a figure so that MLflow's pages group it: by ``/``, all but the main ones.

    >>> grouped_name("auc"), grouped_name("auc_low"), grouped_name("baseline.abc_rule.auc")
    ('auc', 'model/auc_low', 'baseline/abc_rule/auc')
    """
    if figure in MAIN:
        return figure
    return figure.replace(".", "/") if "." in figure else f"model/{figure}"


def report_artefacts(report: EvaluationReport, cards: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give the report and the card in every form, by file name: all of it made from the report alone.

    ``cards`` are those of a bundle, which may say who answers for it.
    """
    pictures = {"evaluation": report.chart(), "splits": splits_chart(report)} | pictures_of(report)
    files: dict[str, Any] = {"report.json": report.to_json()}
    files |= {f"plots/{name}.png": picture for name, picture in pictures.items()}
    files |= {f"report.{language}.md": report.to_markdown(language) for language in LANGUAGES}
    return files | card_artefacts(report, cards or model_cards(report))


def card_artefacts(report: EvaluationReport, cards: Mapping[str, str]) -> dict[str, str]:
    """Give cards, by language, as files of a run: as Markdown and as pages with their pictures."""
    files: dict[str, str] = {}
    for language in LANGUAGES:
        card = cards[language]
        files[f"card.{language}.md"] = card
        files[f"card.{language}.html"] = card_page(card, language, card_figures(report, language))
    return files


def _candidate_runs(selection: Selection) -> tuple[RunContent, ...]:
    table = selection.frame().set_index("candidate")
    return tuple(
        RunContent(
            name=name,
            params={"candidate": name, "chosen": name == selection.chosen},
            metrics={
                key: float(value)
                for key, value in table.loc[name].items()
                if isinstance(value, float) and key != "chosen"
            },
            parts=tuple(
                RunContent(
                    name=f"{name}, fold {fold}", params={"fold": fold}, metrics={"log_loss": float(loss)}
                )
                for fold, loss in enumerate(losses)
            ),
        )
        for name, losses in selection.losses.items()
    )
