"""Counts of a whole table by which its rows are doubted, and which add up over parts of a county.

A rule that looks at a table as a whole (a date far from all others, a unit that most values have) counts
first and judges then. Of rows that are only a part of the county, it counts these and judges by the counts of
all parts together, where they are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str, str]
"""A table, and what is counted of it."""
Counts = Mapping[Any, int]


@dataclass(frozen=True)
class TableTallies:
    """The counts of the rows at hand (``own``), and those of the ``whole``; None where the rows are all.

    >>> one = TableTallies()
    >>> one.counted(("grades", "days"), {"monday": 2})["monday"]
    2
    >>> one.own
    {('grades', 'days'): {'monday': 2}}
    """

    whole: Mapping[Place, Counts] | None = None
    own: dict[Place, Counts] = field(default_factory=dict)

    def counted(self, place: Place, own: Counts) -> Counter[Hashable]:
        """Keep the counts of the rows at hand, and give those of all."""
        self.own[place] = {key: int(number) for key, number in own.items() if number}
        return Counter(self.own[place] if self.whole is None else self.whole.get(place, {}))
