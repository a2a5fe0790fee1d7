"""The names and words of school systems that a proposal knows beyond those understood without a mapping."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple

from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import Word, narrow_text, word_key

Nearness = Literal["known", "near"]
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f\s_\-]+")
_CLOSE, _LONG_ENOUGH, _LEAST_WIDE = 0.88, 6, 2


def name_key(name: str) -> str:
    """Bring a header or a file's name to the form in which it is looked up: letters and digits alone.

    >>> name_key("Student_Number"), name_key("StudentNumber"), name_key("距离（米）")
    ('studentnumber', 'studentnumber', '距离米')
    """
    return "".join(char for char in narrow_text(name).casefold() if char.isalnum())


def name_tokens(name: str) -> tuple[str, ...]:
    """Split a name into its words.

    >>> name_tokens("currentGradeLevel"), name_tokens("ATT_DATE"), name_tokens("学生学号")
    (('current', 'grade', 'level'), ('att', 'date'), ('学生学号',))
    """
    return tuple(token.casefold() for token in _TOKENS.findall(narrow_text(name)))


class KnownColumn(NamedTuple):
    """A column that a header may mean, the known name by which it does, and its place among the names."""

    column: str
    name: str
    nearness: Nearness
    rank: int


class KnownTable(NamedTuple):
    """A table of which a file's name speaks, and the known name in it."""

    table: str
    name: str


