"""What records say of files and columns, in the language of the reader."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from dropout_risk.text import CLAUSES, Language

_FIELD = re.compile(r"\\\{(\w+)\\\}")


def said_in(text: str, language: Language) -> str:
    """Give a detail, an error's message or its hint in a language; as it is where no wording is known.

    >>> said_in("the headers stand in line 3", "zh"), said_in("the headers stand in line 3", "en")
    ('表头在第3行', 'the headers stand in line 3')
    """
    if language == "en" or not text:
        return text
    whole = _chinese_of(text)
    if whole is not None:
        return whole
    parts = text.split(CLAUSES.en)
    return CLAUSES.zh.join(part if (found := _chinese_of(part)) is None else found for part in parts)


def _chinese_of(text: str) -> str | None:
    for pattern, wording in _wordings():
        found = pattern.fullmatch(text)
        if found is not None:
            given = {name: said_in(value.replace("'", ""), "zh") for name, value in found.groupdict().items()}
            return wording.format(**given)
    return None


@cache
def _wordings() -> list[tuple[re.Pattern[str], str]]:
    text = resources.files("dropout_risk.records").joinpath("said_zh.toml").read_text(encoding="utf-8")
    return [
        (re.compile(_FIELD.sub(r"(?P<\1>[^;]+?)", re.escape(english))), wording)
        for english, wording in tomllib.loads(text).items()
    ]
