"""The shape of a mapping: which parts are tables of words, lists or one word, before any is looked up."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Any

_EXAMPLES = {
    "tables": '[tables] with lines such as 考勤表 = "attendance"',
    "columns": '[columns.grades] with lines such as 卷面分 = "score"',
    "words": '[words.status] with lines such as 到校 = "present"',
}
SECTIONS = ("tables", "columns", "words", "encoding", "units", "calendar")
"""The parts that are tables of entries in TOML; all others stand at the top of the file."""
_DEPTH = {"tables": 1, "columns": 2, "words": 2}


def shape_problems(data: Any) -> Iterator[tuple[str, str]]:
    """Give what is misshapen in a mapping, with how it is written; unknown keys are not looked at.

    >>> [message for message, _ in shape_problems({"columns": 4, "ignored": "备注"})]
    ["'columns' must be a table of tables, not a number", "'ignored' must be a list of texts, not a text"]
    """
    if not isinstance(data, Mapping):
        yield f"a mapping is a table of tables, not {_kind_of(data)}", f"write {_EXAMPLES['columns']}"
        return
    for key in data:
        if not isinstance(key, str):
            yield f"a mapping has a name that is {_kind_of(key)}: names are texts", "write it in quotes"
    for key, depth in _DEPTH.items():
        if key in data:
            yield from _table_problems(data[key], depth, key, f"write {_EXAMPLES[key]}")
    ignored = data.get("ignored", ())
    if isinstance(ignored, str) or not _are_texts(ignored):
        given = "a list of other things" if isinstance(ignored, list | tuple) else _kind_of(ignored)
        yield f"'ignored' must be a list of texts, not {given}", 'write ignored = ["备注"]'
    yield from _encoding_problems(data.get("encoding"))


def _table_problems(part: Any, depth: int, where: str, hint: str) -> Iterator[tuple[str, str]]:
    if not isinstance(part, Mapping):
        yield f"'{where}' must be a table{' of tables' if depth > 1 else ''}, not {_kind_of(part)}", hint
        return
    for key, inside in part.items():
        if not isinstance(key, str):
            yield f"'{where}' has a name that is {_kind_of(key)}: names are texts", "write it in quotes"
        elif depth > 1:
            yield from _table_problems(inside, depth - 1, f"{where}.{key}", hint)
        elif isinstance(inside, Mapping | list | tuple):
            yield f"'{where}.{key}' must be one word, not {_kind_of(inside)}", hint


def _encoding_problems(encoding: Any) -> Iterator[tuple[str, str]]:
    """Look at one encoding, or at a table of them by table and file."""
    hint = "such as utf-8, gb18030, big5 or utf-16"
    named = encoding.items() if isinstance(encoding, Mapping) else [("", encoding)]
    for key, name in named if encoding is not None else ():
        where = f"encoding.{key}" if key else "encoding"
        if not isinstance(name, str):
            yield f"'{where}' must be a text, not {_kind_of(name)}", hint
            continue
        try:
            codecs.lookup(name)
        except (LookupError, ValueError):
            yield f"'{where}' names no known encoding: {name!r}", hint


def _are_texts(values: Any) -> bool:
    listed = isinstance(values, list | tuple | set | frozenset)
    return listed and all(isinstance(value, str) for value in values)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Mapping):
        return "a table"
    return "nothing" if value is None else "a list" if isinstance(value, list | tuple) else "something else"
