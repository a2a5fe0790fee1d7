"""One split: which rows train, which ones test, and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dropout_risk.errors import SplitError
from dropout_risk.modelling.split_dates import DateBlock

Positions = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fold:
    """What trains, what tests, and who is left out of training.

    Parameters
    ----------
    block : DateBlock
        Its dates.
    train, test : ndarray of int
        Positions of the rows.
    aside : ndarray of bool, optional
        The rows of the schools or pupils that are left out of training; None where all do both.
    left_out : str
        Who that is, in words; no pupil's name.
    """

    block: DateBlock
    train: Positions
    test: Positions
    aside: Bools | None = None
    left_out: str = ""

    @classmethod
    def of(
        cls,
        block: DateBlock,
        days: NDArray[Any],
        left_out: str,
        aside: Bools | None,
        pupils: NDArray[Any] | None,
    ) -> Self:
        """Find the rows of a block of dates; pupils given are kept apart by name as well.

        Raises
        ------
        SplitError
            If nothing is left to train or to test on.
        """
        train, test = np.isin(days, block.train), np.isin(days, block.test)
        if aside is not None:
            train, test = train & ~aside, test & aside
        if pupils is not None:
            train &= ~pd.Series(pupils).isin(pupils[test]).to_numpy()
        for rows, what in ((train, "to train on"), (test, "to test on")):
            if not rows.any():
                raise SplitError(
                    f"With {left_out} left out there are no rows {what}: training {block.train[0]} to "
                    f"{block.train[-1]}, test {block.test[0]} to {block.test[-1]}.",
                    hint="set group_folds lower, so that several are left out together, or lower n_splits",
                )
        return cls(block, np.flatnonzero(train), np.flatnonzero(test), aside, left_out)

    def line(self, days: NDArray[Any]) -> dict[str, Any]:
        """Give its dates and numbers of rows."""
        train, test = self.block.train, self.block.test
        before = (days < test[0]) & ~np.isin(days, train)
        gap = int((before if self.aside is None else before & ~self.aside).sum())
        return {
            "left_out": self.left_out,
            "train_from": train[0],
            "train_to": train[-1],
            "train_rows": len(self.train),
            "gap_rows": gap,
            "test_from": test[0],
            "test_to": test[-1],
            "test_rows": len(self.test),
            "unused_rows": len(days) - len(self.train) - gap - len(self.test),
        }


def keys_of(
    X: object, given: ArrayLike | None, name: str, *, otherwise: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Give the school or pupil of each row: as handed in, or the index level of that name.

    Raises
    ------
    SplitError
        If neither is there and nothing is given in their place.
    """
    if given is not None:
        return np.asarray(given)
    if isinstance(X, pd.DataFrame) and name in X.index.names:
        return np.asarray(X.index.get_level_values(name))
    if otherwise is not None:
        return otherwise
    raise SplitError(
        f"The {name} of each row is not known.", hint=f"hand in groups, or give X an index level {name!r}"
    )
