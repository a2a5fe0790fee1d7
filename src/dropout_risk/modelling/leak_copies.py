"""Rows that are equal in every column, told apart from pupils who look alike by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.leak_table import Bools, Floats, LeakTable, mixed

RARE_SHARE, RARE_VALUES, RARE_FACTOR = 1 / 32, 3, 10.0
BITS, BITS_FACTOR = 2.0, 2.0
FEWEST_COPIES, COPIED_SHARE = 6, 0.001
DRAWS = 4


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows with the same content as another row, where that is no chance.

    A row counts only if it has content of its own, in one of two senses. Either at least three of its values
    are rare (in at most one row of 32); or all its values together are as improbable, taken one by one, as
    to be told from every other pair of rows twice over. A pupil about whom nothing is known looks like the
    next one, and neither is a copy.

    Parameters
    ----------
    rows : ndarray of bool
        Rows that have an equal one. Where half of the columns is looked at, rows that are alike by chance
        become many more, and copies do not: where they become ten times as many (twice, in the second
        sense), none counts.
    content : ndarray of uint64
        What each row holds, as a number.
    """

    rows: Bools
    content: NDArray[np.uint64]

    @classmethod
    def of(cls, table: LeakTable) -> Copies:
        """Find them."""
        pieces = _pieces(table)
        content = np.bitwise_xor.reduce(pieces, axis=0)
        alike, rng = _alike(content), np.random.default_rng(0)
        rows = np.zeros(len(alike), dtype=bool)
        if not alike.any():
            return cls(rows, content)
        by_half = [
            _alike(np.bitwise_xor.reduce(pieces[_half(rng, len(pieces))], axis=0)) for _ in range(DRAWS)
        ]
        given, halved = _own(table, alike), [_own(table, of) for of in by_half]
        for sense, factor in enumerate((RARE_FACTOR, BITS_FACTOR)):
            number = int(given[sense].sum())
            by_chance = float(np.mean([of[sense].sum() for of in halved]))
            if number >= max(FEWEST_COPIES, COPIED_SHARE * len(rows)) and by_chance <= factor * number:
                rows |= given[sense]
        return cls(rows, content)

    def in_several(self, group: NDArray[np.int64]) -> Bools:
        """Say which rows have an equal one in another group."""
        _, place = np.unique(self.content, return_inverse=True)
        low, high = np.full(place.max() + 1, np.iinfo(np.int64).max), np.full(place.max() + 1, -1)
        np.minimum.at(low, place, group)
        np.maximum.at(high, place, group)
        return np.asarray((low != high)[place]) & self.rows


def _pieces(table: LeakTable) -> NDArray[np.uint64]:
    """Give a number for the content of each column that varies and row, shape (n_columns, n_rows)."""
    pieces = []
    for place in range(len(table.names)):
        x = table.values[:, place] + 0.0
        bits = np.where(np.isnan(x), np.nan, x).view(np.int64)
        if len(bits) and (bits != bits[0]).any():
            salt = np.int64((place + 1) * 0x5851F42D4C957F2D & 0x7FFFFFFFFFFFFFFF)
            pieces.append(mixed(bits ^ salt))
    return np.array(pieces, dtype=np.uint64).reshape(len(pieces), len(table.y))


def _half(rng: np.random.Generator, number: int) -> NDArray[np.intp]:
    return rng.permutation(number)[: (number + 1) // 2]


def _alike(content: NDArray[np.uint64]) -> Bools:
    """Say which rows have an equal one."""
    _, place, number = np.unique(content, return_inverse=True, return_counts=True)
    return np.asarray(number[place.reshape(-1)] > 1)


def _own(table: LeakTable, rows: Bools) -> tuple[Bools, Bools]:
    """Say which of some rows hold content of their own: rare values, or much in all."""
    asked = np.flatnonzero(rows)
    rare, bits = np.zeros(len(asked)), np.zeros(len(asked))
    for place, column in enumerate(table.columns):
        if len(column.values):
            share = _shares(column.values, column.by_label.sum(axis=1), table.values[asked, place])
            share *= 1 - float(column.missing.sum()) / len(table.y[table.counted])
            rare += share <= RARE_SHARE
            bits -= np.log2(np.where(np.isnan(share), 1.0, share))
    enough = 2 * BITS * np.log2(max(len(rows), 2))
    own = np.zeros((2, len(rows)), dtype=bool)
    own[:, asked] = rare >= RARE_VALUES, bits >= enough
    return own[0], own[1]


def _shares(values: Floats, number: NDArray[np.int64], x: Floats) -> Floats:
    """Give the share of rows with the value of each of some rows; missing where it has none."""
    at = np.minimum(np.searchsorted(values, x), len(number) - 1)
    share = np.where(values[at] == x, number[at], 1) / number.sum()
    return np.asarray(np.where(np.isnan(x), np.nan, share))
