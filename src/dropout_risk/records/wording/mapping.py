"""Which headers and words of a county's tables mean which column and which word of the contract."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

from dropout_risk.errors import DateError, SettingsError, nearest
from dropout_risk.records.days.ordinary_week import WEEKS, Week
from dropout_risk.records.days.school_declarations import (
    Unrecorded,
    UnrecordedSource,
    declared_days,
    unrecorded_problems,
)
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import CLOSED_WORDS, NOT_MARKS, TABLES, Column, Kind
from dropout_risk.records.wording.conventions import (
    CONVENTIONS,
    TIME_KEYS,
    Conventions,
    TimeConventions,
    convention_problems,
    time_problems,
)
from dropout_risk.records.wording.exam_names import main_exam_of
from dropout_risk.records.wording.grade_levels import grade_level_in
from dropout_risk.records.wording.mapping_shape import SECTIONS, shape_problems
from dropout_risk.records.wording.table_shapes import JOINED, SHAPES, TableShapes, shapes_problems
from dropout_risk.records.wording.words import Word, Words, plain_form

Source = str | Path | Mapping[str, Any] | None

_PARTS = tuple(
    dict.fromkeys((*SECTIONS, *SHAPES, "ignored", "unrecorded", "outcomes_to", *CONVENTIONS, *TIME_KEYS))
)
_WITH_WORDS = ("text", "number", "integer", *CLOSED_WORDS)
_KIND_OF: dict[str, Kind] = {
    column.name: column.kind
    for table in TABLES.values()
    for column in table.columns
    if column.kind in _WITH_WORDS
} | {"yes_no": "yes_no"}


@dataclass(frozen=True)
class Headers:
    """How the headers of one file or frame were understood: ``chosen`` names the header of each column.

    ``unknown`` headers mean nothing here; ``spare`` ones mean a column which another header already gives.
    """

    chosen: dict[str, str]
    unknown: tuple[str, ...]
    spare: tuple[str, ...]


@dataclass(frozen=True)
class _Layer:
    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    words: dict[str, dict[str, Word]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    naming: frozenset[str] = frozenset()
    encodings: Mapping[str, str] = field(default_factory=dict)
    week: Week | None = None
    time: TimeConventions = field(default_factory=TimeConventions)
    conventions: Conventions = field(default_factory=Conventions)
    unrecorded: Unrecorded = field(default_factory=Unrecorded)
    outcomes_to: dict[str, int] = field(default_factory=dict)
    shapes: TableShapes = field(default_factory=TableShapes)

    def target(self, table: str, header: str) -> str | None:
        for section in (table, "all"):
            target = self.columns.get(section, {}).get(header)
            if target is not None and target in TABLES[table]:
                return target
        return None

    def rank(self, table: str, header: str) -> int:
        order = [*self.columns.get(table, {}), *self.columns.get("all", {})]
        return order.index(header)


class RecordsMapping:
    """The headers and words of a county's tables: its own entries laid over the Chinese defaults.

    English names and words of the contract are always understood. ``own`` is a TOML file or the same as a
    dict: ``[tables]``, ``[columns.<table>]`` or ``[columns.all]``, ``[words.<column>]``, ``ignored`` and
    ``encoding`` (one word, or one per table or file), ``unrecorded``, ``outcomes_to``, and what
    :class:`TimeConventions` and :class:`TableShapes` read. A SettingsError names every unknown key and every
    unknown target at once.

    >>> mapping = RecordsMapping({"columns": {"grades": {"卷面分": "score"}}})
    >>> mapping.headers("grades", ["学号", "卷面分"]).chosen
    {'student_id': '学号', 'score': '卷面分'}
    >>> mapping.table_of("考勤_2024")
    'attendance'
    """

    def __init__(self, own: Source = None) -> None:
        self._own = _read_layer(own)
        self._default = _default_layer()
        self._words: dict[str, Words] = {}
        self._headers: dict[tuple[str, str], tuple[str, ...]] = {}

    @classmethod
    def of(cls, mapping: Source | RecordsMapping) -> Self:
        """Take a mapping as it is, or read one."""
        if mapping is None:
            return _default_mapping()  # type: ignore[return-value]
        return mapping if isinstance(mapping, cls) else cls(mapping)  # type: ignore[arg-type]

    @property
    def encoding(self) -> str | None:
        """The encoding of all CSV files where the county names one."""
        return self._own.encodings.get("all")

    def encoding_of(self, table: str, file: str) -> str | None:
        """Name the encoding that the county names for a file or for a table; None where it names neither."""
        return self._own.encodings.get(file, self._own.encodings.get(table))

    @property
    def week(self) -> Week | None:
        """What the county says of the days that its calendar does not list."""
        return self._own.week

    @property
    def time(self) -> TimeConventions:
        """What the county says of its dates, its school year and its totals."""
        return self._own.time

    @property
    def own_columns(self) -> Mapping[str, Mapping[str, str]]:
        """The county's own entries for headers, by table."""
        return self._own.columns

    @property
    def conventions(self) -> Conventions:
        """What the county says once about its numbers and dates."""
        return self._own.conventions

    @property
    def shapes(self) -> TableShapes:
        """What the county says of values given once, of rows left out and of files beside a table."""
        return self._own.shapes

    def required(self, table: str) -> tuple[str, ...]:
        """Name the columns that must be there; one is not whose value the county gives once."""
        if table.startswith(JOINED):
            return ()
        return tuple(name for name in TABLES[table].required if self.given_once(name) is None)

    def given_once(self, column: str) -> float | None:
        """Give the value that the county gives once for a column that is not there, or empty."""
        return self.conventions.max_score if column == "max_score" else None

    @property
    def unrecorded(self) -> Unrecorded:
        """What a school day without a row of attendance means."""
        return self._own.unrecorded

    def declaring(self, unrecorded: UnrecordedSource | Unrecorded) -> RecordsMapping:
        """Give the same mapping with another meaning of days without a row; None leaves it as it is."""
        if unrecorded is None:
            return self
        changed = RecordsMapping()
        changed._own = replace(self._own, unrecorded=Unrecorded.of(unrecorded))
        return changed

    @property
    def outcomes_to(self) -> dict[str, int]:
        """The days up to which outcomes are declared complete, by school."""
        return self._own.outcomes_to

    def table_of(self, name: str) -> str | None:
        """Name the table that a file, folder or frame of this name holds; None if it is none.

        A file that the county joins to a table is called by its own name, after :data:`JOINED`.
        """
        if self.shapes.joined_table(name):
            return JOINED + plain_form(name)
        if name in TABLES and not self._own.tables:
            return name
        names = {**self._default.tables, **{table: table for table in TABLES}, **self._own.tables}
        given = plain_form(name)
        if given in names:
            return names[given]
        starts = [known for known in names if given.startswith(f"{known}_") or given.startswith(f"{known}.")]
        return names[max(starts, key=len)] if starts else None

    def names_of(self, table: str) -> list[str]:
        """List the names under which a table is understood."""
        names = {**self._default.tables, **self._own.tables}
        return [table, *(name for name, meant in names.items() if meant == table)]

    def headers(self, table: str, given: Sequence[str]) -> Headers:
        """Decide which header gives which column of a table; in a file that is joined each gives itself."""
        if table.startswith(JOINED):
            return Headers({header: header for header in given}, (), ())
        if self._own_is_empty and TABLES[table].has(distinct := set(given)) and len(distinct) == len(given):
            return Headers({header: header for header in given}, (), ())
        candidates: dict[str, list[tuple[int, int, str]]] = {}
        unknown = []
        for header in given:
            found = self._meaning(table, plain_form(header))
            if found is not None:
                candidates.setdefault(found[0], []).append((*found[1:], header))
            elif not self.leaves_out(header):
                unknown.append(header)
        chosen = {name: min(found)[2] for name, found in candidates.items()}
        spare = [item[2] for found in candidates.values() for item in sorted(found)[1:]]
        return Headers(chosen, tuple(unknown), tuple(spare))

    def ignores(self, name: str) -> bool:
        """Say whether a header or a file is left out without a word."""
        plain = plain_form(name)
        return plain in self._own.ignored or plain in self._default.ignored or names_child(name)

    def leaves_out(self, header: str) -> bool:
        """Say whether a header that means nothing in its table is left out without a word.

        So is one that names a pupil: in the table of pupils it is shown on pages, in others nobody needs it.
        """
        return self.ignores(header) or plain_form(header) in _personal_headers()

    def headers_of(self, table: str, column: str) -> tuple[str, ...]:
        """List the headers under which a column of a table is understood."""
        if (table, column) not in self._headers:
            self._headers[table, column] = (*self._find_headers(table, column),)
        return self._headers[table, column]

    def _find_headers(self, table: str, column: str) -> list[str]:
        names = {name: name for name in TABLES[table].names}
        for layer in (self._default, self._own):
            for section in ("all", table):
                understood = layer.columns.get(section, {})
                names |= {header: name for header, name in understood.items() if name in TABLES[table]}
        return [header for header, name in names.items() if name == column]

    def words(self, column: Column) -> Words:
        """Give the words of a column with what they mean."""
        section = column.word_section
        if section not in self._words:
            closed: dict[str, Word] = {word: word for word in CLOSED_WORDS.get(column.kind, ())}
            common = {**self._default.words.get(section, {}), **closed}
            targets = {str(word): word for word in common.values()} if column.kind == "text" else {}
            known = Words({**targets, **common}, spelled=column.spelled)
            own = self._own.words.get(section, {})
            if column.kind == "text":
                own = {word: known.word_of(str(meaning)) or "" for word, meaning in own.items()}
            words = Words(
                {**targets, **common}, own, spelled=column.spelled,
                otherwise=grade_level_in if section == "grade_level" else None,
                dates=self.conventions.dates if column.kind == "date" else (),
            )  # fmt: skip
            if section == "exam":  # a make-up is the exam that it makes up for
                words.otherwise = lambda name: words.word_of(main_exam_of(name))
            self._words[section] = words
        return self._words[section]

    @property
    def _own_is_empty(self) -> bool:
        return not self._own.columns and not self._own.ignored

    def _meaning(self, table: str, header: str) -> tuple[str, int, int] | None:
        own, default = self._own.target(table, header), self._default.target(table, header)
        if own is not None:
            return own, 0, self._own.rank(table, header)
        if header in self._own.ignored:
            return None
        if header in TABLES[table]:
            return header, 1, 0
        return None if default is None else (default, 2, self._default.rank(table, header))


