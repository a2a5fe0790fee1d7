"""Leaving school: weekly hazards, one contribution per cause, and what follows when one fires."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.records.tables import EVENTS
from dropout_risk.simulate.causes import CAUSES, HiddenCauses
from dropout_risk.simulate.columns import NEVER, Floats, Ints, dates_column, words_column
from dropout_risk.simulate.pupils import District
from dropout_risk.simulate.school_year import SchoolYears

# Weekly hazard of each cause for a pupil at its mean, and how steeply it rises with the hidden state.
BASE = np.array([3.4e-5, 1.28e-5, 6.2e-5, 0.67e-5, 3.1e-5, 1.43e-5])[:, None]
SLOPE = np.array([2.9, 2.7, 2.6, 3.0, 2.8, 3.0])[:, None]
GRADE_FACTOR = np.array([0.75, 1.5, 0.75])
AFTER_BREAK_FACTOR = 2.5
HIGHEST_WEEKLY_HAZARD = 0.25

RETURNS = 0.3
ABRUPT = 0.35
SUSPECTED_AFTER, DROPPED_AFTER = 5, 20
TRANSFER_PER_DAY, DEATH_PER_DAY = 1.0e-4, 1.0e-6


@dataclass(frozen=True)
class Leavings:
    """Every time a hazard fired: the pupil stops coming, and is persuaded to return or drops out.

    ``begins`` and ``resolved`` are the positions of the first school day away, and of the day of return or
    dropout. An ``abrupt`` one had no growing absence before it. ``cause`` is the position in ``CAUSES`` of
    the largest contribution to the hazard in that week.
    """

    pupil: Ints
    begins: Ints
    resolved: Ints
    returns: Bools
    abrupt: Bools
    cause: Ints

    def only(self, chosen: Bools | Ints) -> Leavings:
        """Take some of them, by mask or position."""
        return Leavings(*(column[chosen] for column in vars(self).values()))


@dataclass(frozen=True)
class Exits:
    """How each pupil's time at school ends.

    ``last_day`` is the position of the last school day on the register, ``event`` that in ``EVENTS``, or -1
    for those still enrolled. The leavings are those within the time enrolled, in order of pupils.
    ``mean_hazard``, of shape (6, n_pupils), is weekly, by cause, over the weeks enrolled.
    """

    last_day: Ints
    event: Ints
    leavings: Leavings
    mean_hazard: Floats

    def left_on(self, years: SchoolYears) -> Ints:
        """Days since 1970-01-01 of the end, ``NEVER`` for those still enrolled."""
        return np.where(self.event >= 0, years.days[self.last_day], NEVER).astype(np.int32)


def draw_exits(district: District, causes: HiddenCauses, rng: np.random.Generator) -> Exits:
    """Run the weeks: who leaves, why, who is brought back, who moves away, dies or graduates."""
    last_day, event = _other_ends(district, rng)
    leavings, hazard = _draw_by_week(district, causes, last_day, rng)
    leavings = leavings.only(np.lexsort((leavings.begins, leavings.pupil)))
    dropped = leavings.only(~leavings.returns & (leavings.resolved <= last_day[leavings.pupil]))
    last_day[dropped.pupil] = dropped.resolved
    event[dropped.pupil] = EVENTS.index("dropout")
    return Exits(last_day, event, leavings, hazard)


def _other_ends(district: District, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Find the last day and event of each pupil, were there no dropout."""
    pupils, years = district.pupils, district.years
    n = len(pupils)
    last_day = pupils.end_day - 1
    graduates = last_day == np.array([*years.year_ends, -1, -1])[pupils.intake + 2]
    event = np.where(graduates, EVENTS.index("graduated"), -1)
    for name, rate in (("transferred", TRANSFER_PER_DAY), ("died", DEATH_PER_DAY)):
        day = pupils.first_day + 5 + np.minimum(rng.exponential(1 / rate, n), 1e6).astype(np.int32)
        earlier = day < last_day
        last_day, event = np.where(earlier, day, last_day), np.where(earlier, EVENTS.index(name), event)
    return last_day, event


def hazard_by_cause(states: Floats, grade: Ints, factor: Floats) -> Floats:
    """Weekly hazard by cause: a sum of separate contributions, each exponential in its own state."""
    hazard: Floats = BASE * np.exp(SLOPE * np.clip(states, -4, 3.0)) * GRADE_FACTOR[grade - 7] * factor
    return hazard


