"""Many curves evaluated at once: one compiled loop over the columns of encoded rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.arrays import Floats, Longs
from dropout_risk.kernels import blocks, in_threads, kernel

ROWS_OF_A_THREAD = 1 << 16


@dataclass(frozen=True, eq=False)
class Curves:
    """One curve or one table of levels for each column, end to end in flat arrays.

    ``offsets``, one more than columns, is where the points of each lie. Each point has its knot and height (a
    table of levels has NaN for knots) and, for the piece that begins at it, the slope and the lower and the
    higher of its two ends; ``missing`` is the height of a missing value, by column.

    >>> curves = Curves.of([((0.0, 10.0), (-1.0, 1.0), 0.3), (None, (0.2, -0.2), 0.1)])
    >>> curves(np.array([[5.0, 1.0], [np.nan, np.nan]])).tolist()
    [[0.0, -0.2], [0.3, 0.1]]
    """

    offsets: Longs
    knots: Floats
    heights: Floats
    slopes: Floats
    lows: Floats
    highs: Floats
    missing: Floats

    @classmethod
    def of(cls, shapes: Sequence[tuple[Sequence[float] | None, Sequence[float], float]]) -> Self:
        """Lay shapes end to end: knots (None for levels), heights, and the height of a missing value.

        One knot less than there are heights makes steps: the knots are the edges between them.
        """
        pieces = [_curve_pieces(knots, np.array(heights, dtype=np.float64)) for knots, heights, _ in shapes]
        knots, levels, slopes, lows, highs = (
            np.concatenate([piece[part] for piece in pieces] or [np.zeros(0)]) for part in range(5)
        )
        offsets = np.cumsum([0, *(len(piece[0]) for piece in pieces)], dtype=np.int64)
        missing = np.array([height for *_, height in shapes], dtype=np.float64)
        return cls(offsets, knots, levels, slopes, lows, highs, missing)

    def __call__(self, rows: Floats) -> Floats:
        """Evaluate each column of some rows; each column of the result is contiguous in memory."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.empty((len(self.missing), len(rows)))
        points = (self.offsets, self.knots, self.heights, self.slopes, self.lows, self.highs, self.missing)
        in_threads(
            lambda part: _evaluate_curves(rows, part.start, part.stop, *points, out),
            blocks(len(rows), ROWS_OF_A_THREAD),
        )
        return out.T


def _curve_pieces(knots: Sequence[float] | None, heights: Floats) -> tuple[Floats, ...]:
    nothing = np.zeros(len(heights))
    if knots is None:
        return np.full(len(heights), np.nan), heights, nothing, nothing, nothing
    positions = np.array(knots, dtype=np.float64)
    if len(positions) < len(heights):
        return _level_pieces(positions, heights)
    slopes, lows, highs = nothing.copy(), heights.copy(), heights.copy()
    slopes[:-1] = np.diff(heights) / np.diff(positions)
    lows[:-1], highs[:-1] = np.sort(np.stack([heights[:-1], heights[1:]]), axis=0)
    return positions, heights, slopes, lows, highs


def _level_pieces(edges: Floats, heights: Floats) -> tuple[Floats, ...]:
    """Give each height a piece of slope 0; the first begins just below the first edge."""
    if len(edges) == 0:
        return np.zeros(1), heights, np.zeros(1), heights, heights
    positions = np.concatenate([[np.nextafter(edges[0], -np.inf)], edges, edges[-1:]])
    levels = np.append(heights, heights[-1])
    return positions, levels, np.zeros(len(levels)), levels, levels


@kernel
def _evaluate_curves(  # noqa: PLR0917
    rows: Floats,
    start: int,
    stop: int,
    offsets: Longs,
    knots: Floats,
    heights: Floats,
    slopes: Floats,
    lows: Floats,
    highs: Floats,
    missing: Floats,
    out: Floats,
) -> None:
    """Fill ``out``, a row per feature, with what values add; :func:`_curve_pieces` cuts the pieces.

    Invariant: ``left`` is the last piece that begins at the value or below it, so a value on an edge
    belongs to the upper one. Its height is kept between the ends of its piece, whatever rounding makes of
    the slope: no value adds more than its knots do, and what rises at the knots rises between them. Of
    levels, which have no knots, a value is the number of its own; one that the fit did not see counts as
    missing. Order: some rows of all columns before the next ones. Each cell is computed by itself, so
    neither order nor blocks change a bit.
    """
    at_once = 128  # rows whose cells stay in the nearest cache while all columns are gone through
    for first in range(start, stop, at_once):
        last = min(first + at_once, stop)
        for column in range(len(missing)):
            begin, end = offsets[column], offsets[column + 1]
            is_table = begin < end and np.isnan(knots[begin])
            for row in range(first, last):
                x = rows[row, column]
                if np.isnan(x):
                    out[column, row] = missing[column]
                elif is_table:
                    level = begin + np.int64(x)
                    out[column, row] = heights[level] if begin <= level < end else missing[column]
                elif end - begin == 1:
                    out[column, row] = heights[begin]
                else:
                    inside = x if x > knots[begin] else knots[begin]
                    inside = inside if inside < knots[end - 1] else knots[end - 1]
                    left = begin
                    while left < end - 2 and knots[left + 1] <= inside:
                        left += 1
                    value = heights[left] + slopes[left] * (inside - knots[left])
                    value = value if value > lows[left] else lows[left]
                    out[column, row] = value if value < highs[left] else highs[left]


class FeatureShape(ABC):
    """What one feature adds to a score, by its value."""

    @property
    @abstractmethod
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """Give knots (or edges, or None for levels), heights, and the height of a missing value."""

    def __call__(self, column: Floats) -> Floats:
        """Evaluate the shape, element by element; a category that the fit did not see counts as missing."""
        return Curves.of([self.points])(np.asarray(column, dtype=np.float64)[:, np.newaxis])[:, 0]


@dataclass(frozen=True)
class StepShape(FeatureShape):
    """One height for each bin of a numeric feature, and one where the value is missing, in log-odds.

    Edges, one fewer than heights, rise; a value on an edge belongs to the upper bin.

    >>> StepShape((1.0, 5.0), (-1.0, 0.0, 2.0), 0.3)(np.array([0.9, 1.0, 99.0, np.nan])).tolist()
    [-1.0, 0.0, 2.0, 0.3]
    """

    edges: tuple[float, ...]
    heights: tuple[float, ...]
    missing: float

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """Edges, heights and the height of a missing value."""
        return self.edges, self.heights, self.missing


@dataclass(frozen=True)
class CurveShape(FeatureShape):
    """What a numeric feature adds: a line through points, level beyond the first and the last; knots rise.

    >>> CurveShape((0.0, 10.0), (-1.0, 1.0), 0.3)(np.array([-5.0, 5.0, 10.0, np.nan])).tolist()
    [-1.0, 0.0, 1.0, 0.3]
    """

    knots: tuple[float, ...]
    heights: tuple[float, ...]
    missing: float

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """Knots, heights and the height of a missing value."""
        return self.knots, self.heights, self.missing


@dataclass(frozen=True)
class LevelShape(FeatureShape):
    """What a categorical feature adds: one height for each code, and one where it is missing.

    >>> LevelShape((0.2, -0.2), 0.1)(np.array([1.0, 0.0, np.nan])).tolist()
    [-0.2, 0.2, 0.1]
    """

    heights: tuple[float, ...]
    missing: float

    @property
    def points(self) -> tuple[Sequence[float] | None, Sequence[float], float]:
        """No knots, the heights, and the height of a missing value."""
        return None, self.heights, self.missing


Shape = CurveShape | LevelShape | StepShape
