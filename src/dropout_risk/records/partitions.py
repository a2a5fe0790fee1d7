"""Values that stand in the names of folders: ``attendance/school_id=12/date=2024-09-02/part-0.parquet``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from dropout_risk.records.readers import Part, Piece

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


def partition_values(name: str) -> dict[str, str | None]:
    """Read the columns that a file's folders name.

    >>> partition_values("grades/school_id=s%201/term=__HIVE_DEFAULT_PARTITION__/a.parquet")
    {'school_id': 's 1', 'term': None}
    """
    pairs = [folder.partition("=") for folder in name.split("/")[:-1] if "=" in folder.strip("=")]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, _, value in pairs if key}


class PartitionedPart:
    """A file together with the columns that its folders name and it lacks.

    Parameters
    ----------
    part : Part
        The file.
    values : mapping of str to str or None
        As in :func:`partition_values`. In a file whose values have types, what is written as a whole number
        is one.
    """

    def __init__(self, part: Part, values: Mapping[str, str | None]) -> None:
        self.part = part
        self.name, self.typed, self.synthetic, self.size = part.name, part.typed, part.synthetic, part.size
        self._values = {key: self._array(value) for key, value in values.items() if key not in part.header}
        self.header = (*part.header, *self._values)

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""
        return self.part.broken

    def done(self, rows: int) -> int:
        """Give how much of the file has been read when so many of its rows have."""
        return self.part.done(rows)

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the file into pieces that give these columns."""
        inside = [header for header in headers if header not in self._values]
        for piece in self.part.pieces(inside or list(self.part.header[:1])):
            yield partial(self._widened, piece, list(headers), inside)

    def _widened(self, piece: Piece, headers: list[str], inside: list[str]) -> list[Any]:
        result = []
        for batch in piece():
            given = dict(zip(inside, batch.columns, strict=False))
            arrays = [given[header] if header in given else self._all(header, batch) for header in headers]
            result.append(pa.RecordBatch.from_arrays(arrays, headers))
        return result

    def _all(self, header: str, batch: Any) -> Any:
        rows = pa.array(np.zeros(batch.num_rows, np.int8))
        return pa.DictionaryArray.from_arrays(rows, self._values[header])

    def _array(self, value: str | None) -> Any:
        if self.typed and value is not None and _WHOLE.fullmatch(value):
            return pa.array([int(value)])
        return pa.array([value], pa.string())
