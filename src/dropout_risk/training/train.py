"""Train: from school records to an evaluated, registered risk model, in one call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.baselines import baselines
from dropout_risk.evaluation.calibration import calibration_section
from dropout_risk.evaluation.card import model_cards
from dropout_risk.evaluation.leaks import leaks_section
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.section import Section
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.features.source import histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.selection import Selection
from dropout_risk.modelling.timing import Timing
from dropout_risk.modelling.tuning import Progress, Tuning
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.text import Text
from dropout_risk.tracking.mlflow_store import log_run, require_mlflow
from dropout_risk.training.audit import Audit
from dropout_risk.training.content import run_content
from dropout_risk.training.held_out import held_out_of
from dropout_risk.training.judged import judged
from dropout_risk.training.last_model import given_last_model, last_model_baseline
from dropout_risk.training.leaks import refuse_leaks
from dropout_risk.training.learning_curve import learning_curve
from dropout_risk.training.mornings import lead_time
from dropout_risk.training.parts import Parts, make_parts
from dropout_risk.training.progress import Steps
from dropout_risk.training.snapshots import labelled_cohort, last_label_day
from dropout_risk.training.timing import FittedTiming, fit_timing, timing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        Which features; by default :func:`default_catalogue`.
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
    catalogue = default_catalogue() if catalogue is None else catalogue
    if track:
        require_mlflow()
    former = given_last_model(settings) if last_model is None else last_model
    with Steps(shown=progress) as steps:
        with steps.one("histories"):
            histories = histories_of(records)
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
