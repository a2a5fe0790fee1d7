"""Reads the parts of one table, batch by batch, into a draft."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import call
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bools
from dropout_risk.kernels import in_threads, prefetch
from dropout_risk.records.checks.no_pupils import PupilWords
from dropout_risk.records.checks.row_checks import check_readable
from dropout_risk.records.days.school_zone import SchoolDay
from dropout_risk.records.files.leave_spans import span_headers
from dropout_risk.records.files.readers import Part, Piece
from dropout_risk.records.files.wide_sheets import wide_headers
from dropout_risk.records.pupils.other_ids import is_id
from dropout_risk.records.pupils.pupil_index import PupilIndex, as_ids
from dropout_risk.records.pupils.unused_columns import told_of_header
from dropout_risk.records.rows import Draft, Finding, Span
from dropout_risk.records.rules import RULES
from dropout_risk.records.tables import Column, Table
from dropout_risk.records.values import EMPTY, Vocabulary, convert_column
from dropout_risk.records.wording.mapping import Headers, RecordsMapping
from dropout_risk.records.wording.table_shapes import SPREAD, SpanHeaders
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import ITEMS, NO_WORDS, Text, same_words

Seen = TypeVar("Seen")
_MANY = 1 << 16
_EMPTY_RUNS = {kind: np.broadcast_to(empty, 1 << 40) for kind, empty in EMPTY.items()}
_NO_ROWS = np.empty(0, np.int64)
NO_HEADER = Text(
    zh="没有一个表头可以识别；第一行是表头吗？",
    en="no header is known; is the first line a line of headers?",
)
_NAMELESS = Text(zh="该列没有表头", en="it has no header")
_SO_MANY = Text(zh="共{number}列", en="{number} columns are of this kind")
_SPARE = Text(zh="同一部分的另一列已给出该值", en="another column of the same part already gives this")
_IS_IT = Text(zh="是否为“{header}”列？", en="is it the column {header!r}?")
_UNDERSTOOD = Text(zh="可识别的表头：{headers}", en="headers understood: {headers}")
_MEANT = Text(zh="是否为 {name}？", en="did you mean {name!r}?")


class _Chunk(NamedTuple):
    """The compact columns of some rows; ``ids`` only while reading ``students``."""

    length: int
    ids: Any
    values: dict[str, Array]
    faults: dict[str, Array]


Progress = Callable[[str, int, float], None]
"""Told the table, its rows so far, and the share of its files that has been read."""


Look = Callable[..., Seen]
"""Looks at a batch, in any thread.

