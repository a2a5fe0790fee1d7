"""The lines of a CSV file, each a row of its own: a quote left open cannot swallow the lines after it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from dropout_risk.errors import RecordsError

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
