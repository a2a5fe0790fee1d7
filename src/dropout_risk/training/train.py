"""Train: from school records to an evaluated, registered risk model, in one call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.audit import Audit
from dropout_risk.evaluation.baselines import baselines
from dropout_risk.evaluation.calibration import calibration_section, judged
from dropout_risk.evaluation.card import card_page, model_card, model_cards
from dropout_risk.evaluation.charts import fairness_gaps_chart, splits_chart
from dropout_risk.evaluation.lead_time import lead_time
from dropout_risk.evaluation.leak_section import leaks_section, refuse_leaks
from dropout_risk.evaluation.learning_curve import learning_curve
from dropout_risk.evaluation.parts import Parts, held_out_of, labelled_cohort, last_label_day, make_parts
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.section import Section
from dropout_risk.evaluation.timing import FittedTiming, fit_timing, timing
from dropout_risk.features.cohort import Cohort, histories_of
from dropout_risk.features.compute import build_features, kept_features
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.selection import Selection
from dropout_risk.modelling.timing import Timing
from dropout_risk.modelling.tuning import Progress, Tuning
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.text import LANGUAGES, Text
from dropout_risk.tracking.mlflow_store import log_run, require_mlflow
from dropout_risk.tracking.run_content import RunContent, flat_settings
from dropout_risk.training.last_model import given_last_model, last_model_baseline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# --- What a training run leaves in MLflow: settings, figures, report, card, pictures, candidates ---


def run_content(
    report: EvaluationReport,
    settings: Settings,
    *,
    selection: Selection | None = None,
    bundle: Path | None = None,
) -> RunContent:
    """Gather what is logged of a run.

    Parameters
    ----------
    report : EvaluationReport
        What was measured.
    settings : Settings
        Every choice, logged flat.
    selection : Selection, optional
        The candidates; each becomes a run inside the run, each of its folds a run inside that.
    bundle : Path, optional
        The folder of the saved model.
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
        metrics=report.metrics(),
        tags={"synthetic": str(report.synthetic).lower(), "candidate": report.candidate},
        dataset={"name": "school_records", "fingerprint": hashes["data"]},
        artefacts=artefacts(report),
        bundle=bundle,
        parts=() if selection is None else _candidates(selection),
    )


def artefacts(report: EvaluationReport) -> dict[str, Any]:
    """Give the report and the card in every form, by file name: all of it made from the report alone."""
    files: dict[str, Any] = {
        "report.json": report.to_json(),
        "plots/evaluation.png": report.chart(),
        "plots/splits.png": splits_chart(report),
    }
    fairness = fairness_gaps_chart(report)
    files |= {} if fairness is None else {"plots/fairness.png": fairness}
    for language in LANGUAGES:
        card = model_card(report, language=language)
        files[f"report.{language}.md"] = report.to_markdown(language)
        files[f"card.{language}.md"] = card
        files[f"card.{language}.html"] = card_page(card, language)
    return files


def _candidates(selection: Selection) -> tuple[RunContent, ...]:
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


# --- Progress bars while training, or silence ---

Item = TypeVar("Item")


class Steps(AbstractContextManager["Steps"]):
    """The steps of one run, drawn as bars on the terminal's error stream when asked.

    Parameters
    ----------
    shown : bool
        Whether anything is drawn.

    Examples
    --------
    >>> with Steps(shown=False) as steps:
    ...     days = list(steps.each("features", ["2025-03-03", "2025-04-01"]))
    ...     with steps.one("fit"):
    ...         fitted = True
    >>> len(days), fitted
    (2, True)
    """

    def __init__(self, *, shown: bool) -> None:
        self._bars = _bars() if shown else None
        self._told: dict[str, Any] = {}

    def __enter__(self) -> Steps:
        """Start drawing."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop drawing, also after an error."""
        if self._bars is not None:
            self._bars.stop()

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Go through items, counting them."""
        listed = list(items)
        task = self._bars.add_task(name, total=len(listed)) if self._bars is not None else None
        for item in listed:
            yield item
            if self._bars is not None:
                self._bars.advance(task)

    def tell(self, name: str, done: int, total: int | None) -> None:
        """Draw how far something is that counts itself, such as tuning."""
        if self._bars is None:
            return
        if name not in self._told:
            self._told[name] = self._bars.add_task(f"tune {name}", total=total)
        self._bars.update(self._told[name], completed=done)

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Mark one step that cannot be counted."""
        task = self._bars.add_task(name, total=None) if self._bars is not None else None
        yield
        if self._bars is not None:
            self._bars.update(task, total=1, completed=1)


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


