"""Puts usable rows in canonical order, which finds duplicates, and makes the canonical Arrow table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.records.drafts import Array, Draft, Mask, is_empty
from dropout_risk.records.ordering import order_by
from dropout_risk.records.tables import EVENTS, Column


class Arranged:
    """The rows of a draft that are still usable, in canonical order.

    Rows come by pupil, key, ``recorded_on``, then by everything else, so that the order of the input
    leaves no trace.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.columns = _order_of_columns(draft)
        usable = np.flatnonzero(~draft.apart).astype(np.int32) if draft.apart.any() else None
        first, *rest = (draft.values[name] for name in self.columns)
        self.rows = order_by(
            first, [column for column in rest if column.strides[0] or not len(column)], usable
        )

    def values(self, name: str) -> Array:
        """Give a column in this order."""
        values = self.draft.values[name]
        return values if self.rows is None else values[self.rows]

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
        if not same_key.any():
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

    def table(self, ids: Any, pupil_row: Array) -> Any:
        """Make the canonical Arrow table of the usable rows, and let go of the draft's columns.

        Parameters
        ----------
        ids : pyarrow.Array
            Ids of all pupils named in ``students``.
        pupil_row : array of int32
            Their rows in the final ``students`` table.
        """
        draft = self.draft
        known_from = draft.table.known_from or ""
        keep = self.usable() if draft.apart.any() else None
        arrays: dict[str, Any] = {}
        for column in draft.table.columns:
            if column.name == "recorded_on" and draft.values["recorded_on"] is draft.values[known_from]:
                arrays["recorded_on"] = arrays[known_from]
                continue
            values = self.values(column.name)
            values = values if keep is None else values[keep]
            if column.name != known_from:
                del draft.values[column.name]
            if column.kind != "student":
                arrays[column.name] = _arrow(column, values, draft.words.get(column.name, []))
            elif draft.table.of_pupils:
                arrays[column.name] = pa.array(pupil_row[values])
            else:
                arrays[column.name] = ids.take(pa.array(values))
        return pa.table(list(arrays.values()), schema=draft.table.schema(ids.type))


def _order_of_columns(draft: Draft) -> list[str]:
    table = draft.table
    notes = [column.name for column in table.columns if column.note]
    first = [*table.key, *(["recorded_on"] if "recorded_on" in table else [])]
    return [*first, *(name for name in table.names if name not in (*first, *notes)), *notes]


def _whole_groups(same: Mask, marked: Mask) -> Mask:
    """Mark all rows of every run of same rows in which any row is marked."""
    if not marked.any():
        return marked
    group = np.cumsum(~same, dtype=np.int32)
    hit = np.zeros(int(group[-1]) + 1, np.bool_)
    hit[group[marked]] = True
    return np.asarray(hit[group])


def _arrow(column: Column, values: Array, words: list[str]) -> Any:
    empty = is_empty(values, column.kind)
    mask = empty if empty.any() else None
    if column.kind == "text":
        return _texts(values, mask, words, column.coded)
    if column.kind == "event":
        return _texts(values.astype(np.int32), mask, list(EVENTS), coded=False)
    if column.kind == "yes_no":
        return pa.array(values == 1, mask=mask)
    return pa.array(values, mask=mask).cast(column.arrow_type)


def _texts(codes: Array, mask: Mask | None, words: list[str], coded: bool) -> Any:
    if mask is not None and mask.all():
        return pa.nulls(len(codes), pa.dictionary(pa.int32(), pa.string()) if coded else pa.string())
    used = np.zeros(len(words), np.bool_)
    used[codes if mask is None else codes[~mask]] = True
    new = np.append(np.cumsum(used) - 1, 0).astype(np.int32)
    chosen = [word for word, is_used in zip(words, used.tolist(), strict=True) if is_used]
    array = pa.DictionaryArray.from_arrays(pa.array(new[codes], mask=mask), pa.array(chosen, pa.string()))
    return array if coded else array.dictionary_decode()