def _draw_by_week(
    district: District, causes: HiddenCauses, last_day: Ints, rng: np.random.Generator
) -> tuple[Leavings, Floats]:
    """Draw the leavings week by week; a pupil who is back is left alone for three weeks."""
    years, n = district.years, len(last_day)
    free_from = district.pupils.first_day.astype(np.int64) + 3
    total, weeks = np.zeros((len(CAUSES), n)), np.zeros(n)
    found = []
    firsts = years.first_of_week()
    for week, (first, after) in enumerate(itertools.pairwise([*firsts, years.n_days])):
        hazard = hazard_of_week(district, causes, week)
        begins = rng.integers(first, after, n)
        at_risk = (begins >= free_from) & (begins <= last_day)
        total += hazard * at_risk
        weeks += at_risk
        chance = np.minimum(hazard.sum(axis=0), HIGHEST_WEEKLY_HAZARD)
        fired = np.flatnonzero(at_risk & (rng.random(n) < chance))
        leaving = _draw_leavings(fired, begins[fired], hazard[:, fired].argmax(axis=0), rng)
        free_from[fired] = np.where(leaving.returns, leaving.resolved + 15, NEVER)
        found.append(leaving)
    joined = [np.concatenate([getattr(item, name) for item in found]) for name in Leavings.__annotations__]
    return Leavings(*joined), total / np.maximum(weeks, 1)


def hazard_of_week(district: District, causes: HiddenCauses, week: int) -> Floats:
    """Give the weekly hazard of every pupil by cause, shape (6, n_pupils)."""
    years, pupils = district.years, district.pupils
    first = int(np.searchsorted(years.week, week))
    after_break = first == 0 or years.days[first] - years.days[first - 1] > 14
    factor = district.schools.risk[pupils.school] * (AFTER_BREAK_FACTOR if after_break else 1.0)
    return hazard_by_cause(causes.week(week), np.clip(7 + years.year[first] - pupils.intake, 7, 9), factor)


def _draw_leavings(pupil: Ints, begins: Ints, cause: Ints, rng: np.random.Generator) -> Leavings:
    n = len(pupil)
    returns = rng.random(n) < RETURNS
    away = np.where(returns, rng.integers(6, 19, n), DROPPED_AFTER + rng.integers(-3, 6, n))
    return Leavings(pupil, begins, begins + away, returns, rng.random(n) < ABRUPT, cause)


def outcomes_table(district: District, exits: Exits, rng: np.random.Generator) -> pa.Table:
    """Write the events, suspicions and returns among them, up to the last simulated day."""
    away = exits.leavings
    suspected = away.begins + SUSPECTED_AFTER + rng.integers(-1, 3, len(away.pupil))
    ended = np.flatnonzero(exits.event >= 0)
    parts = (
        (away.pupil, np.minimum(suspected, away.resolved - 1), EVENTS.index("suspected_dropout")),
        (away.pupil[away.returns], away.resolved[away.returns], EVENTS.index("returned")),
        (ended, exits.last_day[ended], exits.event[ended]),
    )
    pupil, day = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    event = np.concatenate([np.broadcast_to(part[2], part[0].shape) for part in parts])
    kept = np.flatnonzero((day < exits.last_day[pupil]) | (event == exits.event[pupil]))
    order = kept[np.lexsort((event[kept], day[kept], pupil[kept]))]
    return pa.table(
        {
            "student_id": district.pupils.id_column(pupil[order]),
            "date": dates_column(district.years.days[day[order]]),
            "event": words_column(event[order], EVENTS),
        }
    )


def truth_frame(district: District, exits: Exits, causes: HiddenCauses) -> pd.DataFrame:
    """Tell what the records hide: who dropped out by which cause, and the latent values behind it."""
    pupils, days, away = district.pupils, district.years.days, exits.leavings
    final = away.only(~away.returns & (exits.event[away.pupil] == EVENTS.index("dropout")))
    cause = np.full(len(pupils), None, dtype=object)
    cause[final.pupil] = np.array(CAUSES, dtype=object)[final.cause]
    abrupt = np.zeros(len(pupils), dtype=bool)
    abrupt[final.pupil] = final.abrupt
    date = np.full(len(pupils), np.datetime64("NaT", "s"))
    date[final.pupil] = days[final.resolved].astype("datetime64[D]").astype("datetime64[s]")
    latent = {f"mean_{name}": getattr(causes, name).mean(axis=0).astype(np.float64) for name in CAUSES}
    hazard = {f"hazard_{name}": exits.mean_hazard[row] for row, name in enumerate(CAUSES)}
    columns = {"cause": cause, "dropout_date": date, "abrupt": abrupt} | latent | hazard
    return pd.DataFrame({"student_id": pupils.ids.to_pylist()} | columns)
