"""Parts of tables: files and frames that give Arrow batches, as often as asked and in the same order."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from dropout_risk.errors import RecordsError
from dropout_risk.records.closed_lines import ClosedLines
from dropout_risk.records.convert import is_text
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.partitions import PartitionedPart, partition_values
from dropout_risk.records.synthetic import is_marked

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
CSV_ENDINGS = (*(f".csv{ending}" for ending in COMPRESSIONS), ".csv")
PARQUET_ENDINGS = (".parquet", ".pq")
BLOCK_BYTES = 1 << 24
BATCH_ROWS = 1 << 20
LARGE_ROWS = 1 << 22


class Piece(Protocol):
    """A stretch of a part that can be read by itself, in any thread."""

    def __call__(self) -> list[Any]:
        """Read it and give its record batches."""


class Part(Protocol):
    """One file or frame of a table.

    Attributes
    ----------
    name : str
        The file's name inside the folder; empty for a frame.
    header : tuple of str
        The headers as they stand there.
    typed : bool
        Whether values have types (Parquet, frames) or are text (CSV).
    synthetic : bool
        Whether it is marked as made up.
    size : int
        Rows (Parquet, frames) or bytes (CSV).
    broken : list of int
        Row numbers of lines with the wrong number of fields or an open quote; known once the part has
        been read.
    """

    name: str
    header: tuple[str, ...]
    typed: bool
    synthetic: bool
    size: int

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""

    def done(self, rows: int) -> int:
        """Give how much of its size has been read when so many of its rows have."""

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns, in the order of its rows."""


def batches(part: Part, headers: Sequence[str]) -> Iterator[Any]:
    """Read the record batches of a part, one after the other."""
    for piece in part.pieces(headers):
        yield from piece()


class FramePart:
    """An Arrow table in memory."""

    typed = True

    def __init__(self, table: Any) -> None:
        self.name = ""
        self.table = table
        self.header = tuple(table.column_names)
        self.synthetic = is_marked(table.schema)
        self.size = table.num_rows
        self.broken: list[int] = []

    def done(self, rows: int) -> int:
        """Give the number of rows."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the table into pieces with these columns."""
        positions = [self.header.index(header) for header in headers]
        for batch in self.table.select(positions).to_batches(max_chunksize=BATCH_ROWS):
            yield partial(list, [batch])


class ParquetPart:
    """A Parquet file."""

    typed = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.broken: list[int] = []
        try:
            self.metadata = pa_parquet.read_metadata(path)
            self.schema = self.metadata.schema.to_arrow_schema()
        except (OSError, pa.ArrowInvalid):
            raise _not_parquet(path, name) from None
        self.header = tuple(self.schema.names)
        self.synthetic = is_marked(self.schema)
        self.size = self.metadata.num_rows

    def done(self, rows: int) -> int:
        """Give the number of rows."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the file into row groups, small ones together and a very large one into its batches."""
        rows = [self.metadata.row_group(k).num_rows for k in range(self.metadata.num_row_groups)]
        for groups in _together(rows, BATCH_ROWS):
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


def _together(sizes: Sequence[int], least: int) -> Iterator[list[int]]:
    """Put consecutive positions together up to a size.

    >>> list(_together([3, 3, 9, 1], 6))
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
            self.encoding = _encoding(path, name, encoding)
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
        names = _distinct(self.header)
        wanted = [names[self.header.index(header)] for header in headers]
        with self.path.open("rb") as file, _binary(self.path, file) as stream:
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
        with _binary(self.path) as stream:
            line = io.TextIOWrapper(stream, encoding=self.encoding, newline="").readline()
        line = line.lstrip("\ufeff").rstrip("\r\n")
        delimiter = max(",;\t", key=line.count)
        return tuple(next(csv.reader([line], delimiter=delimiter), [])), delimiter


def find_parts(folder: Path, mapping: RecordsMapping) -> tuple[dict[str, list[Part]], list[str]]:
    """Find the parts of each table in a folder, and the names of the files that belong to none.

    Parameters
    ----------
    folder : Path
        Holds one file, or one sub-folder of files, per table.
    mapping : RecordsMapping
        Says which name means which table.
    """
    if not folder.is_dir():
        raise RecordsError(
            f"There is no folder {str(folder)!r}.", hint="give the folder that holds students.csv"
        )
    found: dict[str, list[Part]] = {}
    unknown = []
    for entry in sorted(folder.iterdir()):
        files = _files_of(entry)
        table = mapping.table_of(_stem(entry))
        if files and table is None and not mapping.ignores(_stem(entry)):
            unknown.append(entry.name)
        elif files and table is not None:
            parts = (_part(file, folder, mapping.encoding) for file in files)
            found.setdefault(table, []).extend(parts)
    return found, unknown


def _files_of(entry: Path) -> list[Path]:
    if entry.name.startswith((".", "_")):
        return []
    if entry.is_dir():
        return [file for child in sorted(entry.iterdir()) for file in _files_of(child)]
    return [entry] if entry.name.lower().endswith((*CSV_ENDINGS, *PARQUET_ENDINGS)) else []


def _stem(entry: Path) -> str:
    for ending in (*CSV_ENDINGS, *PARQUET_ENDINGS):
        if entry.name.lower().endswith(ending):
            return entry.name[: -len(ending)]
    return entry.name


def _part(file: Path, folder: Path, encoding: str | None) -> Part:
    name = file.relative_to(folder).as_posix()
    parquet = name.lower().endswith(PARQUET_ENDINGS)
    part: Part = ParquetPart(file, name) if parquet else CsvPart(file, name, encoding)
    values = partition_values(name)
    return PartitionedPart(part, values) if values else part


def _binary(path: Path, file: Any = None) -> Any:
    """Unpack a file, read from its path or where it was opened."""
    return pa.input_stream(file or str(path), compression=COMPRESSIONS.get(path.suffix.lower()))


def _encoding(path: Path, name: str, named: str | None) -> str:
    if named is not None:
        try:
            return codecs.lookup(named).name
        except LookupError:
            raise RecordsError(
                f"File {name!r}: unknown encoding {named!r}.", hint="utf-8 or gb18030"
            ) from None
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _binary(path) as stream:
        try:
            while block := stream.read(BLOCK_BYTES):
                if decoder.getstate()[0] or not block.isascii():
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _distinct(header: Sequence[str]) -> list[str]:
    """Make headers distinct, so that two columns of one name can both be read."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}\x00{seen[name]}")
    return names
