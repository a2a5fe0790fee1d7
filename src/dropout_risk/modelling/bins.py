"""Few bins for one feature: as many as the data bear out, monotone where a direction is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.additive import held

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Labels = NDArray[np.int8]
CELLS = 20
"""Quantile cells that bins are made of."""
MOST_BINS = 5
SMALLEST_SHARE = 0.05
"""Of the known values in one bin."""
PRIOR_ROWS = 10.0
"""Rows at the base rate added to each bin: a small bin says little."""


@dataclass(frozen=True)
class Bins:
    """The bins of one feature; the last one is that of missing values.

    Parameters
    ----------
    edges : tuple of float, or None
        Where one bin ends and the next begins; None for categories.
    groups : tuple of int
        For each category its bin; empty for numbers.
    n_bins : int
        Bins without that of missing values.
    """

    edges: tuple[float, ...] | None
    groups: tuple[int, ...]
    n_bins: int

    @classmethod
    def of_numbers(cls, column: Floats, y: Labels, direction: int) -> Self:
        """Cut numbers where the share of dropouts changes; with a direction it never turns back."""
        known = ~np.isnan(column)
        cuts = _cuts(column[known])
        cells = np.searchsorted(cuts, column[known], side="right")
        ends = merged(*_counts(cells, y[known], len(cuts) + 1), direction)
        edges = tuple(float(cuts[end]) for end in ends)
        return cls(edges, (), len(edges) + 1)

    @classmethod
    def of_categories(cls, column: Floats, y: Labels) -> Self:
        """Put together categories with like shares of dropouts."""
        known = ~np.isnan(column)
        if not known.any():
            return cls(None, (), 0)
        codes = column[known].astype(np.intp)
        rows, events = _counts(codes, y[known], int(codes.max()) + 1)
        order = np.argsort((events + PRIOR_ROWS * y.mean()) / (rows + PRIOR_ROWS), kind="stable")
        ends = merged(rows[order], events[order], 0)
        group = np.empty(len(order), dtype=np.int64)
        group[order] = np.searchsorted(ends, np.arange(len(order)), side="left")
        return cls(None, tuple(map(int, group)), len(ends) + 1)

    def place(self, column: Floats) -> NDArray[np.intp]:
        """Give the bin of each value; a category that the fit did not see counts as missing."""
        missing = np.isnan(column)
        if self.edges is not None:
            found = np.searchsorted(np.array(self.edges), np.where(missing, 0.0, column), side="right")
            return np.where(missing, self.n_bins, found)
        table = np.array([*self.groups, self.n_bins], dtype=np.intp)
        codes = np.where(missing, len(self.groups), column).astype(np.intp)
        return table[np.minimum(codes, len(self.groups))]

    def evidence(self, column: Floats, y: Labels, direction: int) -> Floats:
        """Give for each bin how far its log-odds lie from those of all rows; few rows say little."""
        rows, events = _counts(self.place(column), y, self.n_bins + 1)
        rate = (y.sum() + 0.5) / (len(y) + 1.0)
        share = (events + PRIOR_ROWS * rate) / (rows + PRIOR_ROWS)
        found = np.log(share / (1 - share)) - np.log(rate / (1 - rate))
        return np.append(held(found[:-1], direction), found[-1])


def merged(rows: Counts, events: Counts, direction: int) -> list[int]:
    """Merge neighbouring cells and give the last cell of each bin but the last.

    Cells that are too small, that go against the direction, or whose difference is not worth a bin of its
    own (Bayesian information criterion) are put together with the neighbour that is most alike.

    Examples
    --------
    >>> merged(np.array([100, 100, 100]), np.array([5, 6, 60]), 1)
    [1]
    >>> merged(np.array([100, 100, 100]), np.array([60, 5, 5]), 1)
    []
    """
    bins = [(int(n), int(k), end) for end, (n, k) in enumerate(zip(rows, events, strict=True))]
    smallest, worth = SMALLEST_SHARE * sum(rows), 0.5 * np.log(max(sum(rows), 2))
    while len(bins) > 1:
        loss = [_loss(bins[i], bins[i + 1]) for i in range(len(bins) - 1)]
        wrong = [i for i in range(len(loss)) if direction * (_share(bins[i + 1]) - _share(bins[i])) < 0]
        small = [i for i in range(len(loss)) if min(bins[i][0], bins[i + 1][0]) < smallest]
        pairs = small or wrong or range(len(loss))
        cheapest = min(pairs, key=lambda i: loss[i])
        if not small and not wrong and len(bins) <= MOST_BINS and loss[cheapest] > worth:
            break
        (n, k, _), (m, j, end) = bins[cheapest : cheapest + 2]
        bins[cheapest : cheapest + 2] = [(n + m, k + j, end)]
    return [end for _, _, end in bins[:-1]]


def _share(item: tuple[int, int, int]) -> float:
    return item[1] / item[0] if item[0] else 0.0


def _loss(left: tuple[int, int, int], right: tuple[int, int, int]) -> float:
    """Give the log likelihood that is lost when two bins become one."""
    n, k = left[0] + right[0], left[1] + right[1]
    return _likelihood(*left[:2]) + _likelihood(*right[:2]) - _likelihood(n, k)


def _likelihood(n: int, k: int) -> float:
    return float(sum(part * np.log(part / n) for part in (k, n - k) if part))


def _counts(places: NDArray[np.intp], y: Labels, n: int) -> tuple[Counts, Counts]:
    rows = np.bincount(places, minlength=n)
    return rows, np.bincount(places, weights=y, minlength=n).astype(np.int64)


def _cuts(known: Floats) -> Floats:
    """Give round numbers near the quantiles, each above the smallest value."""
    if len(known) == 0:
        return np.empty(0)
    values = np.unique(known)
    if len(values) <= CELLS:
        return values[1:]
    spread = float(values[-1] - values[0])
    digits = 2 - int(np.floor(np.log10(spread)))
    cuts = np.unique(np.round(np.quantile(known, np.linspace(0, 1, CELLS + 1)[1:-1]), digits))
    return np.asarray(cuts[cuts > values[0]])