CHOICE = Text(zh="为何选用这个模型", en="Why this model")


@dataclass(frozen=True, repr=False)
class TrainingRun:
    """What training gives back.

    Parameters
    ----------
    model : RiskModel
        The very model that was evaluated; it is not refitted afterwards.
    report : EvaluationReport
        How it did on the test days, beside the baselines.
    run_id : str or None
        The MLflow run; None without tracking.
    selection : DataFrame
        The candidates beside each other.
    """

    model: RiskModel
    report: EvaluationReport
    run_id: str | None
    selection: pd.DataFrame

    def __repr__(self) -> str:
        """Name the model and the run."""
        return f"<TrainingRun {self.run_id or 'not tracked'}: {self.model!r}>"

    def frame(self) -> pd.DataFrame:
        """Give the report's figures."""
        return self.report.frame()

    def chart(self) -> Figure:
        """Draw the report."""
        return self.report.chart()

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def train(
    records: SchoolRecords,
    settings: Settings | None = None,
    *,
    catalogue: FeatureCatalogue | None = None,
    progress: bool = False,
    track: bool = True,
    last_model: RiskModel | None = None,
) -> TrainingRun:
    """Train a risk model on monthly snapshots, test it on later ones, and log the run.

    The last labelled snapshots are the test. Snapshots whose label window ended before the first test day
    train; those between are used by neither. A share of the training pupils is set aside to calibrate on.

    Parameters
    ----------
    records : SchoolRecords
        With outcomes.
    settings : Settings, optional
        Horizon, split, candidates, capacity, tracking; by default :class:`Settings`.
    catalogue : FeatureCatalogue, optional
        Which features; by default :func:`default_catalogue`, without those of tables that no school keeps.
    progress : bool, default=False
        Draw progress bars on the error stream.
    track : bool, default=True
        Log to MLflow and register a model version.
    last_model : RiskModel, optional
        Last year's model, to be measured on the same test rows; by default the bundle that
        ``settings.evaluation.last_model`` names.

    Returns
    -------
    TrainingRun
        The model, the report, the run's id, the candidates.

    Raises
    ------
    TrainingError
        If no snapshot has a known outcome, or too few pupils drop out before the test.
    LeakError
        If the rows hold what nobody knew in time, or the same pupils twice; all findings at once.
    SplitError
        If the records are too short for training and test with the label gap between them.
    BundleError
        If the former model that the settings name cannot be read; before anything is computed.
    MissingExtraError
        If ``track`` is asked for without MLflow; before anything is computed.
    """
    settings = Settings() if settings is None else settings
    if track:
        require_mlflow()
    former = given_last_model(settings) if last_model is None else last_model
    with Steps(shown=progress) as steps:
        with steps.one("histories"):
            histories = histories_of(records)
            catalogue = kept_features(histories) if catalogue is None else catalogue
            cohort = labelled_cohort(histories, settings)
        features = _features(histories, cohort, catalogue, steps)
        parts = make_parts(histories, cohort, features, settings)
        with steps.one("leaks"):
            leaks = refuse_leaks(histories, parts, catalogue, settings)
        with steps.one("fit"):
            classifier = fit(parts, catalogue, settings, progress=steps.tell)
        with steps.one("evaluate"):
            when = fit_timing(classifier, parts, histories, settings)
            split = parts.dates() | {"trained_to": _trained_to(histories, parts, settings)}
            report = evaluate(
                classifier,
                parts,
                catalogue=catalogue,
                settings=settings,
                records=records,
                split=split,
                when=when,
                last_model=former,
                sections=[leaks_section(leaks, split=parts.kind)],
            )
            model = _risk_model(classifier, parts, report, catalogue, settings, when=when.timing)
        if not track:
            return TrainingRun(model, report, None, classifier.selection_.frame())
        with steps.one("log"):
            run_id = _log(model, report, settings, classifier.selection_)
        return TrainingRun(model, report, run_id, classifier.selection_.frame())


