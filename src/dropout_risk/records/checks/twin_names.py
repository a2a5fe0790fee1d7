"""Names of exams and subjects that are two ways of writing one: midterm and 期中测试, Eng and English.

Two names are twins if the same is left of them when words such as exam and 考试 are taken away and known
words stand for each other, or if a letter is mistyped. Where most pupils have both, they are two things.
Exams are twins as well where one names a year, a term, a grade level or a paper that the other does not
contradict; exams that lie weeks apart are two, as nobody is said to have missed one who sat the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dropout_risk.records.ordering import count_codes
from dropout_risk.records.rows import Draft
from dropout_risk.records.wording.exam_names import plain_subject, timeless_exam
from dropout_risk.records.wording.exam_spellings import (
    CORE,
    EXAM_SPELLINGS,
    SUBJECT_SPELLINGS,
    TERM_SPELLINGS,
)
from dropout_risk.records.wording.words import chinese_number, remember_words, word_key
from dropout_risk.text import same_words

_NOISE = {
    *("exam", "exams", "examination", "examinations", "test", "tests", "assessment"),
    *("考试", "测试", "检测", "测验", "统考", "考查", "考"),
    *("class", "classes", "lesson", "lessons", "course", "subject", "课程", "学科", "课", "科"),
}
_SAME = {"exam": EXAM_SPELLINGS | TERM_SPELLINGS, "subject": SUBJECT_SPELLINGS}
_TOKEN_OF = {
    column: {word: token for token, words in known.items() for word in words.split()}
    for column, known in _SAME.items()
}
_WIDE = {
    column: re.compile(
        "|".join(sorted((word for word in {*known, *_NOISE} if not word.isascii()), key=len, reverse=True))
    )
    for column, known in _TOKEN_OF.items()
}
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_ORDINAL = re.compile(r"第([一二三四五六七八九十]|\d+)[次单]?")
_MIDTERM = re.compile(r"\bmid[ _-]*terms?\b")
_LONG, _SHORTEST, _MOST_LINES = 5, 4, 3
_LONG_KNOWN = [
    (word, token)
    for word, token in (
        *_TOKEN_OF["subject"].items(),
        *((name, name) for name in CORE),
        ("mathematics", "maths"),
    )
    if word.isascii() and word.isalpha() and len(word) >= _SHORTEST
]
_NEAR_DAYS = 30
_ONCE_A_TERM = {("midterm",), ("final",)}
_OF_CORE = re.compile("|".join([*CORE.values(), r"\b(?:chinese|maths?|mathematics|english)\b"]))


class NameStem(NamedTuple):
    """What is left of a name: its words in order of the alphabet, its numbers as they come."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    known: bool


@remember_words
def stem_of(column: str, name: str) -> NameStem:
    """Take away what names of exams and subjects do not differ by; ``known`` where all words are known ones.

    >>> stem_of("exam", "mid-term exam")[:2] == stem_of("exam", "期中测试")[:2]
    True
    >>> stem_of("exam", "第一次月考")[:2] == stem_of("exam", "monthly test 1")[:2]
    True
    """
    name = plain_subject(name) if column == "subject" else name
    text = _ORDINAL.sub(
        lambda found: f" {found[1] if found[1].isdigit() else chinese_number(found[1])} ", name
    )
    text = _WIDE[column].sub(lambda found: f" {found[0]} ", _MIDTERM.sub("midterm", text))
    tokens = [_TOKEN_OF[column].get(part, part) for part in _PARTS.findall(text.replace("_", " "))]
    joined = _TOKEN_OF[column].get(text.strip())
    if joined is not None:
        return NameStem((joined,), (), True)
    words = tuple(sorted(token for token in tokens if not token.isdigit() and token not in _NOISE))
    numbers = tuple(token for token in tokens if token.isdigit())
    if not words:
        return NameStem((name,), numbers, False)
    return NameStem(words, numbers, all(word in _SAME[column] for word in words))


