"""Which table a foreign file holds, and which of its columns each header is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dropout_risk.proposals.column_values import ColumnValues, is_date, is_mark, number_in, recurring_share
from dropout_risk.proposals.foreign_files import ForeignFile
from dropout_risk.proposals.known_names import is_known_elsewhere, known_column, known_table, name_tokens
from dropout_risk.proposals.lines import DEGREES, Degree
from dropout_risk.records.files.wide_sheets import FEWEST_HEADERS
from dropout_risk.records.tables import CLOSED_WORDS, TABLES, Column
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import CLAUSES, NO_WORDS, Text

_NAMED, _OPTIONAL, _ONE_ROW_EACH = 0.35, 0.04, 0.5
_ENOUGH, _APART, _MOST = 0.5, 0.15, 0.8
_LONG_NUMBER = 3
_NUMBERED = (("id",), ("no",), ("nr",), ("number",), ("key",), ("year",), ("yr",))
_TOLD_BY_WORDS = ("status", "event", "is_school_day", "subject", "factor", "exam", "grade_level")
_WEIGHTS: dict[Degree, float] = {"sure": 1.0, "likely": 0.8, "doubtful": 0.3}


@dataclass(frozen=True)
class ColumnGuess:
    """The column that a header is taken for; ``built_in`` where records understand it without an entry."""

    header: str
    column: str
    degree: Degree
    evidence: Text
    built_in: bool = False


@dataclass
class TableGuess:
    """A foreign file with the table that it is taken for; none where it is like no table.

    ``joined`` are the columns that another file brings, and ``joined_to`` marks such another file.
    """

    file: ForeignFile
    table: str | None
    degree: Degree
    evidence: Text
    values: dict[str, ColumnValues]
    columns: dict[str, ColumnGuess] = field(default_factory=dict)
    spare: list[ColumnGuess] = field(default_factory=list)
    joined: frozenset[str] = frozenset()
    joined_to: bool = False
    spread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep which columns were found by their names."""
        self.named = frozenset(self.columns)

    @property
    def built_in(self) -> bool:
        """Whether records take the file for this table without an entry."""
        return self.table is not None and self.file.table == self.table

    @property
    def named_as_table(self) -> bool:
        """Whether the file's name says that it is this table."""
        named = known_table(self.file.called)
        return self.built_in or (
            named is not None and _says_table(named.table, self.table or "", self.columns)
        )

    @property
    def used(self) -> bool:
        """Whether the mapping as proposed reads the file as this table."""
        return self.built_in or (self.table is not None and self.degree != "doubtful")

    def missing(self) -> list[str]:
        """Name the required columns for which no header is found."""
        required = TABLES[self.table].required if self.table else ()
        return [name for name in required if name not in self.columns and name not in self.joined]

    def of_column(self, column: str) -> ColumnValues | None:
        """Give the values of a column, where a header is taken for it."""
        guess = self.columns.get(column)
        return None if guess is None else self.values[guess.header]

    def unknown_headers(self) -> list[str]:
        """Name the headers that mean nothing here."""
        taken = {*(guess.header for guess in (*self.columns.values(), *self.spare)), *self.spread}
        return [header for header in self.values if header not in taken and header.strip()]


def guess_tables(files: Sequence[ForeignFile]) -> list[TableGuess]:
    """Take each file for the table that its name and headers speak for, then its other columns by shapes."""
    guesses = [_best_table(file) for file in files]
    pupils = _pupil_ids(guesses)
    for guess in guesses:
        if guess.table is not None:
            _choose_ids(guess, guesses, pupils)
            _add_by_shapes(guess, guesses, pupils)
            _choose_marks(guess)
            _add_only_date(guess)
            if not guess.named_as_table and "student_id" in guess.missing():
                guess.table, guess.columns, guess.spare = None, {}, []
                continue
            guess.degree, guess.evidence = _judged_degree(guess)
    return guesses


# --- By names ---------------------------------------------------------------------------------------


