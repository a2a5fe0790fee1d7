"""Parts of tables: files and frames that give Arrow batches, as often as asked and in the same order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from dropout_risk.arrays import Array
from dropout_risk.errors import RecordsError
from dropout_risk.records.files.blank_rows import blank_rows
from dropout_risk.records.values import is_text
from dropout_risk.text import NO_WORDS, Text

Piece = Callable[[], list[Any]]
"""A stretch of a part that can be read by itself, in any thread: gives its record batches."""


class Note(NamedTuple):
    """What is to be said about a file as a whole: by which rule, and which; perhaps of some of its rows."""

    rule: str
    detail: Text = NO_WORDS
    column: str = ""
    rows: int = 0


# --- Frames of any kind as Arrow tables ---


def to_arrow(frame: Any, name: str) -> Any:
    """Bring a frame to an Arrow table with its values as they are.

    It may be a pandas, Polars or narwhals frame, an Arrow table or reader, a DuckDB relation or a list of
    dicts; anything else is a RecordsError that calls the table by its ``name``.

    >>> to_arrow([{"student_id": 1}, {"student_id": "b"}], "students").column("student_id").to_pylist()
    ['1', 'b']
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    if isinstance(frame, Sequence) and not isinstance(frame, str | bytes):
        return _from_rows(frame, name)
    return _from_native(frame, name)


def _from_native(frame: Any, name: str) -> Any:
    if nw.dependencies.is_pandas_dataframe(frame):  # narwhals takes no two columns of one name
        return _from_pandas(frame)
    try:
        known = nw.from_native(frame, pass_through=True)
        if isinstance(known, nw.LazyFrame):
            return known.collect(backend="pyarrow").to_native()
        if isinstance(known, nw.DataFrame):
            return known.to_arrow()
    except Exception as error:
        raise RecordsError(
            f"Table {name!r} cannot be brought to Arrow ({type(error).__name__}).", hint=_PLAIN_CELLS
        ) from None
    raise RecordsError(
        f"Table {name!r} was given as {type(frame).__name__}, which is no frame.",
        hint="give a pandas, Polars or Arrow table, a DuckDB relation or a list of dicts",
    )


def _from_pandas(frame: Any) -> Any:
    arrays, names = [], []
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        if str(getattr(column.dtype, "tz", None) or "UTC") != "UTC":
            column = column.dt.tz_localize(None)
        try:
            arrays.append(pa.array(column, from_pandas=True))
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pairs = zip(column, column.isna(), strict=True)
            arrays.append(_as_text([None if missing else value for value, missing in pairs]))
        names.append(str(name))
    return pa.table(arrays, names=names)


def _from_rows(rows: Sequence[Any], name: str) -> Any:
    if not all(isinstance(row, Mapping) for row in rows):
        raise RecordsError(
            f"Table {name!r} was given as a list, but not of dicts.", hint="give one dict per row"
        )
    names = list(dict.fromkeys(key for row in rows for key in row))
    return pa.table({str(key): _from_values([row.get(key) for row in rows]) for key in names})


def _from_values(values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds != {int, float}:
        return _as_text(values)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _as_text(values)


def _as_text(values: list[Any]) -> Any:
    return pa.array([None if value is None else _cell_text(value) for value in values], pa.string())


def _cell_text(value: Any) -> str:
    """Write a cell as text, whatever it is; what no text can hold is replaced."""
    try:
        return str(value).encode("utf-8", "replace").decode()
    except Exception:
        return f"({type(value).__name__})"


_PLAIN_CELLS = "give texts, numbers, dates and truth values, one in each cell, and each column its own name"


# --- Values that stand in the names of folders: ``attendance/school_id=12/date=2024-09-02/…`` ---

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


def partition_values(name: str) -> dict[str, str | None]:
    """Read the columns that a file's folders name.

    >>> partition_values("grades/school_id=s%201/term=__HIVE_DEFAULT_PARTITION__/a.parquet")
    {'school_id': 's 1', 'term': None}
    """
    pairs = [folder.partition("=") for folder in name.split("/")[:-1] if "=" in folder.strip("=")]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, _, value in pairs if key}


# --- The mark that made-up records carry, so that they are known for what they are wherever they are read ---

