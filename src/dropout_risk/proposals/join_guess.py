"""What gives the columns that a table lacks: a second file, or a first and a last day instead of a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dropout_risk.proposals.column_values import recurring_share
from dropout_risk.proposals.lines import Line
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.files.leave_spans import span_headers
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.table_shapes import SPREAD
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Text

_MOST = 0.95


def join_lines(guesses: Sequence[TableGuess]) -> list[Line]:
    """Propose the joins by which tables that name no pupil get one, and note the columns they bring."""
    found: list[Line] = []
    for guess in guesses:
        if guess.used and guess.table != "students" and "student_id" in guess.missing():
            found += next(_joins_of(guess, guesses), ())
    return found


def span_lines(guesses: Sequence[TableGuess]) -> list[Line]:
    """Propose to read attendance by spans where it has a first and a last day, and no day."""
    found: list[Line] = []
    for guess in guesses:
        spans = span_headers(list(guess.values)) if guess.used and guess.table in SPREAD else None
        date = guess.columns.get("date")
        if spans is None or (date is not None and date.header not in spans):
            continue
        guess.columns.pop("date", None)
        guess.joined |= {"date"}
        guess.spread = tuple(filter(None, spans))
        given = ((part, header) for part, header in spans._asdict().items() if header)
        found += [
            Line(("spans", guess.table or ""), part, header, "likely", _SPANS) for part, header in given
        ]
    return found


def _joins_of(guess: TableGuess, guesses: Sequence[TableGuess]) -> Iterator[tuple[Line, ...]]:
    """Give the lines of each join that would do, by a key that stands once in the other file."""
    table = guess.table or ""
    for other in guesses:
        given = RecordsMapping().headers(table, list(other.values)).chosen
        brought = frozenset(name for name in guess.missing() if name in given)
        for key in [*guess.values] if other is not guess and "student_id" in brought else ():
            if _is_key(key, guess, other):
                guess.joined, other.joined_to = brought, True
                evidence = _KEY.filled(name=other.file.name, key=key)
                yield (
                    Line(("joins", table), "file", other.file.called, "likely", evidence),
                    Line(("joins", table), "on", key, "likely", evidence),
                )


def _is_key(header: str, guess: TableGuess, other: TableGuess) -> bool:
    there = {plain_form(name): values for name, values in other.values.items()}.get(plain_form(header))
    here = guess.values[header]
    if there is None or there.empty or here.empty or len(there.counts) < there.filled:
        return False
    return bool(here.filled) and recurring_share(here.distinct, there.distinct) >= _MOST


_SPANS = Text(
    zh="每行是一段日期，从起到止，而没有单独的日期",
    en="each row stands for days on end, from a first to a last one, and has no day of its own",
)
_KEY = Text(
    zh="每行的 {key} 在 {name} 中只有一行，那一行写明是哪名学生",
    en="{name} has one row for each {key}, and says whose it is",
)
