"""What names of files, folders and sheets say that they are, if not the thing itself: copies, templates."""

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
_COUNTED_COPY = re.compile(r"[\s_]*[（(]\d+[)）]$")
_ENDING = re.compile(
    r"(?:\.(?:csv|tsv|tab|txt|dat|gz|bz2|xz|zst|zip|xls[xmb]?|ods|et|parquet|pq))+$", re.IGNORECASE
)


def kind_of_copy(name: str) -> Literal["template", "copy", "counted"] | None:
    """Tell what a name, or that of a folder or zip above it, says that it is, if not the thing itself.

    >>> kind_of_copy("考勤/旧/9月.csv"), kind_of_copy("grades (1).csv"), kind_of_copy("grades_2024.csv")
    ('copy', 'counted', None)
    """
    for part in PurePosixPath(name.replace(" [", "/").rstrip("]")).parts:
        stem = _ENDING.sub("", part)
        if _TEMPLATE.search(stem):
            return "template"
        if _COPY.search(stem):
            return "copy"
        if _COUNTED_COPY.search(stem):
            return "counted"
    return None
