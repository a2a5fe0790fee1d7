"""CSV files as parts of a table: plain, compressed or in an archive, with any delimiter and encoding."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from zipfile import BadZipFile

import pyarrow as pa
import pyarrow.csv as pa_csv

from dropout_risk.arrays import Array
from dropout_risk.errors import RecordsError
from dropout_risk.records.files.archives import TableFile
from dropout_risk.records.files.blank_rows import blank_rows, row_numbers
from dropout_risk.records.files.csv_lines import ClosedLines, Lines
from dropout_risk.records.files.encodings import FoundEncoding, encoding_doubt, find_encoding, likely_encoding
from dropout_risk.records.files.header_rows import HeaderRow, find_header_line
from dropout_risk.records.files.readers import Note, Piece
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text

BLOCK_BYTES = 1 << 24
_HEAD = 1 << 16


def distinct_headers(header: Sequence[str]) -> list[str]:
    """Make headers distinct, so that two columns of one name can both be read."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}\x00{seen[name]}")
    return names


_FORMULA = re.compile(rb'(?<![^,;|\t\n])(?:="([^"\r\n]*)"|"=""([^"\r\n]*)""")(?![^,;|\t\r\n])')


def without_formulas(text: bytes) -> bytes:
    """Take values out of the formulas that keep spreadsheets from changing them.

    >>> without_formulas(b'="001",7')
    b'"001",7'
    """
    if b'="' not in text:
        return text
    return _FORMULA.sub(rb'"\1\2"', text)


