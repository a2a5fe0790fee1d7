"""Figures with their intervals, and wordings filled in both languages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dropout_risk.evaluation.resampling import Interval
from dropout_risk.text import Language, Text


def filled(wording: Text, **fields: object) -> Text:
    """Fill a wording in both languages; fields that are wordings themselves in their own.

    >>> filled(Text(zh="{n}天{x}", en="{n} days{x}"), n=3, x=Text(zh="前", en=" before")).en
    '3 days before'
    """

    def given(language: Language) -> dict[str, object]:
        return {key: of.to(language) if isinstance(of, Text) else of for key, of in fields.items()}

    return Text(zh=wording.fill("zh", **given("zh")), en=wording.fill("en", **given("en")))


def with_interval(
    value: float | None, ends: Interval | Mapping[str, Any] | None, *, digits: int = 2, form: str = ""
) -> str:
    """Write a figure and its interval; a dash for a figure that is not defined.

    >>> with_interval(0.1234, Interval(0.08, 0.151)), with_interval(0.1234, None), with_interval(None, None)
    ('0.12 [0.08, 0.15]', '0.12', '–')
    >>> with_interval(0.1234, Interval(0.08, 0.151), form="+")
    '+0.12 [+0.08, +0.15]'
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{rounded(value, digits=digits, form=form)}{bracketed(ends, digits=digits, form=form)}"


def bracketed(
    ends: Interval | Mapping[str, Any] | None, *, digits: int = 2, form: str = "", before: str = " "
) -> str:
    """Write an interval alone; nothing where there is none.

    >>> bracketed({"low": 0.5, "high": 0.75}, before="")
    '[0.50, 0.75]'
    """
    given = vars(ends) if isinstance(ends, Interval) else ends
    if not given or given["low"] is None:
        return ""
    low, high = (rounded(given[end], digits=digits, form=form) for end in ("low", "high"))
    return f"{before}[{low}, {high}]"


def rounded(value: float, *, digits: int, form: str = "") -> str:
    """Write a number with some digits; what rounds to zero has no sign.

    >>> rounded(-0.001, digits=2), rounded(-0.001, digits=2, form="+"), rounded(-0.01, digits=2)
    ('0.00', '0.00', '-0.01')
    """
    written = f"{value:{form}.{digits}f}"
    return written.lstrip("+-") if float(written) == 0 else written
