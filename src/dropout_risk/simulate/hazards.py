"""Leaving school: weekly hazards, one contribution per cause, and what follows when one fires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.simulate.causes import CAUSES, HiddenCauses
from dropout_risk.simulate.columns import NEVER, Bools, Floats, Ints, dates_column, words_column
from dropout_risk.simulate.pupils import Pupils, Schools
from dropout_risk.simulate.school_year import SchoolYears

EVENTS = ("dropout", "suspected_dropout", "returned", "transferred", "graduated", "died")

# Weekly hazard of each cause for a pupil at its mean, and how steeply it rises with the hidden state.
BASE = np.array([3.9e-5, 1.9e-5, 7.5e-5, 1.0e-5, 4.2e-5, 2.1e-5])[:, None]
SLOPE = np.array([2.8, 2.6, 2.5, 2.8, 2.6, 2.8])[:, None]
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

    Parameters
    ----------
    pupil, begins, resolved : array of int
        Position of the pupil, of the first school day away, and of the day of return or dropout.
    returns, abrupt : array of bool
        Whether persuasion succeeds; whether no growing absence came before.
    cause : array of int
        Position in ``CAUSES`` of the largest contribution to the hazard in that week.
    """

    pupil: Ints
    begins: Ints
    resolved: Ints
    returns: Bools
    abrupt: Bools
    cause: Ints

    def only(self, chosen: Bools) -> Leavings:
        """Take some of them."""
        return Leavings(
            self.pupil[chosen],
            self.begins[chosen],
            self.resolved[chosen],
            self.returns[chosen],
            self.abrupt[chosen],
            self.cause[chosen],
        )


@dataclass(frozen=True)
class Exits:
    """How each pupil's time at school ends.

    Parameters
    ----------
    last_day : array of int
        Position of the last school day on which the pupil is on the register.
    event : array of int
        Position in ``EVENTS``, or -1 for those still enrolled.
    leavings : Leavings
        Those that fall within the time enrolled, in order of pupils.
    mean_hazard : array of float, shape (6, n_pupils)
        Mean weekly hazard by cause over the weeks enrolled.
    """

    last_day: Ints
    event: Ints
    leavings: Leavings
    mean_hazard: Floats

    def left_on(self, years: SchoolYears) -> Ints:
        """Days since 1970-01-01 of the end, ``NEVER`` for those still enrolled."""
        return np.where(self.event >= 0, years.days[self.last_day], NEVER).astype(np.int32)


def draw_exits(
    pupils: Pupils, schools: Schools, causes: HiddenCauses, years: SchoolYears, rng: np.random.Generator
) -> Exits:
    """Run the weeks: who leaves, why, who is brought back, who moves away, dies or graduates."""
    moved, event = _other_ends(pupils, years, rng)
    leavings, hazard = _run_weeks(pupils, schools, causes, moved, years, rng)
    order = np.lexsort((leavings.begins, leavings.pupil))
    leavings = leavings.only(order)
    leavings = leavings.only(leavings.begins <= moved[leavings.pupil])
    dropped = leavings.only(~leavings.returns & (leavings.resolved <= moved[leavings.pupil]))
    last_day = moved.copy()
    last_day[dropped.pupil] = dropped.resolved
    event[dropped.pupil] = EVENTS.index("dropout")
    return Exits(last_day, event, leavings, hazard)


