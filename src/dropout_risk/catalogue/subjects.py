"""Subjects and exams: what the words of the ``grades`` table are called on pages."""

from __future__ import annotations

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