def names_child(header: str) -> bool:
    """Say whether what stands under a header names a child, so that it is never used or told.

    >>> names_child("姓名"), names_child("Last_Name"), names_child("lastName"), names_child("备注")
    (True, True, True, False)
    """
    return _run_together(header) in _default_layer().naming


def _run_together(header: str) -> str:
    return plain_form(header).replace("_", "").replace(".", "")


@cache
def _personal_headers() -> frozenset[str]:
    students, known = TABLES["students"], _default_layer().columns["students"]
    return frozenset(
        (*students.personal, *(form for form, name in known.items() if name in students.personal))
    )


@cache
def _default_mapping() -> RecordsMapping:
    return RecordsMapping()


@cache
def _default_layer() -> _Layer:
    file = resources.files("dropout_risk.records.wording") / "mapping_zh.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    naming = frozenset(map(_run_together, data.pop("naming")))
    data["words"] |= {"status": STATUSES.zh_words}
    return replace(_checked_layer(data, "mapping_zh.toml"), naming=naming)


def _read_layer(source: Source) -> _Layer:
    if source is None:
        return _Layer()
    if not isinstance(source, (str, Path)):
        return _checked_layer(source, "The mapping")
    try:
        data = tomllib.loads(Path(source).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"Mapping file {source} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"Mapping file {source} is not TOML in UTF-8: {error}.") from error
    return _checked_layer(data, f"Mapping file {source}")


def _checked_layer(data: Mapping[str, Any], name: str) -> _Layer:
    problems = list(shape_problems(data)) or list(_mapping_problems(data))
    if problems:
        messages = "; ".join(message for message, _ in problems)
        hints = " ".join(dict.fromkeys(hint for _, hint in problems if hint))
        raise SettingsError(f"{name} has {len(problems)} problem(s): {messages}.", hint=hints)
    return _Layer(
        tables={plain_form(name): table for name, table in data.get("tables", {}).items()},
        columns={
            table: {plain_form(header): name for header, name in part.items()}
            for table, part in data.get("columns", {}).items()
        },
        words={
            section: {word.strip(): meaning for word, meaning in part.items()}
            for section, part in data.get("words", {}).items()
        },
        ignored=frozenset(plain_form(header) for header in data.get("ignored", ())),
        encodings=_encodings_in(data),
        week=data.get("calendar", {}).get("week"),
        time=TimeConventions.of(data),
        conventions=Conventions.of(data),
        unrecorded=Unrecorded.of(data.get("unrecorded")),
        outcomes_to=declared_days(data.get("outcomes_to")),
        shapes=TableShapes.of(data),
    )


def _encodings_in(data: Mapping[str, Any]) -> dict[str, str]:
    given = data.get("encoding", {})
    return dict(given) if isinstance(given, Mapping) else {"all": given}


def _wrong_encodings(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _encodings_in(data):
        if "." not in key and key not in (*TABLES, "all"):
            yield f"unknown key 'encoding.{key}'", nearest(key, (*TABLES, "all"))


def _mapping_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _unknown_keys(data, _PARTS, "")
    yield from _wrong_encodings(data)
    yield from _wrong_targets(data.get("tables", {}), tuple(TABLES), "tables")
    yield from time_problems(data)
    columns, words = data.get("columns", {}), data.get("words", {})
    yield from _unknown_keys(columns, (*TABLES, "all"), "columns.")
    yield from _unknown_keys(words, _KIND_OF, "words.")
    yield from _calendar_problems(data.get("calendar", {}))
    yield from unrecorded_problems(data.get("unrecorded"))
    for table, part in columns.items():
        yield from _wrong_targets(part, _columns_of(table), f"columns.{table}")
    for section, part in words.items():
        yield from _wrong_words(section, part)
    try:
        declared_days(data.get("outcomes_to"))
    except DateError as error:
        yield f"'outcomes_to' cannot be read: {error.message.rstrip('.')}", error.hint
    yield from convention_problems(data)
    yield from shapes_problems(data)
    yield from _entry_collisions(data)


def _entry_collisions(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name entries of which only one could ever apply."""
    ignored = {plain_form(str(name)) for name in data.get("ignored", ())}
    parts = {"tables": data.get("tables", {})}
    parts |= {f"columns.{table}": part for table, part in data.get("columns", {}).items()}
    for where, part in parts.items():
        yield from _part_clashes(part, plain_form, where, "which differ in case, width or spaces only")
        for name in part if isinstance(part, Mapping) else ():
            if plain_form(name) in ignored:
                yield f"'{where}.{name}' is also named under 'ignored'", _ONE_OF_BOTH
    for section, part in data.get("words", {}).items():
        yield from _part_clashes(part, str.strip, f"words.{section}", "which differ in spaces only")


def _part_clashes(part: Any, form: Callable[[str], str], where: str, how: str) -> Iterator[tuple[str, str]]:
    first: dict[str, str] = {}
    for key, target in part.items() if isinstance(part, Mapping) else ():
        other = first.setdefault(form(key), key)
        if part[other] != target:
            yield (
                f"'{where}' has both {other!r} and {key!r}, {how}, and they mean different things",
                _ONE_OF_BOTH,
            )


def _calendar_problems(part: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(part, Mapping):
        yield "'calendar' must be a table", f"write week = {WEEKS[0]!r} under [calendar]"
        return
    yield from _unknown_keys(part, ("week",), "calendar.")
    yield from _wrong_targets(part if set(part) <= {"week"} else {}, WEEKS, "calendar")


def _columns_of(table: str) -> tuple[str, ...]:
    if table in TABLES:
        return TABLES[table].names
    return tuple(dict.fromkeys(name for other in TABLES.values() for name in other.names))


def _unknown_keys(part: Mapping[str, Any], allowed: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    allowed = tuple(allowed)
    for key in part:
        if key not in allowed:
            yield f"unknown key '{where}{key}'", nearest(key, allowed)


def _wrong_targets(part: Any, allowed: tuple[str, ...], where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(part, Mapping):
        yield f"'{where}' must be a table of names", ""
        return
    for key, target in part.items():
        if target not in allowed:
            yield f"'{where}.{key}' points to unknown {target!r}", nearest(str(target), allowed)


def _wrong_words(section: str, part: Any) -> Iterator[tuple[str, str]]:
    """Name the meanings that are none; the empty word says of every column that a cell counts as empty."""
    if not isinstance(part, Mapping):
        yield f"'words.{section}' must be a table of words", ""
        return
    kind = _KIND_OF.get(section, "text")
    meanings = {word: meaning for word, meaning in part.items() if meaning != ""}
    closed = CLOSED_WORDS.get(kind)
    if closed is not None:
        yield from _wrong_targets(meanings, closed, f"words.{section}")
        return
    expected = _TYPES.get(kind, (str,))
    for key, meaning in meanings.items():
        if section == "score" and isinstance(meaning, str) and meaning not in NOT_MARKS:
            yield f"'words.score.{key}' points to unknown {meaning!r}", nearest(meaning, tuple(NOT_MARKS))
        elif type(meaning) not in expected and not (section == "score" and isinstance(meaning, str)):
            yield f"'words.{section}.{key}' must be a {expected[0].__name__}", ""


_TYPES: dict[str, tuple[type, ...]] = {"yes_no": (bool,), "integer": (int,), "number": (float, int)}
_ONE_OF_BOTH = "keep one of the two"
