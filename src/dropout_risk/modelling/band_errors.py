"""How far risks of each height lay from what came true in the test: an interval is never narrower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from dropout_risk.arrays import Floats


class BandError(NamedTuple):
    """The mean risk of test rows from some risk on, and the share of them that dropped out."""

    start: float
    mean_risk: float
    observed: float


@dataclass(frozen=True)
class BandErrors:
    """By risk, from each of the rising ``starts`` on: how far what was observed lay ``below`` and ``above``.

    >>> errors = BandErrors.of([[BandError(0.0, 0.02, 0.03), BandError(0.3, 0.5, 0.4)]])
    >>> errors.widened(np.array([0.02, 0.5]), np.array([[0.01, 0.025], [0.45, 0.55]])).round(3).tolist()
    [[0.01, 0.03], [0.4, 0.55]]
    """

    starts: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]

    @classmethod
    def of(cls, tables: Sequence[Sequence[BandError]]) -> Self | None:
        """Take the larger error of several tables at each risk; None where none of them has a row."""
        known = [sorted(table) for table in tables if table]
        starts = sorted({0.0, *(row.start for table in known for row in table)}) if known else []
        gaps = [[_gap_at(table, start) for table in known] for start in starts]
        if not starts:
            return None
        return cls(
            tuple(starts),
            tuple(max(0.0, *(-gap for gap in row)) for row in gaps),
            tuple(max(0.0, *row) for row in gaps),
        )

    def widened(self, risk: Floats, bounds: Floats) -> Floats:
        """Let bounds of risks, shape (n, 2), reach as far as the error; they still rise with the risk."""
        place = np.searchsorted(self.starts, risk, side="right") - 1
        starts, below, above = (np.array(part) for part in (self.starts, self.below, self.above))
        ends = np.append(starts[1:], 1.0)
        before = np.concatenate([[0.0], np.maximum.accumulate(ends + above)[:-1]])
        after = np.concatenate([np.minimum.accumulate((starts - below)[::-1])[::-1][1:], [1.0]])
        low = np.minimum(risk - below[place], after[place])
        high = np.maximum(risk + above[place], before[place])
        return np.column_stack(
            [np.minimum(bounds[:, 0], np.maximum(low, 0.0)), np.maximum(bounds[:, 1], np.minimum(high, 1.0))]
        )

    def to_dict(self) -> dict[str, Any]:
        """Write the errors as plain data."""
        return {"starts": list(self.starts), "below": list(self.below), "above": list(self.above)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(*(tuple(map(float, data[name])) for name in ("starts", "below", "above")))


def _gap_at(table: Sequence[BandError], start: float) -> float:
    """Give how far what was observed lies above the mean risk, of the rows that hold a risk."""
    row = [row for row in table if row.start <= start][-1:] or table[:1]
    return row[0].observed - row[0].mean_risk
