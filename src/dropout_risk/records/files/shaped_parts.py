"""Parts of tables as a mapping shapes them: wide and joined files, columns in one, constants, filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools
from dropout_risk.errors import RecordsError, nearest
from dropout_risk.records.files.blank_rows import row_numbers
from dropout_risk.records.files.readers import Note, Part, PartitionedPart, Piece, WrappedPart, read_batches
from dropout_risk.records.files.wide_sheets import unpivoted_part
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.table_shapes import BESIDE, JOINED, Join, RowFilter
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Text, same_words

_LEFT_OUT = Text(
    zh="按映射文件的 filters、ignored_words 略去{number}行", en="{number} row(s), by filters or ignored_words"
)
_ALONE = Text(
    zh="{number}行在“{name}”中没有对应的行，该文件给出的列为空",
    en="{number} row(s) have none in {name!r}: what it gives is empty there",
)


def shape_parts(parts: Mapping[str, Sequence[Part]], mapping: RecordsMapping) -> dict[str, list[Part]]:
    """Give the parts of each table as the mapping shapes them; files that are joined are no tables any more.

    RecordsError if a file that is to be joined is not there, or lacks the header of the join.
    """
    given = {name: list(own) for name, own in parts.items() if not name.startswith(JOINED)}
    if not mapping.shapes:
        return given
    for table in mapping.shapes.wide:
        given[table] = [unpivoted_part(part, table, mapping) for part in given.get(table, ())]
    for table, join in mapping.shapes.joins.items():
        if table in given:
            beside = _Beside(table, join, parts.get(JOINED + join.name, ()))
            given[table] = [JoinedPart(part, join, beside) for part in given[table]]
    return {table: [_shaped_part(part, table, mapping) for part in own] for table, own in given.items()}


def _shaped_part(part: Part, table: str, mapping: RecordsMapping) -> Part:
    shapes, header = mapping.shapes, part.header
    notes = []
    if table in shapes.combined:
        part = CombinedPart(part, shapes.combined[table])
        notes += [_unused_note(f"combined.{table}", name) for name in part.lacking]
    chosen = mapping.headers(table, part.header).chosen
    constants = shapes.constants.get(table, {})
    notes += [_unused_note(f"constants.{table}", name) for name in constants if name in chosen]
    missing = {name: value for name, value in constants.items() if name not in chosen}
    if missing:
        part = PartitionedPart(part, missing)
    headers = {plain_form(name): name for name in (*header, *part.header)}
    rules = []
    for rule in shapes.filters.get(table, ()):
        if rule.header in headers:
            rules.append(rule._replace(header=headers[rule.header]))
        else:
            notes.append(_unused_note(f"filters.{table}", rule.header))
    rules += [
        RowFilter(chosen[column], words, keeps=False)
        for column, words in shapes.ignored_words.items()
        if column in chosen
    ]
    return FilteredPart(part, rules, notes) if rules or notes else part


def _unused_note(section: str, name: str) -> Note:
    return Note("unused_entry", same_words(f"[{section}]"), name)


class CombinedPart(WrappedPart):
    """A part in which the cells of several columns are read as one, whose words are theirs beside each other.

    A cell that is empty is left out, but for the first one. The columns themselves can still be asked for.
    """

    def __init__(self, part: Part, combined: Mapping[str, Sequence[str]]) -> None:
        super().__init__(part)
        plain = {plain_form(header): header for header in part.header}
        self.lacking = [name for headers in combined.values() for name in headers if name not in plain]
        found = {name: [plain[one] for one in own if one in plain] for name, own in combined.items()}
        self.combined = {name: headers for name, headers in found.items() if headers}
        taken = {header for headers in self.combined.values() for header in headers}
        self.header = (*(header for header in part.header if header not in taken), *self.combined)

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns."""
        asked = [part for header in headers for part in self.combined.get(header, (header,))]
        asked = list(dict.fromkeys(asked))
        for piece in self.part.pieces(asked):
            yield partial(self._combined, piece, asked, list(headers))

    def _combined(self, piece: Piece, asked: list[str], headers: list[str]) -> list[Any]:
        result = []
        for batch in piece():
            given = dict(zip(asked, batch.columns, strict=True))
            columns = [
                _side_by_side([given[one] for one in self.combined[name]])
                if name in self.combined
                else given[name]
                for name in headers
            ]
            result.append(pa.RecordBatch.from_arrays(columns, headers))
        return result


def _side_by_side(columns: Sequence[Any]) -> Any:
    first, *others = (pc.cast(as_text(column)[0], pa.string()) for column in columns)
    whole = first
    for other in others:
        both = pc.binary_join_element_wise(pc.fill_null(whole, ""), other, BESIDE)
        whole = pc.coalesce(both, whole)
    return whole


