"""Which of the two outcomes a score leaves open: class-conditional conformal sets, as two thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConformalSets:
    """Of pupils who drop out, ``level`` have "drop out" in their set; of those who stay, as many "stay".

    The promise holds within each class, so it does not change with the base rate, nor with any calibration
    that keeps the order of scores (Vovk 2012; Sadinle, Lei and Wasserman 2019).

    Parameters
    ----------
    stays_to : float
        Scores up to it may stay.
    drops_from : float
        Scores from it on may drop out.
    level : float
        Share of each class that is meant to be covered.

    Examples
    --------
    >>> sets = ConformalSets.fit(np.linspace(-4, 4, 200), np.repeat([0, 1], 100), level=0.9)
    >>> sets.open_outcomes(np.array([-4.0, 4.0])).tolist()
    [[True, False], [False, True]]
    """

    stays_to: float
    drops_from: float
    level: float = 0.9

    @classmethod
    def fit(cls, score: Floats, y: NDArray[Any], level: float = 0.9) -> Self:
        """Find the thresholds on scores of a model that did not see the rows.

        Parameters
        ----------
        score : array
            Risks or log-odds, higher for those who drop out; sets are then asked for on the same scale.
        y : array of {0, 1}
            Labels. With too few of a class for the level, its outcome is always left open.
        level : float, default=0.9
            Between 0 and 1.
        """
        if not 0 < level < 1:
            raise SettingsError(
                f"The level of a set lies between 0 and 1, got {level!r}.", hint="such as 0.9"
            )
        stays, drops = np.sort(score[y == 0]), np.sort(-score[y == 1])
        return cls(_threshold(stays, level), -_threshold(drops, level), level)

    def open_outcomes(self, score: Floats) -> NDArray[np.bool_]:
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


def _threshold(rising: Floats, level: float) -> float:
    """Give the smallest value that at least ``level`` of a class, one more pupil counted, do not exceed."""
    place = math.ceil(round((len(rising) + 1) * level, 9))
    return float(rising[place - 1]) if place <= len(rising) else math.inf
