"""Reads the parts of one table, batch by batch, into a draft."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dropout_risk.records.ahead import ahead
from dropout_risk.records.check import RULES
from dropout_risk.records.convert import FAULTS, Vocabulary, convert
from dropout_risk.records.drafts import EMPTY, Array, Draft, Finding, Mask, Span
from dropout_risk.records.mapping import Headers, RecordsMapping, plain
from dropout_risk.records.pupil_index import PupilIndex, as_ids
from dropout_risk.records.readers import Part, Piece
from dropout_risk.records.tables import Column, Table

__all__ = ["PupilIndex", "TableReader", "nearest_header"]

_NO_ROWS = np.empty(0, np.int64)
_NO_HEADER = "no header is known; is the first line a line of headers?"
_SPARE = "another column of the same part already gives this"


class _Chunk(NamedTuple):
    """The compact columns of some rows of one part; ``ids`` only while reading ``students``."""

    part: int
    length: int
    ids: Any
    values: dict[str, Array]
    faults: dict[str, Array]


class TableReader:
    """Reads one table.

    Parameters
    ----------
    table : Table
        The contract.
    mapping : RecordsMapping
        Headers and words.
    pupils : PupilIndex, optional
        Whose rows these are; reading ``students`` makes one.
    """

    def __init__(self, table: Table, mapping: RecordsMapping, pupils: PupilIndex | None = None) -> None:
        self.table, self.mapping, self.pupils = table, mapping, pupils
        self._words = {column.name: mapping.words(column) for column in table.columns}
        self._vocabularies = {column.name: Vocabulary() for column in table.columns}
        self._findings: list[Finding] = []
        self._length = 0

    def read(self, parts: Iterable[Part]) -> Draft:
        """Read every part and put the columns together."""
        parts = list(parts)
        headers = [self.mapping.headers(self.table.name, part.header) for part in parts]
        missing = [[name for name in self.table.required if name not in of.chosen] for of in headers]
        chosen = [{} if lacks else of.chosen for of, lacks in zip(headers, missing, strict=True)]
        chunks = [chunk for found in ahead(self._tasks(parts, chosen)) for chunk in found]
        starts = self._starts(len(parts), chunks)
        unread = np.zeros(self._length, np.bool_)
        for part, of, lacks, start, stop in zip(parts, headers, missing, starts, starts[1:], strict=False):
            unread[start:stop] = bool(lacks)
            self._report_headers(part, of, lacks, np.arange(start, stop) if lacks else _NO_ROWS)
        spans = [Span(part, start, tuple(part.broken)) for part, start in zip(parts, starts, strict=False)]
        draft = Draft(self.table, unread.copy(), spans=spans, findings=self._findings)
        for column in self.table.columns:
            draft.values[column.name] = self._column(column, chunks, draft)
            self._report_faults(column, chunks, draft, unread)
        pa.default_memory_pool().release_unused()
        return draft

    def _starts(self, n_parts: int, chunks: Sequence[_Chunk]) -> list[int]:
        """Give the first row of each part, and the number of all rows."""
        lengths = [0] * n_parts
        for chunk in chunks:
            lengths[chunk.part] += chunk.length
        self._length = sum(lengths)
        return [0, *itertools.accumulate(lengths)]

    def _tasks(
        self, parts: Sequence[Part], chosen: Sequence[dict[str, str]]
    ) -> Iterator[Callable[[], list[_Chunk]]]:
        for number, part in enumerate(parts):
            for piece in part.pieces(list(chosen[number].values()) or list(part.header[:1])):
                yield partial(self._chunks_of, number, piece, list(chosen[number]), part.typed)

    def _chunks_of(self, number: int, piece: Piece, names: Sequence[str], typed: bool) -> list[_Chunk]:
        return [self._chunk(number, batch, names, typed) for batch in piece()]

    def _chunk(self, number: int, batch: Any, names: Sequence[str], typed: bool) -> _Chunk:
        chunk = _Chunk(number, batch.num_rows, pa.nulls(batch.num_rows, pa.int64()), {}, {})
        for name, array in zip(names, batch.columns, strict=False):
            column = self.table[name]
            if column.kind != "student":
                values, faults = convert(array, column, self._words[name], self._vocabularies[name])
            elif self.pupils is not None:
                values, faults = self.pupils.rows(array)
            else:
                ids, faults = as_ids(array, typed)
                values, chunk = np.full(len(ids), EMPTY["student"]), chunk._replace(ids=ids)
            chunk.values[name] = values
            if faults.any():
                chunk.faults[name] = faults
        return chunk

    def _column(self, column: Column, chunks: Sequence[_Chunk], draft: Draft) -> Array:
        """Put the values of a column together, and let go of its chunks."""
        name, empty = column.name, EMPTY[column.kind]
        if column.kind == "student" and self.pupils is None:
            self.pupils = PupilIndex.of([chunk.ids for chunk in chunks])
            values = [self.pupils.rows(chunk.ids).rows for chunk in chunks]
            return np.concatenate([np.empty(0, np.int32), *values])
        if not any(name in chunk.values for chunk in chunks):  # one empty value stands for all rows
            draft.words[name] = []
            return np.broadcast_to(empty, self._length)
        new = None
        if column.kind == "text":
            draft.words[name], new = self._vocabularies[name].ordered()
        values = []
        for chunk in chunks:
            given = chunk.values.pop(name, None)
            given = np.broadcast_to(empty, chunk.length) if given is None else given
            values.append(given if new is None else new.take(given))
        return np.concatenate(values)

    def _report_faults(self, column: Column, chunks: Sequence[_Chunk], draft: Draft, unread: Mask) -> None:
        name, start = column.name, 0
        faulty = np.zeros(len(draft), np.uint8)
        for chunk in chunks:
            if name in chunk.faults:
                faulty[start : start + chunk.length] = chunk.faults.pop(name)
            start += chunk.length
        if not column.nullable:
            empty = draft.missing(name)
            if empty.any():
                draft.set_apart("missing_value", name, empty & (faulty == 0) & ~unread)
        if faulty.any():
            for position, rule in enumerate(FAULTS):
                if rule:
                    draft.fault(rule, name, faulty == position)

    def _report_headers(self, part: Part, headers: Headers, missing: list[str], rows: Array) -> None:
        for name in missing:
            detail = (
                nearest_header(name, headers.unknown, self._aliases(name)) if headers.chosen else _NO_HEADER
            )
            self._findings.append(Finding(RULES["missing_column"], name, rows, "error", detail, part.name))
        if headers.chosen:
            for header in headers.unknown:
                self._note(header, _did_you_mean(header, self.table.names), part)
            for header in headers.spare:
                self._note(header, _SPARE, part)

    def _aliases(self, name: str) -> list[str]:
        understood = self.mapping.names_for(self.table.name)
        return [header for header, column in understood.items() if column == name]

    def _note(self, header: str, detail: str, part: Part) -> None:
        found = Finding(RULES["unknown_column"], header, _NO_ROWS, "warning", detail, part.name)
        self._findings.append(found)


def nearest_header(name: str, unknown: Sequence[str], aliases: Sequence[str]) -> str:
    """Name the unknown header that a missing column may be meant by, or the headers it may have.

    >>> nearest_header("student_id", ["studnt_id", "x"], ["student_id", "学号"])
    "is it the column 'studnt_id'?"
    """
    near = [header for header in unknown if difflib.get_close_matches(plain(header), aliases, n=1)]
    if near:
        return f"is it the column {near[0]!r}?"
    return "headers understood: " + ", ".join(repr(alias) for alias in aliases[:4])


def _did_you_mean(header: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(plain(header), names, n=1)
    return f"did you mean {near[0]!r}?" if near else ""
