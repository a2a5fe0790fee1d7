"""MappingProposal: the whole mapping proposed for a folder, and what the check would say with it."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_risk.errors import DropoutRiskError, RecordsError
from dropout_risk.proposals.check_hints import check_lines
from dropout_risk.proposals.convention_guess import convention_lines
from dropout_risk.proposals.foreign_files import ForeignFiles, Unread
from dropout_risk.proposals.known_names import is_needless
from dropout_risk.proposals.lines import DEGREES, Line
from dropout_risk.proposals.mapping_toml import write_mapping
from dropout_risk.proposals.table_guess import (
    TableGuess,
    guess_tables,
    has_headers,
    shown_headers,
    wide_days,
    wide_subjects,
)
from dropout_risk.proposals.word_guess import word_lines
from dropout_risk.records.mapping import RecordsMapping, plain_form
from dropout_risk.records.rules import CheckReport
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import Language, Text

_WIDE = 3
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
    """

    lines: tuple[Line, ...]
    tables: tuple[TableGuess, ...]
    report: CheckReport | None
    error: DropoutRiskError | None
    questions: tuple[Text, ...]

    def toml(self, language: Language = "en") -> str:
        """Write the mapping: sure and likely entries with their evidence, doubtful ones as comments."""
        return write_mapping(self.lines, self.tables, language)

    def mapping(self) -> RecordsMapping:
        """Give the mapping as proposed, without what is doubted."""
        return RecordsMapping(tomllib.loads(self.toml()))

    @property
    def doubtful(self) -> tuple[Line, ...]:
        """The lines that are not applied, and that somebody has to decide."""
        return tuple(line for line in self.lines if not line.applied)

    @property
    def clean(self) -> bool:
        """Whether the records can be read, every row is used, and nothing is to be decided."""
        return self.report is not None and self.report.ok and not self.doubtful and not self.questions

    def text(self, language: Language = "en") -> str:
        """Say which file is which table, what the check then says, and what is to be decided."""
        said = [*_table_texts(self.tables, language), *self._conventions(language), "", _CHECK.to(language)]
        said.append(str(self.error) if self.report is None else self.report.text(language))
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

    def _mend(self) -> Iterator[Text]:
        """Name what the check sets apart, which somebody has to mend or to explain."""
        problems = () if self.report is None else self.report.problems
        told = [
            (problem.rule.code, problem.rule.wording(problem.table, problem.column).hint)
            for problem in problems
            if problem.severity == "error"
        ]
        for code, hint in dict.fromkeys(told):
            yield _SET_APART.filled(code=code, hint=hint)
        if self.error is not None:
            yield Text(zh=self.error.hint, en=self.error.hint)

    def _asked(self, language: Language) -> Iterator[str]:
        for line in self.doubtful:
            where = f"[{'.'.join(line.section)}] " if line.section else ""
            yield f"{where}{line.entry}    # {line.evidence.to(language)}"


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
    lines = [*convention_lines(guesses, day), *_table_lines(guesses), *_column_lines(guesses)]
    lines = _without_clashes([*lines, *word_lines(guesses), *_needless_lines(guesses)])
    proposal = _checked_proposal(path, lines, guesses, found.unread, day)
    hints = _new_lines(proposal.report, guesses, lines)
    if hints:
        proposal = _checked_proposal(path, [*hints, *lines], guesses, found.unread, day)
        more = _new_lines(proposal.report, guesses, [*hints, *lines])
        proposal = (
            _checked_proposal(path, [*more, *hints, *lines], guesses, found.unread, day) if more else proposal
        )
    return proposal


def _new_lines(
    report: CheckReport | None, guesses: Sequence[TableGuess], lines: Sequence[Line]
) -> list[Line]:
    """Give what the check suggests and no line says yet."""
    said = {(line.section, line.key) for line in lines}
    suggested = check_lines(report, _is_chinese(guesses)) if report is not None else ()
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
        tuple(lines), tuple(guesses), None, None, tuple(_open_questions(guesses, unread))
    )
    report, error = None, None
    try:
        report = SchoolRecords.from_folder(folder, mapping=proposal.mapping(), today=today).check()
    except DropoutRiskError as refused:
        error = refused
    return MappingProposal(proposal.lines, proposal.tables, report, error, proposal.questions)


# --- Lines of tables and columns --------------------------------------------------------------------


