"""Subjects and exams as people name them: common words in both languages, others as they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dropout_risk.records.wording.exam_spellings import TERM_SPELLINGS
from dropout_risk.text import ITEMS, Text

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
    "mock": Text(zh="模拟考试", en="mock exam"),
}
_TERMS = {"autumn": Text(zh="秋季", en="autumn"), "spring": Text(zh="春季", en="spring")}
_TERM_OF = {word: _TERMS[term] for term, words in TERM_SPELLINGS.items() for word in words.split()}
_OF_TERM = re.compile(rf"({'|'.join(filter(str.isascii, _TERM_OF))})-(\d{{4}})-([a-z]+)(?:-(\d+))?")
_NUMBERED = Text(zh="第{number}次{exam}", en="{exam} {number}")
_IN_TERM = Text(zh="{year}年{term}学期{exam}", en="{exam} of {term} {year}")
_AN_EXAM = re.compile(r"(考|试|测验|测评|exam|test|midterm|final)$", re.IGNORECASE)


def subject_in_words(name: str) -> Text:
    """Name a subject.

    >>> subject_in_words("maths").zh, subject_in_words("书法").en
    ('数学', '书法')
    """
    return SUBJECTS.get(name, Text(zh=name, en=name))


def exam_in_words(name: str) -> Text:
    """Name an exam, so that it reads as one.

    >>> exam_in_words("midterm").zh, exam_in_words("期末").zh, exam_in_words("九月月考").zh
    ('期中考试', '期末考试', '九月月考')
    >>> exam_in_words("autumn-2024-monthly-1").zh, exam_in_words("spring-2025-final").en
    ('2024年秋季学期第1次月考', 'final of spring 2025')
    """
    named = _OF_TERM.fullmatch(name)
    if named is not None and named[3] in EXAMS:
        exam = exam_in_words(named[3])
        if named[4]:
            exam = _NUMBERED.filled(number=named[4], exam=exam)
        return _IN_TERM.filled(year=named[2], term=_TERM_OF[named[1]], exam=exam)
    known = EXAMS.get(name, Text(zh=name, en=name))
    return Text(zh=known.zh if _AN_EXAM.search(known.zh) else f"{known.zh}考试", en=known.en)


_ALL_OF = Text(zh="{exam}{n}科均未参加", en="all {n} subjects of the {exam} missed")
_SOME_OF = Text(zh="{exam}{of}科中缺考{n}科", en="{n} of {of} subjects of the {exam} missed")
_TOGETHER = Text(zh="共缺考{n}科次（{parts}）", en="{n} papers missed: {parts}")


def exams_in_words(missed: Sequence[tuple[str, int, int]]) -> Text:
    """Say which exams were missed: of each its name, the subjects that were missed, and those there were.

    >>> exams_in_words([("midterm", 6, 6)]).zh
    '期中考试6科均未参加'
    >>> exams_in_words([("midterm", 6, 6), ("final", 2, 6)]).zh
    '共缺考8科次（期中考试6科均未参加、期末考试6科中缺考2科）'
    """
    parts = [
        (_ALL_OF if n == all_of else _SOME_OF).filled(exam=exam_in_words(name), n=n, of=all_of)
        for name, n, all_of in missed
    ]
    if len(parts) == 1:
        return parts[0]
    return _TOGETHER.filled(n=sum(n for _, n, _ in missed), parts=ITEMS.joined(parts))
