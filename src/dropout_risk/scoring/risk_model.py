"""The risk model: a catalogue of features plus a fitted, calibrated classifier."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from dropout_risk.arrays import Floats, Positions
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.evaluation.model_card.caution import cautions_of
from dropout_risk.evaluation.questions.band_calibration import printed_errors
from dropout_risk.explanation.backgrounds import NO_LEVEL
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Cohort, Source, histories_of
from dropout_risk.features.compute import MARK
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.calibration import PRIOR_LABELS
from dropout_risk.modelling.group_profiles import GroupProfiles
from dropout_risk.modelling.inputs.feature_table import named_frame
from dropout_risk.modelling.timing import Timing
from dropout_risk.records.days.calendar import DateLike, date_of
from dropout_risk.scoring.bundles.bundle import files_of, read_model, version_of, write_bundle
from dropout_risk.scoring.bundles.mlflow_model import mlflow_files
from dropout_risk.scoring.bundles.reference import Reference
from dropout_risk.scoring.changes.change import Change, change
from dropout_risk.scoring.changes.what_if import WhatIf, what_if
from dropout_risk.scoring.known_of_rows import KnownOfRows, declared_columns
from dropout_risk.scoring.model_parts import ModelParts, recalibrated_parts
from dropout_risk.scoring.population import (
    Population,
    Progress,
    explain_scores,
    explain_values,
    ids_of,
    known_columns,
    levels_of,
    written_values,
)
from dropout_risk.scoring.readers.redaction import Given, redact
from dropout_risk.scoring.readers.roles import Role, roles_of
from dropout_risk.scoring.remarks.abstention import FactSwings
from dropout_risk.scoring.scored_pupils import ScoredPupils
from dropout_risk.scoring.scores import Answers, PupilScore, RowError, Scores, set_apart_errors
from dropout_risk.settings import Settings
from dropout_risk.text import Language

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier

FEW = 1000
"""So many pupils become objects at once, without columns."""


@dataclass(frozen=True, repr=False)
class RiskModel(ModelParts):
    """What scores pupils: from histories to risks with their reasons.

    Every way of scoring (the library, the command line, the endpoint) goes through this class. Its
    parameters are those of :class:`dropout_risk.scoring.model_parts.ModelParts`.
    """

    @classmethod
    def from_classifier(
        cls,
        classifier: RiskClassifier,
        *,
        X: pd.DataFrame,
        catalogue: FeatureCatalogue | None = None,
        y: npt.ArrayLike | None = None,
        grade_levels: npt.ArrayLike | None = None,
        cohort: Cohort | None = None,
        name: str = "dropout_risk",
        trained_to: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        card: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        instruments: InstrumentRegistry | None = None,
        timing: Timing | None = None,
        synthetic: bool | None = None,
        profiles: GroupProfiles | None = None,
    ) -> Self:
        """Make a model from a fitted classifier.

        What a model says of itself is never guessed: the horizon of its labels and whether its pupils were
        made up come from the ``cohort``, or from ``settings`` and ``synthetic`` (or the mark of X).

        Parameters
        ----------
        classifier : RiskClassifier
            Fitted on the catalogue's features.
        X : DataFrame of pandas, Polars or Arrow
            The features it was fitted on; only means and counts of them are kept.
        catalogue : FeatureCatalogue, optional
            What declares them; by default the classifier's own, or the default one, as far as X has its
            columns.
        y : array-like, optional
            Their labels; by default those of the cohort.
        cohort : Cohort, optional
            Whose rows X holds: gives labels, grade levels, horizon and outcomes, and the synthetic mark.
        grade_levels : array-like, optional
            Their grade levels, NaN where not known: what ``settings.reasons.background`` may ask for.
        name, trained_to, metrics, card, settings, instruments, timing, synthetic, profiles
            See :class:`RiskModel`.

        Raises
        ------
        TrainingError
            If labels, horizon or the synthetic mark are not known, or two sources say different things.
        FeatureInputError
            If X lacks a column of the catalogue, or has one that no catalogue declares.
        """
        known = KnownOfRows.of_cohort(
            cohort, X, y=y, grade_levels=grade_levels, settings=settings, synthetic=synthetic
        )
        y, grade_levels, settings = known.y, known.grade_levels, known.settings
        X, catalogue = declared_columns(named_frame(X), catalogue, classifier.catalogue)
        levels = levels_of(grade_levels, len(X))
        calibrated = classifier.calibrated_model_.measured_against(
            X, np.asarray(y) == 0, levels, settings.reasons.background
        ).never_narrower(printed_errors(metrics or {}))
        by_grade = {level: levels == level for level in calibrated.backgrounds.levels}
        model = cls(
            name=name,
            version="",
            catalogue=catalogue,
            instruments=default_instruments() if instruments is None else instruments,
            calibrated=calibrated,
            reference=Reference.of(X, y, by_grade),
            swings=FactSwings.of(calibrated, catalogue, X),
            timing=timing,
            settings=settings,
            metrics=dict(metrics or {}),
            card=dict(card or {}),
            trained_to=trained_to,
            synthetic=known.synthetic,
            profiles=profiles,
        )
        object.__setattr__(model, "version", version_of(model))
        return model

    def recalibrated(
        self,
        X: pd.DataFrame,
        y: npt.ArrayLike | None = None,
        *,
        base_rate: float | None = None,
        pupils: npt.ArrayLike | None = None,
        prior_labels: float = PRIOR_LABELS,
        records: Source | None = None,
    ) -> Self:
        """Give this model with risks that fit another school; the order of pupils stays the same.

        Parameters
        ----------
        X : pandas.DataFrame
            Features of the school's pupils, by the catalogue's names; none of them trained the model.
        y : array-like, optional
            What became of them: 1 where the pupil dropped out within the horizon. Few labels shift the
            log-odds of all; with fifty pupils of each class the slope moves as well.
        base_rate : float, optional
            Instead of labels: the share of them that drops out within the horizon, known otherwise.
        pupils : array-like, optional
            The pupil of each row; default: the index level ``student_id`` of X, where there is one.
        prior_labels : float, default=20
            How many labels the old calibration is worth.
        records : SchoolRecords or Histories, optional
            What X was built from: :meth:`score` reads a table that a school keeps of nobody otherwise than
            one that lacks a pupil, and X alone does not say which it is. Without them, rates and labels fit
            :meth:`score_features`.

        Returns
        -------
        RiskModel
            With a version of its own; its card and :meth:`describe` say what was done. Its metrics are
            those of the model as it was trained.

        Raises
        ------
        TrainingError
            If neither or both of ``y`` and ``base_rate`` are given, or either is impossible; with records, if
            the index of X does not name pupils and days.
        FeatureInputError
            If a column is unknown, with the nearest right name.
        """
        X = named_frame(X)
        known = X.reindex(columns=known_columns(X, self.catalogue))
        parts = recalibrated_parts(
            self, known, y, base_rate=base_rate, pupils=pupils, prior_labels=prior_labels, records=records
        )
        model = replace(self, **parts)
        object.__setattr__(model, "version", version_of(model))
        return model

    def save(self, folder: str | Path) -> Path:
        """Write the model as a bundle: complete or not at all, without a pickle or a pupil's row."""
        about = {
            "name": self.name,
            "version": self.version,
            "trained_to": self.trained_to,
            "synthetic": self.synthetic,
            "settings": self.settings.model_dump(mode="json"),
        }
        return write_bundle(folder, files_of(self) | mlflow_files(self), about)

    @classmethod
    def load(cls, folder: str | Path, *, allow_synthetic: bool = True) -> Self:
        """Read a model from a bundle; it gives the scores it gave when it was saved.

        Parameters
        ----------
        folder : path
            The bundle's folder, or ``models:/name@alias`` or ``models:/name/version`` in MLflow's store.
        allow_synthetic : bool, default=True
            Whether a model that was trained on made-up pupils may score records that are not marked as made
            up; each score then says so. With False that is a SyntheticModelError, as it is on the command
            line and in the service until somebody allows it. Features of ``build_features`` carry the mark
            of their records in ``X.attrs``.

        Raises
        ------
        BundleError
            If a file is missing or was changed, or the store has no such version.
        NewerFormatError
            If a newer version of the library wrote it.
        MissingExtraError
            If the store is asked without MLflow.
        """
        return cls(**read_model(folder), allow_synthetic=allow_synthetic)

    def __repr__(self) -> str:
        """Name the model; no pupil and no coefficient."""
        kind = "synthetic " if self.synthetic else ""
        what = f"{self.calibrated.kind}, {len(self.catalogue)} features"
        return f"<{kind}RiskModel {self.name} {self.version}: {what}>"

    def score(
        self,
        records: Source,
        as_of: DateLike,
        *,
        language: Language | None = None,
        context: ClassContext | None = None,
        progress: Progress | None = None,
    ) -> Scores:
        """Score everyone who is at school on a date, from what was known before it.

        Parameters
        ----------
        records : SchoolRecords or Histories
            What was recorded.
        as_of : date
            Rows dated or recorded on or after it are not seen.
        language : {"zh", "en"}, optional
            The language of the sentences; by default that of the settings.
        context : ClassContext, optional
            What is known of classes; by default it is made from everyone at school on the date.
        progress : callable, optional
            Called after each block of pupils with the number of pupils done and of all.

        Returns
        -------
        Scores
            Pupils in the order of their ids; pupils whose students row could not be used are in
            ``errors``.

        Raises
        ------
        DateError
            If nobody was at school on the date.
        TooMuchRefusedError
            If most attendance or marks of most pupils could not be used: ``settings.missingness``.
        """
        histories = histories_of(records)
        scores = self.score_histories(histories, as_of, language=language, context=context, progress=progress)
        apart = set_apart_errors(histories.set_apart, scores.language)
        return replace(scores, errors=(*scores.errors, *apart))

    def score_histories(
        self,
        histories: Histories,
        as_of: DateLike,
        pupils: Positions | None = None,
        *,
        language: Language | None = None,
        context: ClassContext | None = None,
        request_id: str | None = None,
        notes: Mapping[int, tuple[str, ...]] | None = None,
        progress: Progress | None = None,
    ) -> Scores:
        """Score some pupils of the histories: the one way from histories to scores.

        Parameters
        ----------
        histories : Histories
            Of all pupils that a class context may be made from.
        as_of : date
            The as-of date.
        pupils : int array, optional
            Row numbers of the pupils to score, who get no rank; by default everyone at school on the date.
        language, context, progress
            See :meth:`score`.
        request_id : str, optional
            Names the reply; made up if not given.
        notes : mapping of int to tuple of str, optional
            Warnings to add to a pupil's score, by row number.
        """
        language = self.settings.language if language is None else language
        population = Population.of(self, histories, as_of, context=context, language=language)
        chosen = population.everyone() if pupils is None else pupils
        told: Sequence[PupilScore]
        if pupils is not None and len(chosen) <= FEW:
            told, errors = population.told(chosen, notes)
        else:
            told, errors = ScoredPupils.of(
                population, chosen, ranked=pupils is None, notes=notes, progress=progress
            )
        return Scores(
            date_of(population.table.snapshot.ordinal),
            request_id or uuid.uuid4().hex,
            dict(self._about),
            language,
            told if isinstance(told, ScoredPupils) else tuple(told),
            tuple(errors),
            partial(explain_scores, self, histories, as_of, chosen, context),
            registers=population.questions() if pupils is None else (),
            unlike=population.unlike_groups() if pupils is None else (),
        )

    def score_features(
        self,
        X: pd.DataFrame,
        *,
        grade_levels: npt.ArrayLike | None = None,
        language: Language | None = None,
        request_id: str | None = None,
    ) -> Scores:
        """Score ready features.

        Parameters
        ----------
        X : DataFrame of pandas, Polars or Arrow
            Columns by the catalogue's names; a column left out is missing. The index, or its level
            ``student_id``, names the pupils; without an index, a column of that name does.
        grade_levels : array-like, optional
            The pupils' grade levels, NaN where not known: whom their reasons compare them with. By default
            all are compared with everyone who stayed.
        language, request_id
            See :meth:`score_histories`.

        Raises
        ------
        FeatureInputError
            If a column is unknown, with the nearest right name.
        SyntheticModelError
            If nothing marks the features as made up, and the model's pupils were: see :meth:`load`.
        """
        language = self.settings.language if language is None else language
        X = named_frame(X)
        self.refuse_real(marked=bool(X.attrs.get(MARK)))
        given = X.reindex(columns=known_columns(X, self.catalogue)).to_numpy(dtype=np.float64)
        ids, values = ids_of(X), np.ascontiguousarray(given)
        levels = levels_of(grade_levels, len(X))
        return self.score_rows(values, ids, levels, language=language, request_id=request_id)

    def score_rows(
        self,
        values: Floats,
        ids: Sequence[Any],
        levels: npt.NDArray[np.int64],
        *,
        language: Language,
        request_id: str | None = None,
    ) -> Scores:
        """Score ready features, shape (n, n_features); a grade level is NO_LEVEL where none is known."""
        students = pa.table({"grade_level": pa.array(levels, mask=levels == NO_LEVEL)})
        written, broken = written_values(self, values, students, language)
        return Scores(
            None,
            request_id or uuid.uuid4().hex,
            dict(self._about),
            language,
            tuple(pupil.named(ids[int(pupil.student_id)]) for pupil in written.pupils()),
            tuple(RowError(row, ids[row], **error) for row, error in broken.items()),
            partial(explain_values, self, values, students),
        )

    def change(
        self,
        records: Source,
        before: DateLike,
        now: DateLike,
        pupils: npt.ArrayLike | None = None,
        *,
        former: RiskModel | None = None,
        contexts: tuple[ClassContext | None, ClassContext | None] = (None, None),
        language: Language | None = None,
    ) -> Answers[Change]:
        """Say why risks changed between two dates; see :func:`dropout_risk.scoring.changes.change.change`."""
        return change(self, records, before, now, pupils, former=former, contexts=contexts, language=language)

    def what_if(
        self,
        records: Source,
        as_of: DateLike,
        pupils: npt.ArrayLike | None = None,
        *,
        most: int = 3,
        target: float | None = None,
        context: ClassContext | None = None,
        language: Language | None = None,
    ) -> Answers[WhatIf]:
        """Bring risks below a target; see :func:`dropout_risk.scoring.changes.what_if.what_if`."""
        return what_if(
            self, records, as_of, pupils, most=most, target=target, context=context, language=language
        )

    def redact(self, given: Given, role: str | Role, *, language: Language | None = None) -> Given:
        """Fold what a role may not see; see :func:`dropout_risk.scoring.readers.redaction.redact`."""
        language = self.settings.language if language is None else language
        roles = roles_of(self.settings)
        return redact(given, role, catalogue=self.catalogue, roles=roles, language=language)

    def describe(self) -> dict[str, Any]:
        """Say which model this is and what its numbers mean: the endpoint's ``GET /model``."""
        return {
            **self._about,
            "bands": self.settings.bands.limits,
            "features": len(self.catalogue),
            "metrics": self.metrics,
            "card": self.card,
        }

    @cached_property
    def _about(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "catalogue": self.catalogue.sha,
            "explainer": self.calibrated.terms.explainer,
            "background": self.calibrated.backgrounds.words,
            "interval": self.calibrated.calibration.meaning,
            "recalibrated": self.calibrated.calibration.local_dict(),
            "kind": self.calibrated.kind,
            "trained_to": self.trained_to,
            "horizon_days": self.settings.outcome.horizon_days,
            "risk_within_days": [] if self.timing is None else list(self.timing.thirds),
            "synthetic": self.synthetic,
            **cautions_of(self.metrics, self.published),
        }
