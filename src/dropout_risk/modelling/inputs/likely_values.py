"""What stands in for a value that the fit never saw missing: values that pupils alike in the rest have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.arrays import Bools, Floats, Longs, Positions
from dropout_risk.errors import BundleError

DRAWS = 8
"""Values that stand in for one that is missing, spread evenly over what it may be."""
FEWEST_MISSING, FEW_SHARE = 20, 0.05
"""Rows without a value, or share of rows if that is less, below which nothing is learned of its absence."""
MOST_ROWS = 20_000
MOST_LEVELS, FEWEST_OF_LEVEL = 30, 20
"""Categories of a column that are told apart: the commonest, with at least so many rows each."""
RIDGE_ROWS = 10.0
"""Rows without any correlation that are added to those of the fit."""
NUMBER = -1
_SCHEMA = pa.schema([
    pa.field("columns", pa.int64(), nullable=False),
    pa.field("levels", pa.int64(), nullable=False),
    pa.field("means", pa.float64(), nullable=False),
    pa.field("scales", pa.float64(), nullable=False),
    pa.field("lows", pa.float64(), nullable=False),
    pa.field("highs", pa.float64(), nullable=False),
    pa.field("two_values", pa.bool_(), nullable=False),
    pa.field("kept", pa.bool_(), nullable=False),
    pa.field("of_table", pa.bool_(), nullable=False),
    pa.field("correlations", pa.list_(pa.float64()), nullable=False),
])  # fmt: skip


def hardly_missing(encoded: Floats) -> Bools:
    """Say which columns lack so few values that nothing can be learned of a missing one.

    A column without any value is none of them: nothing at all was learned of it.

    >>> hardly_missing(np.array([[1.0, np.nan, np.nan]] + [[2.0, 3.0, np.nan]] * 18)).tolist()
    [True, False, False]
    """
    missing = np.isnan(encoded).sum(axis=0)
    return np.asarray(missing < min(FEWEST_MISSING, max(1.0, FEW_SHARE * len(encoded))))


def always_recorded(encoded: Floats, tables: Sequence[str], cohorts: pd.DataFrame) -> Bools:
    """Say which columns are of a table that (almost) every school recorded of somebody, on every date.

    ``tables`` names the table of each column; ``cohorts`` has ``school_id`` and ``as_of`` of each row.
    """
    by_place = cohorts.reset_index(drop=True)  # an index may bear the name of a column
    cell = by_place.groupby(["school_id", "as_of"], dropna=False, sort=False).ngroup().to_numpy()
    found = np.zeros(encoded.shape[1], np.bool_)
    for table in set(tables):
        own = np.array(tables) == table
        told = np.zeros(cell.max() + 1, np.bool_)
        told[cell[~np.isnan(encoded[:, own]).all(axis=1)]] = True
        found[own] = hardly_missing(np.where(told[cell], 0.0, np.nan)[:, np.newaxis])[0]
    return found


@dataclass(frozen=True, eq=False)
class LikelyValues:
    """Means, spreads and correlations of the columns of a fit, and from them what a missing value may be.

    Of a column that the fit never (or hardly ever) saw missing, no model learned what its absence means, and
    the trees of LightGBM would read it as 0. Its mean and spread given the row's other values (the linear
    regression on them) make eight values; the score is the mean of the eight scores, in log-odds, and so are
    its contributions. Numbers stay between the least and the greatest of the fit; of two values, and of
    categories, each stands in as often as it is likely.

    Each of the arrays has an entry for each number and each common category: which ``columns`` it is of, its
    ``levels`` (the category, ``NUMBER`` for a number), whether the column is ``kept`` from being missing, and
    whether it is ``of_table``: of a table that no school of the fit was without. Its absence was learned from
    single pupils, and says nothing where a school records it of nobody; there, too, likely values stand in.

    >>> X = np.column_stack([np.arange(100.0), 2.0 * np.arange(100.0)])
    >>> likely = LikelyValues.learn(X)
    >>> likely.middle(np.array([[np.nan, 80.0]])).round().tolist()
    [[41.0, 80.0]]
    >>> likely.missing(np.array([[np.nan, 80.0], [1.0, 2.0]])).tolist()
    [[True, False], [False, False]]
    """

    columns: Longs
    levels: Longs
    means: Floats
    scales: Floats
    lows: Floats
    highs: Floats
    two_values: Bools
    kept: Bools
    of_table: Bools
    correlations: Floats

    @classmethod
    def learn(cls, encoded: Floats, categorical: Collection[int] = (), of_table: Bools | None = None) -> Self:
        """Learn from the rows of a fit; of very many, every so manieth counts.

        ``of_table`` marks the columns of tables that no school was without: see :func:`always_recorded`.
        """
        kept, rows = hardly_missing(encoded), encoded[:: -(-len(encoded) // MOST_ROWS)]
        entries = [
            (index, level)
            for index in range(rows.shape[1])
            for level in (_common_levels(rows[:, index]) if index in categorical else (NUMBER,))
        ]
        columns, levels = np.array(entries, np.int64).reshape(-1, 2).T
        design = _design_of(rows, columns, levels)
        known = ~np.isnan(design)
        n_known = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, design, 0.0)
        means = filled.sum(axis=0) / n_known
        centred = np.where(known, design - means, 0.0)
        scales = np.sqrt((centred**2).sum(axis=0) / n_known)
        scales[scales == 0] = 1.0
        centred /= scales
        correlations = (centred.T @ centred + RIDGE_ROWS * np.eye(len(columns))) / len(rows)
        lows = np.where(known, design, np.inf).min(axis=0, initial=np.inf)
        highs = np.where(known, design, -np.inf).max(axis=0, initial=-np.inf)
        between = (known & (design > lows) & (design < highs)).any(axis=0)
        lows, highs = (np.where(np.isfinite(ends), ends, 0.0) for ends in (lows, highs))
        tables = np.zeros(len(columns), np.bool_) if of_table is None else of_table[columns]
        return cls(columns, levels, means, scales, lows, highs, ~between, kept[columns], tables, correlations)

    def missing(self, encoded: Floats, unrecorded: Bools | None = None) -> Bools:
        """Mark the values whose absence was not learned.

        ``unrecorded`` marks values of tables that the row's school keeps of nobody, in the shape of the rows.
        """
        unlearned, of_table = self._marked(encoded.shape[1])
        if unrecorded is None:
            return np.isnan(encoded) & unlearned
        return np.isnan(encoded) & (unlearned | (unrecorded & of_table))

    def _marked(self, n: int) -> tuple[Bools, Bools]:
        """Mark, among n columns, those kept from being missing, and those of tables; made once."""
        if n not in self._marks:
            places = np.arange(n)
            self._marks[n] = (
                np.isin(places, self.columns[self.kept]),
                np.isin(places, self.columns[self.of_table]),
            )
        return self._marks[n]

    @cached_property
    def _marks(self) -> dict[int, tuple[Bools, Bools]]:
        return {}

    def middle(self, encoded: Floats) -> Floats:
        """Put one value, the middle of what it may be, in the place of each such missing one."""
        found = list(self._given_the_rest(encoded, self.missing(encoded)))
        return _filled_at(encoded, found, np.full(encoded.shape[1], 0.5))

    def draws(self, encoded: Floats, missing: Bools) -> Iterator[Floats]:
        """Give the rows eight times, each time with other values in the place of those marked as missing."""
        found, columns = list(self._given_the_rest(encoded, missing)), np.arange(encoded.shape[1])
        for draw in range(DRAWS):  # columns take their values in different orders, so that all meet all
            yield _filled_at(encoded, found, ((draw * (2 * columns + 1)) % DRAWS + 0.5) / DRAWS)

    def _given_the_rest(self, encoded: Floats, missing: Bools) -> Iterator[_Likely]:
        """Say what each missing value may be, given the rest of its row; rows that lack the same together."""
        lacking = np.flatnonzero(missing.any(axis=1))
        if not len(lacking):
            return
        patterns, which = np.unique(missing[lacking], axis=0, return_inverse=True)
        for index, pattern in enumerate(patterns):
            rows = lacking[which.reshape(-1) == index]
            yield from self._of_rows(rows, encoded[rows], np.flatnonzero(pattern))

    def _of_rows(self, rows: Positions, values: Floats, missing: Positions) -> Iterator[_Likely]:
        asked = np.isin(self.columns, missing)
        given = np.flatnonzero(~asked)
        between = self.correlations[np.ix_(given, asked)]
        weights = np.linalg.solve(self.correlations[np.ix_(given, given)], between)
        explained = (weights * between).sum(axis=0)
        spread = np.sqrt(np.maximum(np.diag(self.correlations)[asked] - explained, 0.0)) * self.scales[asked]
        design = _design_of(values, self.columns[given], self.levels[given])
        design = np.nan_to_num((design - self.means[given]) / self.scales[given])
        mean = np.zeros((len(rows), int(asked.sum())))
        for column, weight in zip(design.T, weights, strict=True):  # the bits of a matrix product depend on
            mean += column[:, np.newaxis] * weight  # how many rows there are
        mean = mean * self.scales[asked] + self.means[asked]
        lows, highs, two = self.lows[asked], self.highs[asked], self.two_values[asked]
        for column in missing.tolist():
            own = np.flatnonzero(self.columns[asked] == column)
            levels, at = self.levels[asked][own], own[0]
            if levels[0] == NUMBER and not two[at]:
                yield _Likely(rows, column, mean[:, at], float(spread[at]), (lows[at], highs[at]), None)
                continue
            likely, kinds = mean[:, own], levels.astype(np.float64)
            if levels[0] == NUMBER:
                kinds = np.array([lows[at], highs[at]])
                upper = (mean[:, at] - lows[at]) / max(highs[at] - lows[at], np.finfo(float).tiny)
                likely = np.column_stack([1.0 - upper, upper])
            yield _Likely(rows, column, np.clip(likely, 0.0, 1.0), 0.0, (kinds[0], kinds[-1]), kinds)

    def to_bytes(self) -> bytes:
        """Write everything as an Arrow file: means and correlations, and no row of the fit."""
        parts: list[Any] = [
            self.columns, self.levels, self.means, self.scales, self.lows, self.highs,
            self.two_values, self.kept, self.of_table, list(self.correlations),
        ]  # fmt: skip
        arrays = [pa.array(part, field.type) for part, field in zip(parts, _SCHEMA, strict=True)]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote; BundleError if it is no such file."""
        try:
            table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
            parts: dict[str, Any] = {name: table[name].to_numpy() for name in _SCHEMA.names[:-1]}
            correlations = table["correlations"].combine_chunks().flatten().to_numpy()
            return cls(**parts, correlations=correlations.reshape(table.num_rows, table.num_rows))
        except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise BundleError("The model's likely.arrow cannot be read.") from error


