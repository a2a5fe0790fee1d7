"""Words that are doubted: names that differ in next to nothing, and words that nothing here reads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dropout_risk.arrays import Bools, Ints
from dropout_risk.records.family_values import FAMILY_VALUES
from dropout_risk.records.mapping import RecordsMapping
from dropout_risk.records.rows import Draft
from dropout_risk.records.twin_names import CORE, check_twin_names
from dropout_risk.records.words import word_key

_NOTHING = ("no", "none", "0", "无", "否", "没有", "未发生")


def check_words(draft: Draft, mapping: RecordsMapping) -> None:
    """Doubt the words of a table's columns of text."""
    for column in draft.table.columns:
        if column.kind == "text" and not column.note:
            school = draft.values["school_id"] if column.name == "class_id" else None
            alike = _rarer_spellings(draft.words[column.name], draft.values[column.name], school)
            if alike is not None:
                draft.warn("words_alike", column.name, alike & ~draft.apart)
    if draft.table.name == "family":
        known = {*FAMILY_VALUES, *map(str, mapping.words(draft.table["factor"]).own.values())}
        draft.warn("unknown_meaning", "factor", _has_word(draft, "factor", known, other=True) & ~draft.apart)
    if draft.table.name == "grades":
        check_twin_names(draft)
    if draft.table.name == "grades" and not {*CORE} & {*draft.words["subject"]}:
        draft.warn("unknown_meaning", "subject", ~draft.apart)
    if draft.table.incidents:
        (name,) = (name for name in draft.table.key if name in draft.table.words)
        draft.set_apart("no_incident", name, _has_word(draft, name, {*_NOTHING}, other=False))


def words_alike(words: Iterable[str]) -> bool:
    """Say whether two words differ in case, width, spaces or hyphens only.

    >>> words_alike(["unit test", "Unit-Test"]), words_alike(["unit 1", "unit 2"])
    (True, False)
    """
    given = {*words}
    return len({word_key(word) for word in given}) < len(given)


def _rarer_spellings(words: list[str], codes: Ints, within: Ints | None) -> Bools | None:
    """Mark the rows whose word differs in next to nothing from a more frequent one, if there are any."""
    if not words_alike(words):
        return None
    keys: dict[str, int] = {}
    key = np.array([*(keys.setdefault(word_key(word), len(keys)) for word in words), -1], np.int64)
    place = np.zeros(len(codes), np.int64) if within is None else within.astype(np.int64) + 1
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