class CsvPart:
    """A CSV file of a table: UTF-8, UTF-16, UTF-32 or GB18030, or in the encoding that the mapping names."""

    typed = False
    synthetic = False

    def __init__(self, file: TableFile, table: str, mapping: RecordsMapping) -> None:
        self.file, self.name = file, file.name
        self._read: dict[int, tuple[int, list[int], list[int]]] = {}
        self._bytes_read = 0
        try:
            self.size = file.size
            named = mapping.encoding_of(table, file.base)
            with file.unpacked() as stream:
                self._found = find_encoding(stream, self.name, named or mapping.encoding, named is not None)
            self.encoding = self._found.name
            line = self._find_header(table, mapping)
        except UnicodeError:
            raise RecordsError(
                f"File {self.name!r} cannot be read as {self.encoding}.", hint=_encoding_hint(self._found)
            ) from None
        except (OSError, EOFError, BadZipFile):
            raise RecordsError(
                f"File {self.name!r} cannot be read.", hint="is it complete, and CSV?"
            ) from None
        self._begin_after(line)

    def read_as(self, table: str, mapping: RecordsMapping) -> None:
        """Look for the line of headers anew, as that of another table or in other words."""
        self._begin_after(self._find_header(table, mapping))

    def _begin_after(self, line: HeaderRow) -> None:
        self.header, self.delimiter = line.names, line.delimiter
        self.notes = list(_header_notes(line, self._found))

    @property
    def likelier_encoding(self) -> str | None:
        """Name the encoding in which the file makes more sense, where that in which it is read is doubted."""
        return likely_encoding(self._found.sample) if encoding_doubt(self._found) else None

    @property
    def broken(self) -> list[int]:
        """Row numbers of lines that cannot be split into fields."""
        return self._numbers(1)

    @property
    def blank(self) -> list[int]:
        """Row numbers of lines without any value."""
        return self._numbers(2)

    def _numbers(self, position: int) -> list[int]:
        before, numbers = 0, []
        for block in sorted(self._read):
            found = self._read[block]
            numbers += [before + number for number in found[position]]  # type: ignore[union-attr]
            before += found[0]
        return numbers

    def done(self, rows: int) -> int:
        """Give the bytes read so far, which run a few blocks ahead of the rows."""
        return self._bytes_read

    def line_positions(self, rows: Array) -> Array:
        """Give the lines in which some rows stand, both by position: each row has its own."""
        return rows

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the file into blocks of lines; every value is given as text."""
        self._read = {}
        if not self.header:
            return
        names = distinct_headers(self.header)
        wanted = [names[self.header.index(header)] for header in headers]
        with self.file.open() as raw, self.file.unpacked(raw) as stream:
            text = pa.transcoding_input_stream(stream, self.encoding, "utf-8")
            self._checked(lambda: self._skip_header(text))
            blocks = enumerate(ClosedLines(text, self.delimiter, len(names), BLOCK_BYTES))
            while (found := self._checked(lambda: next(blocks, None))) is not None:
                number, lines = found
                self._bytes_read = raw.tell()
                yield partial(self._parse, number, lines, names, wanted)

    def _skip_header(self, text: Any) -> None:
        left = self._header_bytes
        while left and (read := len(text.read(left))):
            left -= read

    def _parse(self, number: int, lines: Lines, names: list[str], wanted: list[str]) -> list[Any]:
        broken: list[int] = []
        if not lines.text.strip(b"\r\n"):
            self._read[number] = 0, [], []
            return []
        batch = self._checked(lambda: self._parsed(lines, names, wanted, broken))
        rows = batch.num_rows + len(broken)
        blank: Array | None = blank_rows(batch.columns)
        if blank is not None and len(wanted) < len(names):
            whole = self._checked(lambda: self._parsed(lines, names, names, []))
            blank = blank_rows(whole.columns)
        self._read[number] = rows, broken, []
        if blank is None:
            return [batch] if batch.num_rows else []
        self._read[number] = rows, broken, row_numbers(blank.nonzero()[0], broken).tolist()
        return [batch.filter(pa.array(~blank))]

    def _parsed(self, lines: Lines, names: list[str], wanted: list[str], broken: list[int]) -> Any:
        def note(row: Any) -> str:
            broken.append(row.number)
            return "skip"

        text = pa.dictionary(pa.int32(), pa.string())
        options = (
            pa_csv.ReadOptions(use_threads=False, block_size=len(lines.text) + 1, column_names=names),
            pa_csv.ParseOptions(
                delimiter=self.delimiter, invalid_row_handler=note, newlines_in_values=lines.breaks_inside
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, text), include_columns=wanted, strings_can_be_null=False
            ),
        )
        table = pa_csv.read_csv(pa.BufferReader(without_formulas(lines.text)), *options)
        batches = table.to_batches() if table.num_rows else []
        if len(batches) != 1:
            batches = table.combine_chunks().to_batches() or [_no_rows(table.schema)]
        return batches[0]

    def _checked(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError, EOFError, BadZipFile):  # they quote the file
            raise RecordsError(
                f"File {self.name!r} is cut off, or is not CSV in {self.encoding}.",
                hint=f"is it complete? otherwise {_encoding_hint(self._found)}",
            ) from None

    def _find_header(self, table: str, mapping: RecordsMapping) -> HeaderRow:
        with self.file.unpacked() as stream:
            head = io.TextIOWrapper(stream, encoding=self.encoding, newline="").read(_HEAD)
        line = find_header_line(head, table, mapping)
        self._header_bytes = len(head[: line.end].encode())
        return line


def _no_rows(schema: Any) -> Any:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def _encoding_hint(found: FoundEncoding) -> str:
    near = likely_encoding(found.sample)
    return "name its encoding in the mapping" + (f", such as encoding = {near!r}" if near else "")


_HEADERS_BELOW = Text(zh="表头在第{row}行", en="the headers stand in line {row}")


def _header_notes(line: HeaderRow, found: FoundEncoding) -> Iterator[Note]:
    if line.passed_over:
        yield Note("lines_above_headers", _HEADERS_BELOW.filled(row=line.row))
    doubted = encoding_doubt(found)
    if doubted is not None:
        yield Note("doubtful_encoding", doubted)
