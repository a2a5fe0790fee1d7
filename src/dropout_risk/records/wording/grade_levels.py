"""Grade levels as schools write them: 7, 七年级, 初一, 高二, Grade 7; and years of entry, which are none."""

from __future__ import annotations

import re

from dropout_risk.records.wording.words import chinese_number, word_key

FIRST_COHORT, LAST_COHORT = 1990, 2100
_NUMBER = r"(\d{1,2}|十?[一二三四五六七八九]|十)"
_FORMS = tuple(
    (re.compile(pattern).fullmatch, before, most)
    for pattern, before, most in (
        (rf"{_NUMBER}年级", 0, 12),
        (r"(?:grade|year|g)(\d{1,2})", 0, 13),
        (r"(\d{1,2})(?:st|nd|rd|th)(?:grade)?", 0, 13),
        (rf"小学?{_NUMBER}", 0, 6),
        (rf"初中?{_NUMBER}", 6, 3),
        (rf"高中?{_NUMBER}", 9, 3),
    )
)
_COHORT = re.compile(r"(?:20|19)\d\d(?=级?$)").match


def grade_level_in(text: str) -> int | None:
    """Read a grade level in words; a year of entry (2023级) as that year; None where it is neither.

    >>> [grade_level_in(text) for text in ("初 二", "高1", "十一年级", "Grade 7", "2023级", "六班")]
    [8, 10, 11, 7, 2023, None]
    """
    word = word_key(text)
    cohort = _COHORT(word)
    if cohort is not None:
        return int(cohort[0])
    for matches, before, most in _FORMS:
        found = matches(word)
        if found is not None:
            number = chinese_number(found[1])
            return before + number if 1 <= number <= most else None
    return None
