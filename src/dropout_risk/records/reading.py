"""Reads the parts of one table, batch by batch, into a draft."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.records.check import RULES
from dropout_risk.records.convert import FAULTS, Vocabulary, as_text, convert
from dropout_risk.records.drafts import EMPTY, NO_PUPIL, UNKNOWN_PUPIL, Array, Draft, Finding, Mask, Span
from dropout_risk.records.mapping import Headers, RecordsMapping, plain
from dropout_risk.records.readers import Part
from dropout_risk.records.tables import Column, Table

_LARGEST_ID = 2**63 - 1
_WHOLE_ID = r"^(0|-?[1-9]\d{0,17})$"
_NO_HEADER = "no header is known; is the first line a line of headers?"
_SPARE = "another column of the same part already gives this"


@dataclass(frozen=True)
class PupilIndex:
    """The ids of all pupils named in ``students``, as text, in the order of the final table."""

    ids: Any
    whole: bool

    @classmethod
    def of(cls, texts: Any, whole: bool) -> Self:
        """Order the distinct ids: as numbers where they are whole numbers, else as text."""
        ids = pc.unique(texts).drop_null()
        return cls(ids.take(pc.sort_indices(ids.cast(pa.int64()) if whole else ids)), whole)

    def rows(self, texts: Any) -> npt.NDArray[np.int32]:
        """Give the position of each id; -1 where there is none, -2 where it is not in ``students``."""
        encoded = texts.dictionary_encode()
        known = pc.fill_null(pc.index_in(encoded.dictionary, value_set=self.ids), UNKNOWN_PUPIL)
        values = np.append(known.to_numpy(zero_copy_only=False), NO_PUPIL).astype(np.int32)
        rows = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
        return np.asarray(values[rows])

    def values(self) -> Any:
        """Give the ids in the type in which the county keeps them."""
        return self.ids.cast(pa.int64()) if self.whole else self.ids


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
        self._values: dict[str, list[Array]] = {column.name: [] for column in table.columns}
        self._faults: dict[str, list[tuple[int, Array]]] = {column.name: [] for column in table.columns}
        self._ids: list[Any] = [pa.array([], pa.string())]
        self._whole_ids = True
        self._given = {"student_id"}
        self._unread: list[tuple[int, int]] = []
        self._spans: list[Span] = []
        self._findings: list[Finding] = []
        self._length = 0

    def read(self, parts: Iterable[Part]) -> Draft:
        """Read every part and put the columns together."""
        for part in parts:
            self._read_part(part)
        pa.default_memory_pool().release_unused()
        unread = np.zeros(self._length, np.bool_)
        for start, stop in self._unread:
            unread[start:stop] = True
        draft = Draft(self.table, unread.copy(), spans=self._spans, findings=self._findings)
        for column in self.table.columns:
            draft.values[column.name] = self._column(column, draft)
        for column in self.table.columns:
            self._report_faults(column, draft, unread)
        return draft

    def _read_part(self, part: Part) -> None:
        headers = self.mapping.headers(self.table.name, part.header)
        missing = [name for name in self.table.required if name not in headers.chosen]
        span = Span(part, self._length)
        self._spans.append(span)
        chosen = {} if missing else headers.chosen
        for batch in part.batches(list(chosen.values()) or list(part.header[:1])):
            self._take(batch, list(chosen), part.typed)
        span.broken = tuple(part.broken)
        if missing:
            self._unread.append((span.start, self._length))
        self._report_headers(part, headers, missing, span.start)

    def _take(self, batch: Any, names: Sequence[str], typed: bool) -> None:
        given = dict(zip(names, batch.columns, strict=False))
        for column in self.table.columns:
            array = given.get(column.name)
            if array is None:
                array = pa.nulls(batch.num_rows, pa.string())
            if column.kind == "student":
                self._take_ids(array, typed)
            elif column.name in given:
                self._given.add(column.name)
                words, vocabulary = self._words[column.name], self._vocabularies[column.name]
                self._keep(column.name, *convert(array, column, words, vocabulary))
            else:
                self._values[column.name].append(np.broadcast_to(EMPTY[column.kind], batch.num_rows))
        self._length += batch.num_rows

    def _take_ids(self, array: Any, typed: bool) -> None:
        text, faults = as_text(array)
        if self.pupils is not None:
            self._keep("student_id", self.pupils.rows(text), faults)
            return
        self._ids.append(text)
        self._whole_ids &= _are_typed_whole(array) if typed else _are_whole(text)
        self._keep("student_id", np.full(len(text), EMPTY["student"]), faults)

    def _keep(self, name: str, values: Array, faults: Array) -> None:
        self._values[name].append(values)
        if faults.any():
            self._faults[name].append((self._length, faults))

    def _column(self, column: Column, draft: Draft) -> Array:
        chunks = self._values.pop(column.name)
        if column.name not in self._given:  # one empty value stands for all rows
            draft.words[column.name] = []
            return np.broadcast_to(EMPTY[column.kind], len(draft))
        values = np.concatenate([np.empty(0, EMPTY[column.kind].dtype), *chunks])
        if column.kind == "student" and self.pupils is None:
            texts = pa.concat_arrays(self._ids)
            self.pupils = PupilIndex.of(texts, self._whole_ids)
            return self.pupils.rows(texts)
        if column.kind != "text":
            return values
        draft.words[column.name], new = self._vocabularies[column.name].ordered()
        return np.asarray(new[values])

    def _report_faults(self, column: Column, draft: Draft, unread: Mask) -> None:
        faulty = np.zeros(len(draft), np.uint8)
        for start, faults in self._faults[column.name]:
            faulty[start : start + len(faults)] = faults
        if not column.nullable:
            empty = draft.missing(column.name) & (faulty == 0) & ~unread
            draft.set_apart("missing_value", column.name, empty)
        for position, rule in enumerate(FAULTS):
            if rule and self._faults[column.name]:
                draft.fault(rule, column.name, faulty == position)

    def _report_headers(self, part: Part, headers: Headers, missing: list[str], start: int) -> None:
        rows = np.arange(start, self._length)
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
        no_rows = np.empty(0, np.int64)
        self._findings.append(Finding(RULES["unknown_column"], header, no_rows, "warning", detail, part.name))


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


def _are_typed_whole(array: Any) -> bool:
    """Tell whether ids have a type of numbers, and none is too large for int64."""
    array = array.dictionary if pa.types.is_dictionary(array.type) else array
    if pa.types.is_uint64(array.type):
        return bool((pc.max(array).as_py() or 0) <= _LARGEST_ID)
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    return any(is_kind(array.type) for is_kind in kinds)


def _are_whole(texts: Any) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts.drop_null(), _WHOLE_ID), min_count=0).as_py())
