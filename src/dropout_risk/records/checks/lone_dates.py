"""Dates far from all others, which are slips of the pen: 1924 among 2024, June in an export of February.

The days of a table fall into stretches with long gaps between them. A stretch of few days and hardly any
rows is lone if it lies far from those that hold the bulk.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np

from dropout_risk.arrays import Array, Bools, Bytes, Ints, Longs
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.ordering import count_codes
from dropout_risk.records.rows import Draft
from dropout_risk.records.tables import LONG_GAP, TABLES, Farness, Table
from dropout_risk.records.values import FIRST_DATE, LAST_DATE, NO_DATE

_CELLS_AT_ONCE = 1 << 22


def lone_days(dates: Ints, rows: Array, far: Farness, today: int) -> Bools:
    """Mark the lone ones of the days of a table, rising, with the number of rows of each.

    Days that lie shortly before ``today`` may begin something new.

    >>> dates = np.array([*range(20_000, 20_020), 20_500], np.int32)
    >>> lone_days(dates, np.array([*[6] * 20, 1]), Farness(400), 21_000).nonzero()[0].tolist()
    [20]
    """
    lone = np.zeros(len(dates), np.bool_)
    breaks = np.flatnonzero(np.diff(dates) > LONG_GAP) + 1
    total = int(rows.sum())
    if not len(breaks) or total < far.least_rows:
        return lone
    starts, stops = np.array([0, *breaks]), np.array([*breaks, len(dates)])
    held = np.add.reduceat(rows, starts)
    small = (stops - starts <= far.few) & (held <= max(1, far.share * total))
    bulk = np.repeat(~small, stops - starts)
    if not small.any() or np.count_nonzero(bulk) < far.least_days:
        return lone
    of_bulk, usual = dates[bulk], float(np.median(rows[bulk]))
    for start, stop, few in zip(starts.tolist(), stops.tolist(), small.tolist(), strict=True):
        first, last = int(dates[start]), int(dates[stop - 1])
        after, before = of_bulk[of_bulk > last], of_bulk[of_bulk < first]
        distance = min(
            int(after[0]) - last if len(after) else _ENDLESS,
            first - int(before[-1]) if len(before) else _ENDLESS,
        )
        current = not len(after) and today - last <= LONG_GAP
        thin = far.thin is not None and distance > far.thin and rows[start:stop].max() < usual / 2
        ahead = far.ahead is not None and distance > far.ahead and not len(after)
        lone[start:stop] = few and (distance > far.beyond or ((thin or ahead) and not current))
    return lone


_ENDLESS = 1 << 30


def check_lone_dates(draft: Draft, today: int) -> None:
    """Set the rows of a table apart whose date is far from all others."""
    if draft.table.farness is None:
        return
    values = draft.values[draft.table.day]
    usable = ~draft.apart & (values != NO_DATE)
    dated = values if usable.all() else values[usable]
    own = count_codes(dated, FIRST_DATE, LAST_DATE - FIRST_DATE + 1)
    dates = np.flatnonzero(own)
    counted = dict(zip((dates + FIRST_DATE).tolist(), own[dates].tolist(), strict=True))
    lone = lone_dates(draft.table, draft.counted("days", counted), today)
    draft.counted("lone_dates", {"lone": len(lone)})
    if len(lone):
        draft.set_rows_apart("lone_date", draft.table.day, np.flatnonzero(usable & np.isin(values, lone)))


def lone_dates(table: Table, counted: Mapping[Hashable, int], today: int) -> Ints:
    """Give the dates of a table that are far from all others, by the number of rows of each date."""
    dates, rows = rows_by_date(counted)
    if table.farness is None:
        return dates[:0]
    return dates[lone_days(dates, rows, table.farness, today)]


def rows_by_date(counted: Mapping[Hashable, int]) -> tuple[Ints, Longs]:
    """Give the dates that were counted, rising, and the rows of each."""
    dates = np.array(list(counted), np.int32)
    rows = np.array(list(counted.values()), np.int64)
    order = np.argsort(dates)
    return dates[order], rows[order]


class DaysOfRegisters(NamedTuple):
    """How many rows each register (a school, or a pupil who came alone) has on each date, rising."""

    date: Ints
    rows: Ints

    @classmethod
    def of(
        cls, slots: tuple[Ints, Bytes], beside: tuple[Array, Array], group: Ints, n_groups: int
    ) -> DaysOfRegisters:
        """Count the cells of each slot, which has a date, and rows beside them (pupil and date)."""
        date, cells = slots
        group = np.require(group, np.int32, ["C", "W"])
        per_slot = np.zeros((len(date), n_groups), np.int32)

        def count(some: slice) -> None:
            _count_cells(cells[some], group, per_slot[some])

        in_threads(count, blocks(len(date), max(_CELLS_AT_ONCE // max(len(group), 1), 1)))
        pupil, late = beside
        dates = np.unique(np.concatenate([date, late])).astype(np.int32)
        of_late = np.searchsorted(dates, late) * n_groups + group[pupil]
        counts = np.bincount(of_late, minlength=len(dates) * n_groups).astype(np.int32)
        rows: Ints = counts.reshape(len(dates), n_groups)
        np.add.at(rows, np.searchsorted(dates, date), per_slot)
        return cls(dates, rows)

    def lone(self, today: int, supported: dict[int, Array]) -> Bools:
        """Mark the lone days of each register; days that were known of a register before are none."""
        lone, far = np.zeros(self.rows.shape, np.bool_), TABLES["attendance"].far
        for register in range(self.rows.shape[1]):
            rows = self.rows[:, register]
            held = np.flatnonzero(rows)
            found = lone_days(self.date[held], rows[held], far, today)
            if found.any():
                known = np.isin(self.date[held], supported.get(register, ()))
                lone[held[found & ~known], register] = True
        return lone


@kernel
def _count_cells(cells: Bytes, group: Ints, rows: Ints) -> None:
    for slot in range(len(cells)):
        for pupil in range(cells.shape[1]):
            if cells[slot, pupil] != 0:
                rows[slot, group[pupil]] += 1
