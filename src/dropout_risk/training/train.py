"""Train: from school records to an evaluated, registered risk model, in one call."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import DropoutRiskError, SettingsError, UnloggedRunError, require_kind
from dropout_risk.evaluation.baselines import Baseline, fit_baselines, last_model
from dropout_risk.evaluation.missingness import refuse_missing, refuse_refused
from dropout_risk.evaluation.model_card.card import model_cards
from dropout_risk.evaluation.parts import Parts, labelled_cohort, last_label_day, make_parts
from dropout_risk.evaluation.questions.leak_section import refuse_leaks
from dropout_risk.evaluation.questions.timing import fit_timing
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.features.cohort import READ_FIRST, Cohort, check_outcome, histories_of
from dropout_risk.features.compute import CHOOSE, build_features, kept_features
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.selection import Selection
from dropout_risk.modelling.tuning import Progress
from dropout_risk.progress import drawn_elsewhere
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.text import Text, iso_date_words
from dropout_risk.tracking.open_run import OpenRun, prepare_store
from dropout_risk.tracking.open_store import local_folder
from dropout_risk.tracking.run_content import run_content
from dropout_risk.tracking.run_dataset import RunDataset
from dropout_risk.training.foreign import ForeignCandidate, sorted_candidates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    foreign : tuple of ForeignCandidate
        The classifiers of one's own that were given as candidates, fitted; ``explain`` gives their reasons.
    """

    model: RiskModel
    report: EvaluationReport
    run_id: str | None
    selection: pd.DataFrame
    foreign: tuple[ForeignCandidate, ...] = ()

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
    helped: pd.DataFrame | None = None,
    candidates: Sequence[Any] | None = None,
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
    helped : pandas.DataFrame, optional
        Who was helped and when (:func:`dropout_risk.casebook.lessons.treatment.helped_since`): the labels of
        their rows are censored, so that help which worked teaches nobody that its signs are harmless.
    candidates : sequence of str and of scikit-learn classifiers, optional
        Names of the library's candidates take the place of ``settings.models.candidates``. A classifier of
        one's own (a pipeline, where it needs missing values filled) is fitted on all rows before the test and
        stands in the report beside the model, and in ``foreign``; it is never the model, which a bundle
        holds as plain data.

    Returns
    -------
    TrainingRun
        The model, the report, the run's id, the candidates.

    Raises
    ------
    TrainingError
        If no snapshot has a known outcome, or too few pupils drop out before the test.
    OneClassError
        If all pupils of the test end alike.
    TooMuchRefusedError, FamilyMissingError
        If most rows of a table were set apart, or a family of features is missing for nearly everybody
        although its table was given: the limits are ``settings.missingness``.
    LeakError
        If the rows hold what nobody knew in time; all findings at once. Equal rows are a ``LeakWarning``.
    SplitError
        If the records are too short for training and test with the label gap between them.
    BundleError
        If the former model that the settings name cannot be read; before anything is computed.
    MissingExtraError
        If ``track`` is asked for without MLflow; before anything is computed.
    TrackingError
        If the store could not take the run: before anything is computed. Should it fail afterwards all the
        same, it is an ``UnloggedRunError``, which names the folder of model and report.
    SettingsError
        If the settings name an outcome that does not exist.
    ArgumentError
        If the records are a path, the catalogue a list, or a candidate neither a known name nor a classifier.
    """
    settings = Settings() if settings is None else settings
    check_settings(settings)
    settings, others = sorted_candidates(candidates, settings)
    require_kind(records, SchoolRecords, "records", READ_FIRST)
    if catalogue is not None:
        require_kind(catalogue, FeatureCatalogue, "catalogue", CHOOSE)
    store = prepare_store(settings.tracking) if track else None
    former = given_last_model(settings) if last_model is None else last_model
    tracked = nullcontext() if store is None else OpenRun.begun(store)
    with tracked as opened, Steps(shown=progress) as steps:
        with steps.one("histories"):
            histories = histories_of(records)
            refuse_refused(records, settings.missingness)
            catalogue = kept_features(histories) if catalogue is None else catalogue
            cohort = labelled_cohort(histories, settings)
            if helped is not None:
                cohort = _without_helped(histories, cohort, helped, settings)
        features = _daily_features(histories, cohort, catalogue, steps)
        parts = make_parts(histories, cohort, features, settings)
        refuse_missing(parts, records, catalogue, settings.missingness)
        with steps.one("leaks"):
            leaks = refuse_leaks(histories, parts, catalogue, settings)
        with steps.one("fit"):  # own classifiers first: what they refuse is said before the long work
            foreign = tuple(ForeignCandidate.fitted(name, one, parts) for name, one in others.items())
            classifier = fit_classifier(parts, catalogue, settings, progress=steps.tell)
        with steps.one("evaluate"):
            when = fit_timing(classifier, parts, histories, settings)
            trained = TrainedModel(classifier, parts, records, histories, catalogue, settings, leaks, when)
            report = evaluate_model(trained, former, foreign)
            model = _risk_model(trained, report)
        run = TrainingRun(model, report, None, classifier.selection_.frame(), foreign)
        if opened is not None:
            with steps.one("log"):
                dataset = RunDataset.of_records(records)
                run = replace(
                    run, run_id=_log_training(run, settings, opened, classifier.selection_, dataset)
                )
        return run


def check_settings(settings: object) -> None:
    """Check that settings are some, and that they name outcomes that exist.

    Raises
    ------
    SettingsError
        If not.
    """
    if not isinstance(settings, Settings):
        raise SettingsError(
            f"settings must be a Settings, got a {type(settings).__name__}.",
            hint="Settings(**values), or Settings.from_toml(path)",
        )
    check_outcome(settings.outcome.horizon_days, settings.outcome.events)


def _without_helped(histories: Histories, cohort: Cohort, helped: pd.DataFrame, settings: Settings) -> Cohort:
    from dropout_risk.casebook.lessons.treatment import censor_helped
    from dropout_risk.casebook.school_days import SchoolDaysAhead

    days = SchoolDaysAhead.of_calendar(histories.calendar)
    return censor_helped(cohort, helped, horizon_days=settings.outcome.horizon_days, days=days)


def _daily_features(
    histories: Histories, cohort: Cohort, catalogue: FeatureCatalogue, steps: Steps
) -> pd.DataFrame:
    days = cohort.frame.groupby("as_of", sort=True).indices
    made = [
        build_features(histories, Cohort(cohort.frame.iloc[rows]), catalogue)
        for rows in steps.each("features", days.values())
    ]
    return pd.concat(made).reindex(cohort.index)


def fit_classifier(
    parts: Parts, catalogue: FeatureCatalogue, settings: Settings, progress: Progress | None = None
) -> RiskClassifier:
    """Fit the candidates on the training rows and calibrate on the rows set aside."""
    classifier = RiskClassifier(
        model=settings.models.candidate,
        catalogue=catalogue,
        folds=settings.models.folds,
        random_state=settings.models.seed,
        candidates=settings.models.candidates,
        tuning=settings.models.tuning(progress),
        leaks="ignore",  # they were refused before
    )
    rows, aside = parts.train, parts.calibration
    return classifier.fit(
        parts.X(rows),
        parts.y(rows),
        groups=parts.groups(rows),
        cohorts=parts.cohorts(rows),
        calibration_set=(parts.X(aside), parts.y(aside)) if len(aside) else None,
    )


def evaluate_model(
    trained: TrainedModel,
    last_model: RiskModel | None = None,
    foreign: Sequence[ForeignCandidate] = (),
) -> EvaluationReport:
    """Measure a fitted classifier on the test rows, beside the baselines and classifiers of one's own."""
    parts, settings, selection = trained.parts, trained.settings, trained.classifier.selection_
    known, asked = (parts.rows_for_baselines(rows) for rows in (parts.before_test, parts.test))
    last_day = max(parts.days(parts.before_test))
    trained_to = last_label_day(trained.histories, last_day, settings.outcome.horizon_days)
    return EvaluationReport.of(
        trained.held_out,
        (
            *fit_baselines(known, asked, trained.catalogue),
            last_model_baseline(last_model, trained.histories, parts),
            *(candidate.beside() for candidate in foreign),
        ),
        model=settings.tracking.model_name,
        candidate=selection.chosen,
        synthetic=trained.records.synthetic,
        horizon_days=settings.outcome.horizon_days,
        events=settings.outcome.events,
        capacity_share=settings.capacity.share,
        split=parts.dates() | {"trained_to": trained_to.isoformat()},
        counts=parts.counts(),
        hashes={"data": trained.records.fingerprint, "catalogue": trained.catalogue.sha},
        selection=selection.rows(),
        trained=trained,
        teacher_capacity=settings.watch_list.capacity,
        lowest_risk=settings.bands.watch,
        replicates=settings.evaluation.replicates,
    )


