"""How often each row counts: whole numbers of rows that are alike, so that risks stay probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Floats, Positions
from dropout_risk.errors import FeatureInputError
from dropout_risk.modelling.row_names import refuse_other_rows


@dataclass(frozen=True, eq=False)
class RowCounts:
    """Rows told by ``sample_weight``: one that weighs 3 stands for three pupils who are alike, 0 for none.

    >>> counts = RowCounts.of_weights([1, 0, 2], np.zeros((3, 1)))
    >>> counts.rows.tolist()
    [0, 2, 2]
    >>> counts.told_once(np.array([0.1, 0.2, 0.4]))
    array([0.1, nan, 0.2])
    """

    rows: Positions
    n: int

    @classmethod
    def of_weights(cls, sample_weight: ArrayLike, X: Any) -> Self:
        """Read weights, one for each row of ``X``.

        Raises
        ------
        FeatureInputError
            If they are not one whole number from 0 for each row.
        """
        refuse_other_rows(X, sample_weight, "sample_weight")
        n = len(X) if isinstance(X, pd.DataFrame) else len(np.asarray(X))
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
        return cls(np.repeat(np.arange(n), weights.astype(np.int64)), n)

    @property
    def are_one(self) -> bool:
        """Whether every row counts once."""
        return len(self.rows) == self.n and bool((self.rows == np.arange(self.n)).all())

    def repeat_rows(self, table: Any) -> Any:
        """Give each row of a table or column as often as it counts; None stays None."""
        if table is None:
            return None
        if isinstance(table, (pd.DataFrame, pd.Series)):
            return table.iloc[self.rows]
        return np.asarray(table)[self.rows]

    def told_once(self, values: Floats) -> Floats:
        """Give one value for each row as it was handed in, from values of the repeated rows; NaN for none."""
        once = np.full(self.n, np.nan)
        once[self.rows[::-1]] = values[::-1]
        return once
