"""The grade level of pupils on a day in the past: the students table holds only the latest one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.histories.histories import Histories

Floats = npt.NDArray[np.float64]
Ordinals = npt.NDArray[np.int64]


def grade_levels_on(histories: Histories, pupils: npt.NDArray[Any], ordinals: Ordinals) -> Floats:
    """Give the grade level of some pupils, each on a day.

    The students table says it as of the day the pupil left or, for who is still there, as of the last day
    that was observed. A day in an earlier school year is taken to lie one grade level lower for each
    year; who repeated a year is then one too low. A day in a later school year changes nothing.

    Parameters
    ----------
    histories : Histories
        With the students table.
    pupils : int array of shape (n,)
        Row numbers of the pupils.
    ordinals : int array of shape (n,)
        The day of each.

    Returns
    -------
    float64 array of shape (n,)
        NaN where no grade level is recorded.
    """
    grades = histories.students["grade_level"].cast(pa.float64()).take(pa.array(pupils))
    left = histories.student_dates("left_on")[pupils]
    observed = np.broadcast_to(histories.observed_to, len(histories.calendar.schools))
    latest = np.where(left >= 0, left, observed[histories.calendar_row][pupils])
    start = histories.calendar.year_start
    years = _school_year(latest, start) - _school_year(ordinals, start)
    now = np.asarray(grades.to_pandas().to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(now - np.maximum(years, 0))


def _school_year(ordinals: Ordinals, start: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Give the calendar year in which each day's school year began."""
    dates = ordinals.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    month, day = start
    begins = (years.astype("datetime64[M]") + (month - 1)).astype("datetime64[D]") + (day - 1)
    return np.asarray(years.astype(np.int64) - (dates < begins))
