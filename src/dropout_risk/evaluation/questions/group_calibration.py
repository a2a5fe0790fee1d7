"""How often intervals and sets held what they promised, on rows that the model did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Array, Floats
from dropout_risk.evaluation.metrics import calibration_in_the_large, log_odds
from dropout_risk.evaluation.small_groups import FEWEST, withheld_groups
from dropout_risk.modelling.uncertainty import SPREADS, ResemblingPupils, equal_bands, known_codes

DRAWS = 199
LEVEL = 0.9
BANDS = 3
FEWEST_COHORTS = 20


@dataclass(frozen=True)
class Coverage:
    """What share of cohorts had as many dropouts as their intervals leave room for.

    The share is near the level if the intervals mean what they say. A cohort is one band of risk at one
    school on one day.
    """

    share: float
    cohorts: int


def cohort_coverage(
    y: Floats,
    interval: Floats,
    schools: Array,
    days: Array,
    *,
    bands: int = BANDS,
    seed: int = 0,
) -> Coverage:
    """Hold numbers of dropouts against what the intervals foretell for them, chance included.

    For each band of risk (with about equally many expected dropouts) at one school on one day: the share at
    that school is drawn from the interval, the dropouts from the share, 199 times; the cohort is held if the
    number that came true lies among the middle 90 % of those numbers (ties are broken at random). Intervals
    that are too narrow hold too few. Rows without a school are left out.
    """
    from scipy.special import ndtri

    school = known_codes(schools)
    day = pd.factorize(days)[0]
    low, high = log_odds(interval[:, 0]), log_odds(interval[:, 1])
    middle, half = (low + high) / 2, (high - low) / 2
    band = equal_bands(1 / (1 + np.exp(-middle)), bands)
    cell = np.where(school < 0, -1, (school * (day.max(initial=0) + 1) + day) * bands + band)
    kept = np.flatnonzero(cell >= 0)
    code, names = pd.factorize(cell[kept])
    if len(names) == 0:
        return Coverage(float("nan"), 0)
    seen = np.bincount(code, weights=y[kept]).astype(np.float64)
    below, level_with = _count_draws(
        seen, code, middle[kept], half[kept] / float(ndtri(0.5 + LEVEL / 2)), seed
    )
    rng = np.random.default_rng([seed, 1])
    rank = below + np.floor(rng.random(len(seen)) * (level_with + 1))
    edge = round((DRAWS + 1) * (1 - LEVEL) / 2)
    return Coverage(float(((rank >= edge) & (rank < DRAWS + 1 - edge)).mean()), len(seen))


def set_coverage(y: Floats, open_outcomes: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Say how often sets held what happened, by class, and how often they left both or nothing open.

    ``open_outcomes`` says whether each pupil may stay, and may drop out.

    >>> set_coverage(np.array([0, 1]), np.array([[True, False], [True, True]]))
    {'stay': 1.0, 'drop_out': 1.0, 'both': 0.5, 'neither': 0.0}
    """
    stay, drop = open_outcomes.T
    return {
        "stay": float(stay[y == 0].mean()) if (y == 0).any() else float("nan"),
        "drop_out": float(drop[y == 1].mean()) if (y == 1).any() else float("nan"),
        "both": float((stay & drop).mean()),
        "neither": float((~stay & ~drop).mean()),
    }


def _count_draws(
    seen: Floats, code: npt.NDArray[np.intp], middle: Floats, error: Floats, seed: int
) -> tuple[Floats, Floats]:
    """Count, for each cohort, draws with fewer and draws with as many dropouts as came true."""
    rng, n = np.random.default_rng(seed), len(seen)
    below, level_with = np.zeros(n), np.zeros(n)
    for _ in range(DRAWS):
        shift = rng.standard_normal(n)[code]
        share = 1 / (1 + np.exp(-(middle + shift * error)))
        drawn = np.bincount(code, weights=rng.random(len(code)) < share, minlength=n)
        below += drawn < seen
        level_with += drawn == seen
    return below, level_with


# --- How far the risks of each school or group are off, small ones drawn towards the whole ---

FEWEST_PUPILS = FEWEST
POINTS = 9


@dataclass(frozen=True)
class GroupShift:
    """The calibration in the large of one group: what was said of its pupils and what happened.

    ``pupils`` and ``dropouts`` are different pupils. ``shift`` is by how much the log-odds are too low
    (above 0) or too high (below 0), drawn towards the whole; ``low`` and ``high`` are its interval.
    """

    group: str
    pupils: int
    dropouts: int
    mean_risk: float
    share: float
    shift: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupShifts:
    """The calibration in the large of every group that has ten pupils, the greatest shift first.

    ``spread`` is the standard deviation of the shifts between groups, beyond chance, in log-odds; so many
    ``small`` groups are not told.
    """

    groups: tuple[GroupShift, ...]
    spread: float
    small: int


