"""A part of a table that was written in Python: columns of texts, which no frame has to hold first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from dropout_risk.records.readers import BATCH_ROWS, Piece


class ListBatch(NamedTuple):
    """Some rows: one list of texts and None per column."""

    num_rows: int
    columns: list[list[str | None]]

    def take(self, rows: Any) -> Any:
        """Give some rows as an Arrow batch."""
        arrays = [pa.array(column, pa.string()) for column in self.columns]
        return pa.record_batch(arrays, [str(place) for place in range(len(arrays))]).take(rows)


class ListPart:
    """Columns of texts as a part of a table.

    Parameters
    ----------
    columns : mapping of str to list
        Texts and None, as long as each other.

    Examples
    --------
    >>> part = ListPart({"student_id": ["a", "b"], "grade_level": ["7", None]})
    >>> [batch.columns for piece in part.pieces(["grade_level"]) for batch in piece()]
    [[['7', None]]]
    """

    name = ""
    typed = True
    synthetic = False

    def __init__(self, columns: Mapping[str, list[str | None]]) -> None:
        self.columns = dict(columns)
        self.header = tuple(self.columns)
        self.size = len(next(iter(self.columns.values()), ()))
        self.broken: list[int] = []

    def done(self, rows: int) -> int:
        """Give how much of its size has been read: its rows."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the columns into pieces."""
        for start in range(0, self.size, BATCH_ROWS):
            yield partial(self._read, start, headers)

    def _read(self, start: int, headers: Sequence[str]) -> list[Any]:
        stop = min(start + BATCH_ROWS, self.size)
        whole = stop - start == self.size
        columns = [self.columns[header] for header in headers]
        return [ListBatch(stop - start, columns if whole else [column[start:stop] for column in columns])]
