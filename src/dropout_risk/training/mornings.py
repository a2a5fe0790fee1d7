"""The mornings of the test period: weekly lists by the fitted model, as the schools would have had them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.baselines import Rows, baselines, columns_read
from dropout_risk.evaluation.capacity import together
from dropout_risk.evaluation.lead_time import Mornings, lead_time_section, top_of_groups
from dropout_risk.evaluation.metrics import Array
from dropout_risk.evaluation.section import Section
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import date_of, ordinal_of
from dropout_risk.settings import Settings
from dropout_risk.text import Text
from dropout_risk.training.held_out import teachers
from dropout_risk.training.last_days import last_days_present
from dropout_risk.training.parts import Parts

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier

MOST_PUPILS = 20_000
"""Pupils followed through the mornings; of more, whole schools are drawn."""
MOST_MORNINGS = 40
DAYS_OF_A_WEEK = 5
RIVALS = ("last_mark", "abc_rule")
MODEL = Text(zh="模型", en="Model")


def lead_time(
    classifier: RiskClassifier,
    parts: Parts,
    histories: Histories,
    catalogue: FeatureCatalogue,
    settings: Settings,
) -> Section | None:
    """Draw up a list on every week's first school day from the first test day on, and judge how early it is.

    The mornings go on to the end of the records, since a list needs no label; all of them lie after
    everything that training knew. There are none after a random split, which trains on every day.
    """
    if parts.kind == "random":
        return None
    followed, sampled = sample_of_schools(histories, settings.models.seed)
    dates = weekly_dates(followed, first=min(parts.days(parts.test)))
    cohort = Cohort.on(followed, dates)
    risks, read = _scored(classifier, followed, cohort, catalogue)
    known = parts.rows_for_baselines(parts.before_test)
    rows = _rows(followed, cohort, settings)
    others = {
        baseline.label: baseline.risks
        for baseline in baselines(known, Rows(read, rows["school_id"].to_numpy()), catalogue)
        if baseline.name in RIVALS and baseline.risks is not None
    }
    gone = dropout_days(followed, dates[0], settings.outcome.events)
    mornings = Mornings(
        rows,
        _lists(risks, others, followed, cohort, settings),
        gone,
        tuple(date.isoformat() for date in dates),
        step=_step(dates),
        last_present=last_days_present(followed, gone, dates),
    )
    return lead_time_section(mornings, replicates=settings.evaluation.replicates, sampled=sampled)


def weekly_dates(histories: Histories, first: str) -> list[dt.date]:
    """Give each week's first day on which half of the schools are open, from a date to the last observed day.

    Of more than 40 weeks only every second (third, …) is taken.
    """
    calendar, schools = histories.calendar, np.unique(histories.calendar_row)
    last = min(calendar.last, int(np.max(histories.observed_to)))
    dates = np.arange(ordinal_of(first), last + 1)
    until = calendar.index(schools[:, None], np.append(dates, last + 1)[None, :])
    is_open = dates[(np.diff(until, axis=1) > 0).mean(axis=0) >= 0.5]
    _, place = np.unique((is_open + 3) // 7, return_index=True)  # weeks begin on Monday
    weeks = is_open[place]
    return [date_of(day) for day in weeks[:: -(-len(weeks) // MOST_MORNINGS)]]


def sample_of_schools(histories: Histories, seed: int) -> tuple[Histories, dict[str, int] | None]:
    """Draw whole schools until there are enough pupils; None beside them where everybody is followed."""
    if len(histories) <= MOST_PUPILS:
        return histories, None
    school = together(pc.fill_null(histories.students["school_id"], "").to_numpy())
    size = np.bincount(school)
    order = np.random.default_rng(seed).permutation(len(size))
    chosen = order[: int(np.searchsorted(np.cumsum(size[order]), MOST_PUPILS)) + 1]
    pupils = np.flatnonzero(np.isin(school, chosen))
    counts = {"schools": len(chosen), "pupils": len(pupils), "everybody": len(histories)}
    return histories.take(pupils), counts


def dropout_days(histories: Histories, first: dt.date, events: Sequence[str]) -> pd.Series:
    """Give the school day of the first dropout on or after a date, by the pupil's row number."""
    columns, pupil = histories.outcomes.columns, histories.outcomes.pupil
    words = histories.words.get("event", ())
    counts = np.isin(columns["event"], [code for code, word in enumerate(words) if word in events])
    inside = counts & (columns["date"] >= ordinal_of(first))
    return pd.Series(columns["day"][inside].astype(np.int64)).groupby(pupil[inside]).min()


def _scored(
    classifier: RiskClassifier, histories: Histories, cohort: Cohort, catalogue: FeatureCatalogue
) -> tuple[Array, pd.DataFrame]:
    """Score morning by morning; of the features only those are kept that the baselines read."""
    names = columns_read(catalogue)
    risks, kept = np.empty(len(cohort)), np.empty((len(cohort), len(names)))
    for rows in cohort.frame.groupby("as_of", sort=True).indices.values():
        X = build_features(histories, Cohort(cohort.frame.iloc[rows]), catalogue)
        risks[rows], kept[rows] = classifier.predict_proba(X)[:, 1], X[names].to_numpy()
    return risks, pd.DataFrame(kept, columns=names)


def _rows(histories: Histories, cohort: Cohort, settings: Settings) -> pd.DataFrame:
    """Give pupil, school, school day and known outcome of each row of the cohort."""
    frame = cohort.frame
    pupil, ordinal = frame["pupil"].to_numpy(), frame["as_of"].to_numpy().astype("datetime64[D]")
    labelled = cohort.with_labels(histories, settings.outcome.horizon_days, settings.outcome.events)
    keys = ["pupil", "as_of"]
    known = labelled.frame[keys].assign(outcome=np.asarray(labelled.labels, dtype=np.float64))
    return pd.DataFrame(
        {
            "student_id": pupil,
            "school_id": frame["school_id"].astype(object).fillna("").to_numpy(),
            "day": histories.calendar.index(histories.calendar_row[pupil], ordinal.astype(np.int64)),
            "outcome": frame[keys].merge(known, on=keys, how="left")["outcome"].to_numpy(),
        }
    )


def _lists(
    risks: Array,
    others: Mapping[Text, Array],
    histories: Histories,
    cohort: Cohort,
    settings: Settings,
) -> dict[Text, npt.NDArray[np.bool_]]:
    """Draw up each teacher's list of each morning; baselines get as many places as the model takes."""
    pupil = cohort.frame["pupil"].to_numpy()
    school = cohort.frame["school_id"].astype(object).fillna("").to_numpy()
    group = together(cohort.frame["as_of"].to_numpy(), school, teachers(histories, pupil))
    might = np.bincount(group, weights=risks >= settings.bands.watch).astype(np.int64)
    places = np.minimum(might, settings.watch_list.capacity)
    return {
        label: top_of_groups(risk, group, places, pupil)
        for label, risk in ({MODEL: risks} | dict(others)).items()
    }


def _step(dates: Sequence[dt.date]) -> int:
    """Give the school days between two mornings: a week, or the fewest weeks that were left between them."""
    apart = min(((later - date).days for date, later in pairwise(dates)), default=7)
    return DAYS_OF_A_WEEK * max(round(apart / 7), 1)
