"""Shocks that hit a class or a school at once: epidemics, harvests, blocked roads, careless registers.

They change what attendance shows, and no pupil's hazard: that a whole class was ill says nothing of any of
them. Only days at school are taken away; a careless register hides days missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Bools
from dropout_risk.records.days.calendar import date_of
from dropout_risk.simulate.attendance import ABSENT, EXCUSED, LATE, LEFT_EARLY, PRESENT
from dropout_risk.simulate.pupils import District

Status = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Shock:
    """One kind of shock: how often it comes to a class or a school in a year, and what it does to its days.

    ``yearly`` is the expected number a year, ``days`` the shortest and the longest, ``reach`` the least and
    the greatest chance that it touches a pupil on one of its days, and ``autumn`` whether it comes in the
    first fifty school days alone.
    """

    kind: str
    whole_school: bool
    yearly: float
    days: tuple[int, int]
    reach: tuple[float, float]
    change: Callable[[Status, Bools], Status]
    autumn: bool = False


def _take_away(word: int) -> Callable[[Status, Bools], Status]:
    """Turn days at school that are touched into days of another status."""

    def change(status: Status, touched: Bools) -> Status:
        there = (status == PRESENT) | (status == LATE) | (status == LEFT_EARLY)
        return np.where(there & touched, np.int8(word), status)

    return change


def _hide_absences(status: Status, touched: Bools) -> Status:
    """Write the touched days missed as days at school."""
    return np.where(((status == ABSENT) | (status == EXCUSED)) & touched, np.int8(PRESENT), status)


SHOCKS = (
    Shock("epidemic", False, 0.8, (5, 12), (0.15, 0.5), _take_away(EXCUSED)),
    Shock("harvest", True, 0.5, (5, 15), (0.1, 0.35), _take_away(ABSENT), autumn=True),
    Shock("road", True, 0.5, (1, 4), (0.3, 0.8), _take_away(ABSENT)),
    Shock("register", False, 0.4, (10, 40), (0.6, 0.95), _hide_absences),
)


def draw_shocks(status: Status, district: District, rng: np.random.Generator) -> pd.DataFrame:
    """Let shocks change the days of a district, in place.

    Returns
    -------
    pandas.DataFrame
        One row per shock: ``kind``, ``school_id``, ``class_id`` (empty for the whole school),
        ``first_day`` and ``last_day`` (dates).
    """
    pupils, years = district.pupils, district.years
    told = []
    for shock in SHOCKS:
        units = pupils.school if shock.whole_school else pupils.classroom
        for unit in range(int(units.max(initial=-1)) + 1):
            pupil = np.flatnonzero(units == unit)
            if not len(pupil):
                continue
            for year in range(years.n_years):
                for _ in range(rng.poisson(shock.yearly)):
                    first, last = _days_of_shock(shock, district, year, rng)
                    days = status[pupil, first:last]
                    touched = rng.random(days.shape) < rng.uniform(*shock.reach)
                    changed = shock.change(days, touched)
                    if (changed == days).all():
                        continue
                    status[pupil, first:last] = changed
                    school = district.schools.ids[int(pupils.school[pupil[0]])]
                    room = "" if shock.whole_school else pupils.class_ids[unit]
                    dates = (date_of(years.days[day]) for day in (first, last - 1))
                    told.append((shock.kind, school, room, *dates))
    return pd.DataFrame(told, columns=["kind", "school_id", "class_id", "first_day", "last_day"])


def _days_of_shock(shock: Shock, district: District, year: int, rng: np.random.Generator) -> tuple[int, int]:
    """Choose the days of a shock within a school year: the first, and the one after the last."""
    of_year = np.flatnonzero(district.years.year == year)
    begin, end = int(of_year[0]), int(of_year[-1]) + 1
    first = int(rng.integers(begin, min(begin + 50, end) if shock.autumn else end))
    return first, min(first + int(rng.integers(shock.days[0], shock.days[1] + 1)), end)