def _table_lines(guesses: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in guesses:
        if guess.table is not None and not guess.built_in:
            yield Line(("tables",), guess.file.called, guess.table, guess.degree, guess.evidence)


def _column_lines(guesses: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in guesses:
        if not guess.used or not _may_tell(guess):
            continue
        section = ("columns", guess.table or "")
        for column in guess.columns.values():
            if not column.built_in:
                yield Line(section, column.header, column.column, column.degree, column.evidence)
        for column in guess.spare:
            if not column.built_in and column.degree != "doubtful":
                yield Line(section, column.header, column.column, "doubtful", _SPARE)


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
                and not RecordsMapping().ignores(header)
            ):
                found.setdefault(plain_form(header), header)
    if found:
        yield Line((), "ignored", tuple(found.values()), "likely", _NEEDLESS)


def _may_tell(guess: TableGuess) -> bool:
    """Say whether its headers may be written down; a line of headers that are none may be a pupil's."""
    return has_headers(guess) or any(column.built_in for column in guess.columns.values())


def _without_clashes(lines: Sequence[Line]) -> list[Line]:
    """Keep one line of each key; where two of a table disagree, both are doubtful."""
    found: dict[tuple[tuple[str, ...], str], Line] = {}
    for line in lines:
        key = line.section, line.key if line.section[:1] == ("words",) else plain_form(line.key)
        other = found.setdefault(key, line)
        if other.value != line.value:
            found[key] = Line(other.section, other.key, other.value, "doubtful", _CLASH)
    return list(found.values())


# --- What else is to be decided ---------------------------------------------------------------------


def _open_questions(guesses: Sequence[TableGuess], unread: Sequence[Unread]) -> Iterator[Text]:
    for file in unread:
        yield Text(
            zh=f"文件 {file.name} 不能读取：{file.why}", en=f"File {file.name} is not read: {file.why}"
        )
    if not any(guess.table == "students" and guess.used for guess in guesses):
        yield _NO_STUDENTS
    for guess in guesses:
        yield from _table_questions(guess)


def _table_questions(guess: TableGuess) -> Iterator[Text]:
    name = guess.file.name
    if wide_days(guess) >= _WIDE:
        yield _WIDE_DAYS.filled(name=name)
    elif wide_subjects(guess) >= _WIDE:
        yield _WIDE_MARKS.filled(name=name)
    elif guess.table is None:
        yield _NO_TABLE.filled(name=name)
    elif not guess.used or not _may_tell(guess):
        yield (_NO_HEADERS if not _may_tell(guess) else _UNUSED).filled(name=name, table=guess.table)
    else:
        missing = [column for column in guess.missing() if column != "max_score"]
        if missing:
            yield _MISSING.filled(name=name, table=guess.table, columns=", ".join(missing))
        left = [header for header in shown_headers(guess) if not _is_left_out(header)]
        if left:
            yield _UNKNOWN.filled(name=name, headers=", ".join(left[:12]), more=" …" if left[12:] else "")


def _is_left_out(header: str) -> bool:
    return is_needless(header) or RecordsMapping().ignores(header)


def _table_texts(guesses: Sequence[TableGuess], language: Language) -> Iterator[str]:
    yield _FOUND.to(language)
    for guess in guesses:
        if guess.table is None:
            yield f"  {guess.file.name} → ?"
            continue
        degree = DEGREES["sure" if guess.built_in else guess.degree].to(language)
        yield f"  {guess.file.name} → {guess.table} ({degree}: {guess.evidence.to(language)})"


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
_NO_STUDENTS = Text(
    zh="没有学生名单：请加上每名学生一行的文件（学号、学校、班级、年级）",
    en="No file lists the pupils: add one with a row for each (id, school, class, grade level)",
)
_NO_TABLE = Text(
    zh="{name}：不像任何一张表。不需要时移出文件夹，需要时写入 [tables]",
    en="{name} is like no table: move it out of the folder, or name its table under [tables]",
)
_UNUSED = Text(
    zh="{name}：是不是 {table}？确认后去掉 [tables] 中该行的 #",
    en="Is {name} the table {table}? If so, take the # off its line under [tables]",
)
_NO_HEADERS = Text(
    zh="{name}（{table}）：第一行像是数据而不是表头，请加上一行表头",
    en="{name} ({table}): its first line looks like a row rather than headers; add a line of headers",
)
_WIDE_DAYS = Text(
    zh="{name}：每天一列，不能这样读取：请导出为每名学生每天一行",
    en="{name} has a column for each day, which is not read: export it with one row per pupil and day",
)
_WIDE_MARKS = Text(
    zh="{name}：每科一列，不能这样读取：请导出为每名学生每科一行",
    en="{name} has a column for each subject, which is not read: export it with one row per pupil "
    "and subject",
)
_MISSING = Text(
    zh="{name}（{table}）：没有找到必需的列 {columns}：请在导出时加上，或在 [columns.{table}] 中写明",
    en="{name} ({table}): no header gives {columns}, which every row needs: export it, or name the "
    "header under [columns.{table}]",
)
_UNKNOWN = Text(
    zh="{name}：这些列不明，未使用：{headers}{more}。不需要时写入 ignored",
    en="{name}: nobody knows these headers, which are not used: {headers}{more}; list them under "
    "ignored if they are not needed",
)
