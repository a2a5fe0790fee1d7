"""Parts of tables: files and frames that give Arrow batches, as often as asked and in the same order."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from dropout_risk.errors import RecordsError
from dropout_risk.records.closed_lines import ClosedLines
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.synthetic import is_marked

CSV_ENDINGS = (".csv.gz", ".csv")
PARQUET_ENDINGS = (".parquet", ".pq")
BLOCK_BYTES = 1 << 24
BATCH_ROWS = 1 << 20


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
    broken : list of int
        Row numbers of lines with the wrong number of fields or an open quote; known once the part has
        been read.
    """

    name: str
    header: tuple[str, ...]
    typed: bool
    synthetic: bool
    broken: list[int]

    def batches(self, headers: Sequence[str]) -> Iterator[Any]:
        """Give record batches with these columns."""


class FramePart:
    """An Arrow table in memory."""

    typed = True

    def __init__(self, table: Any) -> None:
        self.name = ""
        self.table = table
        self.header = tuple(table.column_names)
        self.synthetic = is_marked(table.schema)
        self.broken: list[int] = []

    def batches(self, headers: Sequence[str]) -> Iterator[Any]:
        """Give record batches with these columns."""
        positions = [self.header.index(header) for header in headers]
        yield from self.table.select(positions).to_batches(max_chunksize=BATCH_ROWS)


class ParquetPart:
    """A Parquet file."""

    typed = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.broken: list[int] = []
        try:
            self.schema = pa_parquet.read_schema(path)
        except (OSError, pa.ArrowInvalid):
            raise RecordsError(f"File {name!r} is not Parquet.", hint="write it again") from None
        self.header = tuple(self.schema.names)
        self.synthetic = is_marked(self.schema)

    def batches(self, headers: Sequence[str]) -> Iterator[Any]:
        """Give record batches with these columns."""
        texts = [name for name in headers if pa.types.is_string(self.schema.field(name).type)]
        with pa_parquet.ParquetFile(self.path, read_dictionary=texts) as file:
            yield from file.iter_batches(batch_size=BATCH_ROWS, columns=list(headers))


class CsvPart:
    """A CSV file, plain or gzipped, in UTF-8 (with or without BOM), GB18030 or the encoding named."""

    typed = False
    synthetic = False

    def __init__(self, path: Path, name: str, encoding: str | None = None) -> None:
        self.path, self.name = path, name
        self.broken: list[int] = []
        try:
            self.encoding = _encoding(path, name, encoding)
            self.header, self.delimiter = self._first_line()
        except (OSError, UnicodeError):
            raise RecordsError(f"File {name!r} cannot be read.", hint="is it complete, and CSV?") from None

    def batches(self, headers: Sequence[str]) -> Iterator[Any]:
        """Give record batches with these columns, every value as text."""
        self.broken = []
        if not self.header:
            return
        names = _distinct(self.header)
        wanted = [names[self.header.index(header)] for header in headers]
        with _binary(self.path) as stream:
            text = pa.transcoding_input_stream(stream, self.encoding, "utf-8")
            lines = ClosedLines(text, self.delimiter, len(names), BLOCK_BYTES)
            try:
                yield from pa_csv.open_csv(lines, *self._options(names, wanted))
            except (pa.ArrowInvalid, UnicodeDecodeError, OSError, EOFError):  # their messages quote the file
                raise RecordsError(
                    f"File {self.name!r} is not CSV in {self.encoding}.",
                    hint="name its encoding in the mapping",
                ) from None

    def _options(self, names: list[str], wanted: list[str]) -> tuple[Any, Any, Any]:
        text = pa.dictionary(pa.int32(), pa.string())
        return (
            pa_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows=1,
            ),
            pa_csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=self._note_broken),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, text), include_columns=wanted, strings_can_be_null=False
            ),
        )

    def _note_broken(self, row: Any) -> str:
        self.broken.append(row.number - 1)
        return "skip"

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
            found.setdefault(table, []).extend(_part(file, folder, mapping.encoding) for file in files)
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
    if name.lower().endswith(PARQUET_ENDINGS):
        return ParquetPart(file, name)
    return CsvPart(file, name, encoding)


def _binary(path: Path) -> Any:
    return pa.input_stream(str(path), compression="gzip" if path.name.lower().endswith(".gz") else None)


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
