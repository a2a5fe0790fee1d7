"""One name for each session of a day, however it was written: 上午, AM and a.m.; 第1节 and period 1."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from dropout_risk.records.wording.words import chinese_number

_SAME = {
    "am": ("上午", "早上", "a.m.", "a.m", "morning", "forenoon"),
    "pm": ("下午", "p.m.", "p.m", "afternoon"),
    "evening": ("晚上", "晚间", "晚自习", "night"),
}
_WHOLE_DAY = frozenset((
    "全天", "全日", "整天", "整日", "一天", "一整天", "all", "all day", "allday", "day", "daily",
    "full day", "fullday", "whole day", "wholeday", "entire day", "school day",
))  # fmt: skip
_NAMES = {word: name for name, words in _SAME.items() for word in (name, *words)}
_NUMBERED = re.compile(
    r"(?:第|period|lesson|class|hour|session|p|l)?[ ._-]*0*(\d+)[ ]*(?:节课|节|堂课|堂|st|nd|rd|th)?"
).fullmatch
_SPOKEN = re.compile(r"第?([一二三四五六七八九]?十?[一二三四五六七八九]?)(?:节课|节|堂课|堂)").fullmatch


@cache
def session_name(word: str) -> str:
    """Give the name under which a session is kept; other words stay as they are but for case and width.

    >>> [session_name(word) for word in ("上午", "ＡＭ", "第1节", "第十二节", "Period 1", "roll call")]
    ['am', 'am', '1', '12', '1', 'roll call']

    A row of the whole day is one without a session.

    >>> [session_name(word) for word in ("全天", "All-Day")]
    ['', '']
    """
    text = " ".join(unicodedata.normalize("NFKC", word).casefold().split())
    if text.replace("-", " ").replace("_", " ") in _WHOLE_DAY:
        return ""
    if text in _NAMES:
        return _NAMES[text]
    found = _NUMBERED(text)
    if found:
        return found[1]
    spoken = _SPOKEN(text)
    if not spoken or not spoken[1]:
        return text
    return str(chinese_number(spoken[1] if "十" in spoken[1] else spoken[1][-1]))
