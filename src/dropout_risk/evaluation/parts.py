"""Who trains, who calibrates and who tests: days in order, pupils apart."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from dropout_risk.arrays import Bools, Floats, Longs, Positions
from dropout_risk.catalogue.attendance import DAYS_SINCE_PRESENT
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import EmptyColumnError, OneClassError, TooFewDropoutsError, TrainingError
from dropout_risk.evaluation.baselines import BaselineRows
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.features.refused_shares import Refusals
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.folds.splits import RandomSplit, TemporalSplit, calibration_part
from dropout_risk.modelling.leaks.report import binary_labels
from dropout_risk.records.days.calendar import DateLike, date_of, ordinal_of
from dropout_risk.settings import Settings

# --- When pupils were last at school: who still came on a day, and whose dropout is dated long after ---

ONLY = FeatureCatalogue([DAYS_SINCE_PRESENT])
LATE = 10
"""School days after which entries of attendance are in."""
FEWEST_GROUPS = 10
"""Schools from which on folds keep them apart; a choice that was not measured."""


def days_since_present(histories: Histories, cohort: Cohort) -> Floats:
    """Give the school days since each row's pupil was last at school, as known on the day; NaN if unknown."""
    return np.asarray(build_features(histories, cohort, ONLY)[DAYS_SINCE_PRESENT.name], dtype=np.float64)


def last_days_present(histories: Histories, dropout_day: pd.Series, dates: Sequence[dt.date]) -> pd.Series:
    """Give the school day on which each pupil who dropped out was last at school before it.

    It is read on the first of the dates, which are in order, ten school days after the dropout, when late
    entries are in, or at the end of the records. The dropouts' school days come by the pupil's row number.
    """
    if dropout_day.empty:
        return pd.Series(dtype=np.float64)
    pupils, gone = dropout_day.index.to_numpy(), dropout_day.to_numpy()
    end = int(np.max(histories.observed_to)) + 1
    read_on = np.append([ordinal_of(date) for date in dates], end)
    row = histories.calendar_row[pupils]
    later = histories.calendar.index(row[:, None], read_on[None, :]) > gone[:, None] + LATE
    later[:, -1] = True
    chosen = read_on[later.argmax(axis=1)]
    some = histories.take(np.sort(pupils))
    ids = histories.students["student_id"].to_numpy()[pupils]
    cohort = Cohort.from_frame(pd.DataFrame({"student_id": ids, "as_of": map(date_of, chosen)}), some)
    since = days_since_present(some, cohort)
    day = histories.calendar.index(row, chosen) - 1 - since
    return pd.Series(np.minimum(day, gone), index=dropout_day.index, dtype=np.float64).dropna()


# --- On which days training looks at the pupils: the first school day of each month ---


def monthly_dates(
    histories: Histories, *, min_history_days: int, horizon_days: int | None = None
) -> list[dt.date]:
    """Give the first school day of each month that has enough days before and, if asked, after it.

    A date counts where it does so for at least half of the schools; the cohort censors the pupils of the
    others. With ``horizon_days`` the outcomes of so many school days from the date on must be complete;
    without it the date itself need only lie within the records.
    """
    calendar, schools = histories.calendar, np.unique(histories.calendar_row)
    dates = np.arange(calendar.first, min(calendar.last, int(np.max(histories.observed_to))) + 1)
    before = _school_days_before(histories, schools, dates)
    is_open = _school_days_before(histories, schools, dates + 1) > before
    enough = before >= min_history_days
    if horizon_days is not None:
        enough &= before + horizon_days <= _complete_days(histories, schools)[:, None]
    first = _first_of_month(dates, _half_of_schools(is_open))
    return [date_of(day) for day in dates[first & _half_of_schools(enough)]]


