"""On which days training looks at the pupils: the first school day of each month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropout_risk.errors import TrainingError
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike, date_of, ordinal_of
from dropout_risk.settings import Settings

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def monthly_dates(
    histories: Histories, *, min_history_days: int, horizon_days: int | None = None
) -> list[dt.date]:
    """Give the first school day of each month that has enough days before and, if asked, after it.

    A date counts where it does so for at least half of the schools; the cohort censors the pupils of the
    others.

    Parameters
    ----------
    histories : Histories
        Their calendars, and the last day that was observed.
    min_history_days : int
        Fewest school days before the date.
    horizon_days : int, optional
        School days from the date on that must have been observed; without it the date itself need only
        lie within the records.

    Returns
    -------
    list of date
        In order; one per month at most.
    """
    calendar, schools = histories.calendar, np.unique(histories.calendar_row)
    dates = np.arange(calendar.first, min(calendar.last, _last_observed(histories)) + 1)
    before = _school_days_before(histories, schools, dates)
    observed = _observed_days(histories, schools)[:, None]
    is_open = _school_days_before(histories, schools, dates + 1) > before
    enough = before >= min_history_days
    if horizon_days is not None:
        enough &= before + horizon_days <= observed
    first = _first_of_month(dates, _half(is_open))
    return [date_of(day) for day in dates[first & _half(enough)]]


def labelled_cohort(histories: Histories, settings: Settings) -> Cohort:
    """Give the pupils of every monthly snapshot whose outcome has been observed, with their labels.

    Raises
    ------
    TrainingError
        If no month has both enough history and a whole horizon.
    """
    horizon, history = settings.outcome.horizon_days, settings.split.min_history_days
    dates = monthly_dates(histories, min_history_days=history, horizon_days=horizon)
    if not dates:
        known = int(_observed_days(histories, np.unique(histories.calendar_row)).max())
        raise TrainingError(
            f"No month has {history} school days before it and {horizon} after it: the records hold {known}.",
            hint="give a longer time of records, or shorten outcome.horizon_days",
        )
    cohort = Cohort.on(histories, dates).with_labels(histories, horizon, settings.outcome.events)
    if len(cohort) == 0:
        raise TrainingError(
            f"None of the pupils on {len(dates)} dates has a known outcome.",
            hint="see Cohort.censored for the reasons; outcomes may be missing from the records",
        )
    return cohort


def days_before(histories: Histories, dates: Sequence[DateLike], day: DateLike) -> list[int]:
    """Count the school days from each date to a later day, in the school where they are fewest.

    What was known in every school on that day can be judged by these counts, even where schools keep
    different calendars.

    Returns
    -------
    list of int
        Positive for dates before the day.
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


def _school_days_before(histories: Histories, schools: npt.NDArray[np.int32], dates: Counts) -> Counts:
    return np.asarray(histories.calendar.index(schools[:, None], dates[None, :]), dtype=np.int64)


def _last_observed(histories: Histories) -> int:
    return int(np.max(histories.observed_to))


def _observed_days(histories: Histories, schools: npt.NDArray[np.int32]) -> Counts:
    until = np.broadcast_to(histories.observed_to, len(histories.calendar.schools))
    return np.asarray(histories.calendar.index(schools, until[schools] + 1), dtype=np.int64)


def _half(by_school: Flags) -> Flags:
    return np.asarray(by_school.mean(axis=0) >= 0.5, dtype=bool)


def _first_of_month(dates: Counts, is_school_day: Flags) -> Flags:
    months = dates.astype("datetime64[D]").astype("datetime64[M]")
    places = np.flatnonzero(is_school_day)
    _, first = np.unique(months[places], return_index=True)
    flags = np.zeros(len(dates), dtype=bool)
    flags[places[first]] = True
    return flags
