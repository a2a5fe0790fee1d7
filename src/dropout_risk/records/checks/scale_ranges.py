"""Which scores the scales of well-being tests can have, and tests whose names or scores are doubted.

The instruments themselves, with their norms, stand in the catalogue; a test holds these ranges against them.
An instrument that is not named here is a county's own: nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.records.rows import Draft
from dropout_risk.records.wording.instrument_names import (
    INSTRUMENT_CODES,
    instrument_spellings,
    item_number,
)
from dropout_risk.records.wording.words import remember_words, word_key
from dropout_risk.text import Text

_FEWEST, _ANSWERS, _MANY, _LOWEST = 3, 10, 20, 0.1
_SHORT = 30  # of a sum up to so much, many healthy pupils may all have the lowest scores
TOTAL = "total"
_SWAPPED = Text(
    zh="量表名写在维度一栏：两栏像是写反了",
    en="the names of instruments stand in the column of scales, as if the two were swapped",
)


_FROM_ONE = Text(
    zh="单题作答没有一个是0，像是从1开始计分",
    en="no answer to a single item is 0, as if answers were counted from 1",
)


class ScaleRange(NamedTuple):
    """The lowest and the highest score; ``whole`` where it is a sum of whole numbers."""

    low: float
    high: float
    whole: bool = True


@dataclass(frozen=True)
class InstrumentRanges:
    """The ranges of an instrument's scales and of an answer to one item; ``norms`` narrows some.

    ``items`` is how many there are. ``named`` are the names of its norms, and without a ``usual`` one each
    test must name its own.
    """

    names: tuple[str, ...]
    items: int
    answer: ScaleRange
    scales: dict[str, ScaleRange]
    norms: dict[str, dict[str, ScaleRange]] = field(default_factory=dict)
    named: tuple[str, ...] = ("standard",)
    usual: bool = True

    def has_norm(self, norm: str | None) -> bool:
        """Say whether a test under a norm, or under none that is named, can be told a band."""
        return self.usual if norm is None else word_key(norm) in map(word_key, self.named)

    def range_of(self, scale: str, norm: str | None = None) -> ScaleRange | None:
        """Give the range of a scale, or of a single item; None where the instrument has no such scale."""
        key, item = word_key(scale), item_number(scale)
        if item is not None:
            return self.answer if 1 <= item <= self.items else None
        narrow = {} if norm is None else self.norms.get(word_key(norm), {})
        return narrow.get(key, self.scales.get(key))


def _sums_to(high: int, names: str) -> dict[str, ScaleRange]:
    return {word_key(name): ScaleRange(0, high) for name in names.split()}


_MEAN = ScaleRange(1, 5, whole=False)
_FACTORS = (
    "total obsession paranoia hostility interpersonal_sensitivity depression anxiety learning_pressure "
    "maladjustment emotional_instability imbalance"
)
_OF_FOUR = ScaleRange(0, 3)
SCALE_RANGES: dict[str, InstrumentRanges] = {
    "MHT": InstrumentRanges(
        ("心理健康诊断测验", "心理健康测验", "Mental Health Test"),
        100,
        ScaleRange(0, 1),
        _sums_to(90, TOTAL)
        | _sums_to(15, "learning_anxiety physical_symptoms")
        | _sums_to(10, "social_anxiety loneliness self_blame hypersensitivity phobia impulsivity validity"),
    ),
    "MSSMHS": InstrumentRanges(
        ("中学生心理健康量表", "Middle School Students' Mental Health Scale"),
        60,
        ScaleRange(1, 5),
        {word_key(name): _MEAN for name in _FACTORS.split()},
    ),
    "SDQ": InstrumentRanges(
        ("长处与困难问卷", "Strengths and Difficulties Questionnaire"),
        25,
        ScaleRange(0, 2),
        _sums_to(40, TOTAL) | _sums_to(10, "emotional conduct hyperactivity peer prosocial"),
        named=("sdq-cn-parent", "sdq-uk-parent", "sdq-uk-teacher"),
    ),
    "PHQ-9": InstrumentRanges(
        (
            "患者健康问卷（9项）",
            "患者健康问卷-9",
            "Patient Health Questionnaire, 9 items",
            "Patient Health Questionnaire-9",
        ),
        9,
        _OF_FOUR,
        _sums_to(27, TOTAL),
    ),
    "PHQ-A": InstrumentRanges(
        ("PHQ-9-A", "PHQ-9A", "患者健康问卷（青少年版）", "Patient Health Questionnaire for adolescents"),
        9,
        _OF_FOUR,
        _sums_to(27, TOTAL),
    ),
    "GAD-7": InstrumentRanges(
        (
            "广泛性焦虑量表（7项）",
            "广泛性焦虑量表-7",
            "Generalised Anxiety Disorder scale, 7 items",
            "Generalized Anxiety Disorder-7",
        ),
        7,
        _OF_FOUR,
        _sums_to(21, TOTAL),
    ),
    "SCL-90": InstrumentRanges(
        ("症状自评量表", "Symptom Checklist, 90 items"),
        90,
        ScaleRange(0, 5),
        _sums_to(450, TOTAL) | _sums_to(90, "positives") | {"highestfactor": ScaleRange(0, 5, whole=False)},
        {
            "1-5": {TOTAL: ScaleRange(90, 450), "highestfactor": _MEAN},
            "0-4": {TOTAL: ScaleRange(0, 360), "highestfactor": ScaleRange(0, 4, whole=False)},
        },
        named=("1-5", "0-4"),
        usual=False,
    ),
}


@cache
def _known_spellings() -> dict[str, InstrumentRanges]:
    return {
        instrument_spellings(name)[0]: known
        for code, known in SCALE_RANGES.items()
        for name in (code, *known.names)
    }


@remember_words
def ranges_of(instrument: str) -> InstrumentRanges | None:
    """Give the ranges of an instrument under any spelling of its name; None for one that is not known.

    >>> ranges_of("phq 9").range_of("Total"), ranges_of("own")
    (ScaleRange(low=0, high=27, whole=True), None)
    """
    known = _known_spellings()
    return next((known[form] for form in instrument_spellings(instrument) if form in known), None)


@remember_words
def looks_known(instrument: str) -> bool:
    """Say whether a name that is none looks like that of an instrument: PHQ9量表, sdq-parent, PHQ, 筛查PHQ9.

    >>> looks_known("PHQ9量表"), looks_known("own 1"), looks_known("SDQ")
    (True, False, False)
    """
    name = (*instrument_spellings(instrument), "")[0]
    if len(name) < _FEWEST or ranges_of(instrument) is not None:
        return False
    codes = {instrument_spellings(code)[0] for code in INSTRUMENT_CODES}
    return any(
        name.startswith(known)
        or known.startswith(name)
        or (known in name and (not known.isascii() or known in codes))
        for known in _known_spellings()
    )


def check_tests(draft: Draft) -> None:
    """Doubt tests whose instrument or scale is none, and name scores that their scale cannot have."""
    _doubt_names(draft)
    ranges = _ranges_of_rows(draft)
    if ranges is None:
        return
    low, high, whole, mean = ranges
    score = draft.values["score"]
    counts = ~np.isnan(score) & ~np.isnan(low) & (draft.values["valid"] != 0) & ~draft.apart
    outside = counts & ((score < low) | (score > high))
    draft.warn("score_outside_scale", "score", outside)
    unsure = counts & whole & (score > low) & (score < mean) & (score != np.floor(score))
    if not draft.is_of_request:
        unsure |= _other_unit(draft, counts, outside, (low, high, whole))
    draft.warn("doubtful_unit", "score", unsure & ~outside)
    if not draft.is_of_request:
        draft.warn("doubtful_unit", "score", _counted_from_one(draft, counts) & ~outside & ~unsure, _FROM_ONE)


def _counted_from_one(draft: Draft, counts: Bools) -> Bools:
    """Mark the answers to an item, or to all of an instrument, of which many are given and none is 0.

    Instruments whose norm says from where answers are counted are left out, and so are lists of those answers
    only that were not 0: fewer than half of the tests have one.
    """
    instruments, scales = draft.words["instrument"], draft.words["scale"]
    own = [ranges_of(word) for word in instruments]
    from_zero = np.array(
        [*(known is not None and not known.norms and known.answer.low == 0 for known in own), False]
    )
    of_items = np.array([*(item_number(word) is not None for word in scales), False])
    instrument, scale = draft.values["instrument"].astype(np.int64), draft.values["scale"]
    answers = counts & from_zero[instrument] & of_items[scale]
    masks = {
        "given": answers,
        "lowest": answers & (draft.values["score"] == 0),
        "tests": counts & ~of_items[scale],
    }
    by_name = [(name,) for name in instruments]
    given, lowest, tests = _numbers_by_code(draft, "answers", np.where(counts, instrument, 0), by_name, masks)
    found = (given >= _ANSWERS) & (lowest == 0) & (2 * given >= tests)
    asked = answers & (2 * given >= tests)[instrument]
    of_item = np.where(counts, instrument * (len(scales) + 1) + scale, 0)
    given, lowest, _ = _numbers_by_code(draft, "answers_to_items", of_item, _names_of_scales(draft), masks)
    return np.asarray(asked & (found[instrument] | ((given >= _ANSWERS) & (lowest == 0))[of_item]))


def _names_of_scales(draft: Draft) -> list[tuple[str, ...]]:
    """Name the scales of all instruments in the order of their codes; the last of each is none."""
    return [(one, other) for one in draft.words["instrument"] for other in (*draft.words["scale"], "")]


def _numbers_by_code(
    draft: Draft, what: str, code: Longs, names: Sequence[tuple[str, ...]], masks: Mapping[str, Bools]
) -> list[Longs]:
    """Count the rows of each mask by code, of the whole table, of which the draft may be a part."""
    size = len(names) + 1
    own = {kind: np.bincount(code[mask], minlength=size) for kind, mask in masks.items()}
    counted = draft.counted(
        what,
        {(*names[at], kind): n[at] for kind, n in own.items() for at in np.flatnonzero(n).tolist()},
    )
    found = [np.zeros(size, np.int64) for _ in masks]
    for numbers, kind in zip(found, masks, strict=True):
        numbers[:-1] = [counted[*name, kind] for name in names]
    return found


def _doubt_names(draft: Draft) -> None:
    instruments, scales = draft.words["instrument"], draft.words["scale"]
    known = [ranges_of(word) for word in instruments]
    named = np.array([*(ranges_of(word) is not None for word in scales), False])
    swapped = np.zeros((len(instruments) + 1, len(scales) + 1), np.bool_)
    foreign = swapped.copy()
    for place, own in enumerate(known):
        if own is None:
            swapped[place] = named
        else:
            foreign[place, :-1] = [own.range_of(word) is None for word in scales]
    instrument, scale = draft.values["instrument"], draft.values["scale"]
    is_swapped = swapped[instrument, scale]
    near = np.array([*map(looks_known, instruments), False])[instrument] & ~is_swapped
    draft.warn("unknown_meaning", "instrument", is_swapped & ~draft.apart, _SWAPPED)
    draft.warn("unknown_meaning", "instrument", near & ~draft.apart)
    draft.warn("unknown_meaning", "scale", foreign[instrument, scale] & ~draft.apart)
    norms = [*draft.words["norm"], None]
    strange = np.array(
        [
            *([own is not None and not own.has_norm(norm) for norm in norms] for own in known),
            [False] * len(norms),
        ]
    )
    total = np.array([*(word_key(word) == TOTAL for word in scales), False])
    doubted = strange[instrument, draft.values["norm"]] & total[scale]
    draft.warn("unknown_meaning", "norm", doubted & ~draft.apart)


def _ranges_of_rows(draft: Draft) -> tuple[Floats, Floats, Bools, Floats] | None:
    """Give the lowest and highest score of each row, whether it is whole, and the highest mean of answers.

    NaN where nobody knows; what lies under the last and is not whole may be the mean of a sum's answers.
    """
    instruments, scales = draft.words["instrument"], draft.words["scale"]
    norms = [*draft.words["norm"], None]
    shape = (len(instruments) + 1, len(scales) + 1, len(norms))
    low, high, whole = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.bool_)
    mean = np.full(len(instruments) + 1, np.nan)
    known = [(place, own) for place, word in enumerate(instruments) if (own := ranges_of(word)) is not None]
    for place, own in known:
        mean[place] = own.answer.high
        for scale, word in enumerate(scales):
            for norm, name in enumerate(norms):
                found = own.range_of(word, name)
                if found is not None:
                    low[place, scale, norm], high[place, scale, norm], whole[place, scale, norm] = found
    if not known:
        return None
    codes = [draft.values[name].astype(np.int64) for name in ("instrument", "scale", "norm")]
    first, second, third = (code % size for code, size in zip(codes, shape, strict=True))  # -1 is the last
    at = (first * shape[1] + second) * shape[2] + third
    return low.ravel()[at], high.ravel()[at], whole.ravel()[at], mean[first]


def _other_unit(draft: Draft, counts: Bools, outside: Bools, ranges: tuple[Floats, Floats, Bools]) -> Bools:
    """Mark the scores of the scales that seem to be in another unit.

    All of a scale are, where half of them lie outside; and of sums, where half of those that are not lowest
    are no whole numbers, or where all of many lie in the lowest tenth.
    """
    score, (low, high, whole) = draft.values["score"], ranges
    scale = draft.values["instrument"].astype(np.int64) * (len(draft.words["scale"]) + 1)
    scale = np.where(counts, scale + draft.values["scale"], 0)
    broken = counts & whole & (score != np.floor(score))
    span = high - low
    masks = {
        "given": counts,
        "above": counts & (score > low),
        "odd": broken,
        "higher": counts & ~(whole & (span > _MANY) & (score <= low + _LOWEST * span)),
        "outside": outside,
        "lowest": counts & (span <= _SHORT) & (score == low),
    }
    given, above, odd, higher, beyond, lowest = _numbers_by_code(
        draft, "scales", scale, _names_of_scales(draft), masks
    )
    whole_scale = (given >= _FEWEST) & (2 * beyond >= given)
    whole_scale |= (given >= _MANY) & (higher == 0) & (above > 0) & (lowest == 0)
    by_fractions = (odd >= _FEWEST) & (2 * odd >= above)
    return np.asarray(counts & (whole_scale[scale] | (broken & by_fractions[scale])))
