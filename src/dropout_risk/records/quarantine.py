"""Rows that could not be used, each with its reason: the county's own file, since it holds pupils' values."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array
from dropout_risk.files import replacing_file
from dropout_risk.records.files.readers import read_batches
from dropout_risk.records.rows import Draft, Span
from dropout_risk.records.rules import Rule
from dropout_risk.text import Language, guarded_cell

if TYPE_CHECKING:
    import pandas as pd


NOTHING_LOST = ("duplicate_row", "unknown_pupil", "pupil_set_apart")
_NO_ROWS = np.empty(0, np.int32)
_MARKS = ("table", "file", "row", "rule", "reason")


class ApartRow(NamedTuple):
    """A row that was set apart: where it stands, counted from 1 without the header, and why."""

    table: str
    file: str
    number: int
    rules: tuple[Rule, ...]

    def marks(self, language: Language) -> tuple[Any, ...]:
        """Give it in words: table, file, row, codes and reasons."""
        codes = "; ".join(rule.code for rule in self.rules)
        return (*self[:3], codes, "; ".join(rule.message.to(language) for rule in self.rules))


@dataclass(frozen=True)
class SetApart:
    """The rows of one table that were set apart, by their positions in the order of reading.

    A row's entry in ``marks`` has one bit for each of ``rules``.
    """

    table: str
    spans: tuple[Span, ...]
    rules: tuple[Rule, ...]
    rows: Array
    marks: Array

    @classmethod
    def of(cls, draft: Draft) -> SetApart:
        """Collect the rows of a draft that carry an error."""
        errors = [found for found in draft.findings if found.severity == "error"]
        rules = tuple(dict.fromkeys(found.rule for found in errors))
        rows = np.concatenate([_NO_ROWS, *(found.rows for found in errors)]).astype(np.int32)
        rows = np.unique(rows) if errors else rows
        marks = np.zeros(len(rows), np.uint32)
        for found in errors:
            marks[np.searchsorted(rows, found.rows)] |= np.uint32(1 << rules.index(found.rule))
        return cls(draft.table.name, tuple(draft.spans), rules, rows, marks)

    def __len__(self) -> int:
        return len(self.rows) + sum(len(span.broken) for span in self.spans)

    def lost(self) -> int:
        """Count the rows that are set apart for more than being a copy, or of a pupil who is not listed."""
        bits = sum(1 << k for k, rule in enumerate(self.rules) if rule.name not in NOTHING_LOST)
        broken = sum(len(span.broken) for span in self.spans)
        return int(np.count_nonzero(self.marks & np.uint32(bits))) + broken

    def rules_of(self, mark: int) -> tuple[Rule, ...]:
        """Give the rules that a row's mark stands for."""
        return tuple(rule for k, rule in enumerate(self.rules) if mark >> k & 1)

    def by_part(self) -> Iterator[tuple[Span, slice]]:
        """Give each part with its rows here."""
        stops = np.searchsorted(self.rows, [span.start for span in self.spans[1:]]).tolist()
        starts = [0, *stops]
        for span, start, stop in zip(self.spans, starts, [*stops, len(self.rows)], strict=False):
            yield span, slice(start, stop)

    def named(self, span: Span, here: slice, broken: Rule) -> Iterator[ApartRow]:
        """Name the rows of a part with their rules; broken lines come last."""
        numbers = span.numbers(self.rows[here]).tolist()
        for number, mark in zip(numbers, self.marks[here].tolist(), strict=True):
            yield ApartRow(self.table, span.part.name, number, self.rules_of(mark))
        for number in span.broken:
            yield ApartRow(self.table, span.part.name, number, (broken,))

    def originals(self, span: Span, here: slice) -> Iterator[tuple[Any, ...]]:
        """Read the rows of a part again as they stood in the input."""
        wanted = self.rows[here] - span.start
        position = 0
        for batch in read_batches(span.part, span.part.header) if len(wanted) else ():
            first, last = np.searchsorted(wanted, [position, position + batch.num_rows])
            if last > first:
                taken = batch.take(pa.array(wanted[first:last] - position))
                yield from zip(*(column.to_pylist() for column in taken.columns), strict=True)
            position += batch.num_rows


class Quarantine:
    """Every row that was set apart, with its reason.

    ``student_rules`` gives, for each pupil without a usable row in ``students``, the rules that fired on
    theirs; ``broken`` is the rule for lines that could not be split into fields.
    """

    def __init__(
        self, tables: Sequence[SetApart], student_rules: dict[Any, tuple[Rule, ...]], broken: Rule
    ) -> None:
        self._tables = {table.table: table for table in tables}
        self._broken = broken
        self.student_rules = student_rules

    @property
    def student_ids(self) -> list[Any]:
        """Pupils without a usable row in ``students``: they cannot be scored, and must be named."""
        return list(self.student_rules)

    def __len__(self) -> int:
        return sum(len(table) for table in self._tables.values())

    def counts(self) -> dict[str, int]:
        """Count the rows set apart per table."""
        return {name: len(table) for name, table in self._tables.items()}

    def lost(self) -> dict[str, int]:
        """Count the rows per table that are lost: neither copies of a row in use nor of unknown pupils."""
        return {name: table.lost() for name, table in self._tables.items()}

    def rows(self) -> Iterator[ApartRow]:
        """Name each row that was set apart."""
        for table in self._tables.values():
            for span, here in table.by_part():
                yield from table.named(span, here, self._broken)

    def frame(self, language: Language = "en") -> pd.DataFrame:
        """Give table, file, row number, codes of the rules and reason of each row, without its values."""
        import pandas as pd

        lines = [row.marks(language) for row in self.rows()]
        return pd.DataFrame(lines, columns=list(_MARKS)).astype({"row": "int64"})

    def write(self, path: str | Path, language: Language = "en") -> list[Path]:
        """Write the rows as they stood in the input, each with its reason; give the files written.

        Cells that a spreadsheet would run as a formula have a quote in front.

        A ``path`` ending in ``.csv`` takes all tables together, a folder one file per table; files of tables
        that have nothing set apart any more are removed from it. The files hold pupils' values; they are
        readable by their owner only and appear complete or not at all.
        """
        path = Path(path)
        if path.suffix.lower() == ".csv":
            _write_rows(path, list(self._tables.values()), self._broken, language)
            return [path]
        path.mkdir(parents=True, exist_ok=True)
        written = []
        for name, table in self._tables.items():
            file = path / f"{name}.csv"
            if len(table):
                _write_rows(file, [table], self._broken, language)
                written.append(file)
            else:
                file.unlink(missing_ok=True)
        return written


def _write_rows(path: Path, tables: Sequence[SetApart], broken: Rule, language: Language) -> None:
    headers = dict.fromkeys(header for table in tables for span in table.spans for header in span.part.header)
    with replacing_file(path) as beside, beside.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(guarded_cell, [*_MARKS, *headers]))
        for table in tables:
            for line in _row_lines(table, list(headers), broken, language):
                writer.writerow(map(guarded_cell, line))


def _row_lines(
    table: SetApart, headers: list[str], broken: Rule, language: Language
) -> Iterator[tuple[Any, ...]]:
    """Give the marks of each row followed by its original values under the file's headers."""
    for span, here in table.by_part():
        given = span.part.header
        positions = [given.index(header) if header in given else None for header in headers]
        nothing = (None,) * len(given)
        originals = itertools.chain(table.originals(span, here), itertools.repeat(nothing, len(span.broken)))
        for row, values in zip(table.named(span, here, broken), originals, strict=True):
            yield (
                *row.marks(language),
                *(None if position is None else values[position] for position in positions),
            )
