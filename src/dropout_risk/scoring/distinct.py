"""Lists that many pupils share (what is missing, what help fits): each made once, and taken by number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

MOST_REMEMBERED = 50_000


class Distinct:
    """A column of lists of which few are different.

    Parameters
    ----------
    kind : pyarrow.DataType
        Of the column.

    Examples
    --------
    >>> column = Distinct(pa.list_(pa.string()))
    >>> column.take([1, 2, 1], lambda row: [f"row {row}"]).to_pylist()
    [['row 0'], ['row 1'], ['row 0']]
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._made: dict[Hashable, Any] = {}

    def take(self, keys: Sequence[Hashable], make: Callable[[int], Any]) -> pa.Array:
        """Give each row the list of its key; ``make`` makes it from the number of a row that has the key."""
        if len(self._made) > MOST_REMEMBERED:
            self._made = {}
        made, places = self._made, dict[Hashable, int]()
        lists: list[Any] = []
        at = np.empty(len(keys), dtype=np.int32)
        for row, key in enumerate(keys):
            place = places.get(key)
            if place is None:
                place = places[key] = len(lists)
                found = made.get(key)
                if found is None:
                    found = made[key] = make(row)
                lists.append(found)
            at[row] = place
        return pa.array(lists, self._kind).take(pa.array(at))
