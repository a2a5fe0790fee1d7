"""The hidden causes: how learning, poverty, distance, distress, family and engagement move, week by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dropout_risk.simulate.columns import Floats
from dropout_risk.simulate.family import FamilyEvents
from dropout_risk.simulate.pupils import District, Pupils

CAUSES = ("learning", "poverty", "distance", "wellbeing", "family", "disengagement")


@dataclass(frozen=True)
class HiddenCauses:
    """The state of every pupil in every school week, about mean 0 and variance 1; more is worse.

    Each array has the shape (n_weeks, n_pupils): learning difficulty; poverty; the burden of the way to
    school; distress; burdens and fresh shocks in the family; estrangement from school. Records only show
    noisy traces of them.
    """

    learning: Floats
    poverty: Floats
    distance: Floats
    wellbeing: Floats
    family: Floats
    disengagement: Floats

    def week(self, week: int) -> Floats:
        """Stack the six states of one week, in the order of ``CAUSES``."""
        return np.stack([getattr(self, cause)[week] for cause in CAUSES])

    def of_pupils(self, pupil: slice) -> HiddenCauses:
        """Take some pupils only."""
        return HiddenCauses(**{cause: getattr(self, cause)[:, pupil] for cause in CAUSES})


def draw_poverty(district: District, rng: np.random.Generator) -> Floats:
    """Draw each family's standing poverty (mean 0, variance 1), deeper in remote places."""
    remote = district.schools.remote[district.pupils.school] - 0.5
    return (0.9 * remote + rng.normal(0, 0.97, len(remote))).astype(np.float32)


def draw_causes(
    district: District, poverty: Floats, family: FamilyEvents, rng: np.random.Generator
) -> HiddenCauses:
    """Let the causes evolve: slow wandering, slides into estrangement, shocks that fade.

    A share of adversity that no record names is common to most of them: burdens heap up.
    """
    burden, shock = family.weekly(district)
    shape = (len(shock), len(poverty))
    fading = _fade_impulses(shock, keep=0.95)
    adversity = rng.standard_normal(shape[1], dtype=np.float32) + 0.3 * poverty
    learning = 0.25 * adversity + _learning_difficulty(district.pupils, poverty, shape, rng)
    wellbeing = 0.75 * adversity + 0.4 * fading + _wandering_walk(shape, rng, standing=0.55, moving=0.55)
    disengagement = 0.75 * adversity + 0.2 * learning + 0.25 * fading + _estrangement_slides(shape, rng) - 0.4
    disengagement += _wandering_walk(shape, rng, standing=0.42, moving=0.45)
    return HiddenCauses(
        learning=learning,
        poverty=poverty + 0.35 * adversity + _hard_times(shape, rng),
        distance=_distance_burden(district),
        wellbeing=wellbeing,
        family=burden - 0.6 + fading + 0.6 * adversity,
        disengagement=disengagement,
    )


def _wandering_walk(
    shape: tuple[int, int], rng: np.random.Generator, *, standing: float, moving: float, keep: float = 0.98
) -> Floats:
    """Add a standing trait to a stationary walk that keeps ``keep`` of itself each week."""
    trait = rng.normal(0, standing, shape[1]).astype(np.float32)
    walk = rng.standard_normal(shape, dtype=np.float32)
    walk *= np.float32(moving)
    step = np.float32(np.sqrt(1 - keep**2))
    for week in range(1, shape[0]):
        walk[week] = keep * walk[week - 1] + step * walk[week]
    walk += trait
    return walk


def _fade_impulses(impulses: Floats, *, keep: float) -> Floats:
    """Let each impulse decay by the week."""
    faded = impulses.copy()
    for week in range(1, len(faded)):
        faded[week] += np.float32(keep) * faded[week - 1]
    return faded


def _estrangement_slides(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Let some pupils slide away from school over weeks, and come back more slowly still."""
    starts = rng.random(shape, dtype=np.float32) < 0.004
    push = np.where(starts, rng.gamma(3.0, 0.13, shape).astype(np.float32), np.float32(0))
    return _fade_impulses(_fade_impulses(push, keep=0.8), keep=0.96)


def _hard_times(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Families fall on hard times, which lasts about half a school year."""
    falls = rng.random(shape, dtype=np.float32) < 0.002
    return _fade_impulses(np.where(falls, np.float32(1.2), np.float32(0)), keep=0.96)


def _learning_difficulty(
    pupils: Pupils, poverty: Floats, shape: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Difficulty: mostly a trait, tied to poverty and to being over age, that drifts."""
    tied = 0.2 * poverty + 0.25 * np.minimum(pupils.over_age(), 2.5).astype(np.float32) - 0.1
    return np.float32(1) * tied + _wandering_walk(shape, rng, standing=0.65, moving=0.45)


def _distance_burden(district: District) -> Floats:
    """Weigh the way: hardest for day pupils and in winter; boarders only make it at week-ends."""
    pupils, years = district.pupils, district.years
    way = (np.log(pupils.true_distance_km) - 1.4) / 1.1
    way = np.where(pupils.boarding, 0.6 * way, way + 0.3).astype(np.float32)
    winter = years.winter[years.first_of_week()].astype(np.float32)
    return way[None, :] + 0.4 * winter[:, None]