def labelled_cohort(histories: Histories, settings: Settings) -> Cohort:
    """Give the pupils of every monthly snapshot whose outcome has been observed, with their labels.

    TrainingError if no month has both enough history and a whole horizon.
    """
    horizon, history = settings.outcome.horizon_days, settings.split.min_history_days
    dates = monthly_dates(histories, min_history_days=history, horizon_days=horizon)
    if not dates:
        raise _no_month(histories, history, horizon)
    cohort = Cohort.on(histories, dates).with_labels(histories, horizon, settings.outcome.events)
    if len(cohort) == 0:
        raise TrainingError(
            f"None of the pupils on {len(dates)} dates has a known outcome: {censored_in_words(cohort)}.",
            hint=DECLARE_OUTCOMES,
        )
    return _without_refused(histories, cohort, settings)


ROWS_SET_APART = "rows_set_apart"
DECLARE_OUTCOMES = (
    "declare up to which day outcomes are complete: outcomes_to in the mapping or as an argument; "
    "without it nobody counts as having stayed after the school's last outcome"
)


def _no_month(histories: Histories, history: int, horizon: int) -> TrainingError:
    """Say whether it is the days or the outcomes that are too few."""
    schools = np.unique(histories.calendar_row)
    held = int(_days_to(histories, histories.observed_to, schools).max())
    known = _complete_days(histories, schools)
    short = int((known < history + horizon).sum())
    if held < history + horizon or not short:
        return TrainingError(
            f"No month has {history} school days before it and {horizon} after it: the records hold {held}.",
            hint="give a longer time of records, or shorten outcome.horizon_days",
        )
    return TrainingError(
        f"No month has {history} school days before it and {horizon} with complete outcomes after it: the "
        f"records hold {held} school days, but at {short} of {len(schools)} schools outcomes are known to be "
        f"complete for fewer than {history + horizon} of them.",
        hint=DECLARE_OUTCOMES,
    )


def censored_in_words(cohort: Cohort) -> str:
    """Count the rows without a label by their reason.

    >>> censored_in_words(Cohort(pd.DataFrame(), None, pd.DataFrame({"reason": ["died", "died"]})))
    '2 died'
    """
    if cohort.censored is None or cohort.censored.empty:
        return "no row is without a label"
    return ", ".join(f"{n} {reason}" for reason, n in cohort.censored["reason"].value_counts().items())


def _without_refused(histories: Histories, cohort: Cohort, settings: Settings) -> Cohort:
    """Take away the labels of pupils of whom too much was set apart before the date: see ``missingness``."""
    if not histories.refused.offsets[-1] or cohort.labels is None:
        return cohort
    limits, frame = settings.missingness, cohort.frame
    doubted, pupils = np.zeros(len(frame), np.bool_), frame["pupil"].to_numpy()
    for day, rows in frame.groupby("as_of").indices.items():
        found = Refusals.of(histories.on(pd.Timestamp(day)), limits.window_days)
        doubted[rows] = found.not_judged(limits.pupil_share, limits.family_share)[pupils[rows]]
    if not doubted.any():
        return cohort
    apart = frame[doubted].assign(reason=ROWS_SET_APART)
    return replace(
        cohort,
        frame=frame[~doubted].reset_index(drop=True),
        labels=cohort.labels[~doubted],
        censored=pd.concat([cohort.censored, apart], ignore_index=True),
    )


def days_before(histories: Histories, dates: Sequence[DateLike], day: DateLike) -> list[int]:
    """Count the school days from each date to a later day, in the school where they are fewest.

    What was known in every school on that day can be judged by these counts, even where schools keep
    different calendars.
    """
    schools = np.unique(histories.calendar_row)
    ordinals = np.array([ordinal_of(date) for date in dates], dtype=np.int64)
    until = _school_days_before(histories, schools, np.array([ordinal_of(day)]))
    counted: list[int] = (until - _school_days_before(histories, schools, ordinals)).min(axis=0).tolist()
    return counted


def last_label_day(histories: Histories, day: DateLike, horizon_days: int) -> dt.date:
    """Give the last date that the labels of a snapshot look at, in the school where it comes latest."""
    schools = np.unique(histories.calendar_row)
    start = histories.calendar.index(schools, ordinal_of(day))
    return date_of(int(histories.calendar.day(schools, start + horizon_days - 1).max()))


