"""Puts usable rows in canonical order, which finds duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.records.drafts import Array, Draft, Mask
from dropout_risk.records.ordering import order_by
from dropout_risk.records.usable_rows import UsableRows


class Arranged:
    """The rows of a draft that are still usable, in canonical order.

    Rows come by pupil, key, ``recorded_on``, then by everything else, so that the order of the input
    leaves no trace.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.columns = _order_of_columns(draft)
        usable = np.flatnonzero(~draft.apart).astype(np.int32) if np.count_nonzero(draft.apart) else None
        first, *rest = (draft.values[name] for name in self.columns)
        self.rows = order_by(
            first, [column for column in rest if column.strides[0] or not len(column)], usable
        )

    def values(self, name: str) -> Array:
        """Give a column in this order."""
        values = self.draft.values[name]
        if self.rows is None or (len(values) and not values.strides[0]):
            return values if self.rows is None else np.broadcast_to(values[0], len(self.rows))
        return values.take(self.rows)

    def positions(self, mask: Mask) -> Array:
        """Give the rows of the draft that are marked here."""
        return np.flatnonzero(mask) if self.rows is None else self.rows[mask]

    def usable(self) -> Mask:
        """Mark the rows that have not been set apart since they were arranged."""
        apart = self.draft.apart
        return ~(apart if self.rows is None else apart[self.rows])

    def check_duplicates(self) -> None:
        """Set copies of a row apart, and all rows of one key that contradict each other."""
        table = self.draft.table
        key = [name for name in (*table.key, "recorded_on") if name in table]
        content = [column.name for column in table.columns if column.name not in key and not column.note]
        same_key = ~self._changes(key)
        if not np.count_nonzero(same_key):
            return
        differs = same_key & self._changes(content)
        contradicting = _whole_groups(same_key, differs)
        name = table.key[-1] if table.of_pupils else table.key[0]
        self.draft.set_rows_apart("duplicate_row", name, self.positions(same_key & ~contradicting))
        self.draft.set_rows_apart("contradicting_rows", content[0], self.positions(contradicting))

    def _changes(self, names: Sequence[str]) -> Mask:
        """Mark the rows that differ from the row before in any of these columns."""
        first = self.values(names[0]) if names else np.empty(0)
        changed = np.zeros(len(first), np.bool_)
        for name in names:
            values = self.values(name)
            unequal = values[1:] != values[:-1]
            if values.dtype.kind == "f":
                unequal &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            changed[1:] |= unequal
        changed[:1] = True
        return changed

    def usable_rows(self, ids: Any, pupil_row: Array) -> UsableRows:
        """Give the usable rows, and let go of the draft's columns.

        Parameters
        ----------
        ids : pyarrow.Array
            Ids of all pupils named in ``students``.
        pupil_row : array of int32
            Their rows in the final ``students`` table.
        """
        draft = self.draft
        if np.count_nonzero(draft.apart):
            keep = self.usable()
            self.rows = np.flatnonzero(keep).astype(np.int32) if self.rows is None else self.rows[keep]
        known_from = draft.table.known_from or ""
        as_dated = known_from and draft.values["recorded_on"] is draft.values[known_from]
        values: dict[str, Array] = {}
        for column in draft.table.columns:
            if as_dated and column.name == "recorded_on":
                values["recorded_on"] = values[known_from]
            else:
                values[column.name] = self.values(column.name)
            if column.name != known_from:
                del draft.values[column.name]
        if draft.table.of_pupils:
            values["student_id"] = pupil_row.take(values["student_id"])
        elif "student_id" in draft.table and not _counts_up(values["student_id"], len(ids)):
            ids = ids.take(pa.array(values["student_id"]))
        return UsableRows(draft.table, values, draft.words, ids)


def _order_of_columns(draft: Draft) -> list[str]:
    table = draft.table
    notes = [column.name for column in table.columns if column.note]
    first = [*table.key, *(["recorded_on"] if "recorded_on" in table else [])]
    return [*first, *(name for name in table.names if name not in (*first, *notes)), *notes]


def _counts_up(places: Array, n: int) -> bool:
    return len(places) == n and np.array_equal(places, np.arange(n))


def _whole_groups(same: Mask, marked: Mask) -> Mask:
    """Mark all rows of every run of same rows in which any row is marked."""
    if not marked.any():
        return marked
    group = np.cumsum(~same, dtype=np.int32)
    hit = np.zeros(int(group[-1]) + 1, np.bool_)
    hit[group[marked]] = True
    return np.asarray(hit[group])
