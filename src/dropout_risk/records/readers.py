"""Parts of tables: files and frames that give Arrow batches, as often as asked and in the same order."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from dropout_risk.errors import RecordsError
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.values import is_text

# --- The lines of a CSV file, each a row of its own: a quote left open cannot swallow the lines after it ---

BLOCK_BYTES = 1 << 24
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}

CSV_ENDINGS = (*(f".csv{ending}" for ending in COMPRESSIONS), ".csv")
Piece = Callable[[], list[Any]]
"""A stretch of a part that can be read by itself, in any thread: gives its record batches."""


def _distinct_headers(header: Sequence[str]) -> list[str]:
    """Make headers distinct, so that two columns of one name can both be read."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}\x00{seen[name]}")
    return names


def _find_encoding(path: Path, name: str, named: str | None) -> str:
    if named is not None:
        try:
            return codecs.lookup(named).name
        except LookupError:
            raise RecordsError(
                f"File {name!r}: unknown encoding {named!r}.", hint="utf-8 or gb18030"
            ) from None
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open_unpacked(path) as stream:
        try:
            while block := stream.read(BLOCK_BYTES):
                if decoder.getstate()[0] or not block.isascii():
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _open_unpacked(path: Path, file: Any = None) -> Any:
    """Unpack a file, read from its path or where it was opened."""
    return pa.input_stream(file or str(path), compression=COMPRESSIONS.get(path.suffix.lower()))


class CsvPart:
    """A CSV file, plain or compressed, in UTF-8 (with or without BOM), GB18030 or the encoding named."""

    typed = False
    synthetic = False

    def __init__(self, path: Path, name: str, encoding: str | None = None) -> None:
        self.path, self.name = path, name
        self._read: dict[int, tuple[int, list[int]]] = {}
        self._bytes_read = 0
        try:
            self.size = path.stat().st_size
            self.encoding = _find_encoding(path, name, encoding)
            self.header, self.delimiter = self._first_line()
        except (OSError, UnicodeError):
            raise RecordsError(f"File {name!r} cannot be read.", hint="is it complete, and CSV?") from None

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""
        before, numbers = 0, []
        for block in sorted(self._read):
            lines, broken = self._read[block]
            numbers += [before + number for number in broken]
            before += lines
        return numbers

    def done(self, rows: int) -> int:
        """Give the bytes read so far, which run a few blocks ahead of the rows."""
        return self._bytes_read

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the file into blocks of lines; every value is given as text."""
        self._read = {}
        if not self.header:
            return
        names = _distinct_headers(self.header)
        wanted = [names[self.header.index(header)] for header in headers]
        with self.path.open("rb") as file, _open_unpacked(self.path, file) as stream:
            text = pa.transcoding_input_stream(stream, self.encoding, "utf-8")
            blocks = enumerate(ClosedLines(text, self.delimiter, len(names), BLOCK_BYTES))
            while (found := self._checked(lambda: next(blocks, None))) is not None:
                number, lines = found
                self._bytes_read = file.tell()
                yield partial(self._parse, number, lines, names, wanted)

    def _parse(self, number: int, lines: bytes, names: list[str], wanted: list[str]) -> list[Any]:
        first = int(number == 0)
        broken: list[int] = []

        def note(row: Any) -> str:
            broken.append(row.number - first)
            return "skip"

        text = pa.dictionary(pa.int32(), pa.string())
        options = (
            pa_csv.ReadOptions(
                use_threads=False, block_size=len(lines) + 1, column_names=names, skip_rows=first
            ),
            pa_csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=note),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, text), include_columns=wanted, strings_can_be_null=False
            ),
        )
        if not lines.strip(b"\r\n"):
            self._read[number] = 0, []
            return []
        table = self._checked(lambda: pa_csv.read_csv(pa.BufferReader(lines), *options))
        self._read[number] = table.num_rows + len(broken), broken
        return list(table.to_batches())

    def _checked(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError, EOFError):  # their messages quote the file
            raise RecordsError(
                f"File {self.name!r} is cut off, or is not CSV in {self.encoding}.",
                hint="is it complete? otherwise name its encoding in the mapping",
            ) from None

    def _first_line(self) -> tuple[tuple[str, ...], str]:
        with _open_unpacked(self.path) as stream:
            line = io.TextIOWrapper(stream, encoding=self.encoding, newline="").readline()
        line = line.lstrip("\ufeff").rstrip("\r\n")
        delimiter = max(",;\t", key=line.count)
        return tuple(next(csv.reader([line], delimiter=delimiter), [])), delimiter


_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


class ClosedLines:
    r"""Blocks of lines of UTF-8 text, in which every line with an open quote is one with a field too many.

    No value of the data contract holds a line break. A quote that its own line does not close is a slip of
    the pen, and a reader of CSV would take every line up to the next quote for one value. Such a line is
    given as delimiters only, one more than fit the header (of ``n_fields``), so that the reader notes it as
    broken.

    >>> import io
    >>> text = io.BytesIO(b'id,sex\n1,"F\n2,"M"\n')
    >>> list(ClosedLines(text, ",", 2))
    [b'id,sex\n,,\n2,"M"\n']
    """

    def __init__(self, stream: Any, delimiter: str, n_fields: int, block_bytes: int = 1 << 24) -> None:
        self._stream, self._block_bytes = stream, block_bytes
        self._open_line = _open_line_pattern(delimiter.encode())
        self._beside = np.zeros(256, np.bool_)
        self._beside[[_QUOTE, _LINE_FEED, _RETURN, ord(delimiter)]] = True
        self._broken_line = delimiter.encode() * n_fields

    def __iter__(self) -> Iterator[bytes]:
        """Give the blocks."""
        rest = b""
        while block := self._stream.read(self._block_bytes):
            end = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            if end:
                yield self._closed(rest + block[:end])
                rest = block[end:]
            else:
                rest += block
        if rest:
            yield self._closed(rest)

    def _closed(self, lines: bytes) -> bytes:
        if b'"' not in lines or self._plainly_closed(lines):
            return lines
        return self._open_line.sub(self._broken_line, lines)

    def _plainly_closed(self, lines: bytes) -> bool:
        """Tell in one sweep that quotes come in pairs around whole values of one line, as they mostly do."""
        marks = np.frombuffer(b"\n" + lines + b"\n", np.uint8)
        quotes = np.flatnonzero(marks == _QUOTE)
        breaks = np.flatnonzero((marks == _LINE_FEED) | (marks == _RETURN))
        if (np.searchsorted(quotes, breaks) % 2).any():
            return False
        outside = np.concatenate([marks[quotes[::2] - 1], marks[quotes[1::2] + 1]])
        return bool(self._beside[outside].all())


def _open_line_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Match a line whose last field opens a quote and never closes it; quotes inside a field are text."""
    other = b"[^" + re.escape(delimiter) + rb"\r\n]"
    quoted = rb'"(?:[^"\r\n]++|"")*+'
    field = b'(?:(?!")' + other + b"++|" + quoted + b'"' + other + b"*+)?+"
    fields = b"(?:" + field + re.escape(delimiter) + b")*+"
    return re.compile(rb"(?<![^\r\n])" + fields + quoted + rb"(?![^\r\n])")


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
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.LazyFrame):
        return known.collect(backend="pyarrow").to_native()
    if not isinstance(known, nw.DataFrame):
        raise RecordsError(
            f"Table {name!r} was given as {type(frame).__name__}, which is no frame.",
            hint="give a pandas, Polars or Arrow table, a DuckDB relation or a list of dicts",
        )
    if known.implementation.is_pandas():
        return _from_pandas(known.to_native())
    return known.to_arrow()


