"""The usable rows of a table in canonical order: compact columns, and the Arrow table made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.files.blank_rows import row_numbers
from dropout_risk.records.files.readers import ListPart, Part
from dropout_risk.records.ordering import arrange_rows, count_codes, take_rows
from dropout_risk.records.rules import RULES, Problem, Rule, Severity
from dropout_risk.records.tables import CLOSED_WORDS, TABLES, Column, Kind, Table
from dropout_risk.records.tallies import Counts, TableTallies
from dropout_risk.records.values import EMPTY, NO_CODE, one_array, spread_values
from dropout_risk.text import CLAUSES, NO_WORDS, Text

EMPTIED = Text(zh="该值按空处理，该行仍使用", en="the value is left empty and the row stays")


@dataclass(frozen=True)
class Finding:
    """What a rule found: the rows of a draft it fired on, or (without rows) something about a file."""

    rule: Rule
    column: str
    rows: Array
    severity: Severity
    detail: Text = NO_WORDS
    file: str = ""


class NotedRows(NamedTuple):
    """Rows of a table of a request, by their places in it, that stay although a value of theirs is odd."""

    table: str
    column: str
    rule: Rule
    rows: Array


NOTED_IN_REQUESTS = {
    "unknown_family_value": ("value",),
    "score_outside_scale": ("score",),
    "unknown_meaning": ("instrument", "scale", "kind", "norm"),
    "doubtful_unit": ("score",),
    "bonus_mark": ("score",),
    "totals_against_register": ("days_absent",),
    "twin_names": ("subject",),
}
"""The rules, with their columns, that note one row of a request by itself, whoever else is in it."""


@dataclass
class Span:
    """The rows that one part gave, from ``start`` on; broken and blank lines have no row in the draft."""

    part: Part
    start: int
    broken: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()

    def numbers(self, rows: Array) -> Array:
        """Give the numbers of rows in their file, counted from 1 without the header."""
        positions = self.part.line_positions(np.asarray(rows, np.int64) - self.start)
        return row_numbers(positions, sorted((*self.broken, *self.blank)))


@dataclass
class Draft:
    """One table in compact columns.

    Missing values are -1 for pupils and codes, the smallest int32 for dates and whole numbers, NaN for
    numbers. ``apart`` marks the rows that cannot be used. ``tallies`` are the counts by which the table as a
    whole is judged.
    """

    table: Table
    apart: Bools
    values: dict[str, Array] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tallies: TableTallies = field(default_factory=TableTallies)

    def __len__(self) -> int:
        return len(self.apart)

    @cached_property
    def is_of_request(self) -> bool:
        """Whether the rows came with a request: what is said of one pupil may not depend on the others."""
        return any(isinstance(span.part, ListPart) for span in self.spans)

    def hears(self, rule: str, column: str) -> bool:
        """Say whether anybody is told what a rule that sets nothing apart finds in a column.

        Of a request only what is noted row by row goes into the reply: other doubts are not looked for.
        """
        return not self.is_of_request or column in NOTED_IN_REQUESTS.get(rule, ())

    def counted(self, what: str, own: Counts) -> Counter[Hashable]:
        """Give counts of the whole table, of which these rows may be a part; ``own`` are theirs."""
        return self.tallies.counted((self.table.name, what), own)

    def missing(self, name: str) -> Bools:
        """Mark the rows in which a column is empty."""
        return is_empty(self.values[name], self.table[name].kind)

    def set_apart(self, rule: str, column: str, mask: Bools, detail: Text = NO_WORDS) -> None:
        """Set rows apart by a rule."""
        if np.count_nonzero(mask):
            self.findings.append(Finding(RULES[rule], column, np.flatnonzero(mask), "error", detail))
            self.apart |= mask

    def set_rows_apart(self, rule: str, column: str, rows: Array) -> None:
        """Set rows apart that are given by their positions."""
        if len(rows):
            self.findings.append(Finding(RULES[rule], column, np.sort(rows), "error"))
            self.apart[rows] = True

    def warn(self, rule: str, column: str, mask: Bools, detail: Text = NO_WORDS) -> None:
        """Note rows that stay."""
        if np.count_nonzero(mask):
            self.findings.append(Finding(RULES[rule], column, np.flatnonzero(mask), "warning", detail))

    def fault(self, rule: str, name: str, mask: Bools, detail: Text = NO_WORDS) -> None:
        """Set rows apart, or empty the value where the column is lenient."""
        if not self.table[name].lenient:
            self.set_apart(rule, name, mask, detail)
        elif np.count_nonzero(mask):
            self.warn(rule, name, mask, CLAUSES.joined(filter(None, (EMPTIED, detail))))
            self.values[name] = np.where(mask, EMPTY[self.table[name].kind], self.values[name])

    def where(self, row: int) -> tuple[str, int]:
        """Give the file and the row number of a row."""
        starts = [span.start for span in self.spans]
        span = self.spans[int(np.searchsorted(starts, row, side="right")) - 1]
        return span.part.name, int(span.numbers(np.array([row]))[0])

    def problems(self) -> list[Problem]:
        """Give one problem per rule and column; many files with the same problem make one line."""
        groups: dict[tuple[str, str, Severity, Text], list[Finding]] = {}
        for found in self.findings:
            groups.setdefault((found.rule.code, found.column, found.severity, found.detail), []).append(found)
        return [*(self._problem(group) for group in groups.values()), *self._broken_lines()]

    def noted(self) -> list[NotedRows]:
        """Give the rows of a request that stay, with what was noted of each."""
        return [
            NotedRows(self.table.name, found.column, found.rule, found.rows)
            for found in (self.findings if self.is_of_request else ())
            if found.column in NOTED_IN_REQUESTS.get(found.rule.name, ())
        ]

    def _problem(self, group: list[Finding]) -> Problem:
        found = group[0]
        rows = sum(len(other.rows) for other in group)
        firsts = [int(other.rows[0]) for other in group if len(other.rows)]
        file, number = self.where(min(firsts)) if firsts else (_named_files(group), None)
        return Problem(
            self.table.name, found.column, found.rule, rows, number, file, found.severity, found.detail
        )

    def _broken_lines(self) -> list[Problem]:
        spans = [span for span in self.spans if span.broken]
        if not spans:
            return []
        first, file, rows = spans[0].broken[0], spans[0].part.name, self.broken
        return [Problem(self.table.name, "", RULES["broken_line"], rows, first, file, "error")]

    @property
    def broken(self) -> int:
        """How many lines could not even be split into fields."""
        return sum(len(span.broken) for span in self.spans)


_MOST_FILES = 5


def _named_files(group: list[Finding]) -> str:
    """Name the files of findings of one kind, the first of them where there are many."""
    files = list(dict.fromkeys(found.file for found in group))
    more = len(files) - _MOST_FILES
    return ", ".join(files[:_MOST_FILES]) + (f" (+{more})" if more > 0 else "")


def is_empty(values: Array, kind: Kind) -> Bools:
    """Mark the empty values of a compact column."""
    return np.isnan(values) if kind == "number" else np.asarray(values == EMPTY[kind])


_FEW = 128
_KEPT_AS_WORDS = ("event", "taken")


@dataclass(frozen=True, eq=False)
class UsableRows:
    """Rows that passed the check, by pupil, key, ``recorded_on``, then by everything else.

    Columns are compact, with the empty values of a draft; ``student_id`` is the pupil's row in ``students``.
    Not every one of the ``words`` of a column need be used. ``ids`` are those of the rows of ``students``,
    none for other tables.
    """

    table: Table
    values: dict[str, Array]
    words: dict[str, list[str]] = field(default_factory=dict)
    ids: Any = field(default_factory=lambda: pa.array([], pa.string()))

    @classmethod
    def of(cls, name: str, table: pa.Table | UsableRows) -> Self:
        """Read a canonical Arrow table of pupils' rows, or take rows as they are."""
        if isinstance(table, UsableRows):
            return table  # type: ignore[return-value]
        values, words = {}, {}
        for column in TABLES[name].columns:
            array = one_array(table["pupil" if column.kind == "student" else column.name])
            values[column.name], words[column.name] = _compact_column(array, column)
        return cls(TABLES[name], values, words)

    @staticmethod
    @cache
    def none(name: str) -> UsableRows:
        """Give a table without rows; all that are not given share it."""
        table = TABLES[name]
        values = {column.name: np.empty(0, EMPTY[column.kind].dtype) for column in table.columns}
        if table.known_from is not None:
            values["recorded_on"] = values[table.known_from]
        for column in values.values():
            column.flags.writeable = False
        return UsableRows(table, values)

    def __len__(self) -> int:
        return len(self.values[self.table.columns[0].name])

    @property
    def pupil(self) -> npt.NDArray[np.int32]:
        """The row of each row's pupil in ``students``."""
        return self.values["student_id"]

    def filled(self, name: str, empty: Any) -> Array:
        """Give a column with another value where it is empty."""
        values, kind = self.values[name], self.table[name].kind
        if not values.strides[0]:
            return np.full(len(values), empty, values.dtype) if is_empty(values[:1], kind).all() else values
        missing = is_empty(values, kind)
        return np.where(missing, values.dtype.type(empty), values) if missing.any() else values

    def vocabulary(self, name: str) -> list[str]:
        """Give the words of a column."""
        kind = self.table[name].kind
        return list(CLOSED_WORDS[kind]) if kind in _KEPT_AS_WORDS else self.words.get(name, [])

    def texts(self, name: str) -> list[str | None]:
        """Give a column of text as Python strings."""
        words: list[str | None] = [*self.vocabulary(name), None]
        return [words[code] for code in self.values[name].tolist()]

    def used(self, name: str) -> Bools:
        """Say of each word of a column whether any row has it."""
        values, number = self.values[name], len(self.vocabulary(name)) + 1
        return np.asarray(count_codes(values[: len(values) * bool(values.strides[0])], -1, number)[1:] > 0)

    @cached_property
    def arrow(self) -> pa.Table:
        """The canonical Arrow table."""
        arrays: dict[str, Any] = {}
        known_from = self.table.known_from or ""
        for column in self.table.columns:
            if column.kind == "student":
                array = pa.array(self.pupil) if self.table.of_pupils else self.ids
            elif column.name == "recorded_on" and self.values["recorded_on"] is self.values[known_from]:
                array = arrays[known_from]
            else:
                array = self._array(column)
            arrays[column.name] = array
        return pa.table(list(arrays.values()), schema=self.table.schema(self.ids.type))

    def _array(self, column: Column) -> Any:
        values = self.values[column.name]
        if not len(values) or (not values.strides[0] and is_empty(values[:1], column.kind).all()):
            return pa.nulls(len(values), column.arrow_type)
        empty = is_empty(values, column.kind)
        mask = empty if empty.any() else None
        if column.kind == "text" or column.kind in _KEPT_AS_WORDS:
            return self._texts(column, mask)
        if column.kind == "yes_no":
            return pa.array(values == 1, mask=mask)
        array = pa.array(values, mask=mask)
        return array.view(column.arrow_type) if column.kind == "date" else array

    def _texts(self, column: Column, mask: Bools | None) -> Any:
        if not column.coded and len(self) <= _FEW:
            return pa.array(self.texts(column.name), pa.string())
        used = self.used(column.name)
        new = np.append(np.cumsum(used) - 1, 0).astype(np.int32)
        chosen = [word for word, is_used in zip(self.vocabulary(column.name), used, strict=True) if is_used]
        codes = pa.array(new[self.values[column.name]], mask=mask)
        array = pa.DictionaryArray.from_arrays(codes, pa.array(chosen, pa.string()))
        return array if column.coded else array.dictionary_decode()