def _best_table(file: ForeignFile) -> TableGuess:
    named = known_table(file.called)
    scored = []
    for table in TABLES:
        values = file.columns(table)
        columns, spare = _named_columns(table, values)
        said = [named.table if named is not None else None, file.table]
        by_name = _NAMED * sum(_says_table(name, table, columns) for name in said)
        score = by_name + _table_score(table, columns, values, by_name > 0)
        scored.append((score, TableGuess(file, table, "doubtful", NO_WORDS, values, columns, spare)))
    scored.sort(key=lambda item: item[0], reverse=True)
    (best, guess), (second, other) = scored[:2]
    if best < _ENOUGH:
        return TableGuess(file, None, "doubtful", NO_WORDS, guess.values)
    close = best - second < _APART
    guess.degree = "doubtful" if close else "likely"
    if close:
        guess.evidence = Text(
            zh=f"也可能是 {other.table}：表头都说得通", en=f"its headers fit {other.table} nearly as well"
        )
    return guess


def _says_table(said: str | None, table: str, columns: Mapping[str, ColumnGuess]) -> bool:
    """Say whether a name that says one table speaks for another: sums are called attendance, as days are."""
    if said != "attendance":
        return said == table
    sums = any(name.startswith("days_") for name in columns)
    return table == ("attendance_totals" if sums else "attendance")


def _table_score(
    table: str, columns: Mapping[str, ColumnGuess], values: Mapping[str, ColumnValues], by_name: bool
) -> float:
    required = TABLES[table].required
    given = [columns[name] for name in required if name in columns]
    score = sum(_column_weight(table, guess, values[guess.header]) for guess in given) / len(required)
    score += _OPTIONAL * sum(name not in required for name in columns)
    ids = columns.get("student_id")
    if table == "students":
        return score - (_ONE_ROW_EACH if ids is not None and values[ids.header].recurs else 0)
    own = [name for name in columns if name not in ("student_id", "date", "recorded_on", "school_id")]
    return score if own or by_name or not TABLES[table].of_pupils else score - _ONE_ROW_EACH


def _column_weight(table: str, guess: ColumnGuess, values: ColumnValues) -> float:
    """Give how far a column speaks for a table: not at all where none of its words is one of the column's."""
    column = TABLES[table][guess.column]
    foreign = column.kind in CLOSED_WORDS and values.filled and not values.understood(column)
    return 0.0 if foreign else _WEIGHTS[guess.degree]


def _named_columns(
    table: str, values: Mapping[str, ColumnValues]
) -> tuple[dict[str, ColumnGuess], list[ColumnGuess]]:
    """Give the best header of each column by known names, and the other headers that mean a column too."""
    found: dict[str, list[tuple[int, int, ColumnGuess]]] = {}
    chosen = RecordsMapping().headers(table, list(values)).chosen
    built_in = {header: name for name, header in chosen.items()}
    for header in values:
        if header in built_in:
            guess = ColumnGuess(header, built_in[header], "sure", _KNOWN, built_in=True)
            found.setdefault(guess.column, []).append((-1, 0, guess))
        elif not RecordsMapping().leaves_out(header):
            named = _named_column(table, header, values[header])
            if named is not None:
                found.setdefault(named[1].column, []).append((list(DEGREES).index(named[1].degree), *named))
    columns = {column: min(guesses, key=lambda item: item[:2])[2] for column, guesses in found.items()}
    kept = {guess.header for guess in columns.values()}
    spare = [item[2] for guesses in found.values() for item in guesses if item[2].header not in kept]
    return columns, spare


def _named_column(table: str, header: str, values: ColumnValues) -> tuple[int, ColumnGuess] | None:
    known = known_column(table, header)
    if known is None:
        return None
    column = TABLES[table][known.column]
    fits = values.fits(column)
    if known.nearness == "known":
        degree: Degree = "sure" if fits else "likely" if fits is None else "doubtful"
        how = Text(zh=f"通用表头“{known.name}”", en=f"a known name, {known.name!r}")
    elif fits is False:
        return None
    else:
        degree = "likely" if fits else "doubtful"
        how = Text(zh=f"近似通用表头“{known.name}”", en=f"near to a known name, {known.name!r}")
    shape = _FITS if fits else _NO_SHAPE if fits is None else _MISFITS
    evidence = CLAUSES.joined([how, shape.filled(kind=_KINDS[column.kind])])
    return known.rank, ColumnGuess(header, known.column, degree, evidence)


# --- By the shapes of values ------------------------------------------------------------------------


