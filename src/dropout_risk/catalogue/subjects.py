"""Subjects and exams: what the words of the ``grades`` table are called on pages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dropout_risk.text import Language, Text

SUBJECTS: dict[str, Text] = {
    "chinese": Text(zh="语文", en="Chinese"),
    "maths": Text(zh="数学", en="Maths"),
    "english": Text(zh="英语", en="English"),
    "physics": Text(zh="物理", en="Physics"),
    "chemistry": Text(zh="化学", en="Chemistry"),
    "biology": Text(zh="生物", en="Biology"),
    "history": Text(zh="历史", en="History"),
    "geography": Text(zh="地理", en="Geography"),
    "politics": Text(zh="道德与法治", en="Politics"),
    "science": Text(zh="科学", en="Science"),
    "physical_education": Text(zh="体育", en="Physical education"),
    "music": Text(zh="音乐", en="Music"),
    "art": Text(zh="美术", en="Art"),
    "computing": Text(zh="信息技术", en="Computing"),
    "labour": Text(zh="劳动", en="Labour"),
}

EXAMS: dict[str, Text] = {
    "midterm": Text(zh="期中", en="midterm"),
    "final": Text(zh="期末", en="final"),
    "monthly": Text(zh="月考", en="monthly test"),
    "unit": Text(zh="单元测试", en="unit test"),
}


def common_word(words: Mapping[str, Text], name: str, language: Language) -> str:
    """Give a common word in a language, and any other as the school writes it.

    >>> common_word(SUBJECTS, "maths", "zh"), common_word(SUBJECTS, "书法", "en")
    ('数学', '书法')
    """
    return words[name].to(language) if name in words else name


_TERMS: dict[str, Text] = {
    "autumn": Text(zh="秋季", en="autumn"),
    "fall": Text(zh="秋季", en="autumn"),
    "spring": Text(zh="春季", en="spring"),
    "term": Text(zh="学期", en="term"),
    **EXAMS,
}
_YEAR = Text(zh="{year}年", en="{year} ")


def exam_word(name: str, language: Language) -> str:
    """Call an exam by its name in a language; a name of which some word is not known stays as it is written.

    >>> exam_word("autumn-2024-midterm", "zh"), exam_word("monthly-2", "zh"), exam_word("第一次周测", "zh")
    ('2024年秋季期中', '月考2', '第一次周测')
    """
    parts = re.split(r"[-_ ]+", name.casefold())
    years = [part for part in parts if re.fullmatch(r"(19|20)\d\d", part)]
    others = [part for part in parts if part not in years]
    if name in EXAMS or not all(part in _TERMS or part.isdecimal() for part in others) or not others:
        return common_word(EXAMS, name, language)
    told = [_TERMS[part].to(language) if part in _TERMS else part for part in others]
    year = "".join(_YEAR.fill(language, year=part) for part in years)
    return year + ("" if language == "zh" else " ").join(told)
