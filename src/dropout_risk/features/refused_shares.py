"""How much of what was handed in about pupils could not be used, as known on a date.

A row that was set apart is missing from the features in silence: a pupil with a third of the days refused
looks like one who never missed a day. So scores count such rows, and nobody is judged, or learned from, of
whom too much was refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs, Positions
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.refused_rows import REFUSED_TABLES, UNDATED
from dropout_risk.records.tables import TABLES

JUDGED_BY = ("attendance", "grades")
"""The domains without which nobody is judged; outcomes, of no domain, say who is still at school."""
ATTENDANCE = REFUSED_TABLES.index("attendance")


def limit_of_table(table: str, pupil_share: float, family_share: float) -> float:
    """Give the limit of a table: the first that of attendance, the second that of all others."""
    return pupil_share if TABLES[table].domain == "attendance" else family_share


@dataclass(frozen=True, eq=False)
class Refusals:
    """The refused rows that were known on a date, of the pupils who have any.

    ``counts`` are all of them by pupil and table (:data:`REFUSED_TABLES`), ``recent`` those of the last days,
    with those whose day nobody can read; of attendance they are days.
    """

    snapshot: Snapshot
    window_days: int
    pupils: Positions
    counts: Longs
    recent: Longs

    @classmethod
    def of(cls, snapshot: Snapshot, window_days: int) -> Self:
        """Count what was refused of each pupil of a snapshot."""
        rows, ordinal = snapshot.histories.refused, snapshot.ordinal
        columns = rows.columns
        seen = np.flatnonzero((columns["date"] < ordinal) & (columns["known"] < ordinal))
        pupil, table, date, number = (
            rows.pupil[seen],
            *(columns[name][seen] for name in ("table", "date", "number")),
        )
        pupils, index = np.unique(pupil, return_inverse=True)
        counts, recent = (np.zeros((len(pupils), len(REFUSED_TABLES)), np.int64) for _ in range(2))
        np.add.at(counts, (index, table), number)
        since = snapshot.dates_before(np.full(len(snapshot), window_days))[pupil]
        ahead = np.array([TABLES[name].ahead for name in REFUSED_TABLES])[table]
        inside = (date >= since) | (date == UNDATED) | ahead
        whole_days = (table == ATTENDANCE) & (date != UNDATED)
        former = np.zeros(len(seen), np.bool_)  # another row of the same day, recorded on another day
        former[1:] = (pupil[1:] == pupil[:-1]) & (table[1:] == table[:-1]) & (date[1:] == date[:-1])
        weight = np.where(whole_days, ~former, number)
        np.add.at(recent, (index[inside], table[inside]), weight[inside])
        return cls(snapshot, window_days, pupils.astype(np.intp), counts, recent)

    @cached_property
    def used(self) -> Longs:
        """The rows that were used, in the shape of ``recent``."""
        found = np.zeros(self.recent.shape, np.int64)
        for code in np.flatnonzero(self.recent.any(axis=0)).tolist():
            found[:, code] = self._used(REFUSED_TABLES[code])[self.pupils]
        return found

    @cached_property
    def shares(self) -> Floats:
        """The refused share of the last days' rows, by pupil and table; 0 where nothing was refused."""
        both = self.recent + self.used
        return np.where(self.recent > 0, self.recent / np.maximum(both, 1), 0.0)

    def over(self, pupil_share: float, family_share: float) -> Bools:
        """Mark the tables of which too much was refused, in the shape of ``shares``.

        The first limit is that of attendance, the second that of the other tables that judge.
        """
        domains = [TABLES[name].domain for name in REFUSED_TABLES]
        limits = np.array([limit_of_table(name, pupil_share, family_share) for name in REFUSED_TABLES])
        judging = np.array([domain in (*JUDGED_BY, None) for domain in domains])
        return np.asarray((self.recent > 0) & judging & (self.shares >= limits))

    def not_judged(self, pupil_share: float, family_share: float) -> Bools:
        """Say of every pupil of the snapshot whether too much was refused to judge it."""
        marked = np.zeros(len(self.snapshot), np.bool_)
        marked[self.pupils] = self.over(pupil_share, family_share).any(axis=1)
        return marked

    def broken_families(self, members: Positions, family_share: float) -> dict[str, float]:
        """Give the tables of which more than a share was refused of more than that share of some pupils.

        Only those that judge, with the refused share of all rows of these pupils in the last days.
        """
        among = np.isin(self.pupils, members)
        mostly = (self.shares[among] > family_share).sum(axis=0) > family_share * len(members)
        refused, found = self.recent[among].sum(axis=0), dict[str, float]()
        for code in np.flatnonzero(mostly).tolist():
            name = REFUSED_TABLES[code]
            share = float(refused[code] / (refused[code] + self._used(name)[members].sum()))
            if share > family_share and TABLES[name].domain in JUDGED_BY:
                found[name] = share
        return found

    def _used(self, table: str) -> Longs:
        """Count the rows of a table that were known and lie in the last days; of attendance the days."""
        snapshot = self.snapshot
        if table == "attendance":
            return snapshot.count("recorded", self.window_days)
        rows = snapshot.rows(str(TABLES[table].run))
        window = None if TABLES[table].ahead else self.window_days
        pupil: Ints = rows["pupil"][snapshot.within(rows, window)]
        return np.bincount(pupil, minlength=len(snapshot))
