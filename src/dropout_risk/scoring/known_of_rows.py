"""What a risk model has to know of the rows that its classifier was fitted on, from the cohort or as said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, TrainingError, nearest
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import MARK
from dropout_risk.modelling.inputs.feature_table import named_frame
from dropout_risk.modelling.inputs.row_names import refuse_other_rows
from dropout_risk.settings import Settings


@dataclass(frozen=True, eq=False)
class KnownOfRows:
    """Labels, grade levels, settings with the horizon of the labels, and whether the pupils were made up."""

    y: npt.ArrayLike
    grade_levels: npt.ArrayLike | None
    settings: Settings
    synthetic: bool

    @classmethod
    def of_cohort(
        cls,
        cohort: Cohort | None,
        X: Any,
        *,
        y: npt.ArrayLike | None,
        grade_levels: npt.ArrayLike | None,
        settings: Settings | None,
        synthetic: bool | None,
    ) -> Self:
        """Take each from the cohort where it was not said; the mark of made-up pupils also from X.

        Raises
        ------
        TrainingError
            With everything that is not known, or where the cohort and what was said differ.
        """
        if cohort is not None:
            y = cohort.labels if y is None else y
            refuse_other_rows(X, cohort.labels, "cohort.labels")
            grade_levels = cohort.frame["grade_level"] if grade_levels is None else grade_levels
            settings = _settings_of(cohort, settings)
        synthetic = _mark_of(cohort, X, synthetic)
        unknown = [
            name
            for name, value in (("labels (y)", y), ("settings", settings), ("synthetic", synthetic))
            if value is None
        ]
        if y is None or settings is None or synthetic is None:
            raise TrainingError(
                f"A risk model must know {', '.join(unknown)}: how far ahead its labels look, and whether "
                "its pupils were made up.",
                hint="cohort=cohort, with labels; or settings=dr.Settings(outcome={'horizon_days': 90}) and "
                "synthetic=False",
            )
        return cls(y, grade_levels, settings, synthetic)


def declared_columns(
    X: pd.DataFrame, catalogue: FeatureCatalogue | None, own: FeatureCatalogue | None
) -> tuple[pd.DataFrame, FeatureCatalogue]:
    """Give the columns of a catalogue and the catalogue of the columns.

    Without one it is the classifier's ``own``, or the default one, as far as X has its columns.

    Raises
    ------
    FeatureInputError
        If X lacks columns of the catalogue, or has some that none declares: reasons have no words for them.
    """
    declared = catalogue or own or default_catalogue()
    names = list(map(str, X.columns))
    unknown = [name for name in names if name not in declared]
    if unknown and catalogue is None:
        raise FeatureInputError(
            f"{len(unknown)} column(s) are declared in no catalogue: {unknown[:5]}.",
            hint=f"{nearest(unknown[0], declared)} Or declare them: catalogue.with_features(Feature(...))",
        )
    missing = [] if catalogue is None else [name for name in catalogue if name not in names]
    if missing:
        raise FeatureInputError(
            f"{len(missing)} feature(s) of the catalogue are no columns of X: {missing[:5]}.",
            hint="leave the catalogue out, or give catalogue.select(X.columns)",
        )
    kept = declared if catalogue is not None else declared.select(names)
    return X[kept.names], kept


def _settings_of(cohort: Cohort, settings: Settings | None) -> Settings | None:
    """Give settings whose horizon is that of the labels."""
    if cohort.horizon_days is None:
        return settings
    outcome = {"horizon_days": cohort.horizon_days, "events": cohort.events}
    if settings is None:
        return Settings(outcome=outcome)
    if (settings.outcome.horizon_days, set(settings.outcome.events)) != (
        cohort.horizon_days,
        set(cohort.events),
    ):
        raise TrainingError(
            f"The labels look {cohort.horizon_days} school days ahead for {', '.join(cohort.events)}, the "
            f"settings say {settings.outcome.horizon_days} for {', '.join(settings.outcome.events)}.",
            hint="make the labels with the settings' horizon and events, or leave the settings' outcome out",
        )
    return settings


def _mark_of(cohort: Cohort | None, X: Any, synthetic: bool | None) -> bool | None:
    """Take what the records said to the cohort and the features that were made of them."""
    marks = {None if cohort is None else cohort.synthetic, named_frame(X).attrs.get(MARK)} - {None}
    if True in marks and synthetic is False:
        raise TrainingError(
            "The pupils of the cohort were made up, so the model is synthetic.", hint="leave synthetic out"
        )
    return (True in marks if marks else None) if synthetic is None else synthetic
