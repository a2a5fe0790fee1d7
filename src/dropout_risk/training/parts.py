"""Who trains, who calibrates and who tests: days in order, pupils apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import EmptyColumnError, TooFewDropoutsError, TrainingError
from dropout_risk.evaluation.baselines import Rows
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.group_splits import RandomSplit
from dropout_risk.modelling.leaks import labels_of
from dropout_risk.modelling.splits import TemporalSplit, calibration_part
from dropout_risk.settings import Settings
from dropout_risk.training.snapshots import days_before

FEWEST_PUPILS = 10
"""Different pupils of a class below which nothing is learned, whatever the settings say."""
FEWEST_TO_CALIBRATE = 100
"""Pupils of a class set aside below which calibration is out of fold instead.

With 30 to 40 dropouts set aside (3,000 simulated pupils, four seeds) the calibration's own error made the
test log loss worse than calibrating on the folds of all training pupils, every time.
"""
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Parts:
    """The rows of a labelled cohort, by what they are used for.

    Parameters
    ----------
    cohort : Cohort
        With labels.
    features : DataFrame
        One row per row of the cohort.
    train, calibration, test : array of int
        Row numbers; a pupil is in ``train`` or in ``calibration``, never in both. ``calibration`` is
        empty where too few of its pupils drop out: then all train, and calibration is out of fold.
    kind : {"temporal", "random"}
        How the test was set apart.
    """

    cohort: Cohort
    features: pd.DataFrame
    train: Positions
    calibration: Positions
    test: Positions
    kind: str = "temporal"

    @property
    def before_test(self) -> Positions:
        """Rows whose outcome was known when the test began: train and calibration."""
        return np.sort(np.concatenate([self.train, self.calibration]))

    @cached_property
    def without_value(self) -> list[str]:
        """Features without any value before the test: nothing can be learned of them."""
        known = self.features.iloc[self.before_test].notna().any()
        return list(known.index[~known])

    def X(self, rows: Positions) -> pd.DataFrame:  # noqa: N802
        """Give the features of some rows."""
        return self.features.iloc[rows]

    def y(self, rows: Positions) -> npt.NDArray[np.int64]:
        """Give the labels of some rows."""
        if self.cohort.labels is None:
            raise TrainingError("The cohort has no labels.", hint="call Cohort.with_labels first")
        return labels_of(self.cohort.labels.to_numpy()[rows]).astype(np.int64)

    def students(self, rows: Positions) -> npt.NDArray[Any]:
        """Give the pupil of some rows."""
        return np.asarray(self.cohort.frame["student_id"].to_numpy()[rows])

    def days(self, rows: Positions) -> npt.NDArray[np.str_]:
        """Give the as-of date of some rows, as text."""
        return np.asarray(self.cohort.frame["as_of"].dt.strftime("%Y-%m-%d").to_numpy(dtype=str)[rows])

    def cohorts(self, rows: Positions) -> pd.DataFrame:
        """Give the school and the as-of date of some rows."""
        return self.cohort.frame[["school_id", "as_of"]].iloc[rows]

    def grade_levels(self, rows: Positions) -> npt.NDArray[Any]:
        """Give the grade level of some rows, as the students table has it; NaN where there is none."""
        return np.asarray(self.cohort.frame["grade_level"].to_numpy(dtype=np.float64, na_value=np.nan)[rows])

    def rows_for_baselines(self, rows: Positions) -> Rows:
        """Give some rows as the baselines read them."""
        schools = self.cohort.frame["school_id"].astype(object).fillna("").to_numpy()[rows]
        return Rows(self.X(rows), schools, self.y(rows))

    def dates(self) -> dict[str, Any]:
        """Give the days of each part, those left out for the label gap, and how calibration was done."""
        everything = np.arange(len(self.cohort.frame))
        train, test = (set(self.days(rows)) for rows in (self.before_test, self.test))
        return {
            "kind": self.kind,
            "without_value": self.without_value,
            "train_as_of": sorted(train),
            "gap_as_of": sorted(set(self.days(everything)) - train - test),
            "test_as_of": sorted(test),
            "calibration": "pupils of their own" if len(self.calibration) else "out of fold",
        }

    def counts(self) -> dict[str, Any]:
        """Give rows, pupils and dropouts of each part, rows without a label by reason, and who they are."""
        parts = {"train": self.train, "calibration": self.calibration, "test": self.test}
        censored = self.cohort.censored
        reasons: Iterable[str] = [] if censored is None else censored["reason"]
        by_reason = dict(sorted(Counter(map(str, reasons)).items()))
        population = {"train": self._population(self.before_test), "test": self._population(self.test)}
        counted = {name: self._count(rows) for name, rows in parts.items()}
        return counted | {"censored": by_reason, "population": population}

    def fewest_pupils_of_a_class(self, rows: Positions) -> int:
        """Give how many different pupils the rarer of the two classes holds in some rows."""
        labels, students = self.y(rows), pd.Series(self.students(rows))
        return min(int(students[labels == label].nunique()) for label in (0, 1))

    def _count(self, rows: Positions) -> dict[str, int]:
        students, left = pd.Series(self.students(rows)), self.y(rows) == 1
        return {
            "rows": len(rows),
            "pupils": int(students.nunique()),
            "positives": int(left.sum()),
            "leavers": int(students[left].nunique()),
        }

    def _population(self, rows: Positions) -> dict[str, Any]:
        """Give schools, pupils by grade level, and how much is missing; nothing of a single pupil."""
        frame, missing = self.cohort.frame.iloc[rows], self.X(rows).isna()
        levels = pd.Series(self.grade_levels(rows))[~frame["student_id"].duplicated().to_numpy()]
        levels = levels.dropna().astype(int).value_counts()
        return {
            "schools": int(frame["school_id"].nunique()),
            "grade_levels": {str(level): int(n) for level, n in levels.sort_index().items()},
            "missing": float(missing.to_numpy().mean()) if missing.size else 0.0,
            "empty_features": int(missing.all().sum()),
        }


def divide(histories: Histories, cohort: Cohort, settings: Settings) -> tuple[Positions, Positions]:
    """Give the rows whose labels were known when the test began, and the test rows.

    Of a random split these are the first of five folds of pupils and the other four.

    Raises
    ------
    SplitError
        If there are too few snapshots.
    """
    if settings.split.kind == "random":
        at_random = RandomSplit(seed=settings.models.seed)
        return next(at_random.split(cohort.frame, cohort.labels, cohort.frame["student_id"]))
    days = pd.DatetimeIndex(sorted(cohort.frame["as_of"].unique()))
    held = settings.split.test_snapshots
    anchor = days[max(len(days) - held, 0)]
    index = dict(zip(days, (-gap for gap in days_before(histories, list(days), anchor)), strict=True))
    split = TemporalSplit(
        n_splits=1, horizon_days=settings.outcome.horizon_days, test_snapshots=held, calendar=index
    )
    known, test = next(split.split(as_of=pd.DatetimeIndex(cohort.frame["as_of"])))
    return known, test


def make_parts(histories: Histories, cohort: Cohort, features: pd.DataFrame, settings: Settings) -> Parts:
    """Divide a labelled cohort in time, and set aside pupils to calibrate on.

    Raises
    ------
    SplitError
        If there are too few snapshots.
    TooFewDropoutsError
        If too few pupils drop out, or all do, before the test.
    LabelError
        If a label is neither 0 nor 1.
    EmptyColumnError
        If no feature has a value before the test.
    """
    known, test = divide(histories, cohort, settings)
    students = cohort.frame["student_id"].to_numpy()[known]
    aside = calibration_part(students, settings.split.calibration_share, settings.models.seed)
    parts = Parts(cohort, features, known[~aside], known[aside], test, settings.split.kind)
    _require_both_classes(parts, settings.split.fewest_dropouts)
    _require_values(parts)
    if parts.fewest_pupils_of_a_class(parts.calibration) < FEWEST_TO_CALIBRATE:
        return replace(parts, train=known, calibration=known[:0])
    return parts


def _require_both_classes(parts: Parts, fewest: int) -> None:
    y = parts.y(parts.before_test)
    dropouts, stayers = int(y.sum()), int((1 - y).sum())
    pupils = parts.fewest_pupils_of_a_class(parts.before_test)
    if min(dropouts, stayers) >= fewest and pupils >= FEWEST_PUPILS:
        return
    days = parts.dates()["train_as_of"]
    raise TooFewDropoutsError(
        f"{len(y)} rows of {len(days)} training days hold {dropouts} dropouts and {stayers} who stayed, the "
        f"rarer of {pupils} different pupils; at least {fewest} rows and {FEWEST_PUPILS} pupils of each are "
        "needed.",
        hint="give more schools or a longer time of records, check that outcomes are complete, or set "
        "split.fewest_dropouts lower and trust the model less",
    )


def _require_values(parts: Parts) -> None:
    if len(parts.without_value) < parts.features.shape[1]:
        return
    raise EmptyColumnError(
        f"None of {parts.features.shape[1]} features has a value before the test.",
        hint="check that the records hold attendance, grades, tests or family rows from before these days",
    )
