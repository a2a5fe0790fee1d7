"""Release: what a counsellor lets a class teacher know, and nothing of why."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, read_cases, read_entries, read_people
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.people import People, Placed
from dropout_risk.casebook.rights import require_right
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE, ENTRY, STANDING
from dropout_risk.casebook.words import RELEASED
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import CaseRefusedError
from dropout_risk.text import CLAUSES, Text

WORD_RULE = "counsellor_word"
WORD_RULE_TEXT = Text(zh="心理教师请您留意", en="the counsellor asks you to look after this pupil")
LONGEST_WORDS = 200
TELLING = (
    "心理", "测评", "测试", "测验", "检测", "量表", "问卷", "筛查", "得分", "阳性", "效度", "咨询", "诊断",
    "危机", "危险", "预案", "医院", "住院", "服药", "自杀", "自伤", "自残", "轻生", "割腕", "跳楼", "想死",
    "寻死", "去死", "死亡", "不想活", "活着", "遗书", "抑郁", "焦虑", "强迫", "恐怖",
    "psychology", "psychological", "psychologist", "test", "tests", "tested", "scale", "questionnaire",
    "screening", "score", "scores", "item", "items", "diagnosis", "crisis", "suicide", "suicidal",
    "self-harm", "harm", "hurt", "kill", "die", "dying", "death", "dead", "overdose", "depressed",
    "depression", "anxiety", "anxious", "hospital", "danger", "therapy",
)  # fmt: skip
"""Words that name a test or a crisis: they reach no class teacher by this way."""
_ITEM = re.compile(r"(第\s*[0-9一二三四五六七八九十百]+\s*题|题目?\s*[0-9]+|\bq\s*[0-9]+\b)")
_WRONG_LENGTH = Text(
    zh=f"自己写的话须为1至{LONGEST_WORDS}字", en=f"own words have from 1 to {LONGEST_WORDS} letters"
)
_TOLD = Text(zh="话里提到了测评、量表、题目或危机", en="they name a test, an instrument, an item or a crisis")
_COPY = Text(
    zh="与只有心理教师能看的记录雷同", en="they copy what stands in a note that only counsellors read"
)
_COPIED = 8
"""So many letters in a row that stand in a note of the counsellor's own case are a copy of it."""


def released_text(data: Mapping[str, Any]) -> Text | None:
    """Give what an entry releases, in both languages where it is a standard sentence; None if nothing.

    >>> released_text({"released": "no_blame"}).zh, released_text({"due": "2025-03-03"})
    ('近期请不要当众批评，有事单独谈', None)
    """
    said = data.get("released")
    known = next((word.text for word in RELEASED if word.key == said), None)
    return known or (Text(zh=str(said), en=str(said)) if said else None)


def telling_words(words: str, instruments: InstrumentRegistry | None = None) -> list[str]:
    """Find what in own words names a test, an instrument, an item or a crisis.

    >>> telling_words("请多关心，近期不要在班上谈论成绩"), telling_words("他 M H T 得分高")
    ([], ['得分', 'MHT'])
    """
    text = unicodedata.normalize("NFKC", words).casefold()
    found = [
        name for name, pattern in _patterns_of(instruments or default_instruments()) if pattern.search(text)
    ]
    return [*found, *(match.group() for match in _ITEM.finditer(text))]


def _patterns_of(instruments: InstrumentRegistry) -> tuple[tuple[str, re.Pattern[str]], ...]:
    names = [*TELLING]
    for each in instruments.values():
        names += [each.code, *each.aliases, each.name.zh, each.name.en]
        labels = (scale.label for key, scale in each.scales.items() if key != "total")
        names += [name for label in labels for name in (label.zh, label.en)]
    return tuple((name, _pattern_of(name)) for name in dict.fromkeys(names))


@lru_cache(maxsize=1024)
def _pattern_of(name: str) -> re.Pattern[str]:
    """Match a name whatever stands between its letters; Latin ones as whole words only."""
    letters = [letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum()]
    body = r"[\W_]*".join(map(re.escape, letters))
    begin, end = (
        (r"(?<![a-z0-9])" if letters[0].isascii() else ""),
        (r"(?![a-z0-9])" if letters[-1].isascii() else ""),
    )
    return re.compile(begin + body + end)


