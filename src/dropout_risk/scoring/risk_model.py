"""The risk model: a catalogue of features plus a fitted, calibrated classifier."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.alerts.rules import alerts_on
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import (
    BundleError,
    DateError,
    DropoutRiskError,
    FeatureInputError,
    nearest,
)
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import FeatureTable, compute_features
from dropout_risk.features.missing import missing_states
from dropout_risk.features.source import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.records.calendar import DateLike, date_of
from dropout_risk.scoring.bundle import read_bundle, write_bundle
from dropout_risk.scoring.reference import Reference
from dropout_risk.scoring.score_writer import Scored, ScoreWriter
from dropout_risk.scoring.scores import PUPIL_ERRORS, SET_APART, PupilScore, RowError, Scores
from dropout_risk.settings import Settings
from dropout_risk.text import Language

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class RiskModel:
    """What scores pupils: from histories to risks with their reasons.

    Every way of scoring (the library, the command line, the endpoint) goes through this class.

    Parameters
    ----------
    name, version : str
        Name the model; the version is made from its content.
    catalogue : FeatureCatalogue
        The features it reads.
    instruments : InstrumentRegistry
        Scales, norms and cut-offs of psychological tests.
    calibrated : CalibratedModel
        From features to log-odds and their contributions.
    reference : Reference
        Means and counts of the training pupils.
    settings : Settings
        Horizon, bands, alerts and so on.
    metrics : dict
        What was measured on the test part, beside the baselines.
    card : dict of str to str
        The model card in Markdown, by language.
    trained_to : str or None
        The last date of which training knew anything.
    synthetic : bool
        Whether it was trained on simulated pupils.
    """

    name: str
    version: str
    catalogue: FeatureCatalogue
    instruments: InstrumentRegistry
    calibrated: CalibratedModel
    reference: Reference
    settings: Settings = field(default_factory=Settings)
    metrics: dict[str, Any] = field(default_factory=dict)
    card: dict[str, str] = field(default_factory=dict)
    trained_to: str | None = None
    synthetic: bool = False

    # --- making, saving, loading -------------------------------------------------------------------

    @classmethod
    def from_classifier(
        cls,
        classifier: RiskClassifier,
        *,
        catalogue: FeatureCatalogue,
        X: pd.DataFrame,
        y: npt.ArrayLike,
        name: str = "dropout_risk",
        trained_to: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        card: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        instruments: InstrumentRegistry | None = None,
        synthetic: bool = False,
    ) -> Self:
        """Make a model from a fitted classifier.

        Parameters
        ----------
        classifier : RiskClassifier
            Fitted on the catalogue's features.
        catalogue : FeatureCatalogue
            The features, in the order of the columns of ``X``.
        X : pandas.DataFrame
            The features it was fitted on; only means and counts of them are kept.
        y : array-like
            Their labels.
        name, trained_to, metrics, card, settings, instruments, synthetic
            See :class:`RiskModel`.
        """
        model = cls(
            name=name,
            version="",
            catalogue=catalogue,
            instruments=default_instruments() if instruments is None else instruments,
            calibrated=classifier.calibrated_model_,
            reference=Reference.of(X[catalogue.names], y),
            settings=Settings() if settings is None else settings,
            metrics=dict(metrics or {}),
            card=dict(card or {}),
            trained_to=trained_to,
            synthetic=synthetic,
        )
        object.__setattr__(model, "version", model._version())
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
        return write_bundle(folder, self._files(), about)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model from a bundle; it gives the scores it gave when it was saved.

        Raises
        ------
        BundleError
            If a file is missing or was changed.
        NewerFormatError
            If a newer version of the library wrote it.
        """
        files, about = read_bundle(folder)
        try:
            return cls._read(files, about)
        except DropoutRiskError as error:
            raise BundleError(
                f"The bundle in {folder} cannot be used: {error.message}", hint=error.hint
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # ValueError: also what is no JSON, no UTF-8, and no Arrow file
            raise BundleError(
                f"The files of the bundle in {folder} do not fit together ({type(error).__name__}).",
                hint="save the model again, or load it with the version that its manifest names",
            ) from error

    @classmethod
    def _read(cls, files: Mapping[str, bytes], about: Mapping[str, Any]) -> Self:
        declared = json.loads(files["catalogue.json"])
        return cls(
            name=about["name"],
            version=about["version"],
            catalogue=FeatureCatalogue.from_list(declared["features"]),
            instruments=InstrumentRegistry.from_list(declared["instruments"]),
            calibrated=CalibratedModel.from_files(files),
            reference=Reference.from_bytes(files["reference.arrow"]),
            settings=Settings(**about["settings"]),
            metrics=json.loads(files["metrics.json"]),
            card={"en": files["card.md"].decode(), "zh": files["card.zh.md"].decode()},
            trained_to=about["trained_to"],
            synthetic=about["synthetic"],
        )

    def __repr__(self) -> str:
        """Name the model; no pupil and no coefficient."""
        kind = "synthetic " if self.synthetic else ""
        what = f"{self.calibrated.kind}, {len(self.catalogue)} features"
        return f"<{kind}RiskModel {self.name} {self.version}: {what}>"

    def _files(self) -> dict[str, bytes]:
        declared = {"features": self.catalogue.to_list(), "instruments": self.instruments.to_list()}
        return {
            **self.calibrated.to_files(),
            "catalogue.json": json.dumps(declared, ensure_ascii=False, indent=1).encode(),
            "reference.arrow": self.reference.to_bytes(),
            "metrics.json": json.dumps(self.metrics, ensure_ascii=False, indent=1, allow_nan=False).encode(),
            "card.md": self.card.get("en", "").encode(),
            "card.zh.md": self.card.get("zh", "").encode(),
        }

    def _version(self) -> str:
        content = hashlib.sha256()
        for _, data in sorted(self._files().items()):
            content.update(data)
        return f"{self.trained_to or 'undated'}-{content.hexdigest()[:8]}"

    # --- scoring -----------------------------------------------------------------------------------

    def score(
        self,
        records: Source,
        as_of: DateLike,
        *,
        language: Language | None = None,
        context: ClassContext | None = None,
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

        Returns
        -------
        Scores
            Pupils in the order of their ids; pupils whose students row could not be used are in
            ``errors``.

        Raises
        ------
        DateError
            If nobody was at school on the date.
        """
        histories = histories_of(records)
        members = np.flatnonzero(members_on(histories.on(as_of)))
        if not len(members) and len(histories):
            raise DateError(
                f"Of {len(histories)} pupils nobody was at school on that date.",
                hint="compare it with enrolled_on, left_on and the outcomes",
            )
        scores = self.score_histories(
            histories, as_of, members, language=language, context=context, whole_schools=True
        )
        return replace(scores, errors=(*scores.errors, *_set_apart(histories, scores.language)))

    def score_histories(
        self,
        histories: Histories,
        as_of: DateLike,
        pupils: Rows,
        *,
        language: Language | None = None,
        context: ClassContext | None = None,
        whole_schools: bool = False,
        request_id: str | None = None,
        notes: Mapping[int, tuple[str, ...]] | None = None,
    ) -> Scores:
        """Score some pupils of the histories: the one way from histories to scores.

        Parameters
        ----------
        histories : Histories
            Of all pupils that a class context may be made from.
        as_of : date
            The as-of date.
        pupils : int array
            Row numbers of the pupils to score.
        language, context
            See :meth:`score`.
        whole_schools : bool, default=False
            Whether all pupils of each school are among them, so that ranks mean something.
        request_id : str, optional
            Names the reply; made up if not given.
        notes : mapping of int to tuple of str, optional
            Warnings to add to a pupil's score, by row number.
        """
        table = compute_features(
            histories, as_of, self.catalogue, context=context, instruments=self.instruments
        )
        language = self.settings.language if language is None else language
        ids = histories.students["student_id"]
        errors = self._impossible(table.values[pupils], [ids[int(pupil)].as_py() for pupil in pupils])
        pupils = np.delete(pupils, [error.index for error in errors])
        scored = self._scored(table, pupils, language)
        ranks = _ranks(scored) if whole_schools else _unranked(len(pupils))
        written = self._written(
            scored, language, ranks, [(notes or {}).get(int(pupil), ()) for pupil in pupils]
        )
        return Scores(
            date_of(table.known.ordinal),
            request_id or uuid.uuid4().hex,
            dict(self._about),
            language,
            written,
            errors,
        )

    def score_features(
        self, X: pd.DataFrame, *, language: Language | None = None, request_id: str | None = None
    ) -> Scores:
        """Score ready features.

        Parameters
        ----------
        X : pandas.DataFrame
            Columns by the catalogue's names; a column left out is missing. The index, or its level
            ``student_id``, names the pupils.

        Raises
        ------
        FeatureInputError
            If a column is unknown, with the nearest right name.
        """
        language = self.settings.language if language is None else language
        values, ids = X.reindex(columns=self._known_columns(X)).to_numpy(dtype=np.float64), _ids(X)
        errors = self._impossible(values, ids)
        kept = np.delete(np.arange(len(X)), [error.index for error in errors])
        scored = Scored.of_features(
            np.ascontiguousarray(values[kept]), [ids[row] for row in kept], self.calibrated
        )
        written = self._written(scored, language, _unranked(len(kept)), [()] * len(kept))
        return Scores(None, request_id or uuid.uuid4().hex, dict(self._about), language, written, errors)

    def describe(self) -> dict[str, Any]:
        """Say which model this is and what its numbers mean: the endpoint's ``GET /model``."""
        return {
            **self._about,
            "bands": self.settings.bands.model_dump(),
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
            "background": self.calibrated.terms.background,
            "interval": self.calibrated.calibration.meaning,
            "kind": self.calibrated.kind,
            "trained_to": self.trained_to,
            "horizon_days": self.settings.outcome.horizon_days,
            "synthetic": self.synthetic,
        }

    def _written(
        self, scored: Scored, language: Language, ranks: list[int | None], notes: list[tuple[str, ...]]
    ) -> tuple[PupilScore, ...]:
        writer = ScoreWriter(self.catalogue, self.reference, self.settings, self.synthetic, language)
        return tuple(
            writer.write(scored, place, rank=ranks[place], notes=notes[place])
            for place in range(len(scored.values))
        )

    def _impossible(self, values: npt.NDArray[np.float64], ids: list[Any]) -> tuple[RowError, ...]:
        """Find pupils with a value that cannot be, as from a wrong unit: neither scored nor worded."""
        bounds = np.array([feature.valid_range for feature in self.catalogue.values()])
        broken = (values < bounds[:, 0]) | (values > bounds[:, 1])
        errors = []
        for row in np.flatnonzero(broken.any(axis=1)):
            feature = self.catalogue[self.catalogue.names[int(np.argmax(broken[row]))]]
            low, high = feature.valid_range
            message = f"{feature.name} lies outside [{low:g}, {high:g}]; the pupil is not scored."
            hint = f"check the unit: {feature.unit.en}"
            errors.append(RowError(int(row), ids[row], FeatureInputError.code, feature.name, message, hint))
        return tuple(errors)

    def _scored(self, table: FeatureTable, pupils: Rows, language: Language) -> Scored:
        known = table.known.histories.take(pupils).on(table.known.as_of)
        values = np.ascontiguousarray(table.values[pupils])
        return Scored(
            students=known.histories.students.to_pylist(),
            values=values,
            states=missing_states(values, known, self.catalogue, self.instruments),
            contributions=self.calibrated.contributions(values),
            interval=self.calibrated.interval(values),
            classes=table.context.class_means(known, self.catalogue.names),
            ages={name: _age(known.last_record(name), known.ordinal) for name in self.catalogue.sources},
            recorded_days=known.days("recorded", "year").sum(axis=1),
            alerts=alerts_on(known, self.settings.alerts, self.instruments, language),
            compared=len(table.context) > 0,
        )

    def _known_columns(self, X: pd.DataFrame) -> list[str]:
        unknown = [str(name) for name in X.columns if name not in self.catalogue]
        if unknown:
            hints = " ".join(nearest(name, self.catalogue) for name in unknown[:5])
            raise FeatureInputError(
                f"{len(unknown)} column(s) are no features of this model: {unknown[:5]}.", hint=hints
            )
        return self.catalogue.names


def _ids(X: pd.DataFrame) -> list[Any]:
    index = X.index.get_level_values("student_id") if "student_id" in X.index.names else X.index
    return list(index.tolist())


def _age(last: npt.NDArray[np.int32], ordinal: int) -> npt.NDArray[np.int64]:
    return np.where(last >= 0, ordinal - last, -1)


def _unranked(number: int) -> list[int | None]:
    return [None] * number


def _ranks(scored: Scored) -> list[int | None]:
    school = pd.Series([student["school_id"] for student in scored.students], dtype="object").fillna("")
    ranks = pd.Series(-scored.log_odds).groupby(school).rank(method="min")
    return [int(rank) for rank in ranks]


def _set_apart(histories: Histories, language: Language) -> tuple[RowError, ...]:
    """Name the pupils whose own row could not be used, so that nobody is missing in silence."""
    message, hint = (text.to(language) for text in PUPIL_ERRORS[SET_APART])
    return tuple(
        RowError(place, student, SET_APART, "students", message, hint)
        for place, student in enumerate(histories.set_apart)
    )