def _from_pandas(frame: Any) -> Any:
    arrays, names = [], []
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_localize(None)
        try:
            arrays.append(pa.array(column, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
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
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _as_text(values)


def _as_text(values: list[Any]) -> Any:
    return pa.array([None if value is None else str(value) for value in values], pa.string())


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


class PartitionedPart:
    """A file together with the columns that its folders name and it lacks (see :func:`partition_values`).

    In a file whose values have types, what is written as a whole number is one.
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

PARQUET_ENDINGS = (".parquet", ".pq")
BATCH_ROWS = 1 << 20
LARGE_ROWS = 1 << 22


class Part(Protocol):
    """One file or frame of a table.

    Its name is that of the file inside the folder, empty for a frame; its header is as it stands there.
    Values are ``typed`` (Parquet, frames) or text (CSV), and ``size`` counts rows or, in CSV, bytes. The
    ``broken`` lines, by row number, are known once the part has been read.
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

    def done(self, rows: int) -> int:
        """Give how much of its size has been read when so many of its rows have."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns, in the order of its rows."""


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

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the table into pieces with these columns."""
        positions = [self.header.index(header) for header in headers]
        for batch in self.table.select(positions).to_batches(max_chunksize=BATCH_ROWS):
            yield partial(list, [batch])


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


def find_parts(folder: Path, mapping: RecordsMapping) -> tuple[dict[str, list[Part]], list[str]]:
    """Find the parts of each table in a folder, and the names of the files that belong to none.

    The folder holds one file, or one sub-folder of files, per table.
    """
    if not folder.is_dir():
        raise RecordsError(
            f"There is no folder {str(folder)!r}.", hint="give the folder that holds students.csv"
        )
    found: dict[str, list[Part]] = {}
    unknown = []
    for entry in sorted(folder.iterdir()):
        files = _files_of(entry)
        table = mapping.table_of(_table_stem(entry))
        if files and table is None and not mapping.ignores(_table_stem(entry)):
            unknown.append(entry.name)
        elif files and table is not None:
            parts = (_file_part(file, folder, mapping.encoding) for file in files)
            found.setdefault(table, []).extend(parts)
    return found, unknown


def _files_of(entry: Path) -> list[Path]:
    if entry.name.startswith((".", "_")):
        return []
    if entry.is_dir():
        return [file for child in sorted(entry.iterdir()) for file in _files_of(child)]
    return [entry] if entry.name.lower().endswith((*CSV_ENDINGS, *PARQUET_ENDINGS)) else []


def _table_stem(entry: Path) -> str:
    for ending in (*CSV_ENDINGS, *PARQUET_ENDINGS):
        if entry.name.lower().endswith(ending):
            return entry.name[: -len(ending)]
    return entry.name


def _file_part(file: Path, folder: Path, encoding: str | None) -> Part:
    name = file.relative_to(folder).as_posix()
    parquet = name.lower().endswith(PARQUET_ENDINGS)
    part: Part = ParquetPart(file, name) if parquet else CsvPart(file, name, encoding)
    values = partition_values(name)
    return PartitionedPart(part, values) if values else part


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
