"""A line of a proposed mapping: what it says, why, and how far that can be doubted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from dropout_risk.records.wording.words import Word
from dropout_risk.text import Text

Degree = Literal["sure", "likely", "doubtful"]
DEGREES: dict[str, Text] = {
    "sure": Text(zh="确定", en="sure"),
    "likely": Text(zh="很可能", en="likely"),
    "doubtful": Text(zh="存疑", en="doubtful"),
}


@dataclass(frozen=True)
class Line:
    """One entry: ``key`` under ``section`` (its names, none for the top of the file), with its evidence.

    A line that is doubtful is never applied; of one without a ``value`` nobody knows what it should be. A
    ``spare`` one is another choice than the one that is taken, and need not be decided.
    """

    section: tuple[str, ...]
    key: str
    value: Word | tuple[str, ...] | None
    degree: Degree
    evidence: Text
    spare: bool = False

    @property
    def applied(self) -> bool:
        """Whether the mapping has it as an entry rather than as a comment."""
        return self.degree != "doubtful" and self.value is not None

    @property
    def entry(self) -> str:
        """Write it as TOML.

        >>> Line(("columns", "grades"), "Mark", "score", "sure", Text("", "")).entry
        '"Mark" = "score"'
        """
        key = self.key if self.key.isascii() and self.key.isidentifier() else quoted_text(self.key)
        key = quoted_text(self.key) if self.section[:1] in (("tables",), ("columns",), ("words",)) else key
        return f"{key} = {'?' if self.value is None else _written_value(self.value)}"


def quoted_text(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _written_value(value: Word | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted_text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(quoted_text, value))}]"
    return repr(value)
