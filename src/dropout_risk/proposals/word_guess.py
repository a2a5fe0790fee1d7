"""Which words of the closed columns mean what; what nobody knows is named where it recurs, and asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dropout_risk.proposals.column_values import ColumnValues, is_mark, number_in
from dropout_risk.proposals.known_names import KnownWord, known_word, points_of, usual_code
from dropout_risk.proposals.lines import Line
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.tables import CLOSED_WORDS, TABLES, WORD_KINDS, Column
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import Word, word_key
from dropout_risk.text import Text

_KEPT = ("subject", "exam", "session", "factor", "sex", "grade_level")
_SIGNS, _RECURS, _LONGEST, _MOST_WORDS = 3, 3, 24, 30
_SHORT, _CODE, _MOST_KNOWN = 2, 6, 0.5
_STRANGE = 2
"""So many unknown signs beside the usual ones are those of a system with signs of its own."""


def word_lines(guesses: Sequence[TableGuess]) -> list[Line]:
    """Propose the words of all tables that are read; one word is proposed once."""
    found: dict[tuple[tuple[str, ...], str], Line] = {}
    for guess in guesses:
        for name, column in guess.columns.items() if guess.used else ():
            if column.degree != "doubtful" or column.built_in:
                for line in _column_lines(
                    TABLES[guess.table or ""][name], guess.values[column.header], guess
                ):
                    found.setdefault((line.section, word_key(line.key) or line.key), line)
    return list(found.values())


def _column_lines(column: Column, values: ColumnValues, guess: TableGuess) -> Iterator[Line]:
    if column.name == "score" and guess.table == "grades":
        yield from _point_lines(values)
    elif column.kind in WORD_KINDS or column.name in _KEPT:
        yield from _lines_of_words(column, values, guess)


def _lines_of_words(column: Column, values: ColumnValues, guess: TableGuess) -> Iterator[Line]:
    section = ("words", column.word_section)
    understood = RecordsMapping().words(column)
    unknown = {text: number for text, number in values.counts.items() if understood.meaning(text) is None}
    known = {text: found for text in unknown if (found := known_word(section[1], text)) is not None}
    signs = {word_key(text) for text in values.counts if len(word_key(text)) <= _SHORT}
    strange = {text for text in unknown.keys() - known.keys() if len(word_key(text)) <= _SHORT}
    foreign = len(strange) >= _STRANGE and 2 * len(strange) > sum(found.is_sign for found in known.values())
    for text, found in known.items():
        line = _known_line(section, text, found, unknown[text], len(signs))
        if foreign and found.is_sign:
            evidence = _FOREIGN.filled(rows=unknown[text], n=len(strange))
            line = replace(line, degree="doubtful", evidence=evidence)
        yield line
    if column.kind in WORD_KINDS:
        yield from _asked_lines(
            section, {text: n for text, n in unknown.items() if text not in known}, column, guess
        )
        if values.empty and values.filled and column.kind == "status":
            share = values.empty / (values.empty + values.filled)
            yield Line(section, "", "present", "doubtful", _EMPTY.filled(share=f"{share:.0%}"))


def _known_line(section: tuple[str, ...], text: str, found: KnownWord, rows: int, signs: int) -> Line:
    if found.is_sign and signs < _SIGNS:
        return Line(section, text, found.meaning, "doubtful", _LONE_SIGN.filled(rows=rows))
    evidence = (_SIGN if found.is_sign else _KNOWN).filled(rows=rows)
    return Line(section, text, found.meaning, "likely" if found.is_sign else "sure", evidence)


def _asked_lines(
    section: tuple[str, ...], unknown: Mapping[str, int], column: Column, guess: TableGuess
) -> Iterator[Line]:
    """Name the words that nobody knows; where they are many or long, they may be no words at all.

    Of a column most of whose cells are understood, even a code of a single row is asked.
    """
    if not _are_words(unknown):
        return
    choice = ", ".join(CLOSED_WORDS.get(column.kind, ("true", "false")))
    values = guess.of_column(column.name)
    are_codes = values is not None and values.understood(column) >= _MOST_KNOWN
    for text, rows in sorted(unknown.items(), key=lambda item: -item[1]):
        if _is_told(text, rows, are_codes):
            usual = usual_code(section[-1], text)
            said = (_UNKNOWN if usual is None else _USUAL).filled(rows=rows, table=guess.table, choice=choice)
            yield Line(section, text, usual, "doubtful", said)


def _is_told(text: str, rows: int, are_codes: bool) -> bool:
    """Say whether a word may be told: it recurs, or is as short as a code among words that are known."""
    text = text.rpartition("#")[2]  # of a descriptor
    return (rows >= _RECURS and len(text) <= _LONGEST) or (are_codes and len(text) <= _CODE)


def _are_words(unknown: Mapping[str, int]) -> bool:
    return len(unknown) <= _MOST_WORDS and not any(text.isdigit() and len(text) > _SHORT for text in unknown)


def _point_lines(values: ColumnValues) -> Iterator[Line]:
    words = RecordsMapping().words(TABLES["grades"]["score"])
    unknown: dict[str, int] = {}
    for text, rows in values.counts.items():
        if number_in(text) is not None or words.meaning(text) is not None:
            continue
        said, points = known_word("taken", text), points_of(text)
        if said is not None and said.meaning != "taken":
            yield Line(("words", "score"), text, said.meaning, "likely", _KNOWN.filled(rows=rows))
        elif points is not None:
            yield Line(("words", "score"), text, _whole_number(points), "doubtful", _SCALE.filled(rows=rows))
        else:
            unknown[text] = rows
    are_codes = values.share(is_mark) >= _MOST_KNOWN
    for text, rows in unknown.items() if _are_words(unknown) else ():
        if _is_told(text, rows, are_codes):
            usual = usual_code("score", text)
            evidence = (_NO_MARK if usual is None else _USUAL_MARK).filled(rows=rows)
            yield Line(("words", "score"), text, usual, "doubtful", evidence)


def _whole_number(points: float) -> Word:
    return int(points) if float(points).is_integer() else points


_KNOWN = Text(zh="通用的词，{rows}行", en="a known word, in {rows} rows")
_SIGN = Text(zh="通用的记号，与其他记号并用，{rows}行", en="a usual sign beside others, in {rows} rows")
_LONE_SIGN = Text(
    zh="通用的记号，但同列的记号太少，不能肯定，{rows}行",
    en="a usual sign, but there are too few others beside it to be sure, in {rows} rows",
)
_FOREIGN = Text(
    zh="通用的记号，但同列有{n}个不明的记号，可能是另一套，{rows}行",
    en="a usual sign, but {n} others beside it are unknown: the system may have its own, in {rows} rows",
)
_UNKNOWN = Text(
    zh="{table} 中有{rows}行，含义不明：从 {choice} 中选一个",
    en="in {rows} rows of {table}; nobody knows it: one of {choice}",
)
_USUAL = Text(
    zh="{table} 中有{rows}行，各系统含义不一，常为此义：{choice}",
    en="in {rows} rows of {table}; systems differ, this is what it often means: {choice}",
)
_NO_MARK = Text(
    zh="分数列中有{rows}行，含义不明：写分数，或 missed、exempt、deferred、unknown 之一",
    en="in {rows} rows of marks; nobody knows it: its points, or one of missed, exempt, deferred, unknown",
)
_USUAL_MARK = Text(
    zh="分数列中有{rows}行，各系统含义不一，常为此义：分数，或 missed、exempt、deferred、unknown 之一",
    en="in {rows} rows of marks; systems differ, this is what it often means: points, or one of missed, "
    "exempt, deferred, unknown",
)
_EMPTY = Text(
    zh="空格占{share}：可能表示出勤，也可能表示未登记",
    en="{share} of the cells are empty: that may mean present, or that nobody wrote anything",
)
_SCALE = Text(
    zh="等第，{rows}行；折成多少分由学校规定，这里只是常见的值",
    en="a mark in words, in {rows} rows; how many points it has is the school's own scale, and this "
    "only a usual one",
)
