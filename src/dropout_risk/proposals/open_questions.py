"""What a school has to decide or to mend besides the lines of its mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dropout_risk.proposals.column_values import ColumnValues, recurring_share
from dropout_risk.proposals.foreign_files import Unread
from dropout_risk.proposals.known_names import is_known_elsewhere, is_needless
from dropout_risk.proposals.table_guess import (
    TableGuess,
    has_headers,
    shown_headers,
    wide_days,
    wide_subjects,
)
from dropout_risk.records.pupils.unused_columns import told_of_header
from dropout_risk.records.rules import CheckReport
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Text

_WIDE, _SAME_PUPILS = 3, 0.5
_OF_PLACE = frozenset(("school_id", "class_id", "grade_level"))


def open_questions(guesses: Sequence[TableGuess], unread: Sequence[Unread]) -> Iterator[Text]:
    """Give what no line of a mapping can say: files that are not read, columns that nothing gives."""
    for file in unread:
        yield _NOT_READ.filled(name=file.name, why=file.why)
    if not any(guess.table == "students" and guess.used for guess in guesses):
        yield NO_STUDENTS
    yield from _split_questions(guesses)
    poorer = [guess for guess, _ in poorer_rosters(guesses)]
    for guess in guesses:
        if not (guess in poorer or (guess.table is None and (guess.joined_to or _is_linked(guess)))):
            yield from _table_questions(guess)


def _split_questions(guesses: Sequence[TableGuess]) -> Iterator[Text]:
    """Ask for one file where a table is spread over several that refer to each other."""
    linked = [guess.file.name for guess in guesses if _is_linked(guess)]
    if len(linked) > 1:
        yield _LINKED.filled(names=", ".join(linked))
    for guess, whole in poorer_rosters(guesses):
        yield _TWO_ROSTERS.filled(name=guess.file.name, other=whole.file.name)


def poorer_rosters(guesses: Sequence[TableGuess]) -> list[tuple[TableGuess, TableGuess]]:
    """Find the rosters that list the pupils of another one and lack what that one has; with that one."""
    rosters = [guess for guess in guesses if guess.table == "students" and guess.used]
    whole = max(rosters, key=lambda guess: len(guess.columns), default=None)
    ids = whole.of_column("student_id") if whole is not None else None
    if whole is None or ids is None:
        return []
    return [
        (guess, whole)
        for guess in rosters
        if guess is not whole and lacking_columns(guess) and _share_of_pupils(guess, ids) > _SAME_PUPILS
    ]


def _share_of_pupils(guess: TableGuess, ids: ColumnValues) -> float:
    own = guess.of_column("student_id")
    return 0.0 if own is None else recurring_share(own.distinct, ids.distinct)


def _is_linked(guess: TableGuess) -> bool:
    return bool({"sourcedid", "sourced_id"} & {*map(plain_form, guess.values)})


def _table_questions(guess: TableGuess) -> Iterator[Text]:
    name = guess.file.name
    if wide_days(guess) >= _WIDE:
        yield _WIDE_DAYS.filled(name=name)
    elif wide_subjects(guess) >= _WIDE:
        yield _WIDE_MARKS.filled(name=name)
    elif guess.table is None:
        yield _NO_TABLE.filled(name=name)
    elif not may_tell_headers(guess):
        yield _NO_HEADERS.filled(name=name, table=guess.table)
    elif guess.used:
        missing = lacking_columns(guess)
        if missing:
            lacks = _MISSING_PLACES if {*missing} <= _OF_PLACE else _MISSING
            yield lacks.filled(name=name, table=guess.table, columns=", ".join(missing))
        left = [header for header in shown_headers(guess) if not _is_left_out(header)]
        telling = {header: told_of_header(guess.table, header) for header in left}
        for header, told in telling.items():
            if told:
                yield _TELLS.filled(name=name, header=header, told=told)
        left = [header for header in left if not telling[header]]
        if left:
            yield _UNKNOWN.filled(name=name, headers=", ".join(left[:12]), more=" …" if left[12:] else "")


def lesson_questions(guesses: Sequence[TableGuess], report: CheckReport | None) -> Iterator[Text]:
    """Say what is to be done about a register that lists absences by lesson."""
    codes = {problem.rule.code for problem in report.problems} if report is not None else set()
    if codes & {"DR170", "DR174"} and lists_lessons(guesses):
        for guess in guesses:
            if guess.table == "attendance" and guess.used and "session" in guess.columns:
                yield _BY_LESSON.filled(name=guess.file.name, header=guess.columns["session"].header)


def lacking_columns(guess: TableGuess) -> list[str]:
    """Name the required columns that a table in use has no header for, and that are not said once."""
    return [column for column in guess.missing() if column != "max_score"] if guess.used else []


def lists_lessons(guesses: Sequence[TableGuess]) -> bool:
    """Say whether attendance stands by session, so that days without a row cannot be presumed."""
    return any(guess.table == "attendance" and guess.used and "session" in guess.columns for guess in guesses)


def _is_left_out(header: str) -> bool:
    return is_needless(header) or is_known_elsewhere(header) or RecordsMapping().leaves_out(header)


def may_tell_headers(guess: TableGuess) -> bool:
    """Say whether its headers may be written down; a line of headers that are none may be a pupil's."""
    return has_headers(guess) or any(column.built_in for column in guess.columns.values())


