"""What fires on each school day of a simulated county, by each of four ways to be warned.

Used by ``benchmarks/county_year.py``. The days are kept in a folder, since scoring a county on 180 days takes
its time.
"""

from __future__ import annotations

import datetime as dt
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import dropout_risk as dr
from dropout_risk.casebook.mornings.morning import LISTED, Signal
from dropout_risk.casebook.mornings.morning_facts import morning_facts
from dropout_risk.casebook.people import Placed
from dropout_risk.catalogue.alert_kinds import ABSENT, kind_of_rule
from dropout_risk.evaluation.baselines import abc_columns, abc_flags
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.risk_model import RiskModel

WAYS = ("book", "three_days", "random", "abc")
"""Alerts and the model's list; the three-day rule alone; a random list as long; the ABC rule, as long."""
THREE_DAYS = 3


@dataclass(frozen=True)
class CountyDay:
    """One morning: who is at school, who cannot be judged, and what each way says."""

    day: dt.date
    pupils: tuple[Placed, ...]
    to_verify: frozenset[str]
    signals: dict[str, tuple[Signal, ...]]


def county_days(
    model: RiskModel, histories: Histories, days: Sequence[dt.date], folder: Path, seed: int
) -> Iterator[CountyDay]:
    """Give the mornings, scored or from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in days:
        kept = folder / f"{day}.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_county_day(model, histories, day, seed)))
        yield pickle.loads(kept.read_bytes())  # noqa: S301 - written above


def _county_day(model: RiskModel, histories: Histories, day: dt.date, seed: int) -> CountyDay:
    facts = morning_facts(model, histories, day, language="en")
    ours = tuple(facts.signals)
    running = [signal for signal in ours if kind_of_rule(signal.rule) == ABSENT]
    number = len({signal.pupil for signal in ours if signal.line == "school"})
    signals = {
        "book": ours,
        "three_days": tuple(signal for signal in running if _days_of(signal.rule) >= THREE_DAYS),
        "random": _random_list(facts.pupils, number, day, seed),
        "abc": _abc_list(model, histories, day, number),
    }
    return CountyDay(day, tuple(facts.pupils), facts.to_verify, signals)


def _days_of(rule: str) -> int:
    return int(rule.split("_")[1])


def _random_list(pupils: Sequence[Placed], number: int, day: dt.date, seed: int) -> tuple[Signal, ...]:
    drawn = random.Random(f"{seed}/{day}").sample([*pupils], min(number, len(pupils)))  # noqa: S311
    return tuple(Signal(pupil.pupil, LISTED, day, urgent=False) for pupil in drawn)


def _abc_list(model: RiskModel, histories: Histories, day: dt.date, number: int) -> tuple[Signal, ...]:
    """Take the pupils with most flags, as many as ours; of equal ones, those with most absence."""
    columns = abc_columns(model.catalogue)
    features = build_features(histories, dr.Cohort.on(histories, day), model.catalogue)
    flags = abc_flags(features, columns)
    order = np.lexsort([-features[columns.absence].fillna(0).to_numpy(), -flags])
    ids = features.index.get_level_values("student_id")
    chosen = [row for row in order[:number] if flags[row]]
    return tuple(Signal(str(ids[row]), LISTED, day, urgent=False) for row in chosen)


def school_days_of(histories: Histories, first: dt.date, last: dt.date) -> list[dt.date]:
    """Give the days between two on which any school is open."""
    from dropout_risk.records.days.calendar import date_of

    days = {
        int(day) for school in histories.calendar.schools for day in histories.calendar.days_of(school)[0]
    }
    return [date for date in map(date_of, sorted(days)) if first <= date <= last]


def trained_model(seed: int, pupils: int) -> RiskModel:
    """Train on another county than the one that is lived through."""
    records = dr.simulate_district(pupils, seed + 1000)
    return dr.train(records, dr.Settings(models={"candidate": "logistic"}), track=False).model
