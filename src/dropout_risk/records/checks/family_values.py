"""What the value of a family factor may say: yes, no, unknown, or a code of that factor's definition."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from dropout_risk.arrays import Bools, Ints
from dropout_risk.records.rows import Draft
from dropout_risk.records.values import NO_CODE

YES, NO, UNKNOWN = "yes", "no", "unknown"
NOT_FILLED = "n/a"
"""How the words for nothing (N/A, NULL …) are kept in the column of values, where they leave it in doubt."""
PARENTS = ("father", "mother", "both_parents")
FAMILY_VALUES: dict[str, tuple[str, ...]] = {
    "left_behind": ("both_parents", "one_parent", "both_parents_half_year"),
    "parents_working_away": PARENTS,
    "single_parent": (),
    "parents_divorced": (),
    "bereavement": ("father", "mother", "guardian"),
    "orphan": (),
    "de_facto_unsupported": (),
    "parent_unable_to_care": (
        "severe_disability", "serious_illness", "in_prison", "compulsory_detoxification", "liberty_limited",
        "out_of_contact",
    ),
    "low_income": (),
    "extreme_poverty": (),
    "monitored_household": ("unstable_after_poverty", "marginal", "sudden_hardship"),
    "registered_poor": (),
    "disability": ("1", "2", "3", "4"),
    "migrant_child": (),
    "grandparents_care": (),
    "none": (),
}  # fmt: skip
_WHOLE = re.compile(r"(\d+)\.0+").fullmatch


def value_of(factor: str, word: str) -> str | None:
    """Give what a value says of a factor; None where it says nothing that is known.

    A factor that the catalogue does not have may carry any value of its own that is a word. Of ``none`` a no
    tells nothing.

    >>> value_of("disability", "1"), value_of("orphan", "1"), value_of("orphan", "0"), value_of("orphan", "2")
    ('1', 'yes', 'no', None)
    """
    whole = _WHOLE(word)
    word = whole[1] if whole else word
    if word in FAMILY_VALUES.get(factor, ()):
        return word
    said = {"1": YES, "0": NO}.get(word, word)
    if said in (YES, NO, UNKNOWN):
        return UNKNOWN if factor == "none" and said == NO else said
    is_word = word != NOT_FILLED and any(map(str.isalnum, word))
    return word if is_word and factor not in FAMILY_VALUES else None


def check_family_values(draft: Draft) -> None:
    """Read every value by its factor: one that says nothing known is named, and counts as unknown.

    So does an empty cell where the other rows of its part answer: see ``_unfilled_rows``.
    """
    factors, given = draft.words["factor"], draft.words["value"]
    if not given or not len(draft):
        return
    said = [[value_of(factor, word) for word in given] for factor in factors]
    words = sorted({UNKNOWN} | {word for row in said for word in row if word is not None})
    place = {word: code for code, word in enumerate(words)}
    unread = place[UNKNOWN]
    new = np.full((len(factors) + 1, len(given) + 1), NO_CODE, np.int32)
    silent = np.zeros(new.shape, np.bool_)
    for row, words_of_factor in enumerate(said):
        new[row, :-1] = [unread if word is None else place[word] for word in words_of_factor]
        silent[row, :-1] = [word is None for word in words_of_factor]
    new[-1, :-1] = [place.get(word, unread) for word in given]
    factor, codes = draft.values["factor"], draft.values["value"]
    read, mute = new[factor, codes], silent[factor, codes]
    coded = _coded_rows(draft, mute)
    read[coded] = unread
    draft.warn("unknown_family_value", "value", (mute | coded) & ~draft.apart)
    unfilled = _unfilled_rows(draft, read, np.array([word in (YES, NO, UNKNOWN) for word in words]))
    draft.warn("unfilled_family_value", "value", unfilled & ~draft.apart)
    read[unfilled] = unread
    draft.values["value"], draft.words["value"] = read, words


def _coded_rows(draft: Draft, mute: Bools) -> Bools:
    """Mark the levels 1 and 2 where 2 stands beside factors that have none: 1 is yes and 2 is no there."""
    words = [(_WHOLE(word) or (word, word))[1] for word in draft.words["value"]]
    two, low = (np.array([*(word in some for word in words), False]) for some in (("2",), ("1", "2")))
    codes = draft.values["value"]
    others = int(np.count_nonzero(mute & two[codes]))
    if not draft.counted("coded", {"two": others} if others else {}):
        return np.zeros(len(draft), np.bool_)
    levels = np.array([*("2" in FAMILY_VALUES.get(factor, ()) for factor in draft.words["factor"]), False])
    return np.asarray(levels[draft.values["factor"]] & low[codes])


def _unfilled_rows(draft: Draft, read: Ints, answers: Bools) -> Bools:
    """Mark the empty values of a part that answers otherwise: with yes, no, unknown, or for that factor.

    Where the values of a part are codes of some factors alone, a row of another factor is a yes. In a
    request a value that is not written is none: one that is empty comes as ``NOT_FILLED``.
    """
    empty = read == NO_CODE
    if draft.is_of_request or not empty.any():
        return np.zeros(len(draft), np.bool_)
    factor, asked = draft.values["factor"], draft.words["factor"]
    codes = np.array([code for code, word in enumerate(asked) if word == "none"], np.int32)
    answering = np.append(answers, False)[read]
    starts = [*(span.start for span in draft.spans), len(draft)]
    for start, stop in pairwise(starts):
        rows = slice(start, stop)
        filled = np.unique(factor[rows][~empty[rows]])
        like_others = np.isin(factor[rows], filled)
        answered = answering[rows].any() & ~np.isin(factor[rows], codes)
        empty[rows] &= like_others | answered
    return np.asarray(empty)
