"""Marks and what stands in place of one: an exam missed, exempt, deferred, or of unknown mark."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bools, Longs
from dropout_risk.records.checks.outside_rows import OUTSIDE
from dropout_risk.records.rows import Draft
from dropout_risk.records.tables import NOT_MARKS, TAKEN
from dropout_risk.records.values import FIRST_DATE
from dropout_risk.records.wording.conventions import Conventions
from dropout_risk.records.wording.words import word_key
from dropout_risk.text import Text

_SAT, _UNKNOWN = TAKEN.index("taken"), TAKEN.index("unknown")
_POSSIBLE = -1e299
FEWEST_MARKS = 3
_SUM = re.compile(
    r"(?:总分|总成绩|合计|平均分?|均分|名次|排名)$|班名次|班排名"
    r"|^(?:(?:sub)?total(?:score|marks?|points)?|sum|average|mean|(?:class|grade|school)?rank|overall(?:score|grade)?)$"
)
"""What marks sheets write beside the subjects."""
_FULL, _LOW = 10, 0.1
_SCHOOL_SCALES = (5, 6)
_OTHER_UNIT = Text(
    zh="多数分数如此：满分似乎用了另一种单位（百分比与分数混用）",
    en="most marks do: max_score seems to be in another unit (percentages beside points)",
)


def part_marks(draft: Draft) -> None:
    """Take the words among the marks (missed, exempt, deferred) to the column that says how it was taken.

    A row without a mark needs such a word. A mark above zero counts whatever the word beside it says; zero
    beside such a word is none.
    """
    score = draft.values["score"]
    words = score < _POSSIBLE
    if np.count_nonzero(words):
        taken = draft.values["taken"].copy()
        for word, number in NOT_MARKS.items():
            taken[score == number] = TAKEN.index(word)
        draft.values["taken"] = taken
        score = draft.values["score"] = np.where(words, np.nan, score)
    untaken = draft.values["taken"] > _SAT
    if np.count_nonzero(untaken):
        draft.warn("mark_of_no_exam", "taken", untaken & (score > 0))
        draft.values["taken"] = np.where(untaken & (score > 0), np.int8(_SAT), draft.values["taken"])
        untaken &= ~(score > 0)
        score = draft.values["score"] = np.where(untaken, np.nan, score)
    empty = np.isnan(score) & ~untaken
    for found in draft.findings:
        if found.column in ("score", "") or found.rule.name == "missing_column":
            empty[found.rows] = False
    draft.set_apart("missing_value", "score", empty)


def _is_sum(draft: Draft) -> Bools:
    """Mark the sums, means and ranks among marks of subjects; where there are no others they are kept."""
    words = draft.words.get("subject", [])
    sums = np.array([*(_SUM.search(word_key(word)) is not None for word in words), False])
    if sums[:-1].all():
        return np.zeros(len(draft), np.bool_)
    return np.asarray(sums[draft.values["subject"]])


def check_marks(draft: Draft, conventions: Conventions) -> None:
    """Check marks against full marks: a bonus is kept, with a word, and a mark in another unit is doubted."""
    draft.set_apart("sum_as_subject", "subject", _is_sum(draft))
    score, highest = draft.values["score"], draft.values["max_score"]
    draft.set_apart("max_score_not_positive", "max_score", highest <= 0)
    over = (score > highest) & (highest > 0)
    given = int(np.count_nonzero(~np.isnan(score)))
    most = highest * (1 + conventions.bonus) + 1e-9 if np.count_nonzero(over) else highest
    beyond = over & (score > most)
    if _most_marks(draft, "marks_over_max", beyond, given):
        draft.set_apart("score_over_max", "score", beyond, _OTHER_UNIT)
    else:
        draft.set_apart("score_over_max", "score", beyond)
    draft.warn("bonus_mark", "score", over & (score <= most))
    low, single = (marks & ~draft.apart for marks in doubtful_marks(score, highest))
    all_low = not draft.is_of_request and _most_marks(draft, "low_marks", low, given)
    draft.warn("doubtful_unit", "score", low if all_low else single)
    draft.warn("zero_marks", "score", _whole_exams_of_zero(draft))
    if not draft.is_of_request:
        draft.warn("best_mark_unsure", "score", _marks_from_one(draft))


def _marks_from_one(draft: Draft) -> Bools:
    """Mark the marks out of 5 or 6 where none of many is below 1: of some such scales 1 is the best."""
    score, highest = draft.values["score"], draft.values["max_score"]
    marks = np.isin(highest, _SCHOOL_SCALES) & ~np.isnan(score) & ~draft.apart
    own = {"given": int(np.count_nonzero(marks)), "low": int(np.count_nonzero(marks & (score < 1)))}
    counted = draft.counted("marks_from_one", own)
    return marks & (counted["given"] >= _FULL and not counted["low"])


def _whole_exams_of_zero(draft: Draft) -> Bools:
    """Mark the marks of pupils who have 0 in each of several subjects of an exam."""
    found = np.zeros(len(draft), np.bool_)
    zero = np.flatnonzero((draft.values["score"] == 0) & ~draft.apart)
    if len(zero) < FEWEST_MARKS:
        return found
    mates = np.isin(draft.values["student_id"], draft.values["student_id"][zero]) & ~draft.apart
    rows = np.flatnonzero(mates & ~np.isnan(draft.values["score"]))
    _, sitting = np.unique(_keys_over(draft, rows, ("exam", "date")), return_inverse=True)
    marks, above = np.bincount(sitting), np.bincount(sitting, draft.values["score"][rows] != 0)
    found[rows] = ((marks >= FEWEST_MARKS) & (above == 0))[sitting]
    return found


def doubtful_marks(score: Array, highest: Array) -> tuple[Bools, Bools]:
    """Mark what lies far below full marks, and of it what looks like a share of them by itself."""
    low = (score < _LOW * highest) & (highest >= _FULL)
    return low, low & (score > 0) & (score < 1)


def _most_marks(draft: Draft, what: str, found: Bools, given: int) -> bool:
    """Say whether most marks of a table, and not single ones, are among those found."""
    counted = draft.counted(what, {"given": given, "found": int(np.count_nonzero(found))})
    return counted["given"] >= FEWEST_MARKS and 2 * counted["found"] > counted["given"]


def restore_sittings(draft: Draft, usable: Bools, today: int) -> bool:
    """Take rows back that say that a pupil sat an exam, though not with which mark; say whether any were.

    They stay in the report and in quarantine, and have no mark. But who has such a row, and no usable one of
    the same exam that was recorded by then, did not miss it.
    """
    rows = np.flatnonzero(_named_sittings(draft, usable, today))
    if not len(rows):
        return False
    others = np.flatnonzero(~draft.apart)
    mates = others[np.isin(draft.values["student_id"][others], draft.values["student_id"][rows])]
    both = np.concatenate([mates, rows])
    key = _keys_over(draft, both, ("subject", "exam", "date"))
    recorded, highest, said = (draft.values[name][both] for name in ("recorded_on", "max_score", "taken"))
    order = np.lexsort((said, highest, np.arange(len(both)) >= len(mates), recorded, key))
    first = order[np.unique(key[order], return_index=True)[1]]
    back = rows[first[first >= len(mates)] - len(mates)]
    draft.apart[back] = False
    draft.values["score"][back] = np.nan
    taken = draft.values["taken"].copy()
    taken[back] = np.where(taken[back] > _SAT, taken[back], np.int8(_UNKNOWN))
    draft.values["taken"] = taken
    return bool(len(back))


def _named_sittings(draft: Draft, usable: Bools, today: int) -> Bools:
    """Mark the rows set apart that name a pupil, a subject, an exam and a day."""
    named = draft.apart.copy()
    for name in ("subject", "exam", "date"):
        named &= ~draft.missing(name)
    pupil = draft.values["student_id"]
    named &= (pupil >= 0) & (draft.values["date"] <= today)
    named[named] = usable[pupil[named]]
    for found in draft.findings:
        if found.rule.name in (*OUTSIDE, "sum_as_subject"):
            named[found.rows] = False
    return named


_ONE_EXAM, _FEWEST, _FEW_OF, _ONE_ROW_EACH, _CHAIN = 62, 5, 0.2, 1.2, 20
_A_YEAR, _DATE_BITS = (365, 366, -365, -366), (1 << 20) - 1
_STRAY = Text(
    zh="少数学生与本班大多数人相差不到两个月，或恰好差一年",
    en="a few pupils, within two months of nearly all class-mates, or on the same day of another year",
)
_SCATTERED = Text(zh="全班的日期各不相同", en="the whole class, each on a day of its own")


def doubt_exam_days(draft: Draft, class_of: Array) -> None:
    """Name the rows of an exam that lie on other days than those of nearly all class-mates.

    ``class_of`` is the class of each pupil, -1 for none. Doubted are days of a few beside one of many, and
    exams of which hardly two rows share a day though nearly everybody has one.
    """
    pupil = draft.values["student_id"]
    rows = np.flatnonzero(~draft.apart & (pupil >= 0) & ~draft.missing("exam") & ~draft.missing("date"))
    rows = rows[class_of[pupil[rows]] >= 0] if len(class_of) else rows[:0]
    if not len(rows):
        return
    exam = class_of[pupil[rows]].astype(np.int64)
    for name in ("subject", "exam"):
        codes = draft.values[name][rows].astype(np.int64) + 1
        exam = exam * (int(codes.max()) + 1) + codes
    key = (exam << _DATE_BITS.bit_length()) + draft.values["date"][rows] - FIRST_DATE
    held = pa.table({"key": key}).group_by("key").aggregate([([], "count_all")]).sort_by("key")
    days, number = (held[name].to_numpy() for name in ("key", "count_all"))
    for found, detail in ((_stray_days(days, number), _STRAY), (_scattered_days(days, number), _SCATTERED)):
        odd = np.isin(key, days[found])
        if detail is _SCATTERED and odd.any():
            odd[odd] = _sat_once(exam[odd], pupil[rows[odd]])
        mask = np.zeros(len(draft), np.bool_)
        mask[rows[odd]] = True
        draft.warn("exam_on_other_days", "date", mask, detail)


def _stray_days(days: Longs, number: Longs) -> Bools:
    """Mark the days of few rows near one, of the same exam, that has nearly all."""
    found = np.zeros(len(days), np.bool_)
    for step in (1, -1):  # the last full day before, and the first one after
        order = slice(None, None, step)
        full = number[order] >= _FEWEST
        last = np.maximum.accumulate(np.where(full, np.arange(len(days)), -1))
        near = days[order][last], number[order][last]
        close = (last >= 0) & (abs(days[order] - near[0]) <= _ONE_EXAM)
        found[order] |= close & (number[order] <= np.maximum(_FEW_OF * near[1], 1)) & (days[order] != near[0])
    for shift in _A_YEAR:  # the same day of another year
        at = np.minimum(np.searchsorted(days, days + shift), len(days) - 1)
        same = (days[at] == days + shift) & (_day_of_year(days[at]) == _day_of_year(days))
        found |= same & (number[at] >= _FEWEST) & (number <= _FEW_OF * number[at])
    return found


def _day_of_year(days: Longs) -> Longs:
    """Give month and day of the days of exams, as one number."""
    date = ((days & _DATE_BITS) + FIRST_DATE).astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    numbers: Longs = month.astype(np.int64) % 12 * 32 + (date - month).astype(np.int64)
    return numbers


def _scattered_days(days: Longs, number: Longs) -> Bools:
    """Mark the days of exams that run on from day to day, none of which has half of the rows."""
    chain = np.cumsum(np.append(True, np.diff(days) > _CHAIN)) - 1
    total, most = np.bincount(chain, number), np.zeros(chain[-1] + 1)
    np.maximum.at(most, chain, number)
    return np.asarray(((total >= _FEWEST) & (2 * most < total))[chain])


def _sat_once(exam: Longs, pupil: Array) -> Bools:
    """Mark the rows of exams of which nearly every pupil has one row."""
    _, number = np.unique(exam, return_inverse=True)
    pairs = np.unique(number * (int(pupil.max()) + 1) + pupil)
    rows, pupils = np.bincount(number), np.bincount(pairs // (int(pupil.max()) + 1))
    return np.asarray((rows <= _ONE_ROW_EACH * pupils)[number])


def _keys_over(draft: Draft, rows: Longs, columns: tuple[str, ...]) -> Longs:
    """Give a number for the pupil and some columns of some rows."""
    key = draft.values["student_id"][rows].astype(np.int64)
    for name in columns:
        _, key = np.unique(key, return_inverse=True)
        values = draft.values[name][rows].astype(np.int64)
        low = int(values.min(initial=0))
        key = key * (int(values.max(initial=0)) - low + 1) + values - low
    return key
