"""Lists that many pupils share: each made once, and taken by number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.explanation.columns import Picked

MOST_REMEMBERED = 50_000


class SharedLists:
    """A column of lists of which few are different; ``kind`` is the type of the column.

    >>> column = SharedLists(pa.list_(pa.string()))
    >>> column.take([1, 2, 1], lambda row: [f"row {row}"]).rows()
    [['row 0'], ['row 1'], ['row 0']]
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._made: dict[Hashable, Any] = {}

    def take(self, keys: Sequence[Hashable], make: Callable[[int], Any]) -> Picked:
        """Give each row the list of its key; ``make`` makes it from the number of a row that has the key."""
        if len(self._made) > MOST_REMEMBERED:
            self._made = {}
        made, indices = self._made, dict[Hashable, int]()
        lists: list[Any] = []
        at = np.empty(len(keys), dtype=np.int32)
        for row, key in enumerate(keys):
            index = indices.get(key)
            if index is None:
                index = indices[key] = len(lists)
                found = made.get(key)
                if found is None:
                    found = made[key] = make(row)
                lists.append(found)
            at[row] = index
        return Picked(lists, at, self._kind)
