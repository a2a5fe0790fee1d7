"""Daily attendance: illness, trips home, truancy and the run of absence before a pupil leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.kernels import blocks
from dropout_risk.records.statuses import STATUSES
from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Floats, Ints, dates_column, words_column
from dropout_risk.simulate.hazards import Exits
from dropout_risk.simulate.pupils import District

PRESENT, ABSENT, EXCUSED, LATE, LEFT_EARLY, SUSPENDED = (
    STATUSES.code(word) for word in ("present", "absent", "excused", "late", "left_early", "suspended")
)
NO_ROW = np.int8(-1)
_BLOCK = 8192  # pupils at a time, so that memory stays small


def draw_attendance(
    district: District, causes: HiddenCauses, exits: Exits, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Draw the status of every pupil on every school day, of shape (n_pupils, n_days).

    They are codes of ``records.statuses``, and ``NO_ROW`` outside the time enrolled.
    """
    pupils, n_days = district.pupils, district.years.n_days
    status = np.empty((len(pupils), n_days), np.int8)
    for block in blocks(len(pupils), _BLOCK):
        status[block] = _usual_days(district, causes.of_pupils(block), block, rng)
    _growing_absence(status, exits, rng)
    _final_absence(status, exits)
    day = np.arange(n_days)
    status[(day < pupils.first_day[:, None]) | (day > exits.last_day[:, None])] = NO_ROW
    return status


def _usual_days(
    district: District, causes: HiddenCauses, block: slice, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Draw the days of some pupils as if none of them ever left; the gravest thing of a day counts."""
    week = district.years.week
    estranged = causes.disengagement.T
    draw = rng.random((len(estranged), len(week)), dtype=np.float32)
    status = np.zeros(draw.shape, np.int8)
    late = _daily_values(np.minimum(0.25, 0.008 * np.exp(0.8 * estranged + 0.25 * causes.distance.T)), week)
    status[draw < late] = LATE
    status[draw > 1 - 0.25 * late] = LEFT_EARLY
    trip = _trip_chance(district, block)
    status[(draw > 0.5) & (draw < 0.5 + trip)] = EXCUSED
    status[(draw > 0.4) & (draw < 0.4 + trip)] = ABSENT
    status[_draw_spells(_illness_chance(district, causes, rng), 2.2, rng)] = EXCUSED
    truant = np.minimum(0.2, 0.0024 * np.exp(1.1 * estranged + 0.2 * causes.family.T))
    status[_draw_spells(_daily_values(truant, week), 1.5, rng)] = ABSENT
    status[_draw_spells(_daily_values(2.0e-5 * np.exp(1.1 * estranged), week), 2.5, rng)] = SUSPENDED
    return status


def _daily_values(weekly: Floats, week: Ints) -> Floats:
    """Repeat weekly values of shape (pupils, weeks) on the days of each week."""
    return weekly.astype(np.float32)[:, week]


def _illness_chance(district: District, causes: HiddenCauses, rng: np.random.Generator) -> Floats:
    """Chance of falling ill: some pupils often, more in winter, and more in distress."""
    years = district.years
    frail = rng.gamma(1.2, 1 / 1.2, (causes.wellbeing.shape[1], 1)).astype(np.float32)
    season = np.where(years.winter, 1.8, 0.7).astype(np.float32)
    strained = _daily_values(0.0008 * np.exp(0.6 * causes.wellbeing.T), years.week)
    chance: Floats = 0.0055 * frail * season + strained
    return chance


def _trip_chance(district: District, block: slice) -> Floats:
    """Chance of stretching breaks and week-ends at home: boarders from far away do."""
    pupils = district.pupils
    far = np.minimum(pupils.true_distance_km[block], 40) / 40
    chance = np.where(pupils.boarding[block], 0.004 + 0.05 * far, 0.0015)
    return (chance[:, None] * np.where(district.years.beside_break, 1.0, 0.08)).astype(np.float32)


def _draw_spells(chance: Floats, mean_days: float, rng: np.random.Generator) -> Bools:
    """Start spells at random and let each last a geometric number of days."""
    starts = rng.random(chance.shape, dtype=np.float32) < chance
    row, day = np.nonzero(starts)
    stop = np.minimum(day + rng.geometric(1 / mean_days, len(day)), chance.shape[1])
    change = np.zeros((chance.shape[0], chance.shape[1] + 1), np.int8)
    np.add.at(change, (row, day), 1)
    np.add.at(change, (row, stop), -1)
    within: Bools = change[:, :-1].cumsum(axis=1, dtype=np.int8) > 0
    return within


def _growing_absence(status: npt.NDArray[np.int8], exits: Exits, rng: np.random.Generator) -> None:
    """Before most leavings absence grows over two to eight weeks; the others are abrupt."""
    away = exits.leavings
    for index in np.flatnonzero(~away.abrupt):
        length, peak = rng.integers(10, 50), rng.uniform(0.2, 0.6)
        days = np.arange(max(0, away.begins[index] - length), away.begins[index])
        rising = peak * (1 - (away.begins[index] - days) / (length + 1))
        missed = days[rng.random(len(days)) < rising]
        status[away.pupil[index], missed] = np.where(rng.random(len(missed)) < 0.75, ABSENT, EXCUSED)


def _final_absence(status: npt.NDArray[np.int8], exits: Exits) -> None:
    """From the day of leaving the pupil is absent until the return or the dropout."""
    away = exits.leavings
    for pupil, begins, resolved in zip(away.pupil, away.begins, away.resolved, strict=True):
        status[pupil, begins : resolved + 1] = ABSENT
    back = away.returns & (away.resolved < status.shape[1])
    status[away.pupil[back], away.resolved[back]] = PRESENT


def at_school(status: npt.NDArray[np.int8], day: Ints) -> Bools:
    """Say of each pupil whether it is there on its day; on none after the last one."""
    n_days = status.shape[1]
    seen = status[np.arange(len(day)), np.minimum(day, n_days - 1)]
    there: Bools = np.isin(seen, (PRESENT, LATE, LEFT_EARLY)) & (day < n_days)
    return there


def attendance_table(
    status: npt.NDArray[np.int8], district: District, late_share: float, rng: np.random.Generator
) -> pa.Table:
    """Write the registers: some class-days are forgotten, some entered 1 to 10 days late.

    Rows entered after the last simulated day are not there yet.
    """
    pupils, schools, days = district.pupils, district.schools, district.years.days
    school = np.zeros(len(pupils.class_ids), np.int64)
    school[pupils.classroom] = pupils.school
    shape = (len(school), len(days))
    held = rng.random(shape) >= schools.forgetful[school][:, None]
    held &= schools.snow_day[school][:, None] != np.arange(len(days))
    delay = np.where(rng.random(shape) < late_share, rng.integers(1, 11, shape), 0).astype(np.int32)
    held &= days + delay <= days[-1]
    pupil, day = np.nonzero((status != NO_ROW) & held[pupils.classroom])
    return pa.table(
        {
            "student_id": pupils.id_column(pupil),
            "date": dates_column(days[day]),
            "status": words_column(status[pupil, day], STATUSES.words),
            "recorded_on": dates_column(days[day] + delay[pupils.classroom[pupil], day]),
        }
    )
