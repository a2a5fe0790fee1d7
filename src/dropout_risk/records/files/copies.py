"""What names of files, folders and sheets say beside their table: copies, templates, pupils who left."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

_COPY = re.compile(
    r"(?:^|[\s_.\-（(])(?:copy|copie|kopie|backup|bak|old|orig|original|副本|复件|备份|旧|旧版|旧的)(?:$|[\s_.\-）)\d])"
    r"|副本|备份|\bcopy of\b",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"(?:^|[\s_.\-（(])(?:template|example|sample)s?(?:$|[\s_.\-）)\d])|模板|模版|样表|示例|样例",
    re.IGNORECASE,
)
_LEAVERS = re.compile(
    r"(?:^|[\s_.\-（(])(?:left|leavers?|former|inactive|withdrawn|withdrawals?|graduated|graduates|alumni|exited"
    r"|transferred|transfers?[\s_\-]*out|drop(?:ped)?[\s_\-]*outs?)(?:$|[\s_.\-）)\d])"
    r"|转出|转走|转学(?!生)|退学|休学|离校|已毕业|毕业(?:生|学生|名单|$)|辍学|流失|往届",
    re.IGNORECASE,
)
_COUNTED_COPY = re.compile(r"[\s_]*[（(]\d+[)）]$")
_ENDING = re.compile(
    r"(?:\.(?:csv|tsv|tab|txt|dat|gz|bz2|xz|zst|zip|xls[xmb]?|ods|et|parquet|pq))+$", re.IGNORECASE
)


def kind_of_copy(name: str) -> Literal["template", "copy", "counted"] | None:
    """Tell what a name, or that of a folder or zip above it, says that it is, if not the thing itself.

    >>> kind_of_copy("考勤/旧/9月.csv"), kind_of_copy("grades (1).csv"), kind_of_copy("grades_2024.csv")
    ('copy', 'counted', None)
    """
    for stem in _stems_of(name):
        if _TEMPLATE.search(stem):
            return "template"
        if _COPY.search(stem):
            return "copy"
        if _COUNTED_COPY.search(stem):
            return "counted"
    return None


def names_leavers(name: str) -> bool:
    """Say whether a file or sheet is called as a list of pupils who left.

    >>> names = ("学生.xlsx [转出]", "students_left.csv", "毕业班学生.csv", "left_behind.csv")
    >>> [*map(names_leavers, names)]
    [True, True, False, False]
    """
    return any(_LEAVERS.search(stem) and "behind" not in stem.casefold() for stem in _stems_of(name))


def _stems_of(name: str) -> list[str]:
    """Give the folders, the file and the sheet that a name is made of, without endings."""
    return [_ENDING.sub("", part) for part in PurePosixPath(name.replace(" [", "/").rstrip("]")).parts]