def _compact_column(array: Any, column: Column) -> tuple[Array, list[str]]:
    if column.kind == "number":
        return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False)), []
    if column.kind == "text" or column.kind in _KEPT_AS_WORDS:
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        closed = CLOSED_WORDS.get(column.kind)
        words = closed if closed is not None else sorted({*encoded.dictionary.to_pylist()} - {None})
        code_of = {word: code for code, word in enumerate(words)}
        codes = np.array([code_of.get(word, NO_CODE) for word in encoded.dictionary.to_pylist()], np.int32)
        return spread_values(codes, encoded.indices, NO_CODE), list(words)
    empty = EMPTY[column.kind]
    filled = pc.fill_null(array.cast(pa.from_numpy_dtype(empty.dtype)), empty.item())
    return np.asarray(filled.to_numpy(zero_copy_only=False)), []


class ArrangedRows:
    """The rows of a draft that are still usable, in canonical order.

    Rows come by pupil, key, ``recorded_on``, then by everything else, so that the order of the input
    leaves no trace.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        (first, *key), rest = _order_of_columns(draft.table)
        usable = np.flatnonzero(~draft.apart).astype(np.int32) if np.count_nonzero(draft.apart) else None
        self.rows, self.repeats = arrange_rows(
            draft.values[first], self._telling_columns(key), self._telling_columns(rest), usable
        )

    def _telling_columns(self, names: Sequence[str]) -> list[Array]:
        """Give some columns but for those in which all rows are the same, and each once."""
        columns = {id(values): values for values in map(self.draft.values.__getitem__, names)}
        return [column for column in columns.values() if column.strides[0] or not len(column)]

    def values(self, name: str) -> Array:
        """Give a column in this order."""
        values = self.draft.values[name]
        if self.rows is None or (len(values) and not values.strides[0]):
            return values if self.rows is None else np.broadcast_to(values[0], len(self.rows))
        return take_rows(values, self.rows)

    def positions(self, mask: Bools) -> Array:
        """Give the rows of the draft that are marked here."""
        return np.flatnonzero(mask) if self.rows is None else self.rows[mask]

    def usable(self) -> Bools:
        """Mark the rows that have not been set apart since they were arranged."""
        apart = self.draft.apart
        return ~(apart if self.rows is None else apart[self.rows])

    def check_duplicates(self) -> None:
        """Set copies of a row apart, and all rows of one key that contradict each other."""
        table = self.draft.table
        if len(self.draft) < 2:
            return
        _, names = _order_of_columns(table)
        content = [name for name in names if not table[name].note]
        if not len(self.repeats):
            return
        differs = self._differs(content)
        new = np.append(True, np.diff(self.repeats) != 1)
        group = np.cumsum(new) - 1
        hit = np.zeros(int(group[-1]) + 1, np.bool_)
        hit[group[differs]] = True
        copies, firsts = self.repeats[~hit[group]], self.repeats[new][hit] - 1
        contradicting = np.concatenate([firsts, self.repeats[hit[group]]])
        name = table.key[-1] if table.of_pupils else table.key[0]
        self.draft.set_rows_apart("duplicate_row", name, self._rows_at(copies))
        rule = "contradicting_rows" if "recorded_on" in table else "contradicting_undated"
        self.draft.set_rows_apart(rule, content[0] if content else "", self._rows_at(contradicting))

    def _rows_at(self, places: Array) -> Array:
        """Give the rows of the draft at some places of this order."""
        return places if self.rows is None else self.rows[places]

    def _differs(self, names: Sequence[str]) -> Bools:
        """Mark, of the rows that repeat a key, those that differ in any column from the row before."""
        rows, before = self._rows_at(self.repeats), self._rows_at(self.repeats - 1)
        differs = np.zeros(len(rows), np.bool_)
        for name in names:
            values = self.draft.values[name]
            one, other = values[rows], values[before]
            unequal = one != other
            if values.dtype.kind == "f":
                unequal &= ~(np.isnan(one) & np.isnan(other))
            differs |= unequal
        return differs

    def usable_rows(self, ids: Any, pupil_row: Array) -> UsableRows:
        """Give the usable rows, and let go of the draft's columns.

        ``pupil_row`` is the row in the final ``students`` table of each pupil named by ``ids``.
        """
        draft = self.draft
        if np.count_nonzero(draft.apart):
            keep = self.usable()
            self.rows = np.flatnonzero(keep).astype(np.int32) if self.rows is None else self.rows[keep]
        known_from = draft.table.known_from or ""
        as_dated = known_from and draft.values["recorded_on"] is draft.values[known_from]
        values: dict[str, Array] = {}
        for column in draft.table.columns:
            if as_dated and column.name == "recorded_on":
                values["recorded_on"] = values[known_from]
            else:
                values[column.name] = self.values(column.name)
            if column.name != known_from:
                del draft.values[column.name]
        if draft.table.of_pupils:
            values["student_id"] = pupil_row.take(values["student_id"])
        elif "student_id" in draft.table and not np.array_equal(values["student_id"], np.arange(len(ids))):
            ids = ids.take(pa.array(values["student_id"]))
        return UsableRows(draft.table, values, draft.words, ids)


def _order_of_columns(table: Table) -> tuple[list[str], list[str]]:
    """Give the columns by which rows come: the key with ``recorded_on``, and all others, notes last."""
    key = [*table.key, *(["recorded_on"] if "recorded_on" in table else [])]
    rest = [column for column in table.columns if column.name not in key]
    return key, [column.name for column in sorted(rest, key=lambda column: column.note)]
