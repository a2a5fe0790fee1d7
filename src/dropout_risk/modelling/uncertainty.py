"""How much the shares of schools differ beyond chance: what no more labels can take from an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Bools, Floats, Labels, Positions
from dropout_risk.errors import SettingsError


@dataclass(frozen=True)
class ConformalSets:
    """Of pupils who drop out, ``level`` have "drop out" in their set; of those who stay, as many "stay".

    The promise holds within each class, so it does not change with the base rate, nor with any calibration
    that keeps the order of scores (Vovk 2012; Sadinle, Lei and Wasserman 2019). Scores up to ``stays_to`` may
    stay, and scores from ``drops_from`` on may drop out.

    >>> sets = ConformalSets.fit(np.linspace(-4, 4, 200), np.repeat([0, 1], 100), level=0.9)
    >>> sets.open_outcomes(np.array([-4.0, 4.0])).tolist()
    [[True, False], [False, True]]
    """

    stays_to: float
    drops_from: float
    level: float = 0.9

    @classmethod
    def fit(cls, score: Floats, y: Array, level: float = 0.9) -> Self:
        """Find the thresholds on scores of a model that did not see the rows.

        Scores are risks or log-odds, higher for those who drop out; sets are then asked for on the same
        scale. With too few of a class for the level, its outcome is always left open.
        """
        if not 0 < level < 1:
            raise SettingsError(
                f"The level of a set lies between 0 and 1, got {level!r}.", hint="such as 0.9"
            )
        stays, drops = np.sort(score[y == 0]), np.sort(-score[y == 1])
        return cls(_class_threshold(stays, level), -_class_threshold(drops, level), level)

    def open_outcomes(self, score: Floats) -> Bools:
        """Say of each score whether it may stay, and whether it may drop out: shape (n, 2)."""
        return np.column_stack([score <= self.stays_to, score >= self.drops_from])

    def to_dict(self) -> dict[str, Any]:
        """Write the thresholds as plain data; None where an outcome is always left open."""
        return {
            "stays_to": self.stays_to if math.isfinite(self.stays_to) else None,
            "drops_from": self.drops_from if math.isfinite(self.drops_from) else None,
            "level": self.level,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        to, since = data["stays_to"], data["drops_from"]
        return cls(
            math.inf if to is None else float(to), -math.inf if since is None else float(since), data["level"]
        )


def _class_threshold(rising: Floats, level: float) -> float:
    """Give the smallest value that at least ``level`` of a class, one more pupil counted, do not exceed."""
    index = math.ceil(round((len(rising) + 1) * level, 9))
    return float(rising[index - 1]) if index <= len(rising) else math.inf


FEWEST_SCHOOLS = 10
"""Schools below which it is not said how much schools differ: a spread of so few is hardly known itself."""
BANDS = 10
SPREADS = np.arange(0.0, 3.0, 0.01)


@dataclass(frozen=True)
class SchoolSpread:
    """How far the true share of one school on one day lies from the calibrated risk.

    ``variance``, in log-odds, is that of the shift of a school on a day, and of what the calibration line
    does not follow; it was learned from so many schools.

    >>> spread = SchoolSpread(variance=0.04, schools=30)
    >>> spread.bounds(np.array([-2.0]), np.array([0.0]), level=0.9).round(3).tolist()
    [[-2.361, -1.669]]
    """

    variance: float
    schools: int

    @classmethod
    def of(
        cls, log_odds: Floats, y: Labels, pupils: Array | None, cohorts: pd.DataFrame | None
    ) -> Self | None:
        """Learn it from calibrated log-odds of rows that the model did not see.

        Two pupils of one school on one day who both leave more often than their risks say are what shows a
        shift; by chance alone, pupils do not resemble each other. The same is asked of bands of risk, which
        shows where the calibration line does not follow. ``cohorts`` has the columns ``school_id`` and
        ``as_of``; None without it, or with fewer than ten schools. Without ``pupils`` each row is one of its
        own.
        """
        if cohorts is None:
            return None
        from scipy.special import expit

        school = known_codes(cohorts["school_id"])
        n = int(school.max(initial=-1)) + 1
        if n < FEWEST_SCHOOLS:
            return None
        risk = np.asarray(expit(log_odds))
        pupils = np.arange(len(y)) if pupils is None else np.asarray(pupils)
        known = school >= 0
        day = pd.factorize(cohorts["as_of"])[0][known]
        between = ResemblingPupils.of(
            y[known], risk[known], school[known] * (day.max() + 1) + day, pupils[known]
        )
        mean = between.spread_variance(between.cell // (day.max() + 1))
        bent = excess_variance(y, risk, equal_bands(risk), pupils)
        return cls(mean * n / (n - 1) + bent, n)

    def bounds(self, log_odds: Floats, variance: Floats, level: float) -> Floats:
        """Give lower and upper log-odds of a school, shape (n, 2), around calibrated log-odds.

        A prediction interval for a school that was not there, with two degrees of freedom fewer than there
        were schools (Higgins, Thompson and Spiegelhalter 2009). The risk is the mean over schools; where
        leaving is rare, that lies above the middle school, around which the bounds are laid. They hold the
        risk all the same. ``variance`` is that of the calibration at each row, ``level`` the share of
        schools.
        """
        from scipy.special import expit, stdtrit

        middle = log_odds - self.variance * (0.5 - expit(log_odds))
        quantile = float(stdtrit(self.schools - 2, 0.5 + level / 2))
        width = quantile * np.sqrt(variance + self.variance * (1 + 1 / self.schools))
        return np.column_stack([np.minimum(middle - width, log_odds), np.maximum(middle + width, log_odds)])

    def to_dict(self) -> dict[str, Any]:
        """Write the spread as plain data."""
        return {"variance": self.variance, "schools": self.schools}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(float(data["variance"]), int(data["schools"]))


@dataclass(frozen=True, eq=False)
class ResemblingPupils:
    """What happened beyond the risks, pair by pair of different pupils of one cell.

    For each cell, ``pairs`` is the sum over pairs of the products of what happened beyond the risks,
    ``scale`` the same of the variances that the risks imply, and ``chance`` the sum of these variances.
    ``repeated`` is by how much chance varies more than that, because a cell holds several rows of a pupil;
    ``curved``, between 0 and 1, how far the cells' risks are from a half, where log-odds are a straight line.
    """

    cell: Positions
    pairs: Floats
    scale: Floats
    chance: Floats
    repeated: float
    curved: float

    @classmethod
    def of(cls, y: ArrayLike, risk: Floats, cells: Array, pupils: Array) -> Self:
        """Add up the pairs; rows of one pupil are one."""
        pupil = pd.factorize(pupils)[0]
        size = int(pupil.max(initial=0)) + 1
        unit, index = np.unique(np.asarray(cells, dtype=np.int64) * size + pupil, return_inverse=True)
        cell, of_unit = np.unique(unit // size, return_inverse=True)
        surplus, chance = _group_sums(index, np.asarray(y) - risk), _group_sums(index, risk * (1 - risk))
        pairs, scale = (_sum_pairs(of_unit, part) for part in (surplus, chance))
        weight = (risk * (1 - risk)) ** 2
        curved = float((weight * (1 - 2 * risk) ** 2).sum() / max(float(weight.sum()), 1e-300))
        repeated = max(float((surplus**2).sum() / max(chance.sum(), 1e-300)), 1.0)  # rows of one pupil
        return cls(cell, pairs, scale, _group_sums(of_unit, chance), repeated, max(curved, 1e-9))

    @property
    def ratio(self) -> float:
        """The variance of shares between cells, as a share of the squared variances; below 0 by chance."""
        scale = float(self.scale.sum())
        return float(self.pairs.sum()) / scale if scale > 0 else 0.0

    def spread_variance(self, schools: Positions) -> float:
        """Give the mean of the posterior of the variance between schools, in log-odds."""
        return float(self.posterior(schools) @ SPREADS**2)

    def posterior(self, schools: Positions) -> Floats:
        """Give the posterior of the standard deviation between schools, as weights of ``SPREADS``.

        A flat prior on the standard deviation (Gelman 2006), and the ratio as what was seen: normal, with the
        error that chance and the schools themselves give it, and with the days of a school as one.
        ``schools`` is the school of each cell.
        """
        variances = SPREADS**2
        expected = np.expm1(self.curved * variances) / self.curved
        once, twice = (_group_sums(schools, self.chance**power) for power in (1, 2))
        error2 = 2 * ((self.repeated * once[:, None] + twice[:, None] * variances) ** 2).sum(axis=0)
        error2 = error2 / max(float(self.scale.sum()), 1e-300) ** 2
        log_weight = -0.5 * (self.ratio - expected) ** 2 / error2 - 0.5 * np.log(error2)
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())


def excess_variance(y: ArrayLike, risk: Floats, cells: Array, pupils: Array) -> float:
    """Estimate by how much the shares of cells differ beyond chance: a variance in log-odds, at least 0.

    Over all pairs of different pupils of a cell, the product of what happened beyond their risks (calibrated
    over all cells together) is held against the product of their variances; rows of one pupil are one. The
    last step turns a variance of shares into one of log-odds: exact where leaving is rare, to the second
    order elsewhere. Cells are numbered.

    >>> y, risk = np.array([1, 1, 0, 0]), np.full(4, 0.5)
    >>> round(excess_variance(y, risk, np.array([0, 0, 1, 1]), np.arange(4)), 2)
    4.0
    >>> excess_variance(y, risk, np.array([0, 1, 0, 1]), np.arange(4))
    0.0
    """
    found = ResemblingPupils.of(y, risk, cells, pupils)
    return float(np.log1p(found.curved * max(found.ratio, 0.0)) / found.curved)


def known_codes(names: ArrayLike) -> Positions:
    """Give each name a number, in the order in which they come; -1 where there is none.

    >>> known_codes(["b", "", "a", None, "b"]).tolist()
    [0, -1, 1, -1, 0]
    """
    given = pd.Series(np.asarray(names, dtype=object))
    return np.asarray(pd.factorize(given.where(given != ""))[0], dtype=np.intp)


def _group_sums(group: Positions, values: Floats) -> Floats:
    return np.asarray(np.bincount(group, weights=values), dtype=np.float64)


def _sum_pairs(group: Positions, values: Floats) -> Floats:
    """Sum the products of all pairs of different units of a group."""
    return np.asarray(_group_sums(group, values) ** 2 - _group_sums(group, values**2))


def equal_bands(risk: Floats, bands: int = BANDS) -> Positions:
    """Cut rows into bands of risk that can tell equally much: each holds about as many expected dropouts."""
    order = np.argsort(risk, kind="stable")
    told = np.cumsum((risk * (1 - risk))[order])
    band = np.empty(len(risk), dtype=np.intp)
    band[order] = np.minimum((bands * told / max(told[-1], 1e-300)).astype(np.intp), bands - 1)
    return band
