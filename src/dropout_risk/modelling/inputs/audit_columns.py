"""Columns for audit alone, in whatever spelling: sex, ethnicity, residence and birth date."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPELLINGS = {
    "sex": ("sex", "gender", "性别", "male", "female", "boy", "girl", "男", "女"),
    "ethnicity": (
        "ethnicity", "ethnic", "ethnic_group", "ethnic_code", "race", "民族", "minority", "少数民族",
    ),
    "residence": (
        "residence", "residence_type", "hukou", "户口", "户口性质", "户口类型", "户籍", "户籍性质",
    ),
    "birth_date": (
        "birth_date", "birthdate", "birthday", "date_of_birth", "dob", "birth_day", "born_on",
        "出生日期", "出生年月", "出生年月日", "生日",
    ),
}  # fmt: skip
"""What each audit-only column of the contract is called elsewhere."""
_ASIDE = re.compile(r"^(student|pupil|child|is|has|学生|是否)_?(?=.)|_?(code|name|cat|label|代码|码|名称)$")
_WORDS = {spelling: column for column, spellings in SPELLINGS.items() for spelling in spellings}
_BEGINNINGS = tuple(word for word in _WORDS if word not in ("male", "female", "boy", "girl", "男", "女"))


def audit_columns(names: Iterable[str], declared: Iterable[str] = ()) -> dict[str, str]:
    """Find the columns that are for audit only, with the column of the contract that each is.

    A column of the catalogue is what it declares, unless its whole name is one of the spellings. What stands
    behind a name and a mark is the value of a column that was taken apart (one-hot).

    Parameters
    ----------
    names : iterable of str
        Names of columns.
    declared : iterable of str
        Names that the catalogue declares.

    Examples
    --------
    >>> audit_columns(["sex_M", "性别", "Gender=F", "民族_汉族", "absence_share_20d", "racetrack"])
    {'sex_M': 'sex', '性别': 'sex', 'Gender=F': 'sex', '民族_汉族': 'ethnicity'}
    >>> audit_columns(["sex", "race_to_school"], declared=["sex", "race_to_school"])
    {'sex': 'sex'}
    """
    known = set(declared) - _WORDS.keys()
    found = {name: _audited_as(name) for name in names if name not in known}
    return {name: column for name, column in found.items() if column is not None}


def _audited_as(name: str) -> str | None:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).casefold()
    plain = re.sub(r"[\s\-.=:/\[\]()（）：]+", "_", spelled).strip("_")
    for word in (plain, _ASIDE.sub("", plain), _ASIDE.sub("", _ASIDE.sub("", plain))):
        if word in _WORDS:
            return _WORDS[word]
        for beginning in _BEGINNINGS:
            if word.startswith(f"{beginning}_"):
                return _WORDS[beginning]
    return None
