"""What the value of a family factor may say: yes, no, unknown, or a code of that factor's definition."""

from __future__ import annotations

import re

import numpy as np

from dropout_risk.records.rows import Draft
from dropout_risk.records.values import NO_CODE

YES, NO, UNKNOWN = "yes", "no", "unknown"
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

    A factor that the catalogue does not have may carry any value of its own. Of ``none`` a no tells nothing.

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
    return None if factor in FAMILY_VALUES else word


def check_family_values(draft: Draft) -> None:
    """Read every value by its factor: one that says nothing known is left empty, named, and the row stays."""
    factors, given = draft.words["factor"], draft.words["value"]
    if not given or not len(draft):
        return
    said = [[value_of(factor, word) for word in given] for factor in factors]
    words = sorted({word for row in said for word in row if word is not None})
    place = {word: code for code, word in enumerate(words)}
    new = np.full((len(factors) + 1, len(given) + 1), NO_CODE, np.int32)
    for row, words_of_factor in enumerate(said):
        new[row, :-1] = [NO_CODE if word is None else place.get(word, NO_CODE) for word in words_of_factor]
    new[-1, :-1] = [place.get(word, NO_CODE) for word in given]
    codes = draft.values["value"]
    read = new[draft.values["factor"], codes]
    draft.warn("unknown_family_value", "value", (codes != NO_CODE) & (read == NO_CODE) & ~draft.apart)
    draft.values["value"], draft.words["value"] = read, words
