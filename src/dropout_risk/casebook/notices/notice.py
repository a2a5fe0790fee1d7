"""A notice: what is told to one channel, two counts and a link, and nothing of any pupil."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from dropout_risk.settings import NoticeSettings
from dropout_risk.text import Language


@dataclass(frozen=True)
class Notice:
    """One message to one channel; several people who share it are told in one.

    Parameters
    ----------
    channel : str
    count, oldest : int
        How many pupils wait, and for how many school days the longest.
    tries : mapping of str to int
        The keys of the outbox that it tells, each with how often it has been tried, this time included.
    morning : str
        The morning of which it tells.
    """

    channel: str
    count: int
    oldest: int
    tries: dict[str, int]
    morning: str = ""

    @classmethod
    def of_rows(cls, channel: str, rows: Iterable[Any]) -> Self:
        """Sum up rows of the outbox; of several mornings the last one tells all that waits.

        >>> from types import SimpleNamespace as Row
        >>> told = ("2025-03-03/t-1", 3), ("2025-03-04/t-1", 2), ("2025-03-04/t-2", 4)
        >>> rows = [Row(key=f"round/{key}", count=count, oldest=2, tries=1) for key, count in told]
        >>> Notice.of_rows("grade 8", rows).count
        6
        """
        rows = sorted(rows, key=lambda row: row.key)
        last = max(morning_of_key(row.key) for row in rows)
        counted = [row for row in rows if morning_of_key(row.key) == last]
        return cls(
            channel,
            sum(row.count for row in counted),
            max(row.oldest for row in counted),
            {row.key: row.tries for row in rows},
            last,
        )

    def text(self, settings: NoticeSettings, language: Language) -> str:
        """Word it, within the longest message that the settings allow."""
        told = settings.text.text.fill(language, n=self.count, d=self.oldest, link=settings.link)
        return cut_bytes(" ".join(told.split()), settings.most_bytes)


def morning_of_key(key: str) -> str:
    """Read the morning out of the key of a notice; empty where there is none.

    >>> morning_of_key("round/2025-03-04/t-1")
    '2025-03-04'
    """
    return key.split("/")[1] if "/" in key else ""


def cut_bytes(text: str, most: int) -> str:
    """Cut a text to so many bytes of UTF-8, never inside a character; a cut one ends with an ellipsis.

    >>> cut_bytes("等您处理", 12), cut_bytes("等您处理", 11)
    ('等您处理', '等您…')
    """
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    return encoded[: max(most - len(_CUT.encode()), 0)].decode(errors="ignore") + _CUT


_CUT = "…"
