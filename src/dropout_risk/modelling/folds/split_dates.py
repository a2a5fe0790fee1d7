"""As-of dates in order, cut into blocks: which dates train, and which ones test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Bools, Longs, Positions
from dropout_risk.errors import SplitError
from dropout_risk.modelling.folds.school_day_index import SchoolDayIndex
from dropout_risk.records.days.calendar import SchoolCalendar

DayCounter = Mapping[Any, int] | Callable[[Any], int] | SchoolCalendar


@dataclass(frozen=True, eq=False)
class DateBlock:
    """The dates of one test, and the earlier ones whose labels were known when it began; both rise."""

    train: Array
    test: Array


@dataclass(frozen=True, eq=False)
class AsOfDates:
    """The as-of date of each row, and its school-day index."""

    days: Array
    index: Longs

    @classmethod
    def of(
        cls,
        X: pd.DataFrame | None,
        as_of: ArrayLike | None,
        as_of_index: ArrayLike | None,
        calendar: DayCounter | None,
    ) -> Self:
        """Read the dates off the rows, or off what is handed in beside them.

        SplitError if there are no dates, no rows, or no calendar to count school days by.
        """
        days = _read_days(X, as_of, as_of_index)
        if len(days) == 0:
            raise SplitError("There are no rows to split.", hint="hand in rows of at least two as-of dates")
        if as_of_index is not None:
            return cls(days, np.asarray(as_of_index, dtype=np.int64))
        return cls(days, _count_school_days(days, calendar))

    def bounds(self) -> tuple[Array, Longs, Longs]:
        """Give the different dates, and the least and the greatest index of each."""
        unique, position = np.unique(self.days, return_inverse=True)
        first = np.full(len(unique), np.iinfo(np.int64).max)
        last = np.full(len(unique), np.iinfo(np.int64).min)
        np.minimum.at(first, position, self.index)
        np.maximum.at(last, position, self.index)
        return unique, first, last

    def blocks(
        self, n_splits: int, horizon_days: int, test_snapshots: int, min_train: int
    ) -> list[DateBlock]:
        """Cut the last dates into blocks to test on, one after the other.

        Blocks follow one another and end with the last date. A date trains for a block if it lies before it
        and its label window, counted from the latest index of the date, is over when the earliest index of
        the block begins: so no label of the training was still open in any school. SplitError if a block
        would have nothing before it to train on.
        """
        unique, first, last = self.bounds()

        def require(enough: bool | np.bool_, what: str) -> None:
            if not enough:
                raise SplitError(
                    f"{len(unique)} as-of dates leave too few {what}: {n_splits} split(s) of "
                    f"{test_snapshots} with a horizon of {horizon_days} school days need at least "
                    f"{min_train} to train on.",
                    hint="add earlier as-of dates, shorten horizon_days, or lower n_splits or test_snapshots",
                )

        made = []
        for number in range(n_splits):
            start = len(unique) - (n_splits - number) * test_snapshots
            require(start > 0, "as-of dates before the test")
            begin = first[start : start + test_snapshots].min()
            known = (np.arange(len(unique)) < start) & (last + horizon_days <= begin)
            require(known.sum() >= min_train, "as-of dates whose labels were known in time")
            made.append(DateBlock(unique[known], unique[start : start + test_snapshots]))
        return made


def _read_days(X: pd.DataFrame | None, as_of: ArrayLike | None, as_of_index: ArrayLike | None) -> Array:
    if as_of is not None:
        return np.asarray(as_of)
    if isinstance(X, pd.DataFrame) and "as_of" in X.index.names:
        return np.asarray(X.index.get_level_values("as_of").to_numpy())
    if as_of_index is not None:
        return np.asarray(as_of_index)
    raise SplitError("No as-of dates.", hint="give X an index level 'as_of', or hand in as_of or as_of_index")


def _count_school_days(days: Array, calendar: DayCounter | None) -> Longs:
    if calendar is None:
        raise SplitError(
            "School days cannot be counted without a calendar.",
            hint="TemporalSplit.of(records, horizon_days=90), give it a calendar, or hand in as_of_index",
        )
    if isinstance(calendar, SchoolCalendar):
        calendar = SchoolDayIndex(calendar)
    look_up = calendar if callable(calendar) else calendar.__getitem__
    unique, position = np.unique(days, return_inverse=True)
    try:
        return np.array([look_up(day) for day in pd.Index(unique)], dtype=np.int64)[position]
    except KeyError as error:
        raise SplitError(
            f"The calendar has no school-day index for {error.args[0]}.",
            hint="give an index for every as-of date",
        ) from None


@dataclass(frozen=True, eq=False)
class Fold:
    """What trains, what tests (positions of rows), and who is left out of training.

    ``aside`` marks the rows of the schools or pupils that are left out; None where all do both. ``left_out``
    says who that is, in words; no pupil's name.
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
        days: Array,
        left_out: str,
        aside: Bools | None,
        pupils: Array | None,
    ) -> Self:
        """Find the rows of a block of dates; pupils given are kept apart by name as well.

        SplitError if nothing is left to train or to test on.
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

    def line(self, days: Array) -> dict[str, Any]:
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


def keys_of(X: object, given: ArrayLike | None, name: str, *, otherwise: Array | None = None) -> Array:
    """Give the school or pupil of each row: as handed in, or the index level of that name.

    SplitError if neither is there and nothing is given in their place.
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
