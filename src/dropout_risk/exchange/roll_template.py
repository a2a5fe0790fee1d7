"""The school roll's import template (学籍): its columns by name or code, and the words of its cells.

What it has is declared in ``roll.toml``: the template of 2013 and 2014, whose names and codes both occur,
also in one file. A platform of today may export other columns.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dropout_risk.exchange.left_out import IDENTITY, NOT_READ, PERSONAL
from dropout_risk.records.checks.family_values import UNKNOWN
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import narrow_text, plain_form
from dropout_risk.text import Text

_FAMILY_MEMBER = Text(zh="家庭成员的信息，不读取", en="it is about a member of the family; it is not read")
_WHYS = {"identity": IDENTITY, "personal": PERSONAL, "member": _FAMILY_MEMBER, "": NOT_READ}
_DECLARED = tomllib.loads(resources.files(__package__).joinpath("roll.toml").read_text(encoding="utf-8"))
_MARKS = re.compile(r"[*★※]|[(\[【（][^)\]】）]*[)\]】）]")
_CODED = re.compile(r"(\d+)(?:\s*[-_.:、]?\s*\D.*)?")
_MONTH = re.compile(r"(\d{4})[-/.年]?(0?[1-9]|1[0-2])月?")
ID_COLUMNS = ("学籍号", "全国学籍号", "学号", "身份证件号", "学籍辅号")
"""What may name a pupil, the surest first; the template itself has the last two alone."""


@dataclass(frozen=True)
class RollColumn:
    """One column of the template: its name and code, and what it gives or why it gives nothing."""

    name: str
    code: str
    gives: str
    why: Text

    @property
    def is_factor(self) -> bool:
        """Whether it gives a factor of ``family``, and not a column of ``students``."""
        return self.gives in _DECLARED["factors"]


ROLL_COLUMNS, _BESIDE = (
    tuple(RollColumn(name, code, gives, _WHYS[why]) for name, code, gives, why in _DECLARED[part])
    for part in ("columns", "beside")
)
WRITTEN_WORDS: dict[str, dict[str, str]] = _DECLARED["written"]
"""What the template writes for what records hold; other values it cannot carry."""


def roll_column(header: str) -> RollColumn | None:
    """Find the column that a header means; marks and remarks in brackets do not count.

    >>> roll_column("*性 别（必填）").name, roll_column("XB").name, roll_column("血压")
    ('性别', '性别', None)
    """
    return _columns_by_header().get(_bare_header(header))


def _bare_header(header: str) -> str:
    bare = plain_form(_MARKS.sub("", header)).replace("_", "").replace("/", "")
    return bare.removeprefix("家庭") if bare.startswith("家庭成员") else bare


@cache
def _columns_by_header() -> dict[str, RollColumn]:
    codes = {column.code: column for column in ROLL_COLUMNS if column.code}
    return codes | {_bare_header(column.name): column for column in (*ROLL_COLUMNS, *_BESIDE)}


@cache
def roll_mapping() -> RecordsMapping:
    """Give the mapping by which the readers of records find the headers of a roll."""
    students = {
        header: column.gives
        for column in ROLL_COLUMNS
        for header in (column.name, column.code)
        if header and column.gives and not column.is_factor
    }
    return RecordsMapping({"columns": {"students": students}})


def roll_value(column: RollColumn, cell: str | None) -> tuple[str | None, bool]:
    """Read a cell; and say whether it holds something that nobody knows.

    A factor that cannot be told is unknown; any other value is left empty.

    >>> roll_value(roll_column("就读方式"), "1-走读"), roll_value(roll_column("是否孤儿"), "?")
    (('no', False), ('unknown', True))
    >>> roll_value(roll_column("班号"), "1班"), roll_value(roll_column("入学年月"), "201409")
    (('1班', False), ('2014-09-01', False))
    """
    words = _DECLARED["words"].get(column.gives)
    if cell is None or words is None:
        return month_day(cell) if cell and column.gives == "enrolled_on" else cell, False
    value = words.get(roll_word(cell))
    return (UNKNOWN if column.is_factor else None, True) if value is None else (value, False)


def roll_word(cell: str) -> str:
    """Take the code out of a cell that holds a code and its words, or give the words.

    >>> roll_word("1-走读"), roll_word("２ 住校"), roll_word("走读")
    ('1', '2', '走读')
    """
    plain = narrow_text(cell).casefold()
    found = _CODED.fullmatch(plain)
    return found[1] if found else plain


def month_day(cell: str) -> str:
    """Write a month of entry as its first day; anything else stays for the check.

    >>> month_day("201409"), month_day("2014年9月"), month_day("20140901"), month_day("2014级")
    ('2014-09-01', '2014-09-01', '20140901', '2014级')
    """
    found = _MONTH.fullmatch(narrow_text(cell))
    return f"{found[1]}-{int(found[2]):02d}-01" if found else cell
