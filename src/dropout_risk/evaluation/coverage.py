"""How often intervals and sets held what they promised, on rows that the model did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.metrics import Array, log_odds
from dropout_risk.modelling.intervals import equal_bands, known_codes

Labels = npt.NDArray[Any]
DRAWS = 199
BANDS = 3
FEWEST_COHORTS = 20


@dataclass(frozen=True)
class Coverage:
    """What share of cohorts had as many dropouts as their intervals leave room for.

    Parameters
    ----------
    share : float
        Of the cohorts; near the level if the intervals mean what they say.
    cohorts : int
        One band of risk at one school on one day each.
    """

    share: float
    cohorts: int


def cohort_coverage(
    y: Array,
    interval: Array,
    schools: Labels,
    days: Labels,
    *,
    level: float = 0.9,
    bands: int = BANDS,
    seed: int = 0,
) -> Coverage:
    """Hold numbers of dropouts against what the intervals foretell for them, chance included.

    For each band of risk at one school on one day: the share at that school is drawn from the interval,
    the dropouts from the share, 199 times; the cohort is held if the number that came true lies among the
    middle 90 % of those numbers (ties are broken at random). Intervals that are too narrow hold too few.

    Parameters
    ----------
    y : array of {0, 1}
        Outcomes.
    interval : array of shape (n, 2)
        Of each row, at ``level``.
    schools, days : array
        Of each row; rows without a school are left out.
    level : float, default=0.9
    bands : int, default=3
        Bands of risk, with about equally many expected dropouts each.
    seed : int, default=0
        Of the draws.
    """
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
    below, level_with = _ranks(seen, code, middle[kept], half[kept] / _z(level), seed)
    rng = np.random.default_rng([seed, 1])
    rank = below + np.floor(rng.random(len(seen)) * (level_with + 1))
    edge = round((DRAWS + 1) * (1 - level) / 2)
    return Coverage(float(((rank >= edge) & (rank < DRAWS + 1 - edge)).mean()), len(seen))


def set_coverage(y: Array, open_outcomes: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Say how often sets held what happened, by class, and how often they left both or nothing open.

    Parameters
    ----------
    y : array of {0, 1}
        Outcomes.
    open_outcomes : bool array of shape (n, 2)
        Whether each pupil may stay, and may drop out.

    Examples
    --------
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


def _ranks(
    seen: Array, code: npt.NDArray[np.intp], middle: Array, error: Array, seed: int
) -> tuple[Array, Array]:
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


def _z(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))