def _other_ends(pupils: Pupils, years: SchoolYears, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Find the last day and event of each pupil, were there no dropout."""
    n = len(pupils)
    graduates = pupils.end_day < years.n_days
    graduates |= pupils.end_day - 1 == np.array([*years.year_ends, -1, -1])[pupils.intake + 2]
    last_day = pupils.end_day - 1
    event = np.where(graduates, EVENTS.index("graduated"), -1)
    for name, rate in (("transferred", TRANSFER_PER_DAY), ("died", DEATH_PER_DAY)):
        day = pupils.first_day + 5 + np.minimum(rng.exponential(1 / rate, n), 1e6).astype(np.int32)
        earlier = day < last_day
        last_day, event = np.where(earlier, day, last_day), np.where(earlier, EVENTS.index(name), event)
    return last_day, event


def contributions(states: Floats, grade: Ints, factor: Floats) -> Floats:
    """Weekly hazard by cause: a sum of separate contributions, each exponential in its own state."""
    hazard: Floats = BASE * np.exp(SLOPE * np.clip(states, -4, 3.0)) * GRADE_FACTOR[grade - 7] * factor
    return hazard


def _run_weeks(
    pupils: Pupils,
    schools: Schools,
    causes: HiddenCauses,
    moved: Ints,
    years: SchoolYears,
    rng: np.random.Generator,
) -> tuple[Leavings, Floats]:
    n = len(pupils)
    free_from = pupils.first_day.astype(np.int64) + 3
    total, enrolled_weeks = np.zeros((len(CAUSES), n)), np.zeros(n)
    found = []
    firsts = years.first_of_week()
    for week, first in enumerate(firsts):
        last = firsts[week + 1] if week + 1 < len(firsts) else years.n_days
        long_break = first == 0 or years.days[first] - years.days[first - 1] > 14
        factor = schools.risk[pupils.school] * (AFTER_BREAK_FACTOR if long_break else 1.0)
        grade = np.clip(7 + years.year[first] - pupils.intake, 7, 9)
        hazard = contributions(causes.week(week), grade, factor)
        begins = rng.integers(first, last, n)
        at_risk = (begins >= free_from) & (begins <= moved)
        total += hazard * at_risk
        enrolled_weeks += at_risk
        chance = np.minimum(hazard.sum(axis=0), HIGHEST_WEEKLY_HAZARD)
        fired = np.flatnonzero(at_risk & (rng.random(n) < chance))
        leaving = _leave(fired, begins[fired], hazard[:, fired].argmax(axis=0), rng)
        free_from[fired] = np.where(leaving.returns, leaving.resolved + 15, NEVER)
        found.append(leaving)
    joined = [np.concatenate([getattr(item, name) for item in found]) for name in Leavings.__annotations__]
    return Leavings(*joined), total / np.maximum(enrolled_weeks, 1)


def _leave(pupil: Ints, begins: Ints, cause: Ints, rng: np.random.Generator) -> Leavings:
    n = len(pupil)
    returns = rng.random(n) < RETURNS
    away = np.where(returns, rng.integers(6, 19, n), DROPPED_AFTER + rng.integers(-3, 6, n))
    return Leavings(pupil, begins, begins + away, returns, rng.random(n) < ABRUPT, cause)


def outcomes_table(pupils: Pupils, exits: Exits, years: SchoolYears, rng: np.random.Generator) -> pa.Table:
    """Write the events, suspicions and returns among them, up to the last simulated day."""
    away = exits.leavings
    suspected = away.begins + SUSPECTED_AFTER + rng.integers(-1, 3, len(away.pupil))
    ended = np.flatnonzero(exits.event >= 0)
    rows = [
        (away.pupil, np.minimum(suspected, away.resolved - 1), "suspected_dropout"),
        (away.pupil[away.returns], away.resolved[away.returns], "returned"),
    ]
    pupil = np.concatenate([*(row[0] for row in rows), ended])
    day = np.concatenate([*(row[1] for row in rows), exits.last_day[ended]])
    named = [np.full(len(row[0]), EVENTS.index(row[2])) for row in rows]
    event = np.concatenate([*named, exits.event[ended]])
    kept = (day < exits.last_day[pupil]) | (np.arange(len(pupil)) >= len(pupil) - len(ended))
    pupil, day, event = pupil[kept], day[kept], event[kept]
    order = np.lexsort((event, day, pupil))
    return pa.table(
        {
            "student_id": pupils.id_column(pupil[order]),
            "date": dates_column(years.days[day[order]]),
            "event": words_column(event[order], EVENTS),
        }
    )


def truth_frame(pupils: Pupils, exits: Exits, causes: HiddenCauses, years: SchoolYears) -> pd.DataFrame:
    """Tell what the records hide: who dropped out by which cause, and the latent values behind it."""
    away = exits.leavings
    final = away.only(~away.returns & (exits.event[away.pupil] == EVENTS.index("dropout")))
    cause = np.full(len(pupils), None, dtype=object)
    cause[final.pupil] = np.array(CAUSES, dtype=object)[final.cause]
    abrupt = np.zeros(len(pupils), dtype=bool)
    abrupt[final.pupil] = final.abrupt
    date = np.full(len(pupils), np.datetime64("NaT", "s"))
    date[final.pupil] = years.days[final.resolved].astype("datetime64[D]").astype("datetime64[s]")
    latent = {f"mean_{name}": getattr(causes, name).mean(axis=0).astype(np.float64) for name in CAUSES}
    hazard = {f"hazard_{name}": exits.mean_hazard[row] for row, name in enumerate(CAUSES)}
    columns = {"cause": cause, "dropout_date": date, "abrupt": abrupt} | latent | hazard
    return pd.DataFrame({"student_id": pupils.ids.to_pylist()} | columns)