def _pupil_ids(guesses: Sequence[TableGuess]) -> frozenset[str]:
    rosters = [guess for guess in guesses if guess.table == "students"]
    found = [guess.of_column("student_id") for guess in rosters]
    return frozenset().union(*(values.distinct for values in found if values is not None))


def _choose_ids(guess: TableGuess, guesses: Sequence[TableGuess], pupils: frozenset[str]) -> None:
    """Of several columns of ids take the one whose ids recur in the other files."""
    own = guess.columns.get("student_id")
    others = [spare for spare in guess.spare if spare.column == "student_id"]
    if own is None or own.built_in or not others:
        return
    shares = {item.header: _share_elsewhere(guess, item.header, guesses, pupils) for item in (own, *others)}
    best = max((own, *others), key=lambda item: shares[item.header])
    if shares[best.header] > shares[own.header]:
        guess.columns["student_id"] = best
        guess.spare[guess.spare.index(best)] = own


def _choose_marks(guess: TableGuess) -> None:
    """Of a column of letters and one of numbers take the numbers: they need no scale."""
    own = guess.columns.get("score")
    numbers = [spare for spare in guess.spare if spare.column == "score" and spare.header in guess.values]
    if guess.table != "grades" or own is None or _share_of_numbers(guess, own.header) >= _MOST:
        return
    for spare in numbers:
        if _share_of_numbers(guess, spare.header) >= _MOST:
            degree: Degree = "likely"
            guess.columns["score"] = ColumnGuess(spare.header, "score", degree, _NUMBERS)
            guess.spare[guess.spare.index(spare)] = own
            return


def _share_of_numbers(guess: TableGuess, header: str) -> float:
    return guess.values[header].share(lambda text: number_in(text) is not None)


def _add_only_date(guess: TableGuess) -> None:
    """Where the only dates are those of the entry, they may be those of the day itself."""
    entered = guess.columns.get("recorded_on")
    if entered is not None and "date" in guess.missing():
        guess.columns["date"] = ColumnGuess(entered.header, "date", "doubtful", _ONLY_DATES)


def _share_elsewhere(
    guess: TableGuess, header: str, guesses: Sequence[TableGuess], pupils: frozenset[str]
) -> float:
    ids = guess.values[header].distinct
    if guess.table != "students":
        return recurring_share(ids, pupils)
    others = [values for other in guesses if other is not guess for values in other.values.values()]
    shares = [recurring_share(values.distinct, ids) for values in others if _could_be_ids(values)]
    return max(shares, default=0.0)


def _could_be_ids(values: ColumnValues) -> bool:
    return len(values.distinct) > 1 and bool(values.fits_kind("student"))


def _add_by_shapes(guess: TableGuess, guesses: Sequence[TableGuess], pupils: frozenset[str]) -> None:
    for name in guess.missing():
        column = TABLES[guess.table or ""][name]
        free = guess.unknown_headers()
        found = [header for header in free if _has_shape(guess, column, header, guesses, pupils)]
        if found:
            sure = len(found) == 1 and column.kind != "yes_no"  # the header may ask the opposite
            degree: Degree = "likely" if sure else "doubtful"
            evidence = _BY_SHAPE.filled(kind=_SHAPES.get(column.kind, _KINDS[column.kind]), n=len(found))
            guess.columns[name] = ColumnGuess(found[0], name, degree, evidence)


def _has_shape(
    guess: TableGuess, column: Column, header: str, guesses: Sequence[TableGuess], pupils: frozenset[str]
) -> bool:
    values = guess.values[header]
    if not values.filled:
        return False
    if column.kind == "student":
        once = guess.table != "students" or not values.recurs
        return once and _could_be_ids(values) and _share_elsewhere(guess, header, guesses, pupils) >= _MOST
    if column.kind == "date":
        return values.share(is_date) >= _MOST
    if column.name == "score":
        other = is_known_elsewhere(header) or _is_numbered(header) or wide_subjects(guess) >= FEWEST_HEADERS
        return (
            not other and values.share(is_mark) >= _MOST and recurring_share(values.distinct, pupils) < _MOST
        )
    if column.name == "grade_level" and _is_numbered(header):
        return False
    return column.name in _TOLD_BY_WORDS and values.understood(column) >= _MOST