def _design_of(rows: Floats, columns: Longs, levels: Longs) -> Floats:
    """Give a column for each number, and one of 0 and 1 for each common category; NaN where missing."""
    design, of_level = rows[:, columns], levels != NUMBER
    codes = design[:, of_level]
    design[:, of_level] = np.where(np.isnan(codes), np.nan, codes == levels[of_level])
    return design


def _common_levels(codes: Floats) -> list[int]:
    """Give the commonest categories of a column; the very commonest in any case."""
    levels, number = np.unique(codes[~np.isnan(codes)], return_counts=True)
    order = np.argsort(-number, kind="stable")[:MOST_LEVELS]
    common = [int(levels[at]) for at in order if number[at] >= FEWEST_OF_LEVEL or at == order[0]]
    return common or [0]


class _Likely(NamedTuple):
    """What a column may hold in some rows: a mean and a spread, or how likely each of some kinds is."""

    rows: Positions
    column: int
    likely: Floats
    spread: float
    ends: tuple[float, float]
    kinds: Floats | None

    def at(self, quantile: float) -> Floats:
        """Give the value at a quantile."""
        from scipy.special import ndtri

        if self.kinds is None:
            return np.asarray(np.clip(self.likely + ndtri(quantile) * self.spread, *self.ends))
        upto = np.cumsum(self.likely + np.finfo(float).tiny, axis=1)
        index = (upto < quantile * upto[:, -1:]).sum(axis=1)
        return np.asarray(self.kinds[np.minimum(index, len(self.kinds) - 1)])


def _filled_at(encoded: Floats, found: Sequence[_Likely], quantiles: Floats) -> Floats:
    """Fill rows, each column at its quantile of what it may be."""
    filled = encoded.copy()
    for likely in found:
        filled[likely.rows, likely.column] = likely.at(float(quantiles[likely.column]))
    return filled