@cache
def _known_data() -> dict[str, Any]:
    text = resources.files("dropout_risk.proposals").joinpath("known_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _column_names(table: str) -> dict[str, tuple[str, str, int]]:
    """Give, by key, the column that a header of a table means, with its name as written and its rank."""
    found: dict[str, tuple[str, str, int]] = {}
    built_in = RecordsMapping()
    given = [(column, name) for column in TABLES[table].names for name in built_in.headers_of(table, column)]
    for section in (table, "all"):
        for column, names in _known_data()["columns"].get(section, {}).items():
            given += [(column, name) for name in names if column in TABLES[table]]
    for rank, (column, name) in enumerate(given):
        found.setdefault(name_key(name), (column, name, rank))
    return found


def known_column(table: str, header: str) -> KnownColumn | None:
    """Name the column of a table that a header means by a known name, or by one that ends or looks alike.

    >>> known_column("attendance", "Absence_Date").column, known_column("students", "学生学号（旧）")
    ('date', None)
    >>> known_column("students", "本校学号").nearness
    'near'

    Nor does one that says the opposite, or that means another column of another table.

    >>> known_column("attendance_totals", "Days Unexcused Absences"), known_column("attendance", "SchoolID")
    (None, None)
    """
    names = _column_names(table)
    key = name_key(header)
    if key in names:
        column, name, rank = names[key]
        return KnownColumn(column, name, "known", rank)
    if key in _keys_of_all_tables():
        return None
    names = {key: found for key, found in names.items() if found[0] not in TABLES[table].personal}
    near = [found for found in names.items() if _ends_with(header, key, found[1][1], found[0])]
    near = near or [(close, names[close]) for close in _look_alike(key, names)]
    if not near:
        return None
    _, (column, name, rank) = max(near, key=lambda found: len(found[0]))
    return KnownColumn(column, name, "near", rank)


@cache
def _keys_of_all_tables() -> frozenset[str]:
    return frozenset().union(*(_column_names(table) for table in TABLES))


def is_known_elsewhere(header: str) -> bool:
    """Say whether a header means a column of some table, so that nobody need be asked what it is."""
    return name_key(header) in _keys_of_all_tables()


def _ends_with(header: str, key: str, name: str, known: str) -> bool:
    if not known.isascii():
        rest = key.removesuffix(known)
        return len(known) >= _LEAST_WIDE and key != rest and not set(rest) & _NOT_WIDE
    tokens, wanted = name_tokens(header), name_tokens(name)
    before = tokens[: -len(wanted)]
    return 0 < len(wanted) < len(tokens) and tokens[-len(wanted) :] == wanted and not (
        wanted in _TOO_GENERAL or set(before) & _NOT
    )  # fmt: skip


def _look_alike(key: str, names: dict[str, Any]) -> Sequence[str]:
    if len(key) < _LONG_ENOUGH or not key.isascii():
        return ()
    close = get_close_matches(key, names, 3, _CLOSE)
    return [name for name in close if not _are_opposite(key, name)][:1]


def _are_opposite(one: str, other: str) -> bool:
    """Say whether two names differ in a negation.

    >>> _are_opposite("unexcusedabsence", "excusedabsence"), _are_opposite("excuseddays", "excusedday")
    (True, False)
    """
    long, short = sorted((one, other), key=len, reverse=True)
    places = range(len(long))
    return any(
        short == long[:at] + long[at + len(no) :] for no in _NO for at in places if long.startswith(no, at)
    )


_NO = ("un", "non", "not", "in", "no", "dis")
_NOT = frozenset(("not", "non", "no", "never", "without", "un", "unexcused", "present", "partial"))
_NOT_WIDE = frozenset("非不未无没否")
_TOO_GENERAL = frozenset((("id",), ("code",), ("no",), ("name",), ("type",), ("to",), ("from",), ("days",)))


def known_table(called: str) -> KnownTable | None:
    """Name the table of which a file's or sheet's name speaks; the longest name in it decides.

    >>> known_table("2024秋缺勤登记表")
    KnownTable(table='attendance', name='缺勤登记表')
    >>> known_table("StudentDemographics").table
    'students'
    """
    key, tokens = name_key(called), name_tokens(called)
    found = [
        (len(name), KnownTable(table, name))
        for table, names in _table_names().items()
        for name in names
        if (name_key(name) in key if not name.isascii() else _holds_tokens(tokens, name_tokens(name)))
    ]
    return max(found, key=lambda item: item[0])[1] if found else None


def _holds_tokens(tokens: Sequence[str], wanted: Sequence[str]) -> bool:
    spans = range(len(tokens) - len(wanted) + 1)
    return any(tuple(tokens[start : start + len(wanted)]) == tuple(wanted) for start in spans)


@cache
def _table_names() -> dict[str, list[str]]:
    built_in = RecordsMapping()
    return {table: [*built_in.names_of(table), *_known_data()["tables"].get(table, ())] for table in TABLES}


def is_needless(header: str) -> bool:
    """Say whether a header is known to be of use in no table, such as a name or an address."""
    return name_key(header) in _needless_keys()


@cache
def _needless_keys() -> frozenset[str]:
    return frozenset(map(name_key, _known_data()["ignored"]["names"]))


def usual_code(section: str, word: str) -> Word | None:
    """Give what a code of a column often means, though systems differ; None where it is no usual one.

    >>> usual_code("status", "TDY"), usual_code("status", "absent")
    ('late', None)
    """
    codes = _known_data()["codes"].get(section, {})
    return next((meaning for meaning, words in codes.items() if word_key(word) in map(word_key, words)), None)


class KnownWord(NamedTuple):
    """What a word means; whether it is a letter or sign, which means it only among others of its kind."""

    meaning: Word
    is_sign: bool


def known_word(section: str, word: str) -> KnownWord | None:
    """Give what a word of a column means, or the last part of a descriptor; None where nobody knows.

    >>> known_word("status", "Absent Unexcused"), known_word("status", "T"), known_word("status", "zz")
    (KnownWord(meaning='absent', is_sign=False), KnownWord(meaning='late', is_sign=True), None)
    """
    return _known_words(section).get(word_key(word.rpartition("#")[2] if "://" in word else word))


@cache
def _known_words(section: str) -> dict[str, KnownWord]:
    found: dict[str, KnownWord] = {}
    for part, is_sign in (("words", False), ("letters", True)):
        for meaning, words in _known_data()[part].get(section, {}).items():
            for word in words:
                found.setdefault(word_key(word), KnownWord(_typed_meaning(section, meaning), is_sign))
    return found


def _typed_meaning(section: str, meaning: str) -> Word:
    if section == "yes_no":
        return meaning == "true"
    return int(meaning) if section == "grade_level" else meaning


def points_of(word: str) -> float | None:
    """Give the points that a mark in words often has; every school has its own."""
    return _known_points().get(word_key(word))


@cache
def _known_points() -> dict[str, float]:
    return {word_key(word): points for word, points in _known_data()["points"].items()}


def known_mapping(encodings: dict[str, str] | None = None) -> RecordsMapping:
    """Give all known names as a mapping, by which the line of headers of a foreign file is found."""
    columns = {table: dict(_header_spellings(table)) for table in TABLES}
    return RecordsMapping({"columns": columns, "encoding": encodings or {}})


def _header_spellings(table: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for key, (column, name, _) in _column_names(table).items():
        for spelling in ("_".join(name_tokens(name)) or name, key):
            if spelling not in seen:
                seen.add(spelling)
                yield spelling, column
