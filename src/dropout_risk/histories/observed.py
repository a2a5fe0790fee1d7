"""How far each school has been observed: labels need their whole window before that date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dropout_risk.kernels import blocks
from dropout_risk.records.day_grid import DayGrid
from dropout_risk.records.usable_rows import UsableRows

Ints = npt.NDArray[np.int32]
_DATED = {"attendance_totals": "period_end", "grades": "date", "wellbeing": "date", "outcomes": "date"}
_NONE = -1
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Observed:
    """The last dates (ordinals) of each school's rows; -1 where it has none.

    Parameters
    ----------
    attended : int32 array of shape (n_calendars,)
        Of its attendance.
    dated : int32 array of shape (n_calendars,)
        Of its totals, grades, test results and outcomes.
    """

    attended: Ints
    dated: Ints

    @classmethod
    def of(cls, attendance: DayGrid, tables: Mapping[str, UsableRows], row: Ints, n_calendars: int) -> Self:
        """Read the dates off attendance and usable rows, with the calendar of each pupil."""
        attended = attendance.last_dates(row, n_calendars, _NONE)
        dated = np.full(n_calendars, _NONE, dtype=np.int32)
        for name, column in _DATED.items():
            _raise(dated, tables[name], column, row)
        return cls(attended, dated)

    @classmethod
    def until(cls, ordinal: int, n_calendars: int) -> Self:
        """Give the same date for every school."""
        return cls(*(np.full(n_calendars, ordinal, dtype=np.int32) for _ in range(2)))

    def moved(self, rows: npt.NDArray[np.intp], n_calendars: int) -> Self:
        """Renumber the schools."""
        parts = [np.full(n_calendars, _NONE, dtype=np.int32) for _ in range(2)]
        for part, of in zip(parts, (self.attended, self.dated), strict=True):
            part[rows] = of
        return type(self)(*parts)

    def merged(self, other: Observed) -> Self:
        """Give the later of two dates."""
        return type(self)(np.maximum(self.attended, other.attended), np.maximum(self.dated, other.dated))

    @property
    def dates(self) -> Ints:
        """The date to which each school has been observed.

        That of its last attendance; without any, of its last other row; without any row, the last of
        all schools.
        """
        latest = max(self.attended.max(initial=_NONE), _NONE)
        latest = latest if latest != _NONE else max(self.dated.max(initial=_NONE), 0)
        own = np.where(self.attended != _NONE, self.attended, self.dated)
        return np.where(own != _NONE, own, latest).astype(np.int32)


def _raise(latest: Ints, rows: UsableRows, column: str, row: Ints) -> None:
    for part in blocks(len(rows), _AT_ONCE):
        np.maximum.at(latest, row[rows.pupil[part]], rows.values[column][part])