class FilteredPart(WrappedPart):
    """The rows of a part that pass some filters."""

    def __init__(self, part: Part, rules: Sequence[RowFilter], notes: Sequence[Note]) -> None:
        super().__init__(part)
        self.rules, self._notes = rules, notes
        self._seen: dict[int, tuple[int, list[int]]] = {}

    def line_positions(self, rows: Array) -> Array:
        """Give the lines of the file in which some rows stand, by position."""
        before, positions = 0, []
        for number in sorted(self._seen):
            seen, left = self._seen[number]
            positions += [before + position + 1 for position in left]
            before += seen
        return self.part.line_positions(row_numbers(rows, positions) - 1)

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the file, and how many rows do not pass."""
        number = sum(len(left) for _, left in self._seen.values())
        told = [Note("rows_left_out", _LEFT_OUT.filled(number=number))] if number else []
        return [*self.part.notes, *self._notes, *told]

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns, without the rows that do not pass."""
        self._seen = {}
        asked = list(dict.fromkeys((*headers, *(rule.header for rule in self.rules))))
        for number, piece in enumerate(self.part.pieces(asked)):
            yield partial(self._passing, number, piece, asked, list(headers))

    def _passing(self, number: int, piece: Piece, asked: list[str], headers: list[str]) -> list[Any]:
        rows, left, kept = 0, [], []
        for batch in piece():
            passes = np.ones(batch.num_rows, np.bool_)
            for rule in self.rules:
                passes &= _passing_rows(batch.columns[asked.index(rule.header)], rule)
            left += (np.flatnonzero(~passes) + rows).tolist()
            rows += batch.num_rows
            columns = [batch.columns[asked.index(header)] for header in headers]
            kept.append(pa.RecordBatch.from_arrays(columns, headers).filter(pa.array(passes)))
        self._seen[number] = rows, left
        return kept


def _passing_rows(column: Any, rule: RowFilter) -> Bools:
    codes = as_text(column)[0].dictionary_encode(null_encoding="encode")
    by_word = np.array([rule.passes(word) for word in codes.dictionary.to_pylist()], np.bool_)
    return np.asarray(by_word[codes.indices.to_numpy(zero_copy_only=False)], np.bool_)


class _Beside:
    """The rows of the file that is joined, found by their key."""

    def __init__(self, table: str, join: Join, parts: Sequence[Part]) -> None:
        if not parts:
            raise RecordsError(
                f"The mapping joins {join.name!r} to {table}, and there is no such file or frame.",
                hint="name it as it is called, without its ending, or remove [joins]",
            )
        self.table, self.join, self.parts = table, join, parts
        self.headers = list(dict.fromkeys(header for part in parts for header in part.header))
        self.key = header_like(self.headers, join.there, join.name)

    @cached_property
    def rows(self) -> Any:
        """All rows as a table, each key once; RecordsError where rows of one key differ."""
        tables = []
        for part in self.parts:
            named = list(dict.fromkeys(part.header))
            batches = [pa.RecordBatch.from_arrays(b.columns, named) for b in read_batches(part, named)]
            tables.append(pa.Table.from_batches(batches) if batches else _no_rows(named))
        whole = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
        keys = as_text(one_column(whole, self.key))[0].to_pylist()
        lines = zip(*(as_text(one_column(whole, name))[0].to_pylist() for name in self.headers), strict=True)
        rows = dict.fromkeys(line for key, line in zip(keys, lines, strict=True) if key is not None)
        twice = [n for n in Counter(line[self.headers.index(self.key)] for line in rows).values() if n > 1]
        if twice:
            raise RecordsError(
                f"{len(twice)} value(s) of {self.key!r} have several rows in {self.join.name!r} that differ.",
                hint="a file that is joined has one row for each: join it the other way round, or filter it",
            )
        return whole

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each key."""
        keys = as_text(one_column(self.rows, self.key))[0].to_pylist()
        return {key: row for row, key in enumerate(keys) if key is not None}


def one_column(table: Any, name: str) -> Any:
    """Give a column of a table as one array."""
    column = table[name]
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _no_rows(names: Sequence[str]) -> Any:
    return pa.table({name: pa.array([], pa.string()) for name in names})


def header_like(headers: Iterable[str], plain: str, where: str) -> str:
    """Find the header that is written like this; RecordsError with the nearest if there is none."""
    found = {plain_form(header): header for header in headers}
    if plain not in found:
        raise RecordsError(f"{where!r} has no column {plain!r} to join by.", hint=nearest(plain, found))
    return found[plain]


class JoinedPart(WrappedPart):
    """A part with the columns of a second file beside each row that has its key; its own go before them."""

    def __init__(self, part: Part, join: Join, beside: _Beside) -> None:
        super().__init__(part)
        self.join, self.beside = join, beside
        self.key = header_like(part.header, join.here, part.name or beside.table)
        self.added = [header for header in beside.headers if header not in part.header]
        self.header = (*part.header, *self.added)
        self._alone: dict[int, int] = {}

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the file, and how many rows have no partner."""
        number = sum(self._alone.values())
        said = _ALONE.filled(number=number, name=self.join.name)
        return [*self.part.notes, *([Note("no_partner", said, self.key)] if number else [])]

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the part into pieces that give these columns, of both files."""
        self._alone = {}
        asked = list(dict.fromkeys((*(name for name in headers if name not in self.added), self.key)))
        for number, piece in enumerate(self.part.pieces(asked)):
            yield partial(self._joined, number, piece, asked, list(headers))

    def _joined(self, number: int, piece: Piece, asked: list[str], headers: list[str]) -> list[Any]:
        result, alone = [], 0
        for batch in piece():
            keys = as_text(batch.columns[asked.index(self.key)])[0]
            rows = pa.array([self.beside.row_of.get(key) for key in keys.to_pylist()], pa.int64())
            alone += rows.null_count - keys.null_count
            columns = [
                pc.take(one_column(self.beside.rows, name), rows) if name in self.added
                else batch.columns[asked.index(name)]
                for name in headers
            ]  # fmt: skip
            result.append(pa.RecordBatch.from_arrays(columns, headers))
        self._alone[number] = alone
        return result