def _school_days_before(histories: Histories, schools: npt.NDArray[np.int32], dates: Longs) -> Longs:
    return np.asarray(histories.calendar.index(schools[:, None], dates[None, :]), dtype=np.int64)


def _complete_days(histories: Histories, schools: npt.NDArray[np.int32]) -> Longs:
    """Count the school days of which outcomes are complete, at most those that were observed."""
    return _days_to(histories, np.minimum(histories.complete_to, histories.observed_to), schools)


def _days_to(histories: Histories, until: npt.NDArray[np.int32], schools: npt.NDArray[np.int32]) -> Longs:
    return np.asarray(histories.calendar.index(schools, until[schools] + 1), dtype=np.int64)


def _half_of_schools(by_school: Bools) -> Bools:
    return np.asarray(by_school.mean(axis=0) >= 0.5, dtype=bool)


def _first_of_month(dates: Longs, is_school_day: Bools) -> Bools:
    months = dates.astype("datetime64[D]").astype("datetime64[M]")
    positions = np.flatnonzero(is_school_day)
    _, first = np.unique(months[positions], return_index=True)
    flags = np.zeros(len(dates), dtype=bool)
    flags[positions[first]] = True
    return flags


FEWEST_PUPILS = 10
"""Different pupils of a class below which nothing is learned, whatever the settings say."""
FEWEST_TO_CALIBRATE = 100
"""Pupils of a class set aside below which calibration is out of fold instead.

With 30 to 40 dropouts set aside (3,000 simulated pupils, four seeds) the calibration's own error made the
test log loss worse than calibrating on the folds of all training pupils, every time.
"""


