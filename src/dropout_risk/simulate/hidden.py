"""What no record holds: the hazards behind a simulated district, as they stand on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools
from dropout_risk.errors import DateError
from dropout_risk.records.days.calendar import DateLike, date_of, ordinal_of
from dropout_risk.simulate.causes import CAUSES, HiddenCauses, draw_causes, draw_poverty
from dropout_risk.simulate.family import FamilyEvents, draw_family
from dropout_risk.simulate.hazards import Exits, draw_exits, hazard_of_week
from dropout_risk.simulate.pupils import District, draw_district
from dropout_risk.simulate.school_year import SchoolYears, school_years


@dataclass(frozen=True)
class Hidden:
    """All that decides who drops out; the tables are noisy traces of it."""

    district: District
    family: FamilyEvents
    causes: HiddenCauses
    exits: Exits


def draw_hidden(n_students: int, years: SchoolYears, rng: Iterator[np.random.Generator]) -> Hidden:
    """Draw it from the first five streams of the seed."""
    district = draw_district(n_students, years, next(rng))
    poverty = draw_poverty(district, next(rng))
    family = draw_family(district, poverty, next(rng))
    causes = draw_causes(district, poverty, family, next(rng))
    return Hidden(district, family, causes, draw_exits(district, causes, next(rng)))


def truth_as_of(
    n_students: int,
    seed: int,
    dates: Sequence[DateLike],
    *,
    n_days: int = 360,
    start: str | dt.date = "2024-09-02",
) -> pd.DataFrame:
    """Tell the truth behind :func:`simulate_district` as it stood on some days.

    It is for judging models only: no county has it, and nothing in it may become a feature.

    Parameters
    ----------
    n_students, seed, n_days, start
        Those of the district.
    dates : sequence of date
        A day without school stands for the next one with it.

    Returns
    -------
    DataFrame
        One row for each date and pupil, at school or not: ``student_id``, ``as_of``, ``hazard_<cause>``
        (what each cause adds to the weekly hazard of that school week; their sum is the hazard) and
        ``away`` (the pupil had stopped coming before that day, and is not yet back or a dropout).

    Raises
    ------
    DateError
        If a date lies outside the simulation.

    Examples
    --------
    >>> truth = truth_as_of(200, seed=7, dates=["2024-10-08"], n_days=60)
    >>> len(truth), bool((truth.filter(like="hazard_") > 0).all(axis=None))
    (200, True)
    """
    years = school_years(start, n_days)
    hidden = draw_hidden(n_students, years, iter(np.random.default_rng(seed).spawn(11)))
    ids = hidden.district.pupils.ids.to_pylist()
    parts = []
    for date in map(ordinal_of, dates):
        day = _school_day(years, date)
        hazard = hazard_of_week(hidden.district, hidden.causes, int(years.week[day]))
        columns = {f"hazard_{cause}": hazard[row] for row, cause in enumerate(CAUSES)}
        when = {"student_id": ids, "as_of": pd.Timestamp(date_of(date))}
        parts.append(pd.DataFrame(when | columns | {"away": _is_away(hidden.exits, day, len(ids))}))
    return pd.concat(parts, ignore_index=True)


def _school_day(years: SchoolYears, date: int) -> int:
    if not years.days[0] <= date <= years.days[-1]:
        first, last = (date_of(int(years.days[end])) for end in (0, -1))
        raise DateError(f"{date_of(date)} is outside the simulation, which runs from {first} to {last}.")
    return int(np.searchsorted(years.days, date))


def _is_away(exits: Exits, day: int, n_pupils: int) -> Bools:
    gone = exits.leavings
    away = np.zeros(n_pupils, dtype=bool)
    away[gone.pupil[(gone.begins < day) & (gone.resolved >= day)]] = True
    return away
