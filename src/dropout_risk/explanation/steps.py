"""What a binned numeric feature adds: one height for each bin, level between the edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.curves import Curves

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StepShape:
    """One height for each bin of a numeric feature, and one where the value is missing.

    Parameters
    ----------
    edges : tuple of float
        Where one bin ends and the next begins, rising; a value on an edge belongs to the upper bin.
    heights : tuple of float
        Log-odds of the bins: one more than there are edges.
    missing : float
        Log-odds where the value is missing.

    Examples
    --------
    >>> StepShape((1.0, 5.0), (-1.0, 0.0, 2.0), 0.3)(np.array([0.9, 1.0, 99.0, np.nan])).tolist()
    [-1.0, 0.0, 2.0, 0.3]
    """

    edges: tuple[float, ...]
    heights: tuple[float, ...]
    missing: float

    def __call__(self, column: Floats) -> Floats:
        """Look up the height of each value's bin."""
        return Curves.of([self.points])(np.asarray(column, dtype=np.float64)[:, np.newaxis])[:, 0]

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """Edges, heights and the height of a missing value."""
        return self.edges, self.heights, self.missing
