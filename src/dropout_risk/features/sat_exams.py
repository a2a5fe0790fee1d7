"""Which exams a class sat, and which of them a pupil missed.

An exam is one subject and one name. Who sits it on another day within some weeks sat the same exam, as long
as nobody sat both: so a make-up is no exam of its own, and a test of the same name each week is.
"""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs
from dropout_risk.histories.classes import CLASSES_AT_ONCE, Sittings
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.classes import Classes

MAKE_UP_DAYS, EARLY_DAYS = 30, 7
_MISSED, _SAT = 1, 2
_FEW = 2  # a sitting of at most one in so many of the one before it, soon after, is a resit


def joined_sittings(grades: Runs, classes: Classes, sittings: Sittings, ordinal: int) -> Ints:
    """Give each sitting the first one of the same exam, by what is known on a date."""
    same = _same_exam(sittings)
    first = np.arange(len(sittings.cls), dtype=np.int32)
    if not same.any():
        return first
    last_shared = np.full(len(first), -1, dtype=np.int32)
    columns = grades.columns

    def find(block: slice) -> None:
        pupils = classes.offsets[block.start : block.stop + 1]
        _last_shared(
            classes.order[pupils[0] : pupils[-1]], grades.offsets, columns["subject"], columns["exam"],
            columns["date"], columns["percent"], columns["known"], grades.corrected, ordinal,
            sittings.of_mark, last_shared,
        )  # fmt: skip

    in_threads(find, blocks(len(classes.names), CLASSES_AT_ONCE))
    _join_exams(same, sittings.date, last_shared, first)
    return first


def _same_exam(sittings: Sittings) -> Bools:
    """Say of each sitting whether the one before it was of the same class, subject and name, not long ago."""
    same = np.zeros(len(sittings.cls), dtype=bool)
    names = (sittings.cls, sittings.subject, sittings.exam)
    same[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in names])
    same[1:] &= np.diff(sittings.date) <= MAKE_UP_DAYS
    return same


def mark_resits(joint: Longs, date: Longs, n: Longs) -> Bools:
    """Mark the exams, in the order of class, subject, name and date, that few sat soon after many did."""
    found = np.zeros(len(joint), dtype=bool)
    main = 0
    close = np.zeros(len(joint), dtype=bool)
    close[1:] = (joint[1:] == joint[:-1]) & (np.diff(date) <= MAKE_UP_DAYS)
    for at in np.flatnonzero(close).tolist():
        main = at - 1
        while found[main]:
            main -= 1
        found[at] = date[at] - date[main] <= MAKE_UP_DAYS and _FEW * n[at] <= n[main]
    return found


def common_subjects(cls: Ints, subject: Ints, n: Longs) -> Bools:
    """Say of each exam whether at least half of those who sit anything in the class sit its subject."""
    if not len(cls):
        return np.zeros(0, dtype=bool)
    most_of_subject = np.zeros((int(cls.max()) + 1, int(subject.max()) + 2), dtype=np.int64)
    np.maximum.at(most_of_subject, (cls, subject), n)  # -1, of no subject, is the last column
    return np.asarray(_FEW * most_of_subject[cls, subject] >= most_of_subject.max(axis=1)[cls])


@kernel
def _last_shared(  # noqa: PLR0917
    pupils: Longs,
    offsets: Longs,
    subject: Ints,
    exam: Ints,
    date: Ints,
    percent: Floats,
    known: Ints,
    corrected: Bools,
    ordinal: int,
    sitting: Ints,
    last_shared: Ints,
) -> None:
    """Find for each sitting the latest earlier one of the same exam in which one of its pupils has a mark."""
    for pupil in pupils:
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if not np.isfinite(percent[row]) or known[row] >= ordinal:
                continue
            if corrected[row] and known[row + 1] < ordinal:
                continue
            before = row - 1
            while before >= offsets[pupil] and subject[before] == subject[row]:
                if date[row] - date[before] > MAKE_UP_DAYS:
                    break
                other = sitting[before]
                seen = known[before] < ordinal and not (corrected[before] and known[before + 1] < ordinal)
                seen = seen and exam[before] == exam[row] and np.isfinite(percent[before])
                if seen and other < sitting[row]:
                    last_shared[sitting[row]] = max(last_shared[sitting[row]], other)
                before -= 1


@kernel
def _join_exams(same: Bools, date: Ints, last_shared: Ints, first: Ints) -> None:
    start = 0
    for at in range(len(first)):
        if not (same[at] and date[at] - date[start] <= MAKE_UP_DAYS and last_shared[at] < start):
            start = at
        first[at] = start


@kernel
def count_missed(  # noqa: PLR0917
    offsets: Longs,
    place: Ints,
    subject: Ints,
    date: Ints,
    percent: Floats,
    classes: Ints,
    class_offsets: Longs,
    exam_subjects: Ints,
    exam_dates: Ints,
    common: Bools,
    n_subjects: int,
    since: Longs,
    ordinal: int,
) -> Floats:
    """Count the exams of each pupil's class from a date on that the pupil missed.

    ``place`` gives the exam of a row among those of the context, or -1; a row without a mark tells that the
    exam was missed (minus infinity), or that it was not due or the mark is not known (NaN). A subject that a
    pupil never had a mark in, but has others, is not its own, unless the class sat several subjects on that
    day and the pupil none. Of a pupil without any mark, the subjects count that half of the class sits.
    """
    found = np.full(len(classes), np.nan)
    longest = 0
    for cls in range(len(class_offsets) - 1):
        longest = max(longest, class_offsets[cls + 1] - class_offsets[cls])
    state, took = np.zeros(longest, dtype=np.int8), np.zeros(n_subjects + 1, dtype=np.int64)
    for pupil in range(len(classes)):
        cls, number, told, has_mark = classes[pupil], 0, False, False
        low = class_offsets[cls] if cls >= 0 else 0
        n_exams = class_offsets[cls + 1] - low if cls >= 0 else 0
        state[:n_exams] = 0
        for row in range(offsets[pupil], offsets[pupil + 1]):
            at = place[row] - low
            inside = place[row] >= 0 and 0 <= at < n_exams
            if percent[row] == -np.inf:
                if inside:
                    state[at] = max(state[at], _MISSED)
                elif since[pupil] <= date[row] and date[row] < ordinal:
                    number += 1
                    told = True
                continue
            if inside:
                state[at] = _SAT
            if np.isfinite(percent[row]):
                has_mark = True
                took[subject[row]] = pupil + 1
        for at in range(n_exams):
            day = exam_dates[low + at]
            if state[at] == _SAT or not (since[pupil] <= day < ordinal):
                continue
            due = state[at] == _MISSED or took[exam_subjects[low + at]] == pupil + 1
            if not due and common[low + at]:
                own = slice(low, low + n_exams)
                due = not has_mark or _was_away(at, exam_subjects[own], exam_dates[own], state)
            number += due
        if n_exams > 0 or told:
            found[pupil] = number
    return found


@kernel
def _was_away(exam: int, subjects: Ints, dates: Ints, state: Array) -> bool:
    """Say whether the class sat several subjects on the day of an exam, and the pupil none of them."""
    others = False
    for mate in range(len(dates)):
        if dates[mate] == dates[exam]:
            if state[mate] == _SAT:
                return False
            others = others or subjects[mate] != subjects[exam]
    return others
