"""Rows that are equal in every column, told apart from pupils who look alike by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.leak_table import Bools, Column, Floats, LeakTable, mixed

OWN_VALUES = 3
BITS, BITS_FACTOR = 2.0, 2.0
MOST_ALIKE, TOLD_APART = 0.2, 0.05
FEWEST_COPIES, COPIED_SHARE = 6, 0.001
DRAWS = 4


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows with the same content as another row, where that is no chance.

    In a table of measurements rows count that share at least three values which occur nowhere else. In a
    table of few answers there are none; there rows count whose values together are as improbable, taken one
    by one, as to tell each pair of rows from all others twice over, if they do not become twice as many when
    half of the columns is looked at: rows that are alike by chance do, copies do not. A pupil about whom
    nothing is known looks like the next one, and neither is a copy.

    Parameters
    ----------
    rows : ndarray of bool
        Rows that have an equal one. A table of few answers is judged only if it tells four of five rows
        apart, and if half of its columns would tell nearly as many.
    coarse : ndarray of bool
        The same without that condition: only a difference between the classes says something of them.
    content : ndarray of uint64
        What each row holds, as a number.
    """

    rows: Bools
    coarse: Bools
    content: NDArray[np.uint64]

    @classmethod
    def of(cls, table: LeakTable) -> Copies:
        """Find them."""
        pieces = _pieces(table)
        content = np.bitwise_xor.reduce(pieces, axis=0)
        size, rng = _size(content), np.random.default_rng(0)
        alike, none = size > 1, np.zeros(len(size), dtype=bool)
        if not alike.any():
            return cls(none, none, content)
        halves = [_size(np.bitwise_xor.reduce(pieces[_half(rng, len(pieces))], axis=0)) for _ in range(DRAWS)]
        own, full = _own(table, size)
        by_chance = np.mean([_own(table, half)[1].sum() for half in halves])
        more = np.mean([(half > 1).sum() - alike.sum() for half in halves])
        least = max(FEWEST_COPIES, COPIED_SHARE * len(size))
        rows = own if own.sum() >= least else none
        coarse = full if full.sum() >= least and by_chance <= BITS_FACTOR * full.sum() else none
        tells_apart = alike.mean() <= MOST_ALIKE and more <= TOLD_APART * len(size)
        return cls(rows | coarse if tells_apart else rows, rows | coarse, content)

    def in_several(self, group: NDArray[np.int64]) -> Bools:
        """Say which rows have an equal one in another group."""
        _, place = np.unique(self.content, return_inverse=True)
        low, high = np.full(place.max() + 1, np.iinfo(np.int64).max), np.full(place.max() + 1, -1)
        np.minimum.at(low, place, group)
        np.maximum.at(high, place, group)
        return np.asarray((low != high)[place])


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


def _size(content: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give for each row how many rows hold the same, itself included."""
    _, place, number = np.unique(content, return_inverse=True, return_counts=True)
    return np.asarray(number[place.reshape(-1)], dtype=np.int64)


def _own(table: LeakTable, size: NDArray[np.int64]) -> tuple[Bools, Bools]:
    """Say which rows with an equal one share values that occur nowhere else, and which hold much in all."""
    asked = np.flatnonzero(size > 1)
    own, bits = np.zeros(len(asked)), np.zeros(len(asked))
    for place, column in enumerate(table.columns):
        if len(column.values):
            x = table.values[asked, place]
            number = _numbers(column, x)
            own += (number <= size[asked]) & ~np.isnan(x)
            bits -= np.log2(np.where(np.isnan(x), 1.0, number / column.n_rows))
    found = np.zeros((2, len(size)), dtype=bool)
    found[:, asked] = own >= OWN_VALUES, bits >= 2 * BITS * np.log2(max(len(size), 2))
    return found[0], found[1]


def _numbers(column: Column, x: Floats) -> Floats:
    """Give how many rows hold the value of each of some rows."""
    number = column.by_label.sum(axis=1)
    at = np.minimum(np.searchsorted(column.values, x), len(number) - 1)
    return np.where(column.values[at] == x, number[at], 1).astype(np.float64)
