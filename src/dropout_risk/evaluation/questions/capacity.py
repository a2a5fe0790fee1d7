"""What a list of limited length finds: precision, recall and lift, with ties handled openly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats, Longs
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import outcomes_and_risks


@dataclass(frozen=True)
class TieBounds:
    """A figure that depends on how ties are broken: at worst, on average, at best."""

    worst: float
    expected: float
    best: float

    def over(self, total: float) -> TieBounds:
        """Divide by a total; NaN where the total is 0."""
        if total == 0:
            return TieBounds(math.nan, math.nan, math.nan)
        return TieBounds(self.worst / total, self.expected / total, self.best / total)


@dataclass(frozen=True)
class TopRanked:
    """What a list of the highest risks finds: how many are listed, of ``n`` rows with so many positives.

    ``hits`` are the rows on the list that dropped out. Equal risks at the end of the list leave open who is
    on it: ``worst`` and ``best`` are what the tie-break can do, ``expected`` is its mean.

    >>> top = at_top_share([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.5], share=0.5)
    >>> top.precision
    TieBounds(worst=0.5, expected=0.6666666666666666, best=1.0)
    """

    listed: int
    n: int
    positives: int
    hits: TieBounds

    @property
    def precision(self) -> TieBounds:
        """Share of the list that dropped out."""
        return self.hits.over(self.listed)

    @property
    def recall(self) -> TieBounds:
        """Share of those who dropped out that is on the list."""
        return self.hits.over(self.positives)

    @property
    def lift(self) -> TieBounds:
        """Precision over the base rate."""
        return self.hits.over(self.listed * self.positives / self.n if self.n else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Write counts and the three figures as plain data."""
        figures = {name: vars(getattr(self, name)) for name in ("hits", "precision", "recall", "lift")}
        return {"listed": self.listed, "n": self.n, "positives": self.positives} | figures


def top_count(n: int, share: float) -> int:
    """Give how many rows a share is: rounded down, since a capacity is not exceeded, but at least 1.

    >>> top_count(1000, 0.05), top_count(3, 0.05)
    (50, 1)
    """
    if not 0 < share <= 1:
        raise EvaluationError(f"The share of the cohort that can be seen must lie in (0, 1], got {share}.")
    return max(1, math.floor(share * n + 1e-9))


@dataclass(frozen=True, eq=False)
class Lists:
    """The lists of many groups at once, each of the highest risks of its group; made with :meth:`of`.

    ``chance`` is each row's chance of being on its list when equal risks are ordered by lot: 0, 1, or
    between. All others have an entry per group: rows listed, rows chosen from, those of them that dropped
    out, and the ``hits``, rows on the list that dropped out, of shape (n_groups, 3): at worst, expected, at
    best.
    """

    groups: npt.NDArray[Any]
    chance: Floats
    listed: Longs
    n: Longs
    positives: Longs
    hits: Floats

    @classmethod
    def of(cls, y: Floats, p: Floats, groups: npt.NDArray[Any], lengths: Callable[[Longs], Longs]) -> Self:
        """Draw up the lists, one for each of the ``groups``.

        ``lengths`` is given the group number of each row and gives the length of each list; a list is never
        longer than its group.
        """
        names, group = np.unique(groups, return_inverse=True)
        size = np.bincount(group)
        listed = np.minimum(lengths(group), size)
        last = _last_risks(p, group, size, listed)
        above, tied = p > last[group], p == last[group]

        def count(rows: npt.NDArray[Any]) -> Floats:
            return np.asarray(np.bincount(group, weights=rows, minlength=len(names)), dtype=np.float64)

        ties, tied_positives, sure = count(tied), count(tied * y), count(above * y)
        places = listed - count(above)
        share = np.divide(places, ties, out=np.zeros_like(places), where=ties > 0)
        hits = [
            sure + np.maximum(0.0, places - (ties - tied_positives)),
            sure + tied_positives * share,
            sure + np.minimum(places, tied_positives),
        ]
        positives = count(y).astype(np.int64)
        return cls(names, above + tied * share[group], listed, size, positives, np.column_stack(hits))

    def total(self, chosen: npt.NDArray[Any] | slice = slice(None)) -> TopRanked:
        """Put some of the lists together; by default all."""
        hits = TieBounds(*self.hits[chosen].sum(axis=0).tolist())
        listed, n, positives = (int(counts[chosen].sum()) for counts in (self.listed, self.n, self.positives))
        return TopRanked(listed, n, positives, hits)


def _last_risks(p: Floats, group: Longs, size: Longs, listed: Longs) -> Floats:
    """Give the lowest risk on each list; infinity where it is empty."""
    order = np.lexsort((-p, group))
    start = np.cumsum(size) - size
    return np.asarray(np.where(listed > 0, p[order][start + np.maximum(listed, 1) - 1], np.inf))


def of_share(share: float) -> Callable[[Longs], Longs]:
    """Give lists as long as a share of their group."""
    top_count(1, share)
    return lambda group: np.maximum(1, np.floor(share * np.bincount(group) + 1e-9)).astype(np.int64)


def of_places(capacity: int, might: npt.NDArray[np.bool_]) -> Callable[[Longs], Longs]:
    """Give lists of at most so many places, for those rows only that might be listed at all."""
    return lambda group: np.minimum(capacity, np.bincount(group, weights=might).astype(np.int64))


def as_long_as(marked: npt.NDArray[Any]) -> Callable[[Longs], Longs]:
    """Give lists as long as another way's lists of the same groups, whose rows are marked."""
    return lambda group: np.rint(np.bincount(group, weights=marked)).astype(np.int64)


def at_top_share(
    y: npt.ArrayLike, p: npt.ArrayLike, share: float, *, groups: npt.ArrayLike | None = None
) -> TopRanked:
    """Measure the list of the highest risks, as long as a share of the rows.

    With ``groups``, usually the as-of date, there is one list per group; all are put together.
    """
    truth, risk = outcomes_and_risks(y, p)
    return Lists.of(truth, risk, _groups_or_one(groups, truth.size), of_share(share)).total()


def at_same_length(
    y: npt.ArrayLike, p: npt.ArrayLike, flagged: npt.ArrayLike, *, groups: npt.ArrayLike | None = None
) -> TopRanked:
    """Measure the list of the highest risks, as long as a rule's own list in each group."""
    truth, risk = outcomes_and_risks(y, p)
    lengths = as_long_as(np.asarray(flagged, dtype=bool))
    return Lists.of(truth, risk, _groups_or_one(groups, truth.size), lengths).total()


def number_groups(*keys: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Give each combination of several keys, such as school and day, a number in the order of their names.

    >>> number_groups(np.array(["b", "a", "b"]), np.array([1, 1, 2])).tolist()
    [1, 0, 2]
    """
    codes = [pd.factorize(pd.Series(key).astype(str), sort=True)[0] for key in keys]
    number = np.zeros(len(keys[0]), dtype=np.int64)
    for code in codes:
        number = number * (int(code.max(initial=0)) + 1) + code
    return np.asarray(np.unique(number, return_inverse=True)[1], dtype=np.intp)


def _groups_or_one(groups: npt.ArrayLike | None, n: int) -> npt.NDArray[Any]:
    return np.zeros(n) if groups is None else np.asarray(groups)
