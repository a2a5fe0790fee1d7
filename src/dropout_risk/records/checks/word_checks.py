"""Words that are doubted: names that differ in next to nothing, and words that nothing here reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from dropout_risk.arrays import Bools, Ints, Longs
from dropout_risk.records.checks.family_values import FAMILY_VALUES
from dropout_risk.records.checks.twin_names import check_twin_names
from dropout_risk.records.ordering import count_codes, group_keys
from dropout_risk.records.rows import Draft
from dropout_risk.records.wording.exam_spellings import CORE
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.place_names import class_key, school_key_among
from dropout_risk.records.wording.words import word_key

_NOTHING = ("no", "none", "0", "无", "否", "没有", "未发生")
_PRAISE = re.compile(
    r"表扬|奖(?!惩)|三好|优秀|先进|标兵|荣誉|撤销|解除|\b(?:merits?|awards?|praised?|commend\w*|rewards?|positive|honou?rs?)\b"
)


_DATES_FOR_NAMES = ("class_id", "norm")
_DATE_OF_NAME = re.compile(
    r"(?:\d{4}年)?\d{1,2}月\d{1,2}日|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?: 00:00(?::00)?)?"
    r"|\d{1,2}/\d{1,2}/(?:19|20)\d\d|\d{1,2}-[a-z]{3,4}|[a-z]{3,4}-\d{1,2}",
    re.IGNORECASE,
)
_MONTHS = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec", re.IGNORECASE)


def is_date_of_name(word: str) -> bool:
    """Say whether a name is a date, as spreadsheets make of 8-1.

    >>> [is_date_of_name(name) for name in ("8月1日", "2024-08-01", "1-Aug", "8-1", "8-art")]
    [True, True, True, False, False]
    """
    letters = "".join(filter(str.isalpha, word)) if word.isascii() else ""
    return bool(_DATE_OF_NAME.fullmatch(word)) and (not letters or bool(_MONTHS.fullmatch(letters)))


def check_words(draft: Draft, mapping: RecordsMapping) -> None:
    """Doubt the words of a table's columns of text."""
    for column in draft.table.columns:
        if column.name in _DATES_FOR_NAMES and draft.hears("date_for_name", column.name):
            dates = np.array([*map(is_date_of_name, draft.words[column.name]), False])
            draft.warn("date_for_name", column.name, dates[draft.values[column.name]] & ~draft.apart)
        if column.kind == "text" and not column.note and draft.hears("words_alike", column.name):
            alike = _spellings_of_column(draft, column.name)
            if alike is not None:
                draft.warn("words_alike", column.name, alike & ~draft.apart)
    if draft.table.name == "family" and draft.hears("unknown_meaning", "factor"):
        known = {*FAMILY_VALUES, *map(str, mapping.words(draft.table["factor"]).own.values())}
        draft.warn("unknown_meaning", "factor", _has_word(draft, "factor", known, other=True) & ~draft.apart)
    if draft.table.name == "grades":
        check_twin_names(draft)
    heard = draft.table.name == "grades" and draft.hears("unknown_meaning", "subject")
    if heard and not {*CORE} & {*_word_counts(draft, "subject")}:
        draft.warn("unknown_meaning", "subject", ~draft.apart)
    if draft.table.name == "discipline":
        good = np.array([*(_PRAISE.search(word) is not None for word in draft.words["kind"]), False])
        draft.warn("unknown_meaning", "kind", good[draft.values["kind"]] & ~draft.apart)
    if draft.table.incidents:
        (name,) = (name for name in draft.table.key if name in draft.table.words)
        draft.set_apart("no_incident", name, _has_word(draft, name, {*_NOTHING}, other=False))


def _spellings_of_column(draft: Draft, name: str) -> Bools | None:
    """Mark the rows whose word is a rarer spelling of another, of classes within a school and grade level."""
    words, codes = draft.words[name], draft.values[name]
    if name == "class_id":
        if not words_alike(words, class_key):
            return None
        places = group_keys([draft.values["school_id"], draft.values["grade_level"]])
        return _rarer_spellings(words, codes, np.unique(places, return_inverse=True)[1], class_key)
    counted = _word_counts(draft, name)
    rarer = rarer_words(counted, school_key_among(sorted(counted)) if name == "school_id" else word_key)
    marked = np.array([*(word in rarer for word in words), False])
    return np.asarray(marked[codes]) if rarer else None


def _word_counts(draft: Draft, name: str) -> dict[str, int]:
    """Count the rows of each word of a column of the whole table."""
    words = draft.words[name]
    number = count_codes(draft.values[name], -1, len(words) + 1)[1:].tolist() if words else []
    return {str(word): n for word, n in draft.counted(name, dict(zip(words, number, strict=True))).items()}


def rarer_words(counted: Mapping[str, int], key: Callable[[str], str] = word_key) -> set[str]:
    """Give the words that differ in next to nothing from a more frequent one.

    >>> rarer_words({"unit test": 9, "Unit-Test": 1, "unit 2": 1})
    {'Unit-Test'}
    """
    best: dict[str, str] = {}
    for word in sorted(counted, key=lambda word: (-counted[word], word)):
        best.setdefault(key(word), word)
    return {word for word in counted if best[key(word)] != word}


def words_alike(words: Iterable[str], key: Callable[[str], str] = word_key) -> bool:
    """Say whether two words differ in case, width, spaces or hyphens only.

    >>> words_alike(["unit test", "Unit-Test"]), words_alike(["unit 1", "unit 2"])
    (True, False)
    """
    given = {*words}
    return len({*map(key, given)}) < len(given)


def _rarer_spellings(words: list[str], codes: Ints, within: Longs, form: Callable[[str], str]) -> Bools:
    """Mark the rows whose word is rarer in its place than one that differs in next to nothing."""
    keys: dict[str, int] = {}
    key = np.array([*(keys.setdefault(form(word), len(keys)) for word in words), -1], np.int64)
    place = within + 1
    joint = place * (len(words) + 1) + codes
    found, first, of_row, n = np.unique(joint, return_index=True, return_inverse=True, return_counts=True)
    code = codes[first].astype(np.int64)
    group = place[first] * (len(keys) + 1) + key[code]
    order = np.lexsort((code, -n, group))
    rarer = np.zeros(len(found), np.bool_)
    rarer[order[1:]] = group[order[1:]] == group[order[:-1]]
    rarer[code < 0] = False
    return np.asarray(rarer[of_row])


def _has_word(draft: Draft, name: str, words: set[str], *, other: bool) -> Bools:
    """Mark the rows with one of some words, or with any other."""
    chosen = np.array([*((word in words) != other for word in draft.words[name]), False])
    return np.asarray(chosen[draft.values[name]])