FILE = "SYNTHETIC"
_KEY, _YES = b"dropout_risk.synthetic", b"true"
_OUTCOMES_TO = b"dropout_risk.outcomes_to"


def mark_synthetic(table: Any) -> Any:
    """Mark an Arrow table as made up; Parquet keeps the mark.

    >>> import pyarrow as pa
    >>> is_marked_synthetic(mark_synthetic(pa.table({"student_id": [1]})).schema)
    True
    """
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: _YES})


def is_marked_synthetic(schema: Any) -> bool:
    """Tell whether the schema of an Arrow table or Parquet file carries the mark."""
    return bool((schema.metadata or {}).get(_KEY) == _YES)


def mark_outcomes_to(table: Any, day: dt.date) -> Any:
    """Mark an Arrow table of outcomes as complete up to a day; Parquet keeps the mark."""
    kept = table.schema.metadata or {}
    return table.replace_schema_metadata({**kept, _OUTCOMES_TO: day.isoformat().encode()})


def marked_outcomes_to(part: Part) -> str | None:
    """Give the day up to which a frame or Parquet file says that its outcomes are complete."""
    if not isinstance(part, FramePart | ParquetPart):
        return None
    found = (part.schema.metadata or {}).get(_OUTCOMES_TO)
    return None if found is None else found.decode()


def has_mark_file(folder: Path) -> bool:
    """Tell whether a folder says by a file named ``SYNTHETIC`` that its records are made up."""
    return (folder / FILE).is_file()


# --- Frames, Parquet files and lists of texts; and a folder as the parts of its tables ---

BATCH_ROWS = 1 << 20
LARGE_ROWS = 1 << 22


class Part(Protocol):
    """One file or frame of a table.

    Its name is that of the file inside the folder, empty for a frame; its header is as it stands there.
    Values are ``typed`` (Parquet, frames) or text (CSV), and ``size`` counts rows or, in CSV, bytes. The
    ``broken`` lines and those left ``blank``, by row number, are known once the part has been read.
    """

    name: str
    header: tuple[str, ...]
    typed: bool
    synthetic: bool
    size: int

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""
        return []

    @property
    def blank(self) -> list[int]:
        """Row numbers of lines without any value, which are no rows."""
        return []

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the file."""
        return ()

    def done(self, rows: int) -> int:
        """Give how much of its size has been read when so many of its rows have."""
        return rows

    def line_positions(self, rows: Array) -> Array:
        """Give the lines in which some rows stand, both by position: most often each row has its own."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns, in the order of its rows."""


class WrappedPart(Part):
    """A part that gives another, changed."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.name, self.header, self.typed = part.name, part.header, part.typed
        self.synthetic, self.size = part.synthetic, part.size

    def line_positions(self, rows: Array) -> Array:
        """Give the lines of the file in which some rows stand, by position."""
        return self.part.line_positions(rows)

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""
        return self.part.broken

    @property
    def blank(self) -> list[int]:
        """Row numbers of lines that are no rows."""
        return self.part.blank

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the file."""
        return self.part.notes

    def done(self, rows: int) -> int:
        """Give how much of the file has been read when so many of its rows have."""
        return self.part.done(rows)


class PartitionedPart(WrappedPart):
    """A file together with the columns that its folders name and it lacks (see :func:`partition_values`).

    In a file whose values have types, what is written as a whole number is one.
    """

    def __init__(self, part: Part, values: Mapping[str, str | None]) -> None:
        super().__init__(part)
        self._values = {key: self._array(value) for key, value in values.items() if key not in part.header}
        self.header = (*part.header, *self._values)

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


def read_batches(part: Part, headers: Sequence[str]) -> Iterator[Any]:
    """Read the record batches of a part, one after the other."""
    for piece in part.pieces(headers):
        yield from piece()


