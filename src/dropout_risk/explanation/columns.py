"""Columns of what is told of pupils: laid out in Arrow for many, as objects for a few, and made once.

Each says both of itself, so that what is written of a pupil in a million is what is said of one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bools, Floats, Longs
from dropout_risk.features.footing import NO_DAY
from dropout_risk.records.days.calendar import date_of

_TEXT = pa.string()


class Column(Protocol):
    """One value per row."""

    def arrow(self) -> pa.Array:
        """Give the column."""

    def rows(self) -> list[Any]:
        """Give the values as Python's own."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers, or truth values; None where they are ``missing``.

    >>> Numbers(np.array([1.0, 2.0]), np.array([True, False])).rows()
    [None, 2.0]
    """

    values: Array
    missing: Bools | None = None

    def arrow(self) -> pa.Array:
        """Give the column."""
        return pa.array(self.values, mask=self.missing)

    def rows(self) -> list[Any]:
        """Give the values."""
        values: list[Any] = self.values.tolist()
        if self.missing is None:
            return values
        return [None if gone else value for value, gone in zip(values, self.missing.tolist(), strict=True)]


@dataclass(frozen=True, eq=False)
class Picked:
    """Some of a few things, each by its index ``at`` among them; ``kind`` is their type.

    >>> Picked(["low", "high"], np.array([1, 1, 0])).rows()
    ['high', 'high', 'low']
    """

    things: Sequence[Any]
    at: Array
    kind: Any = _TEXT

    def arrow(self) -> pa.Array:
        """Give the column."""
        return pa.array(self.things, self.kind).take(pa.array(self.at))

    def rows(self) -> list[Any]:
        """Give the values."""
        return [self.things[index] for index in self.at.tolist()]


@dataclass(frozen=True, eq=False)
class Given:
    """A column of Arrow as it is."""

    values: pa.Array

    def arrow(self) -> pa.Array:
        """Give the column."""
        return self.values

    def rows(self) -> list[Any]:
        """Give the values."""
        return list(self.values.to_pylist())


@dataclass(frozen=True, eq=False)
class Objects:
    """Objects whose attributes are the fields of a struct of the ``kind``."""

    objects: Sequence[Any]
    kind: Any

    def arrow(self) -> pa.Array:
        """Give the column."""
        return pa.array([dict(one.__dict__) for one in self.objects], self.kind)

    def rows(self) -> list[Any]:
        """Give the values."""
        return list(self.objects)


@dataclass(frozen=True, eq=False)
class Days:
    """Dates by their ordinals; None where there is no day."""

    ordinals: Array

    def arrow(self) -> pa.Array:
        """Give the column."""
        return pa.array(self.ordinals, pa.int32(), mask=self.ordinals == NO_DAY).view(pa.date32())

    def rows(self) -> list[Any]:
        """Give the values."""
        return [None if day == NO_DAY else date_of(day) for day in self.ordinals.tolist()]


@dataclass(frozen=True, eq=False)
class NamedNumbers:
    """Numbers by name, shape (n, n_names)."""

    fields: Sequence[pa.Field]
    values: Floats

    def arrow(self) -> pa.Array:
        """Lay arrays side by side, in one piece of memory."""
        n, flat = len(self.values), pa.array(np.ascontiguousarray(self.values.T).ravel())
        parts = [flat[k * n : k * n + n] for k in range(len(self.fields))]
        return pa.StructArray.from_arrays(parts, fields=list(self.fields))

    def rows(self) -> list[Any]:
        """Give the values."""
        names = [field.name for field in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.values.tolist()]


@dataclass(frozen=True, eq=False)
class Listed:
    """Lists, each of so many (``counts``) of the items, one after the other from the ``first`` on.

    ``kind`` is their type, by default lists of what the items are.
    """

    items: Column
    counts: Longs
    kind: Any = None
    first: int = 0

    def arrow(self) -> pa.Array:
        """Give the column."""
        offsets = np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int32)
        items = _part_of(self.items.arrow(), self.first, self.first + int(offsets[-1]))
        return pa.ListArray.from_arrays(pa.array(offsets), items, type=self.kind)

    def rows(self) -> list[Any]:
        """Give the values."""
        items, ends = self.items.rows(), (np.cumsum(self.counts) + self.first).tolist()
        return [tuple(items[start:end]) for start, end in zip([self.first, *ends], ends, strict=False)]


def _part_of(items: pa.Array, first: int, last: int) -> pa.Array:
    """Give some items; the columns of structs are cut one by one, so that each can be read by itself."""
    if last - first == len(items) or not pa.types.is_struct(items.type):
        return items[first:last]
    columns = [column[first:last] for column in items.flatten()]
    return pa.StructArray.from_arrays(columns, fields=list(items.type))


def row_maker(kind: type, names: Sequence[str]) -> Callable[..., Any]:
    """Give what makes objects of a frozen dataclass from sound values of all its fields, and at once.

    >>> @dataclass(frozen=True)
    ... class Day:
    ...     number: int
    >>> row_maker(Day, ["number"])(3)
    Day(number=3)
    """

    def make(*values: Any) -> Any:
        one: Any = object.__new__(kind)
        one.__dict__.update(zip(names, values, strict=True))
        return one

    return make


@dataclass(frozen=True, eq=False)
class Structs:
    """Things of several columns; ``make`` makes one of them as an object."""

    columns: Mapping[str, Column]
    fields: Sequence[pa.Field]
    make: Callable[..., Any]
    missing: Bools | None = None

    def arrow(self) -> pa.Array:
        """Give the column."""
        return self._arrow

    def rows(self) -> list[Any]:
        """Give the values."""
        return self._rows

    @cached_property
    def _arrow(self) -> pa.Array:
        parts = [self.columns[field.name].arrow() for field in self.fields]
        gone = None if self.missing is None else pa.array(self.missing)
        return pa.StructArray.from_arrays(parts, fields=list(self.fields), mask=gone)

    @cached_property
    def _rows(self) -> list[Any]:
        parts = [self.columns[field.name].rows() for field in self.fields]
        made = [self.make(*row) for row in zip(*parts, strict=True)]
        if self.missing is None:
            return made
        return [None if gone else one for one, gone in zip(made, self.missing.tolist(), strict=True)]
