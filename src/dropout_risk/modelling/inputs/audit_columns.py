"""Columns for audit alone, in whatever spelling: sex, ethnicity, residence and birth date."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPELLINGS = {
    "sex": ("sex", "gender", "性别", "sexo", "sexe", "geschlecht", "gendermale", "genderfemale"),
    "ethnicity": (
        "ethnicity", "ethnic", "ethnic_group", "ethnic_code", "race", "民族", "minority", "少数民族",
    ),
    "residence": ("residence", "residence_type", "hukou", "户口", "户籍"),
    "birth_date": (
        "birth_date", "birthdate", "birthday", "date_of_birth", "dob", "birth_day", "birth_year",
        "birth_month", "year_of_birth", "born_on", "出生日期", "出生年", "出生月", "生日",
    ),
}  # fmt: skip
"""What each audit-only column of the contract is called elsewhere, whatever stands behind it."""
WHOLE = {
    "sex": ("male", "female", "boy", "girl", "boys", "girls", "男", "女", "男生", "女生", "xb", "xbm"),
    "ethnicity": (
        "mz", "mzm", "american_indian_or_alaska_native", "asian", "black_or_african_american", "white",
        "native_hawaiian_or_other_pacific_islander", "demographic_race_two_or_more_races", "hispanic",
        "hispanic_or_latino", "black", "汉族",
    ),
    "residence": ("hkxz", "hkxzm", "hklb", "hklbm"),
    "birth_date": ("csrq", "csny"),
}  # fmt: skip
"""Names that are one only as a whole: values taken apart, OneRoster's, the school roll's initials."""
_ASIDE = re.compile(
    r"^(student|pupil|child|birth|is|has|学生|是否)_?(?=.)|_?(code|name|cat|label|descriptor|代码|码|名称|\d+)$"
)
_ENDINGS = ("sex", "gender", "ethnicity", "race")
_WORDS = {word: column for table in (SPELLINGS, WHOLE) for column, words in table.items() for word in words}
_BEGINNINGS = tuple(word for words in SPELLINGS.values() for word in words)
_RUN_ON = re.compile(
    r"^(?:(性别|性別)|(民族(?=.+族))|(户口|戶口|户籍|戶籍)|(出生[日年月]))|(户口|戶口|户籍)$"
)
"""Chinese has no mark between a name and its value or kind: 性别男, 户口所在地, 农村户口."""
_OF_RUN_ON = ("sex", "ethnicity", "residence", "birth_date", "residence")


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
    if (ending := plain.rpartition("_")[2]) in _ENDINGS:
        return _WORDS[ending]
    run_on = _RUN_ON.search(plain)
    return None if run_on is None else _OF_RUN_ON[(run_on.lastindex or 1) - 1]