class FramePart(Part):
    """An Arrow table in memory."""

    typed = True

    def __init__(self, table: Any) -> None:
        self.name = ""
        self.table, self.schema = table, table.schema
        self.header = tuple(table.column_names)
        self.synthetic = is_marked_synthetic(table.schema)
        self.size = table.num_rows
        self._blank: list[int] = []

    @property
    def blank(self) -> list[int]:
        """Row numbers of rows without any value."""
        return self._blank

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the table into pieces with these columns."""
        positions = [self.header.index(header) for header in headers]
        self._blank, start = [], 0
        for batch in self.table.select(positions).to_batches(max_chunksize=BATCH_ROWS):
            blank = blank_rows(batch.columns)
            if blank is not None and len(positions) < len(self.header):
                whole = self.table.slice(start, batch.num_rows).combine_chunks().to_batches()[0]
                blank = blank_rows(whole.columns)
            if blank is not None:
                self._blank += (blank.nonzero()[0] + start + 1).tolist()
            start += batch.num_rows
            yield partial(list, [batch if blank is None else batch.filter(pa.array(~blank))])


class ParquetPart(Part):
    """A Parquet file."""

    typed = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        try:
            self.metadata = pa_parquet.read_metadata(path)
            self.schema = self.metadata.schema.to_arrow_schema()
        except (OSError, pa.ArrowInvalid):
            raise _not_parquet(path, name) from None
        self.header = tuple(self.schema.names)
        self.synthetic = is_marked_synthetic(self.schema)
        self.size = self.metadata.num_rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the file into row groups, small ones together and a very large one into its batches."""
        rows = [self.metadata.row_group(k).num_rows for k in range(self.metadata.num_row_groups)]
        for groups in _group_sizes(rows, BATCH_ROWS):
            if sum(rows[k] for k in groups) > LARGE_ROWS:
                yield from (partial(list, [batch]) for batch in self._read(groups, headers))
            else:
                yield partial(self._read_whole, groups, headers)

    def _read_whole(self, groups: list[int], headers: Sequence[str]) -> list[Any]:
        return list(self._read(groups, headers))

    def _read(self, groups: list[int], headers: Sequence[str]) -> Iterator[Any]:
        texts = [name for name in headers if is_text(self.schema.field(name).type)]
        try:
            with pa_parquet.ParquetFile(self.path, read_dictionary=texts, metadata=self.metadata) as file:
                yield from file.iter_batches(BATCH_ROWS, groups, list(headers), use_threads=False)
        except (OSError, pa.ArrowException):  # their messages may quote the file
            raise RecordsError(
                f"File {self.name!r} is damaged: some of its pages cannot be read.",
                hint="copy it again from where it was made, or write it again",
            ) from None


def _not_parquet(path: Path, name: str) -> RecordsError:
    try:
        with path.open("rb") as file:
            begun = file.read(4) == b"PAR1"
    except OSError:
        begun = False
    if begun:
        return RecordsError(
            f"File {name!r} is cut off: it begins as Parquet and lacks the end.",
            hint="copy it again from where it was made, once it is complete there",
        )
    return RecordsError(f"File {name!r} is not Parquet.", hint="write it again")


def _group_sizes(sizes: Sequence[int], least: int) -> Iterator[list[int]]:
    """Put consecutive positions together up to a size.

    >>> list(_group_sizes([3, 3, 9, 1], 6))
    [[0, 1], [2], [3]]
    """
    group: list[int] = []
    for position, size in enumerate(sizes):
        if group and sum(sizes[k] for k in group) + size > least:
            yield group
            group = []
        group.append(position)
    if group:
        yield group


class ListBatch(NamedTuple):
    """Some rows: one list of texts and None per column."""

    num_rows: int
    columns: list[list[str | None]]

    def take(self, rows: Any) -> Any:
        """Give some rows as an Arrow batch."""
        arrays = [pa.array(column, pa.string()) for column in self.columns]
        return pa.record_batch(arrays, [str(number) for number in range(len(arrays))]).take(rows)


class ListPart(Part):
    """Columns of texts and None as a part of a table.

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

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the columns into pieces."""
        for start in range(0, self.size, BATCH_ROWS):
            yield partial(self._read, start, headers)

    def _read(self, start: int, headers: Sequence[str]) -> list[Any]:
        stop = min(start + BATCH_ROWS, self.size)
        whole = stop - start == self.size
        columns = [self.columns[header] for header in headers]
        return [ListBatch(stop - start, columns if whole else [column[start:stop] for column in columns])]