def check_twin_names(draft: Draft) -> None:
    """Doubt names of exams and subjects that are another way of writing one, with the line that joins them.

    Of a request, whose rows are one pupil's, a subject is doubted by itself.
    """
    for column, beside in (("exam", "subject"), ("subject", "exam")):
        names = draft.words[column]
        if not draft.hears("twin_names", column):
            continue
        if not any(_all_pairs(draft, column, [1] * len(names))):  # before any row is counted
            continue
        number = count_codes(draft.values[column], -1, len(names) + 1)[1:].tolist()
        twins = _all_pairs(draft, column, number)
        told: dict[str, list[int]] = {}
        for code, other, shown in twins:
            target = names[other] if isinstance(other, int) else other
            if isinstance(other, int) and _are_two(draft, column, beside, code, other):
                continue
            line = f'[words.{column}] "{names[code]}" = "{target}"' if shown else ""
            told.setdefault(line, []).append(code)
        if told:
            detail = same_words("; ".join([line for line in told if line][:_MOST_LINES]))
            chosen = np.zeros(len(names) + 1, np.bool_)
            chosen[[code for codes in told.values() for code in codes]] = True
            draft.warn("twin_names", column, chosen[draft.values[column]] & ~draft.apart, detail)


def _all_pairs(draft: Draft, column: str, number: list[int]) -> Iterator[tuple[int, int | str, bool]]:
    names, alone = draft.words[column], draft.is_of_request
    yield from _twin_pairs(column, names, number, alone=alone)
    if column == "subject":
        yield from _missing_core(names, number)
        yield from _mistyped_known(names, number)
    elif not alone:
        yield from _timed_pairs(names, number)


def _missing_core(names: list[str], number: list[int]) -> Iterator[tuple[int, str, bool]]:
    """Give the names that hold a core subject of which no name is the known one."""
    used = [code for code in range(len(names)) if number[code]]
    known = {names[code] for code in used}
    for code in used:
        stem = stem_of("subject", names[code])
        core = [word for word in stem.words if word in CORE and word not in known]
        if len(core) == 1 and (len(stem.words) > 1 or stem.numbers) and _OF_CORE.search(names[code]):
            yield code, core[0], stem.known


def _mistyped_known(names: list[str], number: list[int]) -> Iterator[tuple[int, str, bool]]:
    """Give the subjects of one unknown word that is a known one but for a letter, or its end."""
    for code in (code for code in range(len(names)) if number[code]):
        word, token = names[code], None
        if word.isascii() and word.isalpha() and len(word) >= _SHORTEST and word not in _TOKEN_OF["subject"]:
            token = next((own for known, own in _LONG_KNOWN if _is_slip(word, known)), None)
        if token in CORE:
            yield code, str(token), True


def _is_slip(word: str, known: str) -> bool:
    if min(len(word), len(known)) < _LONG:
        return sorted(word) == sorted(known) and _differ_by_one(word, known)
    return _differ_by_one(word, known) or (known.startswith(word) and word not in _NOISE)


