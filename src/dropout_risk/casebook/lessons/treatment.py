"""Treatment: who was helped, risk among them apart from the others, and labels that the help has changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.lessons.told_cases import ToldCases
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.evaluation.small_groups import FEWEST, withheld_groups
from dropout_risk.features.cohort import Cohort

HELPED = "helped"
"""The reason of a censored row."""


def helped_since(book: Book) -> pd.DataFrame:
    """Give from entries who was helped and when: ``student_id``, ``since`` (first contact) and ``until``.

    A row per case of the school in which somebody was reached; ``until`` is the day on which it was closed,
    None while it goes on. Notes are not read, nor are counsellors' cases.
    """
    cases = ToldCases.of_book(book).cases
    helped = cases[cases["contacted"].notna()]
    frame = helped[["pupil", "contacted", "closed"]].reset_index(drop=True)
    return frame.set_axis(["student_id", "since", "until"], axis=1)


def helped_rows(
    rows: pd.DataFrame, helped: pd.DataFrame, *, horizon_days: int = 90, days: SchoolDaysAhead | None = None
) -> Bools:
    """Say of which rows the pupil was helped on a day of the horizon: the outcome may be the help's.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``student_id`` and ``as_of``; ``school_id`` if schools keep different days, and ``left_on``, the day
        on which a pupil left: help after it is none.
    helped : pandas.DataFrame
        See :func:`helped_since`.
    horizon_days : int, default=90
        School days.
    days : SchoolDaysAhead, optional
        By default the ordinary week.
    """
    _refuse_missing(rows, "student_id", "as_of")
    days = days or SchoolDaysAhead()
    spells: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for row in helped.itertuples():
        spells.setdefault(str(row.student_id), []).append((row.since, row.until or dt.date.max))
    schools = rows["school_id"].astype(str) if "school_id" in rows else [""] * len(rows)
    left = pd.to_datetime(rows["left_on"]).dt.date if "left_on" in rows else [None] * len(rows)
    told = zip(
        rows["student_id"].astype(str), pd.to_datetime(rows["as_of"]).dt.date, schools, left, strict=True
    )
    last: dict[tuple[str, dt.date], dt.date] = {}
    found = []
    for pupil, day, school, gone in told:
        if pupil in spells and (school, day) not in last:
            last[school, day] = days.later(school, day, horizon_days)
        found.append(any(
            since <= last[school, day] and until >= day and (pd.isna(gone) or since < gone)
            for since, until in spells.get(pupil, ())
        ))  # fmt: skip
    return np.array(found, dtype=np.bool_)


def censor_helped(
    cohort: Cohort, helped: pd.DataFrame, *, horizon_days: int = 90, days: SchoolDaysAhead | None = None
) -> Cohort:
    """Take away the labels of rows whose pupil was helped within the horizon, whether it stayed or left.

    To keep those who left all the same would leave too many leavers among the rows that bear the signs.

    Parameters
    ----------
    cohort : Cohort
        With labels.
    helped, horizon_days, days
        See :func:`helped_rows`.
    """
    marked = helped_rows(cohort.frame, helped, horizon_days=horizon_days, days=days)
    if cohort.labels is None or not marked.any():
        return cohort
    apart = cohort.frame[marked].assign(reason=HELPED)
    return replace(
        cohort,
        frame=cohort.frame[~marked].reset_index(drop=True),
        labels=cohort.labels[~marked],
        censored=pd.concat([cohort.censored, apart], ignore_index=True),
    )


_FIGURES = ("n", "positives", "base_rate", "mean_risk", "auc", "calibration_intercept", "calibration_slope")
_NOTHING: dict[str, Any] = dict.fromkeys((*_FIGURES, "recall"), np.nan)


def treated_evaluation(
    rows: pd.DataFrame, helped: Bools, *, share: float = 0.05, fewest: int = FEWEST
) -> pd.DataFrame:
    """Measure risks among rows whose pupil was helped, and among the others.

    Who was helped and stayed may have stayed because of it: a model that learns from them as from anybody
    else learns that their signs are harmless. So they are told apart here, and censored in training.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``student_id``, ``risk`` and ``dropped_out`` (1 or 0), of days that the model has not learned from.
    helped : array of bool
        See :func:`helped_rows`.
    share : float, default=0.05
        Recall counts above the line of so many highest risks of all rows, the same for both.
    fewest : int, default=10
        Groups of fewer pupils are withheld.

    Returns
    -------
    pandas.DataFrame
        A row for ``helped`` and one for ``others``: ``n`` rows, ``positives``, ``base_rate``, ``mean_risk``,
        ``auc``, ``calibration_intercept``, ``calibration_slope``, ``recall``; missing where ``withheld``.

    Raises
    ------
    EvaluationError
        If a column is missing, or risks and outcomes are impossible.
    """
    _refuse_missing(rows, "student_id", "risk", "dropped_out")
    if len(helped) != len(rows):
        raise EvaluationError(f"{len(rows)} rows, and {len(helped)} marks of help.", hint="see helped_rows()")
    line = float(np.quantile(rows["risk"], 1 - share)) if len(rows) else np.nan
    parts = {"helped": rows[helped], "others": rows[~helped]}
    hidden = withheld_groups([part["student_id"].nunique() for part in parts.values()], fewest)
    told = {
        group: {"withheld": bool(small)} | (_NOTHING if small else _figures_of(part, line))
        for (group, part), small in zip(parts.items(), hidden, strict=True)
    }
    return pd.DataFrame.from_dict(told, orient="index")


def _figures_of(part: pd.DataFrame, line: float) -> dict[str, Any]:
    if part.empty:
        return _NOTHING | {"n": 0, "positives": 0}
    truth, risk = part["dropped_out"].to_numpy(), part["risk"].to_numpy()
    found = ranking_and_probability_metrics(truth, risk)
    left = risk[truth == 1]
    return {name: found[name] for name in _FIGURES} | {
        "recall": float((left >= line).mean()) if len(left) else np.nan
    }


def _refuse_missing(rows: pd.DataFrame, *needed: str) -> None:
    missing = [name for name in needed if name not in rows]
    if missing:
        raise EvaluationError(f"The rows have no column {missing[0]!r}.", hint=f"needed: {', '.join(needed)}")
