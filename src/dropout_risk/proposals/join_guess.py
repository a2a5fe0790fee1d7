"""What gives the columns that a table lacks: a second file, a first and a last day, or two columns in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dropout_risk.proposals.column_values import recurring_share
from dropout_risk.proposals.known_names import known_word
from dropout_risk.proposals.lines import Degree, Line
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.files.leave_spans import span_headers
from dropout_risk.records.pupils.unused_columns import told_of_header
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.table_shapes import BESIDE, SPREAD
from dropout_risk.records.wording.words import Word, plain_form, word_key
from dropout_risk.text import Text

_MOST, _MOST_PAIRS = 0.95, 40
_STATUS = ("words", "status")


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


def combined_lines(guesses: Sequence[TableGuess], words: Sequence[Line]) -> list[Line]:
    """Propose to read a status and the excuse beside it as one, with what each pair of their words means."""
    found: list[Line] = []
    known = {word_key(line.key): line for line in words if line.section == _STATUS}
    for guess in guesses:
        own = guess.columns.get("status") if guess.used and guess.table == "attendance" else None
        beside = [header for header in guess.unknown_headers() if told_of_header("attendance", header)]
        if own is None or len(beside) != 1:
            continue
        pairs = guess.file.pairs("attendance", (own.header, beside[0]))
        if not any(map(all, pairs)):
            continue
        guess.spread += (beside[0],)
        found.append(Line(("combined", "attendance"), "status", (own.header, beside[0]), "likely", _EXCUSE))
        found += [
            _pair_line(status, excuse, rows, known) for (status, excuse), rows in pairs.items() if excuse
        ][:_MOST_PAIRS]
    return found


def _pair_line(status: str, excuse: str, rows: int, known: Mapping[str, Line]) -> Line:
    """Say what a status means with an excuse, or the word that there is none, beside it."""
    columns = TABLES["attendance"]["status"], TABLES["calendar"]["is_school_day"]
    line = known.get(word_key(status))
    meaning = RecordsMapping().words(columns[0]).meaning(status) if line is None else line.value
    said = [RecordsMapping().words(columns[1]).meaning(excuse), _known_meaning("yes_no", excuse)]
    said += [RecordsMapping().words(columns[0]).meaning(excuse), _known_meaning("status", excuse)]
    told = next((word for word in said if word is not None), None)
    is_excused = {True: True, "excused": True, False: False, "absent": False}.get(told)
    if meaning == "absent" and is_excused:
        meaning = "excused"
    known_pair = meaning in STATUSES.words and (is_excused is not None or meaning != "absent")
    degree: Degree = "likely" if known_pair and (line is None or line.applied) else "doubtful"
    key, evidence = f"{status}{BESIDE}{excuse}", _PAIR.filled(rows=rows)
    return Line(_STATUS, key, meaning if known_pair else None, degree, evidence)


def _known_meaning(section: str, text: str) -> Word | None:
    found = known_word(section, text)
    return None if found is None else found.meaning


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


_EXCUSE = Text(
    zh="该列写明缺课是否已请假：与状态并读",
    en="the second column says which absences were excused: it is read together with the first",
)
_PAIR = Text(zh="两列并读，{rows}行", en="both columns together, in {rows} rows")
_SPANS = Text(
    zh="每行是一段日期，从起到止，而没有单独的日期",
    en="each row stands for days on end, from a first to a last one, and has no day of its own",
)
_KEY = Text(
    zh="每行的 {key} 在 {name} 中只有一行，那一行写明是哪名学生",
    en="{name} has one row for each {key}, and says whose it is",
)
