"""Rows without any value, which are no rows, and the numbers of the rows beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.records.values import is_text


def row_numbers(positions: Array, between: Sequence[int]) -> Array:
    """Count rows from 1 as in their file, where other lines of these numbers stand between them.

    >>> row_numbers(np.array([0, 1, 2]), [2])
    array([1, 3, 4])
    """
    counted = np.asarray(positions, np.int64) + 1
    shifts = np.array(between, np.int64) - np.arange(len(between))
    return np.asarray(counted + np.searchsorted(shifts, counted, side="right"))


def blank_rows(columns: Sequence[Any]) -> Any:
    """Mark the rows in which all columns are empty or blank text; None where there is none.

    >>> blank_rows([pa.array(["a", "", None]), pa.array([1, None, 2])]).tolist()
    [False, True, False]
    """
    blank = None
    for column in sorted(columns, key=_looked_at_size):
        here = _blank_values(column)
        blank = here if blank is None or here is None else blank & here
        if blank is None or not blank.any():
            return None
    return blank


def _looked_at_size(array: Any) -> int:
    """Give how much of a column is to be looked at."""
    if pa.types.is_dictionary(array.type):
        return len(array.dictionary)
    return len(array) if is_text(array.type) else 0


def _blank_values(array: Any) -> Any:
    if pa.types.is_dictionary(array.type) and is_text(array.type.value_type):
        empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(array.dictionary), ""), True)
        if not pc.any(empty).as_py():
            return _null_values(array)
        codes = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False)
        here = empty.to_numpy(zero_copy_only=False).take(codes)
        return here | array.is_null().to_numpy(zero_copy_only=False)
    if is_text(array.type):
        empty = pc.fill_null(pc.equal(array, ""), True)
        return empty.to_numpy(zero_copy_only=False) if pc.any(empty).as_py() else None
    return _null_values(array)


def _null_values(array: Any) -> Any:
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