def problems_of_words(
    book: Book, pupil: str, words: str, instruments: InstrumentRegistry | None = None
) -> list[Text]:
    """Say why own words cannot be released; nothing where they can. NoteKeyError as in release_words."""
    problems = (
        (_WRONG_LENGTH, not 0 < len(words) <= LONGEST_WORDS),
        (_TOLD, bool(telling_words(words, instruments))),
        (_COPY, _is_copied(words, _care_notes(book, pupil))),
    )
    return [problem for problem, is_there in problems if is_there]


def release_words(
    book: Book,
    pupil: str,
    words: str,
    *,
    by: str,
    day: dt.date,
    people: People | None = None,
    days: SchoolDaysAhead | None = None,
    today: dt.date | None = None,
    instruments: InstrumentRegistry | None = None,
) -> Case:
    """Let the class teacher know what a counsellor releases: a note in the school's case, or a new one.

    What is written is the same whether or not the pupil has a case of the counsellor's.

    Parameters
    ----------
    book : Book
    pupil : str
    words : str
        The key of a sentence of :data:`dropout_risk.casebook.words.RELEASED`, or own words.
    by : str
        The counsellor.
    day : date
        Of the release.
    people : People, optional
        By default those of the last morning.
    days : SchoolDaysAhead, optional
        By default the ordinary week.
    today : date, optional
        By default the date of the machine.
    instruments : InstrumentRegistry, optional
        Whose names own words may not hold; by default the library's.

    Raises
    ------
    CaseRefusedError
        If own words are empty, too long, tell of a test or a crisis, or copy a note; if nobody stands for the
        pupil.
    CaseRightError
        If the person is no counsellor of this pupil.
    NoteKeyError
        If there are notes of the counsellor's and the book was opened without keys.
    """
    with book.reading() as connection:
        placed = _placed_pupil(connection, pupil)
        people = people or read_people(connection)
    require_right(people.roles_of(by, placed, day), "write", "psychology")
    said = _checked_words(book, pupil, words.strip(), instruments)
    key = f"word/{day}/{hashlib.sha256(f'{pupil}|{by}|{said}'.encode()).hexdigest()[:24]}"
    case = book.case_of(pupil)
    if case is not None:
        if any(entry.key == key for entry in book.entries(case.id)):
            return case
        return book.write("note", day, by, key, case=case, data={"released": said}, today=today)
    found = people.owner(placed, "school", 0, day)
    if found is None:
        raise CaseRefusedError("Nobody acts for this pupil.", hint="name people: --people FILE")
    days = days or SchoolDaysAhead(week=book.settings.week)
    due = days.later(placed.school, day, book.settings.listed_days).isoformat()
    data = {
        "pupil": pupil, "school": placed.school, "line": "school", "rule": WORD_RULE, "level": found[1],
        "owner": found[0], "since": day.isoformat(), "due": due, "released": said,
    }  # fmt: skip
    return book.write("open", day, by, key, data=data, today=today)


def _placed_pupil(connection: sa.Connection, pupil: str) -> Placed:
    names = ("pupil", "school", "class", "responsible", "village", "township")
    columns = (STANDING.c[name] for name in names)
    row = connection.execute(sa.select(*columns).where(STANDING.c.pupil == pupil)).first()
    if row is None:
        raise CaseRefusedError("This pupil stands in no morning.", hint="run the morning first")
    return Placed(*row)


def _checked_words(book: Book, pupil: str, words: str, instruments: InstrumentRegistry | None) -> str:
    for word in RELEASED:
        if words in (word.key, word.text.zh, word.text.en):
            return word.key
    problems = problems_of_words(book, pupil, words, instruments)
    if problems:
        allowed = ", ".join(word.key for word in RELEASED)
        raise CaseRefusedError(
            f"These words cannot be released: {CLAUSES.joined(problems).en}.",
            hint=f"say only what the class teacher is to do; standard sentences: {allowed}",
        )
    return words


def _care_notes(book: Book, pupil: str) -> list[str]:
    with book.reading() as connection:
        cases = read_cases(connection, CASE.c.pupil == pupil, CASE.c.line == "care")
        entries = [entry for case in cases for entry in read_entries(connection, ENTRY.c.case == case.id)]
    return [note for entry in entries if (note := book.note_of(entry))]


def _is_copied(words: str, notes: Iterable[str]) -> bool:
    said = _letters_of(words)
    found = (
        SequenceMatcher(None, said, _letters_of(note), autojunk=False).find_longest_match() for note in notes
    )
    return any(match.size >= min(_COPIED, len(said)) > 0 for match in found)


def _letters_of(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
