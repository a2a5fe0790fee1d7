"""The files of another system as rows of texts, read by the readers of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.left_out import BROKEN_LINE, LeftOut
from dropout_risk.records.files.csv_files import CsvPart
from dropout_risk.records.files.folders import FoundFile, find_files, table_stem
from dropout_risk.records.files.readers import Part, read_batches
from dropout_risk.records.files.workbooks import Workbook
from dropout_risk.records.rules import RULES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import trimmed_text
from dropout_risk.text import CLAUSES, Text, is_formula

Row = dict[str, str | None]
_TABLE = "students"
_PARQUET = Text(zh="是 Parquet 文件", en="it is Parquet")


@dataclass(frozen=True)
class SourceFile:
    """One file or sheet: its name in the source, its stem, and the part that reads it."""

    name: str
    stem: str
    part: Part

    @property
    def header(self) -> tuple[str, ...]:
        """Its headers as they stand there."""
        return self.part.header

    def rows(self, wanted: Mapping[str, str], left: LeftOut) -> list[Row]:
        """Read the columns that are wanted (name to header) as texts; lines that cannot be read are noted."""
        headers = list(dict.fromkeys(wanted.values()))
        rows: list[Row] = []
        for batch in read_batches(self.part, headers) if headers else ():
            texts = {
                header: [plain_cell(value) for value in column.to_pylist()]
                for header, column in zip(headers, batch.columns, strict=True)
            }
            columns = [texts[header] for header in wanted.values()]
            rows += [dict(zip(wanted, values, strict=True)) for values in zip(*columns, strict=True)]
        left.add_rows(self.name, len(self.part.broken), BROKEN_LINE)
        for note in self.part.notes:
            if note.rule == "doubtful_encoding":
                left.add_file(self.name, CLAUSES.joined((RULES[note.rule].message, note.detail)))
        return rows


def plain_cell(text: str | None) -> str | None:
    """Take blanks off a text, and the quote that guards it from spreadsheets; None where it is empty.

    >>> plain_cell(" 3 "), plain_cell("'=1"), plain_cell("'t"), plain_cell("")
    ('3', '=1', "'t", None)
    """
    text = trimmed_text(text)
    return text[1:] if text is not None and text[:1] == "'" and is_formula(text) else text


def source_files(source: Path, mapping: RecordsMapping, left: LeftOut) -> list[SourceFile]:
    """Open every text and every sheet of a source: a folder, a zip or one file; what is not read is noted.

    Raises
    ------
    RecordsError
        If there is no such source, or one of its files cannot be read.
    """
    if not source.exists():
        raise RecordsError(f"There is no {str(source)!r}.", hint="give the folder, zip or file of the export")
    return [file for found in find_files(source, mapping) for file in _opened_files(found, mapping, left)]


def _opened_files(found: FoundFile, mapping: RecordsMapping, left: LeftOut) -> Iterator[SourceFile]:
    file = found.file
    stem = table_stem(file.base)
    if found.kind == "text":
        yield SourceFile(file.name, stem, CsvPart(file, _TABLE, mapping))
    elif found.kind == "workbook":
        book = Workbook(file, _TABLE, mapping)
        for _, part in book.parts:
            yield SourceFile(part.name, stem, part)
        for sheet in book.unread:
            left.add_file(file.name, sheet.detail)
    else:
        left.add_file(file.name, found.kind if isinstance(found.kind, Text) else _PARQUET)


def found_bytes(source: Path) -> Iterator[tuple[str, bytes]]:
    """Give the name and the bytes of every file of a source, whatever it holds."""
    if not source.exists():
        raise RecordsError(f"There is no {str(source)!r}.", hint="give the folder, zip or file of the export")
    for found in find_files(source, RecordsMapping.of(None)):
        yield found.file.name, found.file.read()


def require_nothing(problems: Iterable[str], what: str, hint: str) -> None:
    """Raise one RecordsError of all problems; none where there are none."""
    told = list(problems)
    if told:
        raise RecordsError(f"{what}: {'; '.join(told)}.", hint=hint)
