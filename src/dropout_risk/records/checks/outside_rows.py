"""Rows of attendance that lie outside of their pupils' enrolment, until it is known what made them so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.checks.lone_dates import DaysOfRegisters
from dropout_risk.records.rows import Draft

OUTSIDE = ("before_enrolled", "after_left")


class OutsideRows(NamedTuple):
    """The pupils, the dates and the positions of these rows."""

    pupil: Array
    date: Array
    position: Array

    @classmethod
    def of(cls, draft: Draft, positions: Array) -> Self | None:
        """Take the rows of a draft that were set apart as such; None where there is none."""
        found = [finding.rows for finding in draft.findings if finding.rule.name in OUTSIDE]
        if not found:
            return None
        rows = np.concatenate(found)
        return cls(draft.values["student_id"][rows], draft.values["date"][rows], positions[rows])

    @classmethod
    def joined(cls, parts: Sequence[OutsideRows]) -> Self:
        """Put the rows of several batches together."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def moved(self, start: int) -> OutsideRows:
        """Give the same rows with positions counted from another row."""
        return self._replace(position=self.position + np.int64(start))

    def taken(self, mask: Bools) -> OutsideRows:
        """Give some of the rows."""
        return OutsideRows(self.pupil[mask], self.date[mask], self.position[mask])

    def with_days(self, days: DaysOfRegisters) -> Counter[int]:
        """Count the rows of each date, these and those of all registers."""
        own, number = np.unique(self.date, return_counts=True)
        counted = Counter(dict(zip(days.date.tolist(), days.rows.sum(axis=1).tolist(), strict=True)))
        counted.update(dict(zip(own.tolist(), number.tolist(), strict=True)))
        return counted
