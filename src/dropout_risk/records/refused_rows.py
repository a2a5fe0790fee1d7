"""Rows of pupils that could not be used, by pupil, table and day: a score must be able to tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.arrays import Array, Ints
from dropout_risk.records.rows import Draft
from dropout_risk.records.tables import TABLES
from dropout_risk.records.values import FIRST_DATE

REFUSED_TABLES = tuple(name for name, table in TABLES.items() if table.of_pupils)
"""The tables whose rows belong to pupils; a row's ``table`` is the place of its own among them."""
UNDATED = -1
UNCOUNTED = ("duplicate_row", "lesson_beside_day", "before_enrolled", "after_left")
"""Rules that set rows apart which say nothing new, or nothing of the pupil's days at the school."""


@dataclass(frozen=True, eq=False)
class RefusedRows:
    """Rows that were set apart, of pupils with a row in ``students``.

    ``pupil`` is the row of each one's pupil there, ``table`` the place in :data:`REFUSED_TABLES`, ``date``
    the day of the row and ``known`` the one on which it was recorded; :data:`UNDATED` where unreadable.
    Those with which nothing is lost, such as copies of a row that is used, are not among them.
    """

    pupil: Ints
    table: Ints
    date: Ints
    known: Ints

    @classmethod
    def of(cls, draft: Draft, pupil_row: Array) -> Self | None:
        """Collect the rows of a draft that carry an error; None where there is none.

        ``pupil_row`` is the row in ``students`` of each pupil as the draft numbers them, -1 without one.
        """
        counted = [found for found in draft.findings if found.severity == "error"]
        counted = [found for found in counted if found.rule.name not in UNCOUNTED]
        if not counted:
            return None
        lost = np.zeros(len(draft), np.bool_)
        for found in counted:
            lost[found.rows] = True
        rows = np.flatnonzero(lost)
        if not len(rows):
            return None
        pupil = np.append(pupil_row, -1)[np.maximum(draft.values["student_id"][rows], -1)]
        rows, pupil = rows[pupil >= 0], pupil[pupil >= 0]
        date = draft.values[str(draft.table.date)][rows]
        known = draft.values["recorded_on"][rows] if "recorded_on" in draft.table else date
        return cls.dated(draft.table.name, pupil, date, known)

    @classmethod
    def dated(cls, table: str, pupil: Array, date: Array, known: Array) -> Self:
        """Take rows of one table by their dates."""
        number = np.full(len(pupil), REFUSED_TABLES.index(table), np.int32)
        days = (np.where(days >= FIRST_DATE, days, UNDATED).astype(np.int32) for days in (date, known))
        return cls(np.asarray(pupil, np.int32), number, *days)

    @classmethod
    def joined(cls, parts: Sequence[RefusedRows | None]) -> Self:
        """Put rows of several tables together."""
        given = [part for part in parts if part is not None]
        none = np.empty(0, np.int32)
        columns = ("pupil", "table", "date", "known")
        return cls(*(np.concatenate([none, *(getattr(part, name) for part in given)]) for name in columns))

    def __len__(self) -> int:
        return len(self.pupil)