def _is_numbered(header: str) -> bool:
    """Say whether a header is of numbers that are neither marks nor levels: ids, and years of graduation."""
    return name_tokens(header)[-1:] in _NUMBERED


# --- Degrees and words ------------------------------------------------------------------------------


def _judged_degree(guess: TableGuess) -> tuple[Degree, Text]:
    table = guess.table or ""
    named = known_table(guess.file.called)
    missing = [name for name in guess.missing() if name != "max_score"]
    by_name = named is not None and _says_table(named.table, table, guess.columns)
    found = ", ".join(guess.columns)
    parts = [Text(zh=f"表头含 {found}", en=f"its headers give {found}")]
    if by_name and named is not None:
        parts.insert(0, Text(zh=f"名称含“{named.name}”", en=f"its name says {named.name!r}"))
    if missing:
        parts.append(Text(zh=f"缺 {', '.join(missing)}", en=f"lacks {', '.join(missing)}"))
    if guess.evidence:
        parts.append(guess.evidence)
    evidence = CLAUSES.joined(parts)
    if guess.degree == "doubtful" and not by_name:
        return "doubtful", evidence
    if not missing:
        return "sure" if by_name else "likely", evidence
    half = 2 * len(missing) <= len(TABLES[table].required)
    return "likely" if by_name and half else "doubtful", evidence


def wide_subjects(guess: TableGuess) -> int:
    """Count the headers that are subjects: a sheet with a column for each is wide, and read as no table."""
    subject = TABLES["grades"]["subject"]
    words = RecordsMapping().words(subject)
    return sum(words.meaning(header) is not None for header in guess.values)


def wide_days(guess: TableGuess) -> int:
    """Count the headers that are dates: a register with a column for each day is wide."""
    return sum(is_date(header) for header in guess.values)


def has_headers(guess: TableGuess) -> bool:
    """Say whether the line taken for headers is one, and not a pupil's row."""
    named = sum(item.degree != "doubtful" and item.column in guess.named for item in guess.columns.values())
    odd = [
        header
        for header, values in guess.values.items()
        if is_date(header) or _is_long_number(header) or header in values.counts
    ]
    digits = any(char.isdigit() for header in guess.values for char in header)
    return not odd and (named > 1 or not digits)


def _is_long_number(header: str) -> bool:
    tokens = name_tokens(header)
    return any(token.isdigit() and len(token) >= _LONG_NUMBER for token in tokens)


def shown_headers(guess: TableGuess) -> Iterator[str]:
    """Give the headers that may be told: none where the first line may be a pupil's."""
    if has_headers(guess):
        yield from guess.unknown_headers()


_NUMBERS = Text(
    zh="两列都是成绩，这一列是数字，不需要折算",
    en="of two columns of marks this one holds numbers, which need no scale",
)
_ONLY_DATES = Text(
    zh="表中只有这一列日期：是缺课（或考试）当天，还是登记的日期",
    en="the only dates of the file: are they the day itself, or the day of the entry",
)
_KNOWN = Text(zh="无需条目即可识别", en="understood without an entry")
_FITS = Text(zh="内容是{kind}", en="its values are {kind}")
_NO_SHAPE = Text(zh="内容没有相反的迹象", en="its values do not speak against it")
_MISFITS = Text(zh="但内容不像{kind}", en="but its values do not look like {kind}")
_BY_SHAPE = Text(
    zh="只凭内容：{kind}（这样的列有{n}个）", en="by its values alone: {kind} ({n} such column(s))"
)
_KINDS: dict[str, Text] = {
    "student": Text(zh="编号", en="ids"), "text": Text(zh="词语", en="words"),
    "date": Text(zh="日期", en="dates"),
    "integer": Text(zh="数", en="numbers"), "number": Text(zh="数", en="numbers"),
    "yes_no": Text(zh="是或否", en="yes and no"),
    "status": Text(zh="出勤状态的词", en="words of attendance"),
    "event": Text(zh="去向的词", en="words of outcomes"),
    "taken": Text(zh="考试状态的词", en="words of exams"),
}  # fmt: skip
_SHAPES: dict[str, Text] = {
    "student": Text(zh="编号，在学生表或其他文件中重复出现", en="ids that recur in the other files"),
}
