"""What the cells of the school roll say: codes, words, and the month of entry."""

from __future__ import annotations

import re
from collections.abc import Callable

from dropout_risk.records.family_values import NO, UNKNOWN, YES
from dropout_risk.records.words import narrow_text

_CODED = re.compile(r"(\d+)(?:\s*[-_.:、]?\s*\D.*)?")
_MONTH = re.compile(r"(\d{4})[-/.年]?(0?[1-9]|1[0-2])月?")
_BOARDING = {"1": "no", "2": "yes", "走读": "no", "住校": "yes", "寄宿": "yes"}
_SEX = {"1": "male", "2": "female", "男": "male", "女": "female", "male": "male", "female": "female"}
_YES_NO = {"1": YES, "0": NO, "是": YES, "否": NO, "y": YES, "n": NO}
_LEFT_BEHIND = {
    "0": NO, "1": "one_parent", "2": "both_parents", "非留守儿童": NO, "非留守": NO, "否": NO, "是": YES,
    "单亲留守儿童": "one_parent", "单亲留守": "one_parent", "双亲留守儿童": "both_parents", "双亲留守": "both_parents",
}  # fmt: skip
_NO_DISABILITY = ("0", "00", "无", "无残疾", "否", "正常")
_DISABILITY = re.compile(r"0?[1-9]|.*(?:残|视力|听力|言语|肢体|智力|精神|多重|其他).*")


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


def _disability_of(word: str) -> str | None:
    if word in _NO_DISABILITY:
        return NO
    return YES if _DISABILITY.fullmatch(word) else None


_READ: dict[str, Callable[[str], str | None]] = {
    "sex": _SEX.get,
    "boarding": _BOARDING.get,
    "left_behind": _LEFT_BEHIND.get,
    "orphan": _YES_NO.get,
    "migrant_child": _YES_NO.get,
    "disability": _disability_of,
}
_FACTORS = ("left_behind", "orphan", "migrant_child", "disability")


def roll_value(gives: str, cell: str | None) -> tuple[str | None, bool]:
    """Read a cell by the column or factor that it gives; and whether it holds something that nobody knows.

    A factor that cannot be told is unknown; any other value is left empty.

    >>> roll_value("boarding", "1"), roll_value("left_behind", "2"), roll_value("orphan", "?")
    (('no', False), ('both_parents', False), ('unknown', True))
    >>> roll_value("sex", "9"), roll_value("class_id", "1班"), roll_value("enrolled_on", "201409")
    ((None, True), ('1班', False), ('2014-09-01', False))
    """
    if cell is None:
        return None, False
    if gives == "enrolled_on":
        return month_day(cell), False
    if gives not in _READ:
        return cell, False
    value = _READ[gives](roll_word(cell))
    return (UNKNOWN if gives in _FACTORS else None, True) if value is None else (value, False)


ROLL_WORDS: dict[str, dict[str | bool, str]] = {
    "sex": {"male": "男", "female": "女"},
    "boarding": {False: "1", True: "2"},
    "left_behind": {NO: "0", "one_parent": "1", "both_parents": "2"},
    "orphan": {YES: "是", NO: "否"},
    "migrant_child": {YES: "是", NO: "否"},
    "disability": {NO: "无"},
}
"""What the template writes for what records hold; other values it cannot carry."""