It is given the batch, the names of its columns, whether values have types, and the header of the ids.
"""


class TableReader:
    """Reads one table; reading ``students`` makes the index of pupils, other tables are given it."""

    def __init__(
        self,
        table: Table,
        mapping: RecordsMapping,
        pupils: PupilIndex | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.table, self.mapping, self.pupils, self.progress = table, mapping, pupils, progress
        self._words = {column.name: mapping.words(column) for column in table.columns}
        self._vocabularies = {column.name: Vocabulary() for column in table.columns}
        self.pupil_words = PupilWords.under(mapping.headers_of(table.name, "student_id"))
        self._findings: list[Finding] = []
        self._length = 0

    def read(self, parts: Iterable[Part]) -> Draft:
        """Read every part and put the columns together."""
        chunks: list[_Chunk] = []
        draft = self.each(parts, self._chunk, lambda chunk, _: chunks.append(chunk))
        unread = draft.apart.copy()
        put_together = partial(self._column, chunks=chunks, draft=draft)
        many = self._length > _MANY
        columns = (
            in_threads(put_together, self.table.columns) if many else map(put_together, self.table.columns)
        )
        for column, values in zip(self.table.columns, columns, strict=True):
            draft.values[column.name] = values
            self._report_faults(column, chunks, draft, unread)
        if many:
            pa.default_memory_pool().release_unused()
        return draft

    def each(self, parts: Iterable[Part], look: Look[Seen], then: Callable[[Seen, int], Any]) -> Draft:
        """Look at every batch, in threads, and use what was seen there, in the order of the rows.

        ``look`` is given no names where the part lacks a required column; ``then`` is called in this thread
        with what was seen and the number of rows before it. The draft has no columns: the rows of parts that
        lack a required column set apart, the spans, and what was found in the headers.
        """
        parts = list(parts)
        headers = [self.mapping.headers(self.table.name, part.header) for part in parts]
        required = self.mapping.required(self.table.name)
        missing = [[name for name in required if name not in found.chosen] for found in headers]
        chosen = [{} if lacks else found.chosen for found, lacks in zip(headers, missing, strict=True)]
        lengths = [0] * len(parts)
        zone_of, orders = self.mapping.time.zone_of, self.mapping.conventions.dates
        days = [SchoolDay(self.table, zone_of(self.table.name, part.name), orders) for part in parts]
        for number, found in prefetch(call, _piece_tasks(parts, chosen, look, days)):
            for length, seen in found:
                then(seen, self._length)
                lengths[number] += length
                self._length += length
            self._tell(parts, number, lengths[number])
        starts = [0, *itertools.accumulate(lengths)]
        unread = np.zeros(self._length, np.bool_)
        for part, header, lacks, start, stop in zip(
            parts, headers, missing, starts, starts[1:], strict=False
        ):
            unread[start:stop] = bool(lacks)
            self._report_headers(part, header, lacks, np.arange(start, stop) if lacks else _NO_ROWS)
        self._report_doubts(parts, days)
        spans = [
            Span(part, start, tuple(part.broken), tuple(part.blank))
            for part, start in zip(parts, starts, strict=False)
        ]
        return Draft(self.table, unread, spans=spans, findings=self._findings)

    def _tell(self, parts: Sequence[Part], number: int, rows: int) -> None:
        if self.progress is not None:
            sizes = [part.size for part in parts]
            done = sum(sizes[:number]) + parts[number].done(rows)
            self.progress(self.table.name, self._length, min(done / max(sum(sizes), 1), 1.0))

    def _chunk(self, batch: Any, names: Sequence[str], typed: bool, ids_under: str = "") -> _Chunk:
        ids = pa.nulls(batch.num_rows, pa.int64()) if self.pupils is None and not names else None
        chunk = _Chunk(batch.num_rows, ids, {}, {})
        for name, array in zip(names, batch.columns, strict=False):
            column = self.table[name]
            if column.kind != "student":
                values, faults = convert_column(array, column, self._words[name], self._vocabularies[name])
            elif self.pupils is not None:
                values, faults = self.pupil_words.fault_rows(array, *self.pupils.rows(array, ids_under))
            else:
                ids, faults = self._ids(array, typed)
                values, chunk = np.full(len(ids), EMPTY["student"]), chunk._replace(ids=ids)
            chunk.values[name] = values
            if np.count_nonzero(faults):
                chunk.faults[name] = faults
        return chunk

    def _ids(self, array: Any, typed: bool) -> tuple[Any, Array]:
        ids, faults = as_ids(array, typed)
        named, wrong = self.pupil_words.fault_ids(ids, faults)
        return (ids, faults) if named is ids else (as_ids(named, typed)[0], wrong)

    def _column(self, column: Column, chunks: Sequence[_Chunk], draft: Draft) -> Array:
        """Put the values of a column together, and let go of its chunks."""
        name = column.name
        if column.kind == "student" and self.pupils is None:
            self.pupils = PupilIndex.of([chunk.ids for chunk in chunks])
            values = [self.pupils.rows(chunk.ids).rows for chunk in chunks]
            return values[0] if len(values) == 1 else np.concatenate([np.empty(0, np.int32), *values])
        once = self.mapping.given_once(name)
        if not any(name in chunk.values for chunk in chunks):  # one empty value stands for all rows
            draft.words[name] = []
            return _EMPTY_RUNS[column.kind][: self._length] if once is None else np.full(self._length, once)
        new = None
        if column.kind == "text":
            draft.words[name], new = self._vocabularies[name].ordered()
        values = []
        for chunk in chunks:
            given = chunk.values.pop(name, None)
            given = _EMPTY_RUNS[column.kind][: chunk.length] if given is None else given
            values.append(given if new is None else new.take(given))
        whole = values[0] if len(values) == 1 and values[0].flags.writeable else np.concatenate(values)
        return whole if once is None else np.where(np.isnan(whole), once, whole)

    def _report_faults(self, column: Column, chunks: Sequence[_Chunk], draft: Draft, unread: Bools) -> None:
        name, start = column.name, 0
        faults: Array | None = None
        for chunk in chunks if any(chunk.faults for chunk in chunks) else ():
            if name in chunk.faults:
                faults = np.zeros(len(draft), np.uint8) if faults is None else faults
                faults[start : start + chunk.length] = chunk.faults.pop(name)
            start += chunk.length
        check_readable(draft, column, faults, unread)

    def _report_headers(self, part: Part, headers: Headers, missing: list[str], rows: Array) -> None:
        for said in part.notes:
            rule = RULES[said.rule]
            self._findings.append(Finding(rule, said.column, _NO_ROWS, rule.severity, said.detail, part.name))
        for name in missing:
            aliases = self.mapping.headers_of(self.table.name, name)
            detail = nearest_header(headers.unknown, aliases) if headers.chosen else NO_HEADER
            self._findings.append(Finding(RULES["missing_column"], name, rows, "error", detail, part.name))
        wide = wide_headers(self.table.name, headers.unknown, self.mapping) if missing else []
        if wide:
            self._findings.append(
                Finding(
                    RULES["one_column_each"],
                    wide[0],
                    _NO_ROWS,
                    "error",
                    _SO_MANY.filled(number=len(wide)),
                    part.name,
                )
            )
        spans = span_headers(headers.unknown) if "date" in missing and self.table.name in SPREAD else None
        if spans is not None:
            self._findings.append(
                Finding(
                    RULES["undeclared_spans"], spans.first, _NO_ROWS, "error", _entries_of(spans), part.name
                )
            )
        if headers.chosen:
            for header in (name for name in headers.unknown if name not in (*wide, *(spans or ()))):
                lacking = [column for column in self.table.names if column not in headers.chosen]
                told = told_of_header(self.table.name, header)
                detail = told or (_did_you_mean(header, lacking) if header.strip() else _NAMELESS)
                self._note(header, detail, part)
            for header in headers.spare:
                if self.table.name != "students" or not is_id(header, self.mapping):
                    self._note(header, _SPARE, part)

    def _report_doubts(self, parts: Sequence[Part], days: Sequence[SchoolDay]) -> None:
        for part, day in zip(parts, days, strict=True):
            for name, times in day.doubts():
                found = Finding(RULES["time_of_day"], name, _NO_ROWS, "warning", times, part.name)
                self._findings.append(found)

    def _note(self, header: str, detail: Text, part: Part) -> None:
        found = Finding(RULES["unknown_column"], header, _NO_ROWS, "warning", detail, part.name)
        self._findings.append(found)


def _piece_tasks(
    parts: Sequence[Part], chosen: Sequence[dict[str, str]], look: Look[Seen], days: Sequence[SchoolDay]
) -> Iterator[Callable[[], tuple[int, list[tuple[int, Seen]]]]]:
    """Give one task for each piece of each part: read it and look at its batches."""
    for number, part in enumerate(parts):
        names = list(chosen[number])
        for piece in part.pieces(list(chosen[number].values()) or list(part.header[:1])):
            header = chosen[number].get("student_id", "")
            seen = partial(look, ids_under=header)
            yield partial(_look_at, number, piece, seen, names, part.typed, days[number])


def _look_at(  # noqa: PLR0917
    number: int, piece: Piece, look: Callable[..., Seen], names: Sequence[str], typed: bool, day: SchoolDay
) -> tuple[int, list[tuple[int, Seen]]]:
    return number, [(batch.num_rows, look(day.local(batch, names), names, typed)) for batch in piece()]


def nearest_header(unknown: Sequence[str], aliases: Sequence[str]) -> Text:
    """Name the unknown header that a missing column may be meant by, or the headers it may have.

    >>> nearest_header(["studnt_id", "x"], ["student_id", "学号"]).en
    "is it the column 'studnt_id'?"
    """
    near = [header for header in unknown if _nearest_names(header, aliases)]
    if near:
        return _IS_IT.filled(header=near[0])
    return _UNDERSTOOD.filled(headers=ITEMS.joined(same_words(repr(alias)) for alias in aliases[:4]))


def _did_you_mean(header: str, names: Sequence[str]) -> Text:
    near = _nearest_names(header, names)
    return _MEANT.filled(name=near[0]) if near else NO_WORDS


def _entries_of(spans: SpanHeaders) -> Text:
    given = spans._asdict().items()
    return same_words(
        ", ".join(f"{part} = {json.dumps(name, ensure_ascii=False)}" for part, name in given if name)
    )


_MISSPELT = 0.8
_OPPOSITES = (("present", "absent"), ("出勤", "缺勤"), ("attended", "absent"))


def _nearest_names(header: str, names: Sequence[str]) -> list[str]:
    """Give the name that is written most like a header, unless it means the opposite."""
    form = plain_form(header)
    words = set(form.split("_"))
    against = [words[not side] for words in _OPPOSITES for side in (0, 1) if words[side] in form]
    kept = [name for name in names if not any(word in name for word in against)]
    near = difflib.get_close_matches(form, kept, n=1, cutoff=_MISSPELT)
    return near or [name for name in kept if words < set(plain_form(name).split("_"))][:1]
