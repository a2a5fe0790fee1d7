"""Compact Arrow columns from numpy arrays: dictionary-encoded words and 32-bit dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.arrays import Bools

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]

NEVER = np.iinfo(np.int32).max


def words_column(codes: Ints, words: Sequence[str], *, missing: Bools | None = None) -> pa.DictionaryArray:
    """Encode words by their position in ``words``, null where ``missing``.

    >>> words_column(np.array([1, 0, 1]), ["a", "b"]).to_pylist()
    ['b', 'a', 'b']
    """
    width = np.int8 if len(words) < np.iinfo(np.int8).max else np.int32
    indices = pa.array(codes.astype(width), mask=missing)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(words), pa.string()))


def dates_column(days: Ints, *, missing: Bools | None = None) -> pa.Array:
    """Make a date32 column from days since 1970-01-01; ``NEVER`` is null.

    >>> dates_column(np.array([19968, NEVER])).to_pylist()
    [datetime.date(2024, 9, 2), None]
    """
    empty = days == NEVER if missing is None else missing
    return pa.array(days.astype(np.int32), mask=empty if empty.any() else None).view(pa.date32())


def numbers_column(values: Floats | Ints) -> pa.Array:
    """Make a float64 column in which NaN is null."""
    return pa.array(values.astype(np.float64), from_pandas=True)
