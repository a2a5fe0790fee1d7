"""What contributions are measured against: some rows, kept as counts and means and never as rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import BackgroundError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Background:
    """Rows as far as a model's terms need to know them.

    Parameters
    ----------
    name : str
        Whose rows they are, such as ``"stayed, grade 8"``.
    rows : int
        How many.
    means : float64 array
        The mean of each feature's curve over the rows; empty for a model without curves.
    counts : int64 array
        How many rows show each pattern of each leaf; empty for a model without trees.

    Examples
    --------
    >>> Background("stayed", 1200).words
    'stayed: 1,200 rows'
    """

    name: str
    rows: int
    means: Floats = field(default_factory=lambda: np.empty(0))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def words(self) -> str:
        """Whose rows they are, and how many."""
        return f"{self.name}: {self.rows:,} rows"

    def with_counts(self, other: Self) -> Self:
        """Add what the trees of a blend need to know of the same rows."""
        return replace(self, counts=other.counts)


def check_rows(rows: Floats, n_features: int) -> None:
    """Check that rows can be a background.

    Raises
    ------
    BackgroundError
        If there are none, or they have other columns than the model reads.
    """
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise BackgroundError(
            f"The model reads {n_features} columns, the background is an array of shape {rows.shape}.",
            hint="give rows with the columns of the fit",
        )
    if not len(rows):
        raise BackgroundError("The background has no rows.", hint="give typical rows, such as 2,000")
