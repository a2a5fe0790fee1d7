"""Daily attendance: illness, trips home, truancy and the run of absence before a pupil leaves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Bools, Floats, Ints, dates_column, words_column
from dropout_risk.simulate.hazards import Exits
from dropout_risk.simulate.pupils import Pupils, Schools
from dropout_risk.simulate.school_year import SchoolYears

STATUSES = ("present", "absent", "excused", "late", "left_early", "suspended")
PRESENT, ABSENT, EXCUSED, LATE, LEFT_EARLY, SUSPENDED = range(6)
NO_ROW = np.int8(-1)
_BLOCK = 8192


def draw_attendance(
    pupils: Pupils, causes: HiddenCauses, exits: Exits, years: SchoolYears, rng: np.random.Generator
) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Draw the status of every pupil on every school day, ``NO_ROW`` outside the time enrolled.

    Returns
    -------
    array of int8, shape (n_pupils, n_days)
        Positions in ``STATUSES``.
    """
    status = np.empty((len(pupils), years.n_days), np.int8)
    frail = rng.gamma(1.2, 1 / 1.2, len(pupils)).astype(np.float32)
    for block in _blocks(len(pupils)):
        status[block] = _usual_days(block, pupils, causes.of(block), frail[block], years, rng)
    _growing_absence(status, exits, rng)
    _final_absence(status, exits)
    day = np.arange(years.n_days)
    status[(day < pupils.first_day[:, None]) | (day > exits.last_day[:, None])] = NO_ROW
    return status


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, min(n, start + _BLOCK))


def _usual_days(
    block: slice,
    pupils: Pupils,
    causes: HiddenCauses,
    frail: Floats,
    years: SchoolYears,
    rng: np.random.Generator,
) -> Ints:
    shape = (len(frail), years.n_days)
    estranged = causes.disengagement.T
    status = np.zeros(shape, np.int8)
    draw = rng.random(shape, dtype=np.float32)
    late = np.minimum(0.25, 0.008 * np.exp(0.8 * estranged + 0.25 * causes.distance.T))
    late = late.astype(np.float32)[:, years.week]
    status[draw < late] = LATE
    status[draw > 1 - 0.25 * late] = LEFT_EARLY
    trip = _trips_home(block, pupils, years)
    status[(draw > 0.5) & (draw < 0.5 + trip)] = EXCUSED
    status[(draw > 0.4) & (draw < 0.4 + trip)] = ABSENT
    season = np.where(years.winter, 1.8, 0.7).astype(np.float32)
    ill = 0.0055 * frail[:, None] * season + 0.0008 * np.exp(0.6 * causes.wellbeing.T)[:, years.week]
    status[_spells(ill, 2.2, rng)] = EXCUSED
    truant = np.minimum(0.2, 0.0024 * np.exp(1.1 * estranged + 0.2 * causes.family.T))
    status[_spells(truant.astype(np.float32)[:, years.week], 1.5, rng)] = ABSENT
    suspended = 2.0e-5 * np.exp(1.1 * estranged)
    status[_spells(suspended.astype(np.float32)[:, years.week], 2.5, rng)] = SUSPENDED
    return status


def _trips_home(block: slice, pupils: Pupils, years: SchoolYears) -> Floats:
    """Boarders from far away stretch breaks and week-ends at home."""
    far = np.minimum(pupils.true_distance_km[block], 40) / 40
    chance = np.where(pupils.boarding[block], 0.004 + 0.05 * far, 0.0015)
    return (chance[:, None] * np.where(years.beside_break, 1.0, 0.08)).astype(np.float32)


def _spells(chance: Floats, mean_days: float, rng: np.random.Generator) -> Bools:
    """Start spells at random and let each last a geometric number of days."""
    starts = rng.random(chance.shape, dtype=np.float32) < chance
    row, day = np.nonzero(starts)
    stop = np.minimum(day + rng.geometric(1 / mean_days, len(day)), chance.shape[1])
    change = np.zeros((chance.shape[0], chance.shape[1] + 1), np.int8)
    np.add.at(change, (row, day), 1)
    np.add.at(change, (row, stop), -1)
    within: Bools = change[:, :-1].cumsum(axis=1, dtype=np.int8) > 0
    return within


def _growing_absence(status: Ints, exits: Exits, rng: np.random.Generator) -> None:
    """Before most leavings absence grows over two to eight weeks; the others are abrupt."""
    away = exits.leavings
    for index in np.flatnonzero(~away.abrupt):
        length, peak = rng.integers(10, 50), rng.uniform(0.2, 0.6)
        days = np.arange(max(0, away.begins[index] - length), away.begins[index])
        rising = peak * (1 - (away.begins[index] - days) / (length + 1))
        missed = days[rng.random(len(days)) < rising]
        status[away.pupil[index], missed] = np.where(rng.random(len(missed)) < 0.75, ABSENT, EXCUSED)


def _final_absence(status: Ints, exits: Exits) -> None:
    """From the day of leaving the pupil is absent until the return or the dropout."""
    away = exits.leavings
    for pupil, begins, resolved in zip(away.pupil, away.begins, away.resolved, strict=True):
        status[pupil, begins : resolved + 1] = ABSENT
    back = away.returns & (away.resolved < status.shape[1])
    status[away.pupil[back], away.resolved[back]] = PRESENT


def attendance_table(
    status: Ints,
    pupils: Pupils,
    schools: Schools,
    years: SchoolYears,
    late_share: float,
    rng: np.random.Generator,
) -> pa.Table:
    """Write the registers: some class-days are forgotten, some entered 1 to 10 days late.

    Rows entered after the last simulated day are not there yet.
    """
    class_school = np.zeros(len(pupils.class_ids), np.int64)
    class_school[pupils.classroom] = pupils.school
    shape = (len(class_school), years.n_days)
    kept = rng.random(shape) >= schools.forgetful[class_school][:, None]
    kept &= schools.snow_day[class_school][:, None] != np.arange(years.n_days)
    delay = np.where(rng.random(shape) < late_share, rng.integers(1, 11, shape), 0)
    kept &= years.days + delay <= years.days[-1]
    status = np.where(kept[pupils.classroom], status, NO_ROW)
    pupil, day = np.nonzero(status != NO_ROW)
    pupil, day = pupil.astype(np.int32), day.astype(np.int32)
    waited = delay.astype(np.int32)[pupils.classroom[pupil], day]
    return pa.table(
        {
            "student_id": pupils.id_column(pupil),
            "date": dates_column(years.days[day]),
            "status": words_column(status[pupil, day], STATUSES),
            "recorded_on": dates_column(years.days[day] + waited),
        }
    )
