"""Runs: the short dated lists of every pupil, as flat arrays with offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Runs:
    """Rows of all pupils, sorted by pupil, then by key, then by the date on which they became known.

    Parameters
    ----------
    offsets : int64 array of shape (n_pupils + 1,)
        The rows of pupil ``i`` are ``offsets[i]:offsets[i + 1]``.
    columns : dict of str to array
        Parallel arrays; ``known`` is the date (ordinal) on which a row became known.
    key : tuple of str
        Columns that name a row within its pupil: a later known row of the same key corrects the former.
    """

    offsets: npt.NDArray[np.int64]
    columns: dict[str, Column]
    key: tuple[str, ...]

    @classmethod
    def from_rows(
        cls, pupil: Column, columns: dict[str, Column], key: tuple[str, ...], *, n_pupils: int
    ) -> Self:
        """Sort rows that come in any order."""
        rest = [name for name in columns if name not in key and name != "known"]
        by = [*(columns[name] for name in reversed(rest)), columns["known"]]
        order = np.lexsort([*by, *(columns[name] for name in reversed(key)), pupil])
        offsets = np.concatenate([[0], np.cumsum(np.bincount(pupil, minlength=n_pupils))]).astype(np.int64)
        return cls(offsets, {name: column[order] for name, column in columns.items()}, key)

    @property
    def pupil(self) -> npt.NDArray[np.int32]:
        """Row number of the pupil of each row."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))

    def take(self, pupils: npt.NDArray[np.intp]) -> Runs:
        """Give the rows of some pupils, renumbered in the given order."""
        lows, counts = self.offsets[pupils], np.diff(self.offsets)[pupils]
        rows = np.repeat(lows - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Runs(offsets, {name: column[rows] for name, column in self.columns.items()}, self.key)

    def known_on(self, ordinal: int) -> dict[str, Column]:
        """Give the rows known before a date, each key in its last known form, with their pupil."""
        rows = {"pupil": self.pupil} | self.columns
        rows = {name: column[self.columns["known"] < ordinal] for name, column in rows.items()}
        corrected = np.zeros(len(rows["pupil"]), dtype=bool)
        if len(corrected):
            same = [rows[name][1:] == rows[name][:-1] for name in ("pupil", *self.key)]
            corrected[:-1] = np.logical_and.reduce(same)
        return {name: column[~corrected] for name, column in rows.items()} if corrected.any() else rows
