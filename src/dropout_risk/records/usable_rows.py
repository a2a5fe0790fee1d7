"""The usable rows of a table in canonical order: compact columns, and the Arrow table made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.records.convert import NO_CODE, NO_DATE, spread
from dropout_risk.records.drafts import EMPTY, Array, Mask, is_empty
from dropout_risk.records.tables import EVENTS, TABLES, Column, Table

_AT_ONCE = 1 << 20
_FEW = 64


@dataclass(frozen=True, eq=False)
class UsableRows:
    """Rows that passed the check, by pupil, key, ``recorded_on``, then by everything else.

    Parameters
    ----------
    table : Table
        The contract.
    values : dict of str to array
        Compact columns, with the empty values of a draft; ``student_id`` is the pupil's row in ``students``.
    words : dict of str to list of str
        What the codes of a column of text mean; not every word need be used.
    ids : pyarrow.Array
        Identifiers: of the rows of ``students`` in their order, empty for other tables.
    """

    table: Table
    values: dict[str, Array]
    words: dict[str, list[str]] = field(default_factory=dict)
    ids: Any = field(default_factory=lambda: pa.array([], pa.string()))

    @classmethod
    def of(cls, name: str, table: pa.Table | UsableRows) -> Self:
        """Read a canonical Arrow table of pupils' rows, or take rows as they are."""
        if isinstance(table, UsableRows):
            return table  # type: ignore[return-value]
        values, words = {}, {}
        for column in TABLES[name].columns:
            array = table["pupil" if column.kind == "student" else column.name].combine_chunks()
            if isinstance(array, pa.ChunkedArray):  # of a dictionary without rows
                array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
            values[column.name], words[column.name] = _compact(array, column)
        return cls(TABLES[name], values, words)

    @classmethod
    def none(cls, name: str) -> UsableRows:
        """Give a table without rows; all that are not given share it."""
        return _none(name)

    def __len__(self) -> int:
        return len(self.values[self.table.columns[0].name])

    @property
    def pupil(self) -> npt.NDArray[np.int32]:
        """The row of each row's pupil in ``students``."""
        return self.values["student_id"]

    def filled(self, name: str, empty: Any) -> Array:
        """Give a column with another value where it is empty."""
        values, kind = self.values[name], self.table[name].kind
        if not values.strides[0]:
            return np.full(len(values), empty, values.dtype) if is_empty(values[:1], kind).all() else values
        missing = is_empty(values, kind)
        return np.where(missing, values.dtype.type(empty), values) if missing.any() else values

    def vocabulary(self, name: str) -> list[str]:
        """Give the words of a column."""
        return list(EVENTS) if self.table[name].kind == "event" else self.words.get(name, [])

    def texts(self, name: str) -> list[str | None]:
        """Give a column of text as Python strings."""
        words: list[str | None] = [*self.vocabulary(name), None]
        return [words[code] for code in self.values[name].tolist()]

    def used(self, name: str) -> Mask:
        """Say of each word of a column whether any row has it."""
        values = self.values[name]
        used = np.zeros(len(self.vocabulary(name)) + 1, np.bool_)  # the last place is for empty values
        for start in range(0, len(values) if len(values) and values.strides[0] else 0, _AT_ONCE):
            used[values[start : start + _AT_ONCE]] = True
        return used[:-1]

    @cached_property
    def arrow(self) -> pa.Table:
        """The canonical Arrow table."""
        arrays: dict[str, Any] = {}
        known_from = self.table.known_from or ""
        for column in self.table.columns:
            if column.kind == "student":
                array = pa.array(self.pupil) if self.table.of_pupils else self.ids
            elif column.name == "recorded_on" and self.values["recorded_on"] is self.values[known_from]:
                array = arrays[known_from]
            else:
                array = self._array(column)
            arrays[column.name] = array
        return pa.table(list(arrays.values()), schema=self.table.schema(self.ids.type))

    def _array(self, column: Column) -> Any:
        values = self.values[column.name]
        if not len(values) or (not values.strides[0] and is_empty(values[:1], column.kind).all()):
            return pa.nulls(len(values), column.arrow_type)
        if len(values) <= _FEW and not column.coded:
            return pa.array(self._listed(column), column.arrow_type)
        empty = is_empty(values, column.kind)
        mask = empty if empty.any() else None
        if column.kind in ("text", "event"):
            return self._texts(column, mask)
        if column.kind == "yes_no":
            return pa.array(values == 1, mask=mask)
        return pa.array(values, mask=mask).cast(column.arrow_type)

    def _listed(self, column: Column) -> list[Any]:
        """Give few values as a list, None where there is none."""
        values = self.values[column.name].tolist()
        if column.kind in ("text", "event"):
            words = [*self.vocabulary(column.name), None]
            return [words[code] for code in values]
        if column.kind == "yes_no":
            return [None if code == NO_CODE else code == 1 for code in values]
        if column.kind == "number":
            return [None if math.isnan(number) else number for number in values]
        empty = NO_CODE if column.kind == "status" else NO_DATE
        return [None if number == empty else number for number in values]

    def _texts(self, column: Column, mask: Mask | None) -> Any:
        used = self.used(column.name)
        new = np.append(np.cumsum(used) - 1, 0).astype(np.int32)
        chosen = [word for word, is_used in zip(self.vocabulary(column.name), used, strict=True) if is_used]
        codes = pa.array(new[self.values[column.name]], mask=mask)
        array = pa.DictionaryArray.from_arrays(codes, pa.array(chosen, pa.string()))
        return array if column.coded else array.dictionary_decode()


@cache
def _none(name: str) -> UsableRows:
    table = TABLES[name]
    values = {column.name: np.empty(0, EMPTY[column.kind].dtype) for column in table.columns}
    if table.known_from is not None:
        values["recorded_on"] = values[table.known_from]
    for column in values.values():
        column.flags.writeable = False
    words: dict[str, list[str]] = {column.name: [] for column in table.columns if column.kind == "text"}
    return UsableRows(table, values, words)


def _compact(array: Any, column: Column) -> tuple[Array, list[str]]:
    if column.kind == "number":
        return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False)), []
    if column.kind in ("text", "event"):
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        words = EVENTS if column.kind == "event" else sorted({*encoded.dictionary.to_pylist()} - {None})
        place = {word: code for code, word in enumerate(words)}
        codes = np.array([place.get(word, NO_CODE) for word in encoded.dictionary.to_pylist()], np.int32)
        return spread(codes, encoded.indices, NO_CODE), list(words)
    kind, empty = (pa.int8(), NO_CODE) if column.kind in ("yes_no", "status") else (pa.int32(), NO_DATE)
    filled = pc.fill_null(array.cast(kind), empty)
    return np.asarray(filled.to_numpy(zero_copy_only=False)), []
