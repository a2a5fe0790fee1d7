"""What names of exams and subjects say beside it: a make-up, the school year, the term, the grade level."""

from __future__ import annotations

import re
from typing import NamedTuple

from dropout_risk.records.wording.words import chinese_number, narrow_text, remember_words

_MAKE_UP = re.compile(
    r"[(\[【]?\s*(?:补考|缓考|重考|补测|\b(?:make[ _-]?up|re-?sit|re-?take|late|deferred)\b)\s*[)\]】]?",
    re.IGNORECASE,
)
_EDGES = " -_·:、,"
_YEARS = re.compile(r"20(\d\d)\s*[-/~至]\s*(?:20)?(\d\d)(?!\d)|(?<!\d)(\d\d)[-/](\d\d)(?=学年)")
_YEAR = re.compile(r"(?<!\d)20(\d\d)(?!\d)|(?<!\d)(\d\d)(?=学年|年(?!级)|秋|春)")
_GRADE = re.compile(
    r"(?:(?P<level>[一二三四五六七八九]|\d)年级|(?P<stage>[初高][一二三])"
    r"|\b(?:grade|year)[ _-]?(?P<number>\d+)|(?P<short>[七八九](?=[上下]))|\bg(?P<letter>\d+)\b)"
)
_TERM = re.compile(
    r"第?(?P<one>[一二12上下])学期|(?P<autumn>秋季?(?:学期)?|\bautumn\b|\bfall\b)|(?P<spring>春季?(?:学期)?|\bspring\b)"
    r"|\b(?:semester|term|sem)[ _-]?(?P<number>[12])\b|(?P<half>[上下])(?=册|期)"
)
_REST = re.compile(r"学年度?|年度|年|[a-z]卷|\bsped\b|上册|下册|\bsemester\b|\bterm\b(?!s)")
_OF_SUBJECT = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|成绩|分数|得分|人教版|必修|选修|上册|下册|\blanguage arts\b"
    r"|\bscores?\b|\bgrades?\b|\bhono(?:u)?rs\b|(?<=[\u4e00-\u9fff])[a-d]$|\b[a-d]$"
)
_LATER = {*"二2下"}


class NamedTime(NamedTuple):
    """What a name says of when an exam was: years, term and grade level; nothing where it does not say."""

    years: frozenset[str] = frozenset()
    term: str = ""
    grade: str = ""

    def agrees_with(self, other: NamedTime) -> bool:
        """Say whether both can be one time."""
        years = not self.years or not other.years or bool(self.years & other.years)
        pairs = ((self.term, other.term), (self.grade, other.grade))
        return years and all(not one or not two or one == two for one, two in pairs)


@remember_words
def main_exam_of(name: str) -> str | None:
    """Give the exam that a make-up makes up for; None for a name that does not say it is one.

    >>> main_exam_of("期中（补考）"), main_exam_of("Midterm make-up"), main_exam_of("补考")
    ('期中', 'Midterm', None)
    """
    text = narrow_text(name)
    bare = _MAKE_UP.sub(" ", text).strip(_EDGES)
    return bare if bare and bare != text.strip(_EDGES) else None


def timeless_exam(name: str) -> tuple[str, NamedTime]:
    """Give the name of an exam without the year, term, grade level and paper, and what it said of them.

    >>> timeless_exam("2024-2025学年第一学期期中考试")[0], timeless_exam("八上期中")[0]
    ('期中考试', '期中')
    >>> timeless_exam("24秋期中")[1].agrees_with(timeless_exam("2025春期中")[1])
    False
    """
    text = _MAKE_UP.sub(" ", narrow_text(name).casefold().replace("_", " "))
    years = {part for found in (*_YEARS.findall(text), *_YEAR.findall(text)) for part in found if part}
    text = _YEAR.sub(" ", _YEARS.sub(" ", text))
    grade = _GRADE.search(text)
    level = _level_of(next(filter(None, grade.groups()))) if grade else ""
    text = _GRADE.sub(" ", text)
    term = _TERM.search(text)
    half = ""
    if term is not None:
        later = term["spring"] or (term["one"] or term["number"] or term["half"] or "") in _LATER
        half = "2" if later else "1"
    text = " ".join(_REST.sub(" ", _TERM.sub(" ", text)).split())
    return text or name, NamedTime(frozenset(years), half, level)


def _level_of(grade: str) -> str:
    """Write 初二, 八 and 08 as the number of the grade level."""
    first = {"初": 6, "高": 9}.get(grade[0], 0)
    last = grade[-1]
    return str(int(grade) if last.isdigit() else first + chinese_number(last))


def plain_subject(name: str) -> str:
    """Give the name of a subject without grade level, edition, group and words for a mark.

    >>> [plain_subject(name) for name in ("八年级数学", "数学A", "语文成绩", "English Language Arts")]
    ['数学', '数学', '语文', 'english']
    """
    text = _GRADE.sub(" ", narrow_text(name).casefold().replace("_", " "))
    return " ".join(_OF_SUBJECT.sub(" ", text).split()) or name
