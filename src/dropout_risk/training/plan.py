"""What a training on some records would have: dates, labels, parts; or what is missing for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dropout_risk.errors import DropoutRiskError, require_kind
from dropout_risk.evaluation.parts import Parts, labelled_cohort, make_parts
from dropout_risk.features.cohort import READ_FIRST, Cohort, histories_of
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import Settings
from dropout_risk.training.train import check_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAIN, GAP, TEST, NOT_SPLIT = "train", "labels not known in time", "test", "not split"
_COLOURS = {TRAIN: "#1b4f8a", GAP: "#e0b252", TEST: "#a83232", NOT_SPLIT: "#dddddd"}


@dataclass(frozen=True, repr=False)
class TrainingPlan:
    """The snapshots of a training before anything is computed of them.

    Parameters
    ----------
    dates : DataFrame
        One row for each as-of date: ``part``, ``rows`` with a label, and how many of these are ``dropouts``.
    censored : Series
        Rows without a label, by reason.
    horizon_days : int
        School days that a label looks ahead.
    problem : DropoutRiskError or None
        What :func:`dropout_risk.train` would stop with, and the way out; None where it would go on.
    """

    dates: pd.DataFrame
    censored: pd.Series
    horizon_days: int
    problem: DropoutRiskError | None = None

    def __repr__(self) -> str:
        """Say the dates and rows of each part, or what is missing."""
        if self.problem is not None:
            return f"<TrainingPlan: not possible. {self.problem}>"
        rows = self.dates.groupby("part", sort=False)[["rows", "dropouts"]].sum()
        said = [f"{part} {int(row.rows)} rows, {int(row.dropouts)} dropouts" for part, row in rows.iterrows()]
        return f"<TrainingPlan of {len(self.dates)} dates: {'; '.join(said)}>"

    def frame(self) -> pd.DataFrame:
        """Give the dates."""
        return self.dates

    def chart(self) -> Figure:
        """Draw the rows of each date, by part; needs matplotlib."""
        from dropout_risk.evaluation.model_card.charts import blank_figure

        figure = blank_figure(8, 2.6)
        axes = figure.subplots()
        days = [str(day) for day in self.dates.index]
        axes.bar(days, self.dates["rows"], color=[_COLOURS[part] for part in self.dates["part"]])
        for part in self.dates["part"].unique():
            axes.bar([], [], color=_COLOURS[part], label=part)
        axes.set_ylabel("rows with a label")
        axes.tick_params(axis="x", labelsize=8, rotation=45)
        axes.legend(fontsize=8)
        axes.set_title(f"Labels look {self.horizon_days} school days ahead", fontsize=10)
        return figure

    def _repr_html_(self) -> str:
        return str(self.dates.to_html()) if self.problem is None else f"<p>{self.problem}</p>"


def plan(records: SchoolRecords, settings: Settings | None = None) -> TrainingPlan:
    """Say which as-of dates, labels and parts a training would have, without computing a feature.

    Parameters
    ----------
    records : SchoolRecords
        With outcomes.
    settings : Settings, optional
        Horizon, outcomes, split.

    Returns
    -------
    TrainingPlan
        Of records that cannot carry a training it says why, as :func:`dropout_risk.train` would.

    Raises
    ------
    ArgumentError, SettingsError
        If the records are a path, or the settings name an outcome that does not exist.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> plan(dr.simulate_district(n_students=400, seed=3)).dates["part"].value_counts().to_dict()
    {'train': 7, 'labels not known in time': 5, 'test': 2}
    """
    settings = Settings() if settings is None else settings
    check_settings(settings)
    require_kind(records, SchoolRecords, "records", READ_FIRST)
    histories, horizon = histories_of(records), settings.outcome.horizon_days
    try:
        cohort = labelled_cohort(histories, settings)
    except DropoutRiskError as error:
        nothing = pd.DataFrame(columns=["part", "rows", "dropouts"])
        return TrainingPlan(nothing, pd.Series(dtype=int), horizon, error)
    censored = cohort.censored["reason"].value_counts() if cohort.censored is not None else pd.Series()
    nameless = pd.DataFrame(np.zeros((len(cohort), 1)), index=cohort.index, columns=["none"])
    try:
        parts = make_parts(histories, cohort, nameless, settings)
    except DropoutRiskError as error:
        return TrainingPlan(_planned_dates(cohort, None), censored, horizon, error)
    return TrainingPlan(_planned_dates(cohort, parts), censored, horizon)


def _planned_dates(cohort: Cohort, parts: Parts | None) -> pd.DataFrame:
    labels = pd.Series() if cohort.labels is None else cohort.labels
    by_date = labels.groupby(level="as_of")
    dates = pd.DataFrame({"part": NOT_SPLIT, "rows": by_date.size(), "dropouts": by_date.sum()})
    dates.index = pd.Index([str(day)[:10] for day in dates.index], name="as_of")
    if parts is not None:
        split = parts.dates()
        names = {"train_as_of": TRAIN, "gap_as_of": GAP, "test_as_of": TEST}
        of_day = {str(day)[:10]: name for key, name in names.items() for day in split[key]}
        dates["part"] = [of_day.get(day, NOT_SPLIT) for day in dates.index]
    return dates