def fit(
    parts: Parts, catalogue: FeatureCatalogue, settings: Settings, progress: Progress | None = None
) -> RiskClassifier:
    """Fit the candidates on the training rows and calibrate on the rows set aside."""
    classifier = RiskClassifier(
        model=settings.models.candidate,
        catalogue=catalogue,
        folds=settings.models.folds,
        random_state=settings.models.seed,
        candidates=settings.models.candidates,
        tuning=Tuning.of(settings.models, progress),
        leaks="ignore",  # they were refused before
    )
    aside = parts.calibration
    calibration_set = (parts.X(aside), parts.y(aside)) if len(aside) else None
    rows = parts.train
    return classifier.fit(
        parts.X(rows),
        parts.y(rows),
        groups=parts.students(rows),
        cohorts=parts.cohorts(rows),
        calibration_set=calibration_set,
    )


def evaluate(
    classifier: RiskClassifier,
    parts: Parts,
    *,
    catalogue: FeatureCatalogue,
    settings: Settings,
    records: SchoolRecords,
    split: Mapping[str, Any],
    when: FittedTiming,
    last_model: RiskModel | None = None,
    sections: Sequence[Section] = (),
) -> EvaluationReport:
    """Measure a fitted classifier on the test rows, beside the baselines."""
    histories, rows = histories_of(records), parts.test
    risks = classifier.predict_proba(parts.X(rows))[:, 1]
    held_out = held_out_of(parts, histories, risks)
    known, asked = parts.rows_for_baselines(parts.before_test), parts.rows_for_baselines(rows)
    found = [
        Section("selection", CHOICE, (classifier.selection_.explanation,)),
        *sections,
        calibration_section(judged(classifier.calibrated_model_, parts, rows, records)),
        lead_time(classifier, parts, histories, catalogue, settings),
        timing(
            when,
            classifier,
            parts,
            histories,
            settings,
            resampling=held_out.resampling(settings.evaluation.replicates),
        ),
        learning_curve(classifier, parts, held_out, settings),
        *Audit(classifier, parts, risks, catalogue, settings, records).sections(),
    ]
    return EvaluationReport.of(
        held_out,
        (*baselines(known, asked, catalogue), last_model_baseline(last_model, histories, parts)),
        model=settings.tracking.model_name,
        candidate=classifier.selection_.chosen,
        synthetic=records.synthetic,
        horizon_days=settings.outcome.horizon_days,
        events=settings.outcome.events,
        capacity_share=settings.capacity.share,
        split=split,
        counts=parts.counts(),
        hashes={"data": records.fingerprint, "catalogue": catalogue.sha},
        selection=classifier.selection_.rows(),
        sections=[section for section in found if section is not None],
        teacher_capacity=settings.watch_list.capacity,
        lowest_risk=settings.bands.watch,
        replicates=settings.evaluation.replicates,
    )


def _features(
    histories: Histories, cohort: Cohort, catalogue: FeatureCatalogue, steps: Steps
) -> pd.DataFrame:
    days = cohort.frame.groupby("as_of", sort=True).indices
    made = [
        build_features(histories, Cohort(cohort.frame.iloc[rows]), catalogue)
        for rows in steps.each("features", days.values())
    ]
    return pd.concat(made).reindex(cohort.index)


def _trained_to(histories: Histories, parts: Parts, settings: Settings) -> str:
    last = max(parts.days(parts.before_test))
    return last_label_day(histories, last, settings.outcome.horizon_days).isoformat()


def _risk_model(
    classifier: RiskClassifier,
    parts: Parts,
    report: EvaluationReport,
    catalogue: FeatureCatalogue,
    settings: Settings,
    *,
    when: Timing,
) -> RiskModel:
    return RiskModel.from_classifier(
        classifier,
        catalogue=catalogue,
        X=parts.X(parts.before_test),
        y=parts.y(parts.before_test),
        grade_levels=parts.grade_levels(parts.before_test),
        name=settings.tracking.model_name,
        trained_to=report.split["trained_to"],
        metrics=report.to_dict(),
        card=model_cards(report),
        settings=settings,
        timing=when,
        synthetic=report.synthetic,
    )


def _log(model: RiskModel, report: EvaluationReport, settings: Settings, selection: Selection) -> str:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder, "bundle")
        model.save(bundle)
        content = run_content(report, settings, selection=selection, bundle=bundle)
        return log_run(content, settings.tracking)
