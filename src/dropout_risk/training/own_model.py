"""A classifier of one's own, judged as the library's are: the same split in time, report and baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import require_kind
from dropout_risk.evaluation.baselines import fit_baselines
from dropout_risk.evaluation.parts import held_out_of, labelled_cohort, make_parts
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.features.cohort import READ_FIRST, histories_of
from dropout_risk.features.compute import build_features, kept_features
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import Settings
from dropout_risk.training.foreign import ForeignCandidate, kind_of_classifier, require_classifier


@dataclass(frozen=True, repr=False)
class JudgedClassifier:
    """A classifier fitted on the past, and its report on later days.

    Parameters
    ----------
    classifier : object
        A clone of what was given, fitted on the rows whose labels were known before the test.
    report : EvaluationReport
        How it did on the test days, beside the baselines. What needs the library's own candidates (reasons,
        stability, fairness, leaks) is not in it: such a model cannot be published.
    candidate : ForeignCandidate
        The same classifier with what explains it.
    """

    classifier: Any
    report: EvaluationReport
    candidate: ForeignCandidate

    def explain(self, X: pd.DataFrame) -> Any:
        """Split log-odds over the features, by shap; see :meth:`ForeignCandidate.explain`."""
        return self.candidate.explain(X)

    def __repr__(self) -> str:
        """Name the classifier and its main figures."""
        figures = self.report.result().metrics
        return f"<JudgedClassifier {self.candidate.name}: AUC {figures['auc']:.3f}>"

    def frame(self) -> pd.DataFrame:
        """Give the report's figures, beside those of the baselines."""
        return self.report.frame()


def judge_classifier(
    classifier: Any,
    records: SchoolRecords,
    settings: Settings | None = None,
    *,
    catalogue: FeatureCatalogue | None = None,
) -> JudgedClassifier:
    """Fit any scikit-learn classifier on the past and test it on later days, as :func:`dr.train` does.

    Snapshots, labels, features, the split in time and the baselines are those of :func:`train`; only the
    classifier is another. All rows before the test train, as nothing is known of how it would be calibrated.

    Parameters
    ----------
    classifier : scikit-learn classifier
        With ``fit`` and ``predict_proba``; a pipeline, where it needs missing values filled (NaN is missing).
        It is cloned and never changed. Features without any value before the test are left out.
    records : SchoolRecords
        With outcomes.
    settings : Settings, optional
        Horizon, split, capacity.
    catalogue : FeatureCatalogue, optional
        Which features; by default those of the tables that are kept.

    Returns
    -------
    JudgedClassifier
        The fitted clone, and the report.

    Raises
    ------
    ArgumentError
        If it is no classifier with probabilities, or the records are a path; before any work.
    TrainingError, SplitError
        As in :func:`train`.
    """
    settings = Settings() if settings is None else settings
    require_kind(settings, Settings, "settings", "dr.Settings(**values)")
    require_kind(records, SchoolRecords, "records", READ_FIRST)
    require_classifier(classifier)
    histories = histories_of(records)
    cohort = labelled_cohort(histories, settings)
    catalogue = kept_features(histories) if catalogue is None else catalogue
    parts = make_parts(histories, cohort, build_features(histories, cohort, catalogue), settings)
    found = ForeignCandidate.fitted(kind_of_classifier(classifier), classifier, parts)
    before, asked = (parts.rows_for_baselines(rows) for rows in (parts.before_test, parts.test))
    report = EvaluationReport.of(
        held_out_of(parts, histories, found.risks),
        fit_baselines(before, asked, catalogue),
        model=settings.tracking.model_name,
        candidate=found.name,
        synthetic=records.synthetic,
        horizon_days=settings.outcome.horizon_days,
        events=settings.outcome.events,
        capacity_share=settings.capacity.share,
        split=parts.dates(),
        counts=parts.counts(),
        hashes={"data": records.fingerprint, "catalogue": catalogue.sha},
        teacher_capacity=settings.watch_list.capacity,
        lowest_risk=settings.bands.watch,
        replicates=settings.evaluation.replicates,
    )
    return JudgedClassifier(found.classifier, report, found)
