"""The column of suggested help, and lists that many pupils share: each made once, and taken by number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import FactRows
from dropout_risk.alerts.help import HelpTable, help_for
from dropout_risk.text import Language

HELP = pa.struct({"kind": pa.string(), "because": pa.list_(pa.string()), "text": pa.string()})
MOST_REMEMBERED = 50_000


class SharedLists:
    """A column of lists of which few are different; ``kind`` is the type of the column.

    >>> column = SharedLists(pa.list_(pa.string()))
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
        return pa.array(lists, self._kind).take(pa.array(at))


class HelpColumn:
    """The column ``suggested_help``, by a county's table of help."""

    def __init__(self, table: HelpTable, language: Language) -> None:
        self._table, self._language = table, language
        self._lists = SharedLists(pa.list_(HELP))
        self._followed = {name for line in table for name in line.facts}
        self._oldest = max((line.min_grade for line in table), default=0)

    def of(
        self, facts: FactRows | None, alerts: list[tuple[Alert, ...]], grades: pa.ChunkedArray | None
    ) -> pa.Array:
        """Say what help each pupil's facts and alerts ask for."""
        nothing: list[tuple[str, ...]] = [()] * len(alerts)
        names = nothing if facts is None else facts.names_among(self._followed)
        levels = grades.to_pylist() if grades is not None else [None] * len(alerts)
        keys = [
            (own, min(level or 0, self._oldest), tuple(alert.rule for alert in told) if told else ())
            for own, level, told in zip(names, levels, alerts, strict=True)
        ]

        def make(row: int) -> list[dict[str, Any]]:
            found = help_for(names[row], alerts[row], levels[row], self._language, self._table)
            return [item.to_dict() for item in found]

        return self._lists.take(keys, make)
