"""What a mapping says of the shape of a table: constants, filters, joins, wide sheets, spans, pairs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from dropout_risk.errors import nearest
from dropout_risk.records.tables import TABLES, WORD_KINDS
from dropout_risk.records.wording.words import plain_form, word_key

SHAPES = ("constants", "filters", "ignored_words", "joins", "wide", "spans", "combined")
JOINED = "joined: "
"""What the name of a file that is joined to a table begins with, among the names of tables."""
BESIDE = " + "
"""What stands between the words of columns that are read as one."""
_ONE = "one text, number, date or truth value"


class RowFilter(NamedTuple):
    """Which rows of a table are read: those whose cell has one of some words, or (``keeps`` no) any other."""

    header: str
    words: frozenset[str]
    keeps: bool

    def passes(self, text: str | None) -> bool:
        """Say whether a row with this cell is read."""
        return (word_key(text or "") in self.words) == self.keeps


class Join(NamedTuple):
    """A file, sheet or frame that is laid beside a table, where the cells under two headers are the same."""

    name: str
    here: str
    there: str


WIDE = {"attendance": ("date", "status"), "grades": ("subject", "score"), "family": ("factor", "value")}
"""The tables that may have a column for each day, subject or factor: what headers and cells then give."""


class WideSheet(NamedTuple):
    """How the columns of a wide sheet become rows.

    ``headers`` are those to take, in plain form; without any, those that name a day, a subject or a factor.
    ``begins`` is the day on or after which headers without a year lie.
    """

    headers: frozenset[str] = frozenset()
    begins: dt.date | None = None


SPREAD = ("attendance",)
"""The tables that may have a row for days on end, from a first to a last one, as lists of leave have."""


class SpanHeaders(NamedTuple):
    """The headers of the first day of a row, of the last and, where there is one, of their number."""

    first: str
    last: str
    days: str = ""


@dataclass(frozen=True)
class TableShapes:
    """The parts of a mapping that :data:`SHAPES` names.

    >>> shapes = TableShapes.of({"filters": {"grades": {"kind": {"not": ["homework"]}}}})
    >>> [rule.passes(word) for rule in shapes.filters["grades"] for word in ("exam", "Homework", None)]
    [True, False, True]
    """

    constants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filters: Mapping[str, tuple[RowFilter, ...]] = field(default_factory=dict)
    ignored_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    joins: Mapping[str, Join] = field(default_factory=dict)
    wide: Mapping[str, WideSheet] = field(default_factory=dict)
    spans: Mapping[str, SpanHeaders] = field(default_factory=dict)
    combined: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read checked entries of a mapping."""
        constants, filters, ignored, joins, wide, spans, combined = (data.get(part, {}) for part in SHAPES)
        return cls(
            {table: {name: _constant_text(value) for name, value in own.items()}
             for table, own in constants.items()},
            {table: tuple(_row_filter(header, given) for header, given in own.items())
             for table, own in filters.items()},
            {column: frozenset(map(word_key, words)) for column, words in ignored.items()},
            {table: _join_of(given) for table, given in joins.items()},
            {table: _wide_sheet(given) for table, given in wide.items()},
            {table: SpanHeaders(**{part: plain_form(name) for part, name in given.items()})
             for table, given in spans.items()},
            {table: {name: tuple(map(plain_form, headers)) for name, headers in own.items()}
             for table, own in combined.items()},
        )  # fmt: skip

    def __bool__(self) -> bool:
        return any(getattr(self, part) for part in SHAPES)

    def joined_table(self, name: str) -> str | None:
        """Give the table to which a file of this name is joined."""
        return next((table for table, join in self.joins.items() if join.name == plain_form(name)), None)


def _constant_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _row_filter(header: str, given: Any) -> RowFilter:
    keeps = not isinstance(given, Mapping)
    return RowFilter(plain_form(header), frozenset(map(word_key, given if keeps else given["not"])), keeps)


def _join_of(given: Mapping[str, Any]) -> Join:
    on = given["on"]
    here, there = (on, on) if isinstance(on, str) else next(iter(on.items()))
    return Join(plain_form(given["file"]), plain_form(here), plain_form(there))


def _wide_sheet(given: Mapping[str, Any]) -> WideSheet:
    begins = given.get("begins")
    day = dt.date.fromisoformat(begins) if isinstance(begins, str) else begins
    return WideSheet(frozenset(map(plain_form, given.get("headers", ()))), day)


