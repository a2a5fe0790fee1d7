"""What stops the reading of records, in the language of the reader."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from dropout_risk.text import CLAUSES, Text

_FIELD = re.compile(r"\\\{(\w+)\\\}")


def error_words(text: str) -> Text:
    """Give an error's message or hint in both languages; in English alone where no other wording is known.

    >>> error_words("is it complete?").zh
    '文件完整吗'
    """
    return Text(zh=_said_in_chinese(text), en=text)


def _said_in_chinese(text: str) -> str:
    whole = _chinese_of(text)
    if whole is not None:
        return whole
    parts = text.split(CLAUSES.en)
    return CLAUSES.zh.join(part if (found := _chinese_of(part)) is None else found for part in parts)


def _chinese_of(text: str) -> str | None:
    for pattern, wording in _error_wordings():
        found = pattern.fullmatch(text)
        if found is not None:
            given = {name: value.replace("'", "") for name, value in found.groupdict().items()}
            return wording.format(**{name: _said_in_chinese(value) for name, value in given.items()})
    return None


@cache
def _error_wordings() -> list[tuple[re.Pattern[str], str]]:
    file = resources.files("dropout_risk.proposals").joinpath("error_words_zh.toml")
    return [
        (re.compile(_FIELD.sub(r"(?P<\1>[^;]+?)", re.escape(english))), wording)
        for english, wording in tomllib.loads(file.read_text(encoding="utf-8")).items()
    ]