def _timed_pairs(names: list[str], number: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Give the exams that are named as more frequent ones but for a year, a term or a grade level."""
    earlier: dict[tuple[str, ...], list[int]] = {}
    used = [code for code in range(len(names)) if number[code]]
    told = [timeless_exam(name) for name in names]
    stems = [stem_of("exam", text) for text, _ in told]
    for code in sorted(used, key=lambda code: (-number[code], code)):
        words, numbers, known = stems[code]
        for other in earlier.setdefault(words, []):
            once = words in _ONCE_A_TERM and not (numbers and stems[other].numbers)
            if (once or numbers == stems[other].numbers) and told[code][1].agrees_with(told[other][1]):
                if stem_of("exam", names[code])[:2] != stem_of("exam", names[other])[:2]:
                    yield code, other, known and not told[other][1].years
                break
        earlier[words].append(code)


def _of_near_days(draft: Draft, one: int, other: int) -> bool:
    """Say whether two exams were sat at most some weeks apart."""
    date = draft.values["date"]
    days = [date[(draft.values["exam"] == code) & ~draft.apart].astype(np.int64) for code in (one, other)]
    if not all(len(own) for own in days):
        return False
    gap = max(own.min() for own in days) - min(own.max() for own in days)
    return bool(gap <= _NEAR_DAYS)


def _twin_pairs(
    column: str, names: list[str], number: list[int], *, alone: bool
) -> Iterator[tuple[int, int | str, bool]]:
    """Give each name that is another way of writing one, that one, and whether both are known words."""
    stems = [stem_of(column, name) for name in names]
    used = [code for code in range(len(names)) if number[code]]
    of_stem: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for code in used:
        of_stem.setdefault(stems[code][:2], []).append(code)
    for (words, numbers), codes in of_stem.items():
        canonical = words[0] if len(words) == 1 and not numbers else ""
        best = next((code for code in codes if names[code] == canonical), None)
        if best is None and column == "subject" and canonical in CORE:
            yield from ((code, canonical, True) for code in codes)
            continue
        best = max(codes, key=lambda code: (number[code], -code)) if best is None else best
        for code in codes if not alone or canonical else ():
            if code != best and word_key(names[code]) != word_key(names[best]):
                yield code, best, stems[code].known
    if not alone:
        yield from _mistyped_pairs(number, used, stems)


def _mistyped_pairs(
    number: list[int], used: list[int], stems: list[NameStem]
) -> Iterator[tuple[int, int, bool]]:
    """Give the names of which one long word differs by one letter from that of a more frequent one."""
    near: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[tuple[int, str]]] = {}
    for code in sorted(used, key=lambda code: (-number[code], code)):
        words, numbers, _ = stems[code]
        for place, word in enumerate(words):
            if len(word) < _LONG or not word.isascii():
                continue
            rest = words[:place] + words[place + 1 :]
            keys = {word[:cut] + word[cut + 1 :] for cut in range(len(word))} | {word}
            found = next(
                (
                    other
                    for key in sorted(keys)
                    for other, spelt in near.get((rest, numbers, key), ())
                    if spelt != word and _differ_by_one(spelt, word)
                ),
                None,
            )
            if found is not None:
                yield code, found, False
            for key in keys:
                near.setdefault((rest, numbers, key), []).append((code, word))


def _differ_by_one(one: str, other: str) -> bool:
    """Say whether a letter was left out, added, taken for another, or two changed places."""
    if len(one) == len(other):
        unequal = [place for place in range(len(one)) if one[place] != other[place]]
        swapped = len(unequal) == 2 and unequal[1] == unequal[0] + 1
        return len(unequal) == 1 or (
            swapped and one[unequal[0]] == other[unequal[1]] and one[unequal[1]] == other[unequal[0]]
        )
    long, short = sorted((one, other), key=len, reverse=True)
    return any(long[:cut] + long[cut + 1 :] == short for cut in range(len(long)))


def _are_two(draft: Draft, column: str, beside: str, one: int, other: int) -> bool:
    """Say whether two names are those of two things."""
    if column == "exam" and not _of_near_days(draft, one, other):
        return True
    return _have_both(draft, column, beside, one, other)


def _have_both(draft: Draft, column: str, beside: str, one: int, other: int) -> bool:
    """Say whether most of the pupils with marks under one name have marks under the other beside them."""
    codes = draft.values[column]
    places = draft.values["student_id"].astype(np.int64) * (len(draft.words[beside]) + 1)
    places = places + draft.values[beside]
    sat = [np.unique(places[(codes == code) & ~draft.apart]) for code in (one, other)]
    few, many = sorted(sat, key=len)
    return 2 * int(np.count_nonzero(np.isin(few, many))) >= max(len(few), 1)