# --- What is wrong with these parts ---


def shapes_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what is wrong with these parts of a mapping, each with the way out.

    >>> [message for message, _ in shapes_problems({"constants": {"grades": {"scor": 1}}})]
    ["'constants.grades.scor' is no column of grades"]
    """
    for part in SHAPES:
        own = data.get(part, {})
        if not isinstance(own, Mapping):
            yield f"'{part}' must be a table", f"such as {_EXAMPLES[part]}"
            continue
        known = _KEYS[part]
        for key, given in own.items():
            if key not in known:
                yield f"unknown key '{part}.{key}'", nearest(str(key), known)
            elif not _SOUND[part](given):
                yield f"'{part}.{key}' cannot be read", f"such as {_EXAMPLES[part]}"
            elif part == "constants":
                yield from _constant_problems(key, given)
            elif part == "combined":
                yield from _combined_problems(key, given)


def _constant_problems(table: str, own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in own:
        if name not in TABLES[table]:
            yield f"'constants.{table}.{name}' is no column of {table}", nearest(name, TABLES[table].names)
        elif name == "max_score":
            yield "'constants.grades.max_score' has a key of its own", "write max_score = 100 at the top"


def _combined_problems(table: str, own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    of_words = [column.name for column in TABLES[table].columns if column.kind in ("text", *WORD_KINDS)]
    for name in own:
        if name not in of_words:
            yield f"'combined.{table}.{name}' is no column of words of {table}", nearest(name, of_words)


def _every_column() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for table in TABLES.values() for name in table.names))


def _is_wide(given: Any) -> bool:
    if not (isinstance(given, Mapping) and {*given} <= {"headers", "begins"}):
        return False
    begins = given.get("begins", dt.date.min)
    try:
        day = dt.date.fromisoformat(begins) if isinstance(begins, str) else begins
    except ValueError:
        return False
    return type(day) is dt.date and ("headers" not in given or _are_words(given["headers"]))


def _are_words(given: Any) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(isinstance(word, str) for word in given)


def _is_constants(given: Any) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(value, str | int | float | bool | dt.date) for value in given.values()
    )


def _is_filters(given: Any) -> bool:
    return isinstance(given, Mapping) and all(
        _are_words(own) or (isinstance(own, Mapping) and {*own} == {"not"} and _are_words(own["not"]))
        for own in given.values()
    )


def _is_join(given: Any) -> bool:
    if not (isinstance(given, Mapping) and {*given} == {"file", "on"} and isinstance(given["file"], str)):
        return False
    on = given["on"]
    pair = isinstance(on, Mapping) and len(on) == 1 and all(isinstance(name, str) for name in on.values())
    return isinstance(on, str) or pair


def _is_combined(given: Any) -> bool:
    return isinstance(given, Mapping) and all(_are_words(own) and len(own) > 1 for own in given.values())


def _is_span(given: Any) -> bool:
    named = isinstance(given, Mapping) and {"first", "last"} <= {*given} <= {*SpanHeaders._fields}
    return named and all(isinstance(name, str) for name in given.values())


_KEYS: dict[str, tuple[str, ...]] = dict.fromkeys(SHAPES, tuple(TABLES)) | {
    "ignored_words": _every_column(), "wide": tuple(WIDE), "spans": SPREAD,
}  # fmt: skip
_SOUND = {
    "constants": _is_constants, "filters": _is_filters, "ignored_words": _are_words, "joins": _is_join,
    "wide": _is_wide, "spans": _is_span, "combined": _is_combined,
}  # fmt: skip
_EXAMPLES = {
    "constants": f'[constants.students] with lines such as school_id = "s-1", {_ONE}',
    "filters": '[filters.grades] with lines such as "类别" = ["考试"], or "类别" = { not = ["作业"] }',
    "ignored_words": '[ignored_words] with lines such as status = ["放假"]',
    "wide": '[wide.attendance] with begins = 2024-09-01, or [wide.grades] with headers = ["语文", "数学"]',
    "spans": '[spans.attendance] with first = "开始日期" and last = "结束日期", perhaps days = "天数"',
    "combined": '[combined.attendance] with status = ["状态", "是否请假"], and "缺课 + 是" under '
    "[words.status]",
    "joins": '[joins.grades] with file = "exams" and on = "exam_id", or on = { "考试编号" = "编号" }',
}
