"""MappingProposal: the whole mapping proposed for a folder, and what the check would say with it."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dropout_risk.errors import DropoutRiskError, RecordsError
from dropout_risk.proposals.check_hints import check_lines
from dropout_risk.proposals.convention_guess import convention_lines
from dropout_risk.proposals.error_words import error_words
from dropout_risk.proposals.foreign_files import ForeignFiles, Unread
from dropout_risk.proposals.join_guess import combined_lines, join_lines, span_lines
from dropout_risk.proposals.known_names import is_needless
from dropout_risk.proposals.lines import DEGREES, Line
from dropout_risk.proposals.mapping_toml import write_mapping
from dropout_risk.proposals.open_questions import (
    NO_STUDENTS,
    lacking_columns,
    lesson_questions,
    lists_lessons,
    may_tell_headers,
    open_questions,
    poorer_rosters,
)
from dropout_risk.proposals.preview import Preview, preview_of
from dropout_risk.proposals.table_guess import (
    TableGuess,
    guess_tables,
    shown_headers,
)
from dropout_risk.proposals.word_guess import word_lines
from dropout_risk.records.rules import CheckReport
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Language, Text

_ROUNDS = 2
_NAMES = (("tables",), ("columns",), ("words",))


@dataclass(frozen=True)
class MappingProposal:
    """A mapping proposed for the files of a school's own system.

    Made by :func:`propose_mapping`. No line holds a pupil's value but words of closed columns.

    Attributes
    ----------
    lines : tuple of Line
        Every entry, with its evidence and whether it is sure, likely or doubtful; doubtful ones are not
        applied.
    report : CheckReport or None
        What the check says with the mapping as proposed; None where the records cannot be read at all.
    error : DropoutRiskError or None
        Why they cannot be read.
    questions : tuple of Text
        What else the school has to decide or to mend.
    preview : Preview or None
        What the check says if the doubtful headers, words and forms are right; None where none is doubted.
    """

    lines: tuple[Line, ...]
    tables: tuple[TableGuess, ...]
    report: CheckReport | None
    error: DropoutRiskError | None
    questions: tuple[Text, ...]
    preview: Preview | None = None

    def toml(self, language: Language = "en") -> str:
        """Write the mapping: sure and likely entries with their evidence, doubtful ones as comments."""
        return write_mapping(self.lines, self.tables, language)

    def mapping(self) -> RecordsMapping:
        """Give the mapping as proposed, without what is doubted."""
        return RecordsMapping(tomllib.loads(self.toml()))

    @property
    def doubtful(self) -> tuple[Line, ...]:
        """The lines that are not applied, and that somebody has to decide."""
        return tuple(line for line in self.lines if not line.applied and not line.spare)

    @property
    def clean(self) -> bool:
        """Whether the records can be read, every row is used, and nothing is to be decided."""
        return self.report is not None and self.report.ok and not self.doubtful and not self.questions

    def text(self, language: Language = "en") -> str:
        """Say which file is which table, what the check then says, and what is to be decided."""
        said = [*_table_texts(self.tables, language), *self._conventions(language), "", _CHECK.to(language)]
        said.append(self._check_text(language))
        if self.preview is not None:
            said += ["", self.preview.heading().to(language), self.preview.report.text(language)]
        asked = [*self._asked(language), *(question.to(language) for question in self.questions)]
        asked += [text.to(language) for text in self._mend()]
        said += ["", (_DECIDE if asked else _NOTHING_TO_DECIDE).fill(language, n=len(asked))]
        return "\n".join([*said, *(f"{number}. {text}" for number, text in enumerate(asked, 1))])

    def _conventions(self, language: Language) -> Iterator[str]:
        """Tell what is applied to all files: it decides more than any header."""
        given = [line for line in self.lines if line.applied and line.section[:1] not in _NAMES]
        if given:
            yield from ("", _CONVENTIONS.to(language))
        for line in given:
            where = f"[{'.'.join(line.section)}] " if line.section else ""
            degree = DEGREES[line.degree].to(language)
            yield f"  {where}{line.entry}    # {degree}: {line.evidence.to(language)}"

    def _check_text(self, language: Language) -> str:
        if self.report is not None:
            return self.report.text(language)
        error = self.error
        assert error is not None  # noqa: S101
        message, hint = error_words(error.message), error_words(error.hint)
        return _ERROR.filled(code=error.code, message=message, hint=hint).to(language)

    @property
    def best_report(self) -> CheckReport | None:
        """The report that shows the most: that of the preview, where there is one."""
        return self.report if self.preview is None else self.preview.report

    def _mend(self) -> Iterator[Text]:
        """Name what the check sets apart, which somebody has to mend or to explain, and nothing else asks."""
        problems = () if self.best_report is None else self.best_report.problems
        asked = self._asked_codes()
        told = [
            (problem.rule.code, problem.rule.wording(problem.table, problem.column).hint)
            for problem in problems
            if problem.severity == "error" and problem.rule.code not in asked
        ]
        for code, hint in dict.fromkeys(told):
            yield _SET_APART.filled(code=code, hint=hint)
        if self.error is not None and self.error.code not in asked and self.error.hint:
            yield error_words(self.error.hint)

    def _asked_codes(self) -> set[str]:
        """Give the codes of what a line or a question asks already."""
        asked = {code for line in self.doubtful for code in _codes_of(line)}
        if any(lacking_columns(guess) for guess in self.tables) or NO_STUDENTS in self.questions:
            asked |= {"DR100", "DR101"}
        asked |= {"DR170", "DR174"} if lists_lessons(self.tables) else set()
        return asked | ({"DR115", "DR152"} if poorer_rosters(self.tables) else set())

    def _asked(self, language: Language) -> Iterator[str]:
        for line in self.doubtful:
            where = f"[{'.'.join(line.section)}] " if line.section else ""
            yield f"{where}{line.entry}    # {line.evidence.to(language)}"


def _codes_of(line: Line) -> tuple[str, ...]:
    """Give the codes of the check that go away once a line is decided."""
    if line.section[:1] == ("words",):
        return ("DR104",) if line.section[1] == "score" else ("DR107",)
    if line.section[:1] in (("columns",), ("tables",)):
        return ("DR100", "DR101")
    return {
        "dates": ("DR105",),
        "unrecorded": ("DR170", "DR171", "DR174"),
        "week": ("DR171", "DR902"),
        "max_score": ("DR101",),
    }.get(line.key, ())


def propose_mapping(folder: str | Path, *, today: dt.date | str | None = None) -> MappingProposal:
    """Propose the mapping of a folder of files as a school's own system exported them.

    Names of files and sheets, headers, words and the shapes of values are looked at; each line carries a
    sentence of evidence and a degree of doubt, and what is doubtful is not applied.

    Parameters
    ----------
    folder : path
        The folder, as for :meth:`SchoolRecords.from_folder`; files may have any name.
    today : date, optional
        The day the files were drawn, by default today.

    Raises
    ------
    RecordsError
        If there is no such folder, or no file in it can be read.
    """
    path = Path(folder)
    if not path.is_dir():
        raise RecordsError(
            f"There is no folder {str(path)!r}.", hint="give the folder with the school's files"
        )
    day = dt.date.today() if today is None else dt.date.fromisoformat(str(today))
    found = ForeignFiles.of(path)
    if not found.files:
        raise RecordsError(
            f"No file in {str(path)!r} can be read as a table.",
            hint="put .xlsx, .csv, .txt or .zip files there",
        )
    guesses = guess_tables(found.files)
    spans = span_lines(guesses)
    lines = [*convention_lines(guesses, day), *_table_lines(guesses), *_column_lines(guesses)]
    lines += [*spans, *join_lines(guesses)]
    words = word_lines(guesses)
    lines = _without_clashes([*lines, *combined_lines(guesses, words), *words, *_needless_lines(guesses)])
    proposal = _checked_proposal(path, lines, guesses, found.unread, day)
    for _ in range(_ROUNDS):
        more = _new_lines(proposal.best_report, guesses, lines)
        if not more:
            break
        lines = [*more, *lines]
        proposal = _checked_proposal(path, lines, guesses, found.unread, day)
    return proposal


def _new_lines(
    report: CheckReport | None, guesses: Sequence[TableGuess], lines: Sequence[Line]
) -> list[Line]:
    """Give what the check suggests and no line says yet."""
    said = {(line.section, line.key) for line in lines}
    by_lesson = lists_lessons(guesses)
    suggested = check_lines(report, _is_chinese(guesses), by_lesson) if report is not None else ()
    return [line for line in suggested if (line.section, line.key) not in said]


def _is_chinese(guesses: Sequence[TableGuess]) -> bool:
    headers = [header for guess in guesses for header in guess.values]
    return 2 * sum(not header.isascii() for header in headers) > len(headers)


def _checked_proposal(
    folder: Path,
    lines: Sequence[Line],
    guesses: Sequence[TableGuess],
    unread: Sequence[Unread],
    today: dt.date,
) -> MappingProposal:
    proposal = MappingProposal(
        tuple(lines), tuple(guesses), None, None, tuple(open_questions(guesses, unread))
    )
    report, error = None, None
    try:
        report = SchoolRecords.from_folder(folder, mapping=proposal.mapping(), today=today).check()
    except DropoutRiskError as refused:
        error = refused
    preview = preview_of(folder, lines, guesses, today)
    shown = report if preview is None else preview.report
    questions = [*proposal.questions, *lesson_questions(guesses, shown)]
    return replace(proposal, report=report, error=error, preview=preview, questions=tuple(questions))


# --- Lines of tables and columns --------------------------------------------------------------------


def _table_lines(guesses: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in guesses:
        if guess.table is not None and not guess.built_in:
            yield Line(("tables",), guess.file.called, guess.table, guess.degree, guess.evidence)


def _column_lines(guesses: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in guesses:
        if not guess.used or not may_tell_headers(guess):
            continue
        section = ("columns", guess.table or "")
        for column in guess.columns.values():
            if not column.built_in:
                yield Line(section, column.header, column.column, column.degree, column.evidence)
        for column in guess.spare:
            if not column.built_in and column.degree != "doubtful":
                yield Line(section, column.header, column.column, "doubtful", _SPARE, spare=True)


def _needless_lines(guesses: Sequence[TableGuess]) -> Iterator[Line]:
    used = {
        plain_form(column.header) for guess in guesses for column in (*guess.columns.values(), *guess.spare)
    }
    found: dict[str, str] = {}
    for guess in guesses:
        for header in shown_headers(guess) if guess.used else ():
            if (
                is_needless(header)
                and plain_form(header) not in used
                and not RecordsMapping().leaves_out(header)
            ):
                found.setdefault(plain_form(header), header)
    if found:
        yield Line((), "ignored", tuple(found.values()), "likely", _NEEDLESS)


def _without_clashes(lines: Sequence[Line]) -> list[Line]:
    """Keep one line of each key; where two of a table disagree, both are doubtful."""
    found: dict[tuple[tuple[str, ...], str], Line] = {}
    for line in lines:
        key = line.section, line.key if line.section[:1] == ("words",) else plain_form(line.key)
        other = found.setdefault(key, line)
        if other.value != line.value:
            both_spare = other.spare and line.spare
            found[key] = Line(other.section, other.key, other.value, "doubtful", _CLASH, spare=both_spare)
    return list(found.values())


def _table_texts(guesses: Sequence[TableGuess], language: Language) -> Iterator[str]:
    yield _FOUND.to(language)
    for guess in guesses:
        if guess.table is None:
            yield f"  {guess.file.name} → ?"
            continue
        degree = DEGREES["sure" if guess.built_in else guess.degree].to(language)
        yield f"  {guess.file.name} → {guess.table} ({degree}: {guess.evidence.to(language)})"


_ERROR = Text(zh="[{code}] {message}\n处理办法：{hint}", en="[{code}] {message}\nHint: {hint}")
_SET_APART = Text(zh="[{code}] 有行未使用：{hint}", en="[{code}] Rows are not used: {hint}")
_CONVENTIONS = Text(zh="采用的约定：", en="Conventions that are applied:")
_FOUND = Text(zh="文件与表：", en="Files and tables:")
_CHECK = Text(
    zh="按此映射检查（存疑的各行未采用）：",
    en="What the check says with this mapping (doubtful lines are not applied):",
)
_DECIDE = Text(zh="请决定（{n}项）：", en="To be decided ({n}):")
_NOTHING_TO_DECIDE = Text(zh="没有需要决定的。", en="Nothing is left to be decided.")
_SPARE = Text(
    zh="另一列也是此义，已用那一列", en="another header gives the same column, and that one is used"
)
_NEEDLESS = Text(zh="没有一张表需要这些列", en="no table needs these headers")
_CLASH = Text(zh="在不同的文件中含义不同", en="it means different things in different files")
