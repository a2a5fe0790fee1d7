"""When pupils were last at school: who still came on a day, and whose dropout is dated long after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_risk.catalogue.attendance import DAYS_SINCE_PRESENT
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.metrics import Array
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import date_of, ordinal_of

ONLY = FeatureCatalogue([DAYS_SINCE_PRESENT])
LATE = 10
"""School days after which entries of attendance are in."""


def days_since_present(histories: Histories, cohort: Cohort) -> Array:
    """Give the school days since each row's pupil was last at school, as known on the day; NaN if unknown."""
    return np.asarray(build_features(histories, cohort, ONLY)[DAYS_SINCE_PRESENT.name], dtype=np.float64)


def last_days_present(histories: Histories, dropout_day: pd.Series, dates: Sequence[dt.date]) -> pd.Series:
    """Give the school day on which each pupil who dropped out was last at school before it.

    It is read on the first of the dates ten school days after the dropout, when late entries are in, or at
    the end of the records.

    Parameters
    ----------
    histories : Histories
        Of the pupils.
    dropout_day : Series
        School day of the dropout, by the pupil's row number.
    dates : sequence of date
        In order.
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