_NOT_READ = Text(zh="文件 {name} 不能读取：{why}", en="File {name} is not read: {why}")
NO_STUDENTS = Text(
    zh="没有学生名单：请加上每名学生一行的文件（学号、学校、班级、年级）",
    en="No file lists the pupils: add one with a row for each (id, school, class, grade level)",
)
_NO_TABLE = Text(
    zh="{name}：不像任何一张表。不需要时移出文件夹或写入 ignored，需要时写入 [tables]",
    en="{name} is like no table: move it out of the folder or list it under ignored, or name its table "
    "under [tables]",
)
_NO_HEADERS = Text(
    zh="{name}（{table}）：第一行像是数据而不是表头，请加上一行表头",
    en="{name} ({table}): its first line looks like a row rather than headers; add a line of headers",
)
_WIDE_DAYS = Text(
    zh="{name}：每天一列：在映射文件中把该表写为 attendance（[tables]），并写 [wide.attendance]；"
    "表头没有年份的，再写 begins = 2024-09-01",
    en="{name} has a column for each day: say under [tables] that it is attendance, and write "
    "[wide.attendance], with begins = 2024-09-01 where the headers have no year",
)
_WIDE_MARKS = Text(
    zh="{name}：每科一列：在映射文件中把该表写为 grades（[tables]），写 [wide.grades]，"
    "并在 [constants.grades] 中写明考试（exam）和日期（date）",
    en="{name} has a column for each subject: say under [tables] that it is grades, write [wide.grades], "
    "and under [constants.grades] the exam and its date",
)
_MISSING = Text(
    zh="{name}（{table}）：没有找到必需的列 {columns}：请在导出时加上，或在 [columns.{table}] 中写明；"
    "各行相同的，写在 [constants.{table}] 中",
    en="{name} ({table}): no header gives {columns}, which every row needs: export it, or name the "
    "header under [columns.{table}]; what all rows have in common goes under [constants.{table}]",
)
_MISSING_PLACES = Text(
    zh="{name}（{table}）：没有找到列 {columns}：请在导出时加上，或在 [columns.{table}] 中写明；"
    "确实没有的，加一个只有表头的空列",
    en="{name} ({table}): no header gives {columns}: export it, or name the header under [columns.{table}]; "
    "where nobody knows it, add a column that has a header and no values",
)
_TELLS = Text(zh="{name} 的“{header}”列没有使用：{told}", en="{name}: column {header!r} is not used: {told}")
_UNKNOWN = Text(
    zh="{name}：这些列不明，未使用：{headers}{more}。不需要时写入 ignored",
    en="{name}: nobody knows these headers, which are not used: {headers}{more}; list them under "
    "ignored if they are not needed",
)
_BY_LESSON = Text(
    zh="{name}：缺课按节登记（{header}），没有记录的日子不能当作出勤。"
    "请汇总为每名学生每天一行（当天缺半数以上的课为缺课），去掉该列，"
    '再写 unrecorded = "present"；或导出每节课所有学生的出勤',
    en="{name} lists absences by lesson ({header}), so that days without a row cannot count as present: "
    "sum it up to one row per pupil and day (absent where at least half of the lessons were missed), leave "
    'that column out and write unrecorded = "present"; or export every pupil of every lesson',
)
_LINKED = Text(
    zh="{names} 是 OneRoster 式的导出，各文件以 sourcedId 相连，不能分别读取：请先合并为一名学生一行的名单"
    "（users、enrollments、classes）和一次成绩一行的成绩表（results、lineItems），或让系统直接导出这样的表",
    en="{names} refer to each other by sourcedId, as in OneRoster, and cannot be read one by one: join them "
    "to a roster (users, enrollments, classes) and to marks with a row each (results, lineItems), or have "
    "the system export such tables",
)
_TWO_ROSTERS = Text(
    zh="{name} 与 {other} 列的是同一批学生，同一学生的两行会互相矛盾："
    '请并入一个文件，或在 ignored 中写 "{name}"',
    en="{name} and {other} list the same pupils, whose rows then contradict each other: put them into one "
    'file, or list "{name}" under ignored',
)
