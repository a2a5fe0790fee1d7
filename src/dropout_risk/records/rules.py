"""The rules of the check, declared once in ``rules.toml``, and the report of the problems they find."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dropout_risk.text import CLAUSES, NO_WORDS, Language, Text

if TYPE_CHECKING:
    import pandas as pd


Severity = Literal["error", "warning"]


class Wording(NamedTuple):
    """What is wrong, and the way out."""

    message: Text
    hint: Text


@dataclass(frozen=True)
class Rule:
    """One rule of the check: what is wrong, which is never a pupil's value, and the way out.

    The code (such as ``"DR106"``) is stable; an error sets the row apart, a warning is only noted. ``at`` has
    other wordings for some places: a column of any table, or of one; those of ``request`` are hints for
    requests.
    """

    code: str
    name: str
    message: Text
    hint: Text
    severity: Severity = "error"
    at: Mapping[str, Wording] = field(default_factory=dict, compare=False)

    def wording(self, table: str, column: str) -> Wording:
        """Say what is wrong, and the way out, where it fires.

        >>> RULES["missing_value"].wording("grades", "date").hint.en
        'fill it in, or leave the row out'
        """
        return self.at.get(f"{table}.{column}") or self.at.get(column) or Wording(self.message, self.hint)

    def wording_in_request(self, table: str, column: str) -> Wording:
        """Say the same of a request, over which no mapping is laid: the way out may be another.

        >>> RULES["unknown_word"].wording_in_request("grades", "taken").hint.en
        'write one of the words of the contract'
        """
        here = self.wording(table, column)
        places = (f"request.{table}.{column}", f"request.{column}", "request")
        other = next((self.at[place] for place in places if place in self.at), here)
        return Wording(here.message, other.hint)


def _declared_rules() -> dict[str, Rule]:
    text = resources.files("dropout_risk.records").joinpath("rules.toml").read_text(encoding="utf-8")
    rules = (
        Rule(**part | _wording_of(part)._asdict() | {"code": code, "at": _wordings_at(part)})
        for code, part in tomllib.loads(text).items()
    )
    return {rule.name: rule for rule in rules}


def _wording_of(part: Mapping[str, Any]) -> Wording:
    return Wording(Text(**part["message"]), Text(**part["hint"]))


def _wordings_at(part: Mapping[str, Any]) -> dict[str, Wording]:
    """Read the wordings of single places; several places may share one."""
    return {
        place: _wording_of({**part, **own})
        for places, own in part.get("at", {}).items()
        for place in places.split()
    }


RULES: dict[str, Rule] = _declared_rules()
RULES_BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES.values()}


# --- The report: every problem at once, with the rules it names ---


@dataclass(frozen=True)
class Problem:
    """One line of the report: a rule, where it fired and how often.

    ``first_row`` is the first of the ``rows`` affected, counted from 1 without the header, in ``file`` (empty
    for a frame); None where no row is concerned. An error set the rows apart, a warning did not. ``detail``
    names columns or files, never a value.
    """

    table: str
    column: str
    rule: Rule
    rows: int
    first_row: int | None
    file: str
    severity: Severity
    detail: Text = NO_WORDS

    def message(self, language: Language = "en") -> str:
        """Say what is wrong."""
        return self.rule.wording(self.table, self.column).message.to(language)

    def hint(self, language: Language = "en") -> str:
        """Say the way out."""
        hint = self.rule.wording(self.table, self.column).hint.to(language)
        return CLAUSES.join(language, filter(None, (self.detail.to(language), hint)))


@dataclass(frozen=True)
class Counts:
    """Rows of one table: ``read`` is always ``used`` plus ``set_apart``."""

    read: int
    used: int
    set_apart: int


_COLUMNS = ("table", "column", "rule", "name", "severity", "rows", "first_row", "file", "message", "hint")


@dataclass(frozen=True, repr=False)
class CheckReport:
    """Every problem of the school records at once, without any pupil's value; with counts and files by table.

    >>> CheckReport((), {"students": Counts(read=2, used=2, set_apart=0)}).ok
    True
    """

    problems: tuple[Problem, ...]
    counts: Mapping[str, Counts]
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing had to be set apart (warnings may remain)."""
        return not any(problem.severity == "error" for problem in self.problems)

    def frame(self, language: Language = "en") -> pd.DataFrame:
        """Give one row per problem, with its rule, the rows affected and the way out."""
        import pandas as pd

        rows = [
            (p.table, p.column, p.rule.code, p.rule.name, p.severity, p.rows, p.first_row, p.file,
             p.message(language), p.hint(language))
            for p in self.problems
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"rows": "int64", "first_row": "Int64"})

    def summary(self, language: Language = "en") -> pd.DataFrame:
        """Give one row per table: rows read, used and set apart."""
        import pandas as pd

        names = Text(zh="读取 使用 未使用", en="read used set_apart").to(language).split()
        rows = [(c.read, c.used, c.set_apart) for c in self.counts.values()]
        return pd.DataFrame(rows, columns=names, index=pd.Index(list(self.counts), name="table"))

    def text(self, language: Language = "en") -> str:
        """Give the counts per table and one line per problem, for a terminal."""
        counts = [
            _COUNTED.fill(language, table=name, **asdict(count)) + self._read_from(name, language)
            for name, count in self.counts.items()
        ]
        return "\n".join([*counts, *(_problem_line(problem, language) for problem in self.problems)])

    def _read_from(self, table: str, language: Language) -> str:
        """Name the files of a table where there are several."""
        files = self.files.get(table, ())
        if len(files) < 2:
            return ""
        more = len(files) - _MOST_FILES
        names = ", ".join(files[:_MOST_FILES]) + (f" (+{more})" if more > 0 else "")
        return _READ_FROM.fill(language, files=names)

    def __str__(self) -> str:
        """Give the counts per table and one line per problem, in English."""
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Show the counts and the problems as two tables in a notebook."""
        if not self.problems:
            return str(self.summary().to_html())
        problems = self.frame().astype({"first_row": "string"}).fillna("")
        return str(self.summary().to_html()) + str(problems.to_html(index=False))


_COUNTED = Text(
    zh="{table}：读取{read}行，使用{used}行，未使用{set_apart}行",
    en="{table}: {read} read, {used} used, {set_apart} set apart",
)
_READ_FROM = Text(zh="（{files}）", en=" ({files})")
_MOST_FILES = 9
_SEVERITIES = {"error": Text(zh="错误", en="error"), "warning": Text(zh="提醒", en="warning")}
_ROWS = Text(
    zh="（{rows}行，首见于数据第{first}行{file}）", en=" ({rows} rows, first data row {first}{file})"
)
_FILE = Text(zh="，文件{file}", en=" in {file}")
_LINE = Text(
    zh="[{code}] {severity} {where}：{message}{place}。处理办法：{hint}。",
    en="[{code}] {severity} {where}: {message}{place}. Hint: {hint}.",
)


def _problem_line(problem: Problem, language: Language) -> str:
    file = _FILE.fill(language, file=problem.file) if problem.file else ""
    place = file
    if problem.first_row is not None:
        place = _ROWS.fill(language, rows=problem.rows, first=problem.first_row, file=file)
    return _LINE.fill(
        language,
        code=problem.rule.code,
        severity=_SEVERITIES[problem.severity].to(language),
        where=f"{problem.table}.{problem.column}" if problem.column else problem.table,
        message=problem.message(language),
        place=place,
        hint=problem.hint(language),
    )