@dataclass(frozen=True)
class Parts:
    """The rows of a labelled cohort, with a row of features each, by what they are used for.

    A pupil is in ``train`` or in ``calibration``, never in both. ``calibration`` is empty where too few of
    its pupils drop out: then all train, and calibration is out of fold.
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
        return binary_labels(self.cohort.labels.to_numpy()[rows]).astype(np.int64)

    def pupils(self, rows: Positions) -> npt.NDArray[Any]:
        """Give the pupil of some rows."""
        return np.asarray(self.cohort.frame["student_id"].to_numpy()[rows])

    def groups(self, rows: Positions) -> npt.NDArray[Any]:
        """Give what folds of some rows keep apart: schools, where there are ten or more, else pupils.

        The school of a pupil is that of its first row, so that no pupil is on both sides.
        """
        frame = self.cohort.frame.iloc[rows]
        first = (
            frame.sort_values("as_of", kind="stable").groupby("student_id", sort=False)["school_id"].first()
        )
        if first.nunique() < FEWEST_GROUPS:
            return self.pupils(rows)
        school = first.astype(object).fillna("").astype(str)
        return np.asarray(school.reindex(frame["student_id"]).to_numpy())

    def days(self, rows: Positions) -> npt.NDArray[np.str_]:
        """Give the as-of date of some rows, as text."""
        return np.asarray(self.cohort.frame["as_of"].dt.strftime("%Y-%m-%d").to_numpy(dtype=str)[rows])

    def cohort_of(self, rows: Positions) -> Cohort:
        """Give the pupils and days of some rows."""
        return Cohort(self.cohort.frame.iloc[rows].reset_index(drop=True))

    def cohorts(self, rows: Positions) -> pd.DataFrame:
        """Give the school and the as-of date of some rows, by the names that :meth:`X` has."""
        return self.cohort.frame[["school_id", "as_of"]].iloc[rows].set_axis(self.features.index[rows])

    def grade_levels(self, rows: Positions) -> npt.NDArray[Any]:
        """Give the grade level of some rows, as the students table has it; NaN where there is none."""
        return np.asarray(self.cohort.frame["grade_level"].to_numpy(dtype=np.float64, na_value=np.nan)[rows])

    def rows_for_baselines(self, rows: Positions) -> BaselineRows:
        """Give some rows as the baselines read them."""
        schools = self.cohort.frame["school_id"].astype(object).fillna("").to_numpy()[rows]
        return BaselineRows(self.X(rows), schools, self.y(rows))

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
        labels, pupils = self.y(rows), pd.Series(self.pupils(rows))
        return min(int(pupils[labels == label].nunique()) for label in (0, 1))

    def _count(self, rows: Positions) -> dict[str, int]:
        pupils, left = pd.Series(self.pupils(rows)), self.y(rows) == 1
        return {
            "rows": len(rows),
            "pupils": int(pupils.nunique()),
            "positives": int(left.sum()),
            "leavers": int(pupils[left].nunique()),
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


def divide_rows(histories: Histories, cohort: Cohort, settings: Settings) -> tuple[Positions, Positions]:
    """Give the rows whose labels were known when the test began, and the test rows.

    Of a random split these are the first of five folds of pupils and the other four. SplitError if there are
    too few snapshots.
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

    SplitError if there are too few snapshots, TooFewDropoutsError if too few pupils drop out or all do
    before the test, OneClassError if all of the test end alike, LabelError if a label is neither 0 nor 1,
    EmptyColumnError if no feature has a value before the test.
    """
    known, test = divide_rows(histories, cohort, settings)
    pupils = cohort.frame["student_id"].to_numpy()[known]
    aside = calibration_part(pupils, settings.split.calibration_share, settings.models.seed)
    parts = Parts(cohort, features, known[~aside], known[aside], test, settings.split.kind)
    _require_both_classes(parts, settings.split.fewest_dropouts)
    _require_test_classes(parts)
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
        hint="give more schools or a longer time of records, check that outcomes are complete and that "
        "outcomes_to says so, or set "
        "split.fewest_dropouts lower and trust the model less",
    )


def _require_test_classes(parts: Parts) -> None:
    """Refuse a test that can tell nothing apart, with what became of the rows that have no label."""
    labels = parts.y(parts.test)
    if len(np.unique(labels)) != 1:
        return
    days = parts.dates()["test_as_of"]
    ended = "dropped out" if labels[0] else "stayed"
    raise OneClassError(
        f"All {len(labels)} rows of the {len(days)} test day(s) {days[0]} to {days[-1]} {ended}: nothing can "
        f"be measured on them. Without a label: {censored_in_words(parts.cohort)}.",
        hint="check that the outcomes of these months are all there; "
        + DECLARE_OUTCOMES
        + "; or set split.test_snapshots higher",
    )


def _require_values(parts: Parts) -> None:
    if len(parts.without_value) < parts.features.shape[1]:
        return
    raise EmptyColumnError(
        f"None of {parts.features.shape[1]} features has a value before the test.",
        hint="check that the records hold attendance, grades, tests or family rows from before these days",
    )


# --- The test rows as the report reads them: what happened, what was said, and who was there to see it ---


def held_out_of(parts: Parts, histories: Histories, risks: npt.NDArray[Any]) -> HeldOut:
    """Put the test part together: schools, pupils, responsible teachers, and who still came."""
    cohort = parts.cohort_of(parts.test)
    return HeldOut(
        parts.y(parts.test),
        risks,
        parts.days(parts.test),
        schools=cohort.frame["school_id"].astype(object).fillna("").to_numpy(),
        pupils=parts.pupils(parts.test),
        teachers=teachers_of(histories, cohort.frame["pupil"].to_numpy()),
        since_present=days_since_present(histories, cohort),
    )


def teachers_of(histories: Histories, pupils: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give who sees each pupil: the responsible teacher, or the class where none is recorded."""
    responsible = pc.fill_null(histories.students["responsible_id"], "").to_numpy()
    classes = np.array([*histories.classes.names, ""], dtype=object)[histories.classes.codes]
    return np.asarray(np.where(responsible == "", classes, responsible)[pupils])