def shrunk_shifts(y: Floats, p: Floats, groups: Array, pupils: Array) -> GroupShifts:
    """Estimate each group's shift by empirical Bayes.

    The shifts of groups are taken to be normal around the whole, with the variance by which pupils of one
    group resemble each other; a group's own estimate is the mode given its pupils, averaged over what that
    variance may be. Rows of one pupil on several days count as little as they really tell; rows without a
    group (None or an empty text) are left out. Intervals are at 95 %.
    """
    given = pd.Series(np.asarray(groups, dtype=object))
    code, names = pd.factorize(given.where(given != ""), sort=True)
    kept = code >= 0
    y, p, code, pupils = y[kept], p[kept], code[kept], np.asarray(pupils)[kept]
    if len(y) == 0 or y.min() == y.max():
        return GroupShifts((), float("nan"), len(names))
    whole = calibration_in_the_large(y, p)
    margin = log_odds(p) + whole
    risk = 1 / (1 + np.exp(-margin))
    alike = ResemblingPupils.of(y, risk, code, pupils)
    posterior = alike.posterior(alike.cell)
    told = 1 / _repetition_factor(y - risk, pupils)
    shift, error = _averaged_shifts(margin, y, code, told, posterior)
    counts = _group_counts(y, p, code, pupils, len(names))
    hidden = withheld_groups([count[0] for count in counts], FEWEST_PUPILS)
    groups_found = [
        GroupShift(
            str(name),
            *counts[position],
            *_interval_around(whole + shift[position], 1.959964 * error[position]),
        )
        for position, name in enumerate(names)
        if not hidden[position]
    ]
    ordered = sorted(groups_found, key=lambda one: (-abs(one.shift), one.group))
    return GroupShifts(tuple(ordered), float(posterior @ SPREADS**2) ** 0.5, len(names) - len(ordered))


def _repetition_factor(residual: Floats, pupils: Array) -> float:
    """Say how many times less rows tell because pupils are in several of them (1 where nobody is)."""
    of_pupil = np.bincount(pd.factorize(pupils)[0], weights=residual)
    return max(float((of_pupil**2).sum() / (residual**2).sum()), 1.0)


def _averaged_shifts(
    margin: Floats, y: Floats, code: npt.NDArray[np.intp], told: float, posterior: Floats
) -> tuple[Floats, Floats]:
    """Average each group's shift over what the spread of groups may be; its error holds that doubt too."""
    positions = np.searchsorted(np.cumsum(posterior), (np.arange(POINTS) + 0.5) / POINTS)
    found = [
        _shift_modes(margin, y, code, told, max(float(SPREADS[position]), SPREADS[1]) ** 2)
        for position in positions
    ]
    shifts, errors = (np.stack([one[part] for one in found]) for part in range(2))
    return shifts.mean(axis=0), np.sqrt((errors**2).mean(axis=0) + shifts.var(axis=0))


def _shift_modes(
    margin: Floats, y: Floats, code: npt.NDArray[np.intp], told: float, variance: float
) -> tuple[Floats, Floats]:
    """Find the mode of each group's shift, and its standard error, all groups at once."""
    n = int(code.max()) + 1
    shift, precision = np.zeros(n, dtype=np.float64), np.ones(n, dtype=np.float64)
    for _ in range(50):
        risk = 1 / (1 + np.exp(-(margin + shift[code])))
        slope = told * np.bincount(code, weights=y - risk, minlength=n) - shift / variance
        precision = np.asarray(
            told * np.bincount(code, weights=risk * (1 - risk), minlength=n) + 1 / variance
        )
        step = np.clip(slope / precision, -1.0, 1.0)
        shift = shift + step
        if np.abs(step).max() < 1e-10:
            break
    return shift, 1 / np.sqrt(precision)


def _group_counts(
    y: Floats, p: Floats, code: npt.NDArray[np.intp], pupils: Array, n: int
) -> list[tuple[int, int, float, float]]:
    rows = np.bincount(code, minlength=n)
    unit = pd.DataFrame({"code": code, "pupil": pupils, "y": y})
    of_pupil = unit.groupby(["code", "pupil"], sort=False)["y"].max().groupby("code")
    there, left = of_pupil.size().reindex(range(n)), of_pupil.sum().reindex(range(n))
    risk, share = (np.bincount(code, weights=values, minlength=n) / rows for values in (p, y))
    return [
        (int(there[position]), int(left[position]), float(risk[position]), float(share[position]))
        for position in range(n)
    ]


def _interval_around(middle: float, half: float) -> tuple[float, float, float]:
    return float(middle), float(middle - half), float(middle + half)