def _risk_model(trained: TrainedModel, report: EvaluationReport) -> RiskModel:
    parts, settings = trained.parts, trained.settings
    rows = parts.before_test
    return RiskModel.from_classifier(
        trained.classifier,
        catalogue=trained.catalogue,
        X=parts.X(rows),
        y=parts.y(rows),
        grade_levels=parts.grade_levels(rows),
        name=settings.tracking.model_name,
        trained_to=report.split["trained_to"],
        metrics=report.to_dict(),
        card=model_cards(report),
        settings=settings,
        timing=trained.when.timing,
        synthetic=report.synthetic,
        profiles=trained.profiles,
    )


def _log_training(
    run: TrainingRun, settings: Settings, opened: OpenRun, selection: Selection | None, dataset: RunDataset
) -> str:
    """Put model and report on disk, log them, and only then take them away again."""
    folder = _unlogged_folder(opened.store.artifacts)
    bundle = run.model.save(folder / "bundle")
    content = run_content(
        run.report, settings, selection=selection, bundle=bundle, dataset=dataset, version=run.model.version
    )
    content.write_to(folder / "report")
    content = replace(content, artefacts={name: folder / "report" / name for name in content.artefacts})
    try:
        run_id = opened.log(content)
    except Exception as error:
        said = error.message if isinstance(error, DropoutRiskError) else f"{type(error).__name__}: {error}"
        raise UnloggedRunError(
            f"The training is done, but MLflow did not take the run: {said} "
            f"Model and report are in {folder}.",
            hint=f"RiskModel.load({str(folder / 'bundle')!r}); the error's attribute run holds both as well",
            run=run,
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()
    return run_id


def _unlogged_folder(artifacts: str | None) -> Path:
    """Make a folder for a run that is not logged yet, beside the runs' files where these are on a disk."""
    place = (None if artifacts is None else local_folder(artifacts)) or Path.cwd()
    place = place / "not_logged"
    place.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{time.strftime('%Y%m%d-%H%M%S')}-", dir=place))


# --- Last year's model on this year's test rows: the baseline that every new model should beat ---

NOT_GIVEN = Text(zh="没有给出去年的模型", en="no former model was given (evaluation.last_model)")
SAW_THE_TEST = Text(
    zh="它的训练数据到{to}，而测试从{begin}开始", en="it was trained to {to}, and the test begins on {begin}"
)
NOT_DATED = Text(
    zh="不知道它的训练数据到哪一天为止，它可能见过测试期的结果",
    en="not known to which day it was trained: it may have seen what the test asks",
)


def given_last_model(settings: Settings) -> RiskModel | None:
    """Read the former model that the settings name; None where they name none.

    BundleError if it cannot be read.
    """
    path = settings.evaluation.last_model
    return None if path is None else RiskModel.load(Path(path))


def last_model_baseline(former: RiskModel | None, histories: Histories, parts: Parts) -> Baseline:
    """Score the test rows with a former model, through its own catalogue.

    A model whose training reached into the test is not compared: it knows some of the answers. Neither is
    one that does not say to which day it was trained.
    """
    if former is None:
        return last_model(None, unavailable=NOT_GIVEN)
    if former.trained_to is None:
        return last_model(None, unavailable=NOT_DATED)
    begin = str(min(parts.days(parts.test)))
    if former.trained_to >= begin:
        return last_model(
            None,
            unavailable=SAW_THE_TEST.filled(
                to=iso_date_words(former.trained_to), begin=iso_date_words(begin)
            ),
        )
    X = build_features(
        histories, parts.cohort_of(parts.test), former.catalogue, instruments=former.instruments
    )
    about = f" {former.name} {former.version} ({former.trained_to})"
    return last_model(np.asarray(former.calibrated.risk(X)), about)


# --- Progress bars while training, or silence ---

Item = TypeVar("Item")


class Steps(AbstractContextManager["Steps"]):
    """The steps of one run, drawn as bars on the terminal's error stream when asked.

    >>> with Steps(shown=False) as steps:
    ...     days = list(steps.each("features", ["2025-03-03", "2025-04-01"]))
    ...     with steps.one("fit"):
    ...         fitted = True
    >>> len(days), fitted
    (2, True)
    """

    def __init__(self, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns, console=Console(stderr=True), disable=not shown)
        self._told: dict[str, Any] = {}
        self._alone = ExitStack()

    def __enter__(self) -> Steps:
        """Start drawing."""
        if not self._bars.disable:
            self._alone.enter_context(drawn_elsewhere())
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop drawing, also after an error."""
        if not self._bars.disable:  # stopping what was never shown writes an empty line
            self._bars.stop()
        self._alone.close()

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Go through items, counting them."""
        listed = list(items)
        task = self._bars.add_task(name, total=len(listed))
        for item in listed:
            yield item
            self._bars.advance(task)

    def tell(self, name: str, done: int, total: int | None) -> None:
        """Draw how far something is that counts itself, such as tuning."""
        if name not in self._told:
            self._told[name] = self._bars.add_task(f"tune {name}", total=total)
        self._bars.update(self._told[name], completed=done)

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Mark one step that cannot be counted."""
        task = self._bars.add_task(name, total=None)
        yield
        self._bars.update(task, total=1, completed=1)
