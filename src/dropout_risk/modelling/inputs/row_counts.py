"""How often each row counts: whole numbers of rows that are alike, so that risks stay probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Floats, Longs, Positions
from dropout_risk.errors import FeatureInputError
from dropout_risk.modelling.inputs.row_names import refuse_other_rows


@dataclass(frozen=True, eq=False)
class RowCounts:
    """Rows told by ``sample_weight``: one that weighs 3 stands for three pupils who are alike, 0 for none.

    >>> counts = RowCounts.of_weights([1, 0, 2], np.zeros((3, 1)))
    >>> counts.kept.tolist(), counts.repeated(np.array([1, 0])).tolist()
    ([0, 2], [1, 1, 0])
    >>> counts.for_all(np.array([0.1, 0.2]))
    array([0.1, nan, 0.2])
    """

    times: Longs
    """How often each row counts."""

    @classmethod
    def of_weights(cls, sample_weight: ArrayLike | None, X: Any) -> Self:
        """Read weights, one for each row of ``X``; without weights each counts once.

        Raises
        ------
        FeatureInputError
            If they are not one whole number from 0 for each row.
        """
        n = len(X) if isinstance(X, pd.DataFrame) else len(np.asarray(X))
        if sample_weight is None:
            return cls(np.ones(n, dtype=np.int64))
        refuse_other_rows(X, sample_weight, "sample_weight")
        try:
            weights = np.asarray(sample_weight, dtype=np.float64)
        except (TypeError, ValueError):
            weights = np.empty((0, 0))
        if weights.shape != (n,):
            raise FeatureInputError(
                f"sample_weight must be one number for each of {n} rows, got a shape of "
                f"{np.shape(sample_weight)}.",
                hint="groups are a keyword of their own: fit(X, y, groups=...)",
            )
        if not np.isfinite(weights).all() or (weights < 0).any() or (weights != np.round(weights)).any():
            raise FeatureInputError(
                "sample_weight must be whole numbers from 0: how many rows each row stands for.",
                hint="weights that lift the rare class would make risks no probabilities: leave them out, "
                "and choose whom to see by rank",
            )
        if not weights.any():
            raise FeatureInputError(
                "Sample weights must contain at least one non-zero number.", hint="leave sample_weight out"
            )
        return cls(weights.astype(np.int64))

    @property
    def kept(self) -> Positions:
        """The rows that count at all."""
        return np.flatnonzero(self.times)

    def keep_rows(self, table: Any) -> Any:
        """Give the rows of a table or column that count at all, each once; None stays None."""
        if table is None or self.times.all():
            return table
        if isinstance(table, (pd.DataFrame, pd.Series)):
            return table.iloc[self.kept]
        return np.asarray(table)[self.kept]

    def repeated(self, order: Positions) -> Positions:
        """Give positions among the rows that are kept, each as often as its row counts."""
        return np.repeat(order, self.times[self.kept][order])

    def for_all(self, values: Floats) -> Floats:
        """Give one value for each row as it was handed in, from values of the kept rows; NaN for none."""
        every = np.full(len(self.times), np.nan)
        every[self.kept] = values
        return every
