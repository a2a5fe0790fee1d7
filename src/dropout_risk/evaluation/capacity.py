"""What a list of limited length finds: precision, recall and lift, with ties handled openly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import Array, outcomes_and_risks


@dataclass(frozen=True)
class Bounds:
    """A figure that depends on how ties are broken: at worst, on average, at best."""

    worst: float
    expected: float
    best: float

    def over(self, total: float) -> Bounds:
        """Divide by a total; NaN where the total is 0."""
        if total == 0:
            return Bounds(math.nan, math.nan, math.nan)
        return Bounds(self.worst / total, self.expected / total, self.best / total)


@dataclass(frozen=True)
class TopRanked:
    """What a list of the highest risks finds.

    Parameters
    ----------
    listed : int
        Rows on the list.
    n : int
        Rows the list was chosen from.
    positives : int
        Rows among them that dropped out.
    hits : Bounds
        Rows on the list that dropped out. Equal risks at the end of the list leave open who is on it:
        ``worst`` and ``best`` are what the tie-break can do, ``expected`` is its mean.

    Examples
    --------
    >>> top = at_top_count([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.5], k=2)
    >>> top.precision
    Bounds(worst=0.5, expected=0.6666666666666666, best=1.0)
    """

    listed: int
    n: int
    positives: int
    hits: Bounds

    @property
    def precision(self) -> Bounds:
        """Share of the list that dropped out."""
        return self.hits.over(self.listed)

    @property
    def recall(self) -> Bounds:
        """Share of those who dropped out that is on the list."""
        return self.hits.over(self.positives)

    @property
    def lift(self) -> Bounds:
        """Precision over the base rate."""
        return self.hits.over(self.listed * self.positives / self.n if self.n else 0.0)

    def __add__(self, other: Self) -> TopRanked:
        """Put two lists together, such as those of two mornings."""
        pairs = zip(_parts(self.hits), _parts(other.hits), strict=True)
        hits = Bounds(*(one + two for one, two in pairs))
        return TopRanked(self.listed + other.listed, self.n + other.n, self.positives + other.positives, hits)

    def to_dict(self) -> dict[str, Any]:
        """Write counts and the three figures as plain data."""
        figures = {name: vars(getattr(self, name)) for name in ("hits", "precision", "recall", "lift")}
        return {"listed": self.listed, "n": self.n, "positives": self.positives} | figures


def _parts(bounds: Bounds) -> tuple[float, float, float]:
    return bounds.worst, bounds.expected, bounds.best


def top_count(n: int, share: float) -> int:
    """Give how many rows a share is: rounded down, since a capacity is not exceeded, but at least 1.

    >>> top_count(1000, 0.05), top_count(3, 0.05)
    (50, 1)
    """
    if not 0 < share <= 1:
        raise EvaluationError(f"The share of the cohort that can be seen must lie in (0, 1], got {share}.")
    return max(1, math.floor(share * n + 1e-9))


def at_top_count(y: npt.ArrayLike, p: npt.ArrayLike, k: int) -> TopRanked:
    """Measure the list of the ``k`` highest risks (all rows when there are fewer).

    Parameters
    ----------
    y : array of {0, 1}
        What happened.
    p : array of float
        The risks.
    k : int
        Length of the list; 0 gives an empty one.
    """
    truth, risk = outcomes_and_risks(y, p)
    if k < 0:
        raise EvaluationError(f"A list cannot hold {k} rows.")
    listed = min(k, truth.size)
    return TopRanked(listed, truth.size, int(truth.sum()), _hits(truth, risk, listed))


def _hits(truth: Array, risk: Array, listed: int) -> Bounds:
    if listed == 0:
        return Bounds(0.0, 0.0, 0.0)
    last = np.partition(risk, risk.size - listed)[risk.size - listed]
    above, tied = risk > last, risk == last
    sure, open_places = float(truth[above].sum()), listed - int(above.sum())
    tied_positives, tied_negatives = float(truth[tied].sum()), float(tied.sum() - truth[tied].sum())
    return Bounds(
        worst=sure + max(0.0, open_places - tied_negatives),
        expected=sure + open_places * tied_positives / float(tied.sum()),
        best=sure + min(float(open_places), tied_positives),
    )


def at_top_share(
    y: npt.ArrayLike, p: npt.ArrayLike, share: float, *, groups: npt.ArrayLike | None = None
) -> TopRanked:
    """Measure the list of the highest risks, as long as a share of the rows.

    Parameters
    ----------
    y : array of {0, 1}
        What happened.
    p : array of float
        The risks.
    share : float
        Share of the rows that can be seen.
    groups : array, optional
        Who competes for the same list, usually the as-of date: one list per group, put together.
    """
    truth, risk = outcomes_and_risks(y, p)
    members = group_masks(groups, truth.size)
    return total([at_top_count(truth[m], risk[m], top_count(int(m.sum()), share)) for m in members])


def at_same_length(
    y: npt.ArrayLike, p: npt.ArrayLike, flagged: npt.ArrayLike, *, groups: npt.ArrayLike | None = None
) -> TopRanked:
    """Measure the list of the highest risks, as long as a rule's own list in each group.

    Parameters
    ----------
    y : array of {0, 1}
        What happened.
    p : array of float
        The risks.
    flagged : array of bool
        Whom the rule flags.
    groups : array, optional
        Who competes for the same list, usually the as-of date.
    """
    truth, risk = outcomes_and_risks(y, p)
    marks = np.asarray(flagged, dtype=bool)
    members = group_masks(groups, truth.size)
    return total([at_top_count(truth[m], risk[m], int(marks[m].sum())) for m in members])


def total(lists: list[TopRanked]) -> TopRanked:
    """Put lists together."""
    first, *others = lists
    for other in others:
        first = first + other
    return first


def group_masks(groups: npt.ArrayLike | None, n: int) -> list[npt.NDArray[np.bool_]]:
    """Give one row mask per group, in the order of the groups; one of all rows without groups."""
    if groups is None:
        return [np.ones(n, dtype=bool)]
    labels = np.asarray(groups)
    return [labels == label for label in np.unique(labels)]
