"""The files and sheets of a school's own system, each with its headers and a sample of its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.errors import DropoutRiskError
from dropout_risk.proposals.column_values import ColumnValues
from dropout_risk.proposals.error_words import error_words
from dropout_risk.proposals.known_names import known_mapping
from dropout_risk.records.files.csv_files import CsvPart
from dropout_risk.records.files.folders import FoundFile, find_files
from dropout_risk.records.files.readers import ParquetPart, Part
from dropout_risk.records.files.workbooks import Workbook
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text

SAMPLE_ROWS = 100_000


@dataclass(frozen=True)
class ForeignFile:
    """A file or a sheet: what it is ``called`` in a mapping, and the table that records take it for.

    ``read_as`` reads it as a table: where its headers stand depends on which headers are looked for. In the
    ``encoding`` that is named it makes more sense than as it is read without one.
    """

    name: str
    base: str
    called: str
    table: str | None
    read_as: Callable[[str], Part]
    encoding: str | None = None

    def columns(self, table: str) -> dict[str, ColumnValues]:
        """Count the values of its columns, read as a table, in its first rows."""
        part = self.read_as(table)
        headers = list(dict.fromkeys(part.header))
        counts: dict[str, Counter[str]] = {header: Counter() for header in headers}
        for batch in _first_batches(part, headers):
            for header, column in zip(headers, batch.columns, strict=True):
                counts[header].update(_value_counts(column))
        return {header: ColumnValues(found) for header, found in counts.items()}

    def pairs(self, table: str, headers: Sequence[str]) -> Counter[tuple[str, ...]]:
        """Count what stands side by side under some headers in its first rows; an empty cell is no text."""
        counts: Counter[tuple[str, ...]] = Counter()
        for batch in _first_batches(self.read_as(table), headers):
            texts = [as_text(column)[0].to_pylist() for column in batch.columns]
            counts.update(tuple(text or "" for text in row) for row in zip(*texts, strict=True))
        return counts


def _first_batches(part: Part, headers: Sequence[str]) -> Iterator[Any]:
    rows = 0
    for piece in part.pieces(headers) if headers else ():
        for batch in piece():
            yield batch
            rows += batch.num_rows
        if rows >= SAMPLE_ROWS:
            return


class Unread(NamedTuple):
    """A file that cannot be read, and why."""

    name: str
    why: Text


class ForeignFiles(NamedTuple):
    """All files of a folder that may hold tables, and those that cannot be read."""

    files: list[ForeignFile]
    unread: list[Unread]

    @classmethod
    def of(cls, folder: Path) -> ForeignFiles:
        """Look at every file of a folder, whatever it is called."""
        files: list[ForeignFile] = []
        unread: list[Unread] = []
        for found in find_files(folder, RecordsMapping()):
            try:
                files += _files_in(found)
            except DropoutRiskError as error:
                unread.append(Unread(found.file.name, error_words(str(error.message))))
            if isinstance(found.kind, Text):
                unread.append(Unread(found.file.name, found.kind))
        return cls(files, unread)


def _files_in(found: FoundFile) -> Iterator[ForeignFile]:
    file = found.file
    if found.kind == "workbook":
        yield from _sheets_of(found)
    elif found.kind == "parquet":
        part = ParquetPart(file.path, file.name)
        yield ForeignFile(file.name, file.base, found.called, found.table, lambda _: part)
    elif found.kind == "text":
        yield _text_of(found)


def _text_of(found: FoundFile) -> ForeignFile:
    file, mapping = found.file, known_mapping()
    part = CsvPart(file, "students", mapping)
    encoding = part.likelier_encoding
    if encoding is not None:
        mapping = known_mapping({file.base: encoding})
        part = CsvPart(file, "students", mapping)

    def read_as(table: str) -> Part:
        part.read_as(table, mapping)
        return part

    return ForeignFile(file.name, file.base, found.called, found.table, read_as, encoding)


def _sheets_of(found: FoundFile) -> Iterator[ForeignFile]:
    book = Workbook(found.file, None, known_mapping())
    for sheet in book.sheets:
        if RecordsMapping().ignores(sheet.name):
            continue
        alone = len(book.sheets) == 1
        table = RecordsMapping().table_of(sheet.name) or (found.table if alone else None)

        def read_as(table: str, sheet: Any = sheet) -> Part:
            return book.part(sheet, table)

        called = found.called if alone else sheet.name
        name = found.file.name if alone else f"{found.file.name} [{sheet.name}]"
        yield ForeignFile(name, found.file.base, called, table, read_as)


def _value_counts(column: Any) -> dict[str, int]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
    counted = pc.value_counts(texts)
    values, numbers = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return {value or "": number for value, number in zip(values, numbers, strict=True)}
