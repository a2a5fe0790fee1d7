"""Which exams a class sat, and which of them a pupil missed.

An exam is one subject and one name. Who sits it on another day within some weeks sat the same exam, as long
as nobody sat both: so a make-up is no exam of its own, and a test of the same name each week is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs
from dropout_risk.histories.classes import CLASSES_AT_ONCE, Sittings
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.pupils.classes import Classes

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


class SatExams(NamedTuple):
    """What the classes of some pupils sat, beside the rows of the pupils themselves.

    By row of a pupil: the ``position`` of its exam among those of the classes, or -1, ``subject``, ``date``
    and ``percent``; a row without a mark tells that the exam was missed (minus infinity), or that it was not
    due or the mark is not known (NaN). By pupil: ``classes`` and the date ``since`` when exams count. By exam
    of a class: ``exam_subjects``, ``exam_dates``, and whether half of the class sit the subject (``common``).
    """

    offsets: Longs
    position: Ints
    subject: Ints
    date: Ints
    percent: Floats
    classes: Ints
    class_offsets: Longs
    exam_subjects: Ints
    exam_dates: Ints
    common: Bools
    n_subjects: int
    since: Longs
    ordinal: int


def count_missed(sat: SatExams) -> Floats:
    """Count the exams of each pupil's class from a date on that the pupil missed."""
    every = np.arange(len(sat.classes), dtype=np.int64)
    return _go_over_exams(every, sat, np.empty((3, 0), np.int64))[0]


def list_missed(sat: SatExams, pupils: Longs) -> tuple[Longs, Longs, Longs]:
    """List what some pupils missed: the index of the pupil among them, of the exam, and its date.

    The exam is -1 where only the pupil's own row tells of it.
    """
    numbers = _go_over_exams(pupils, sat, np.empty((3, 0), np.int64))[0]
    listed = np.empty((3, int(np.nansum(numbers))), np.int64)
    _go_over_exams(pupils, sat, listed)
    return listed[0], listed[1], listed[2]


@kernel
def _go_over_exams(  # noqa: PLR0912
    pupils: Longs, sat: SatExams, listed: Longs
) -> tuple[Floats, int]:
    """Count what each of some pupils missed, and list as much of it as there is room for.

    A subject that a pupil never had a mark in, but has others, is not its own, unless the class sat several
    subjects on that day and the pupil none. Of a pupil without any mark, the subjects count that half of the
    class sits.
    """
    found = np.full(len(pupils), np.nan)
    longest, room, n_listed = 0, listed.shape[1], 0
    for cls in range(len(sat.class_offsets) - 1):
        longest = max(longest, sat.class_offsets[cls + 1] - sat.class_offsets[cls])
    state, took = np.zeros(longest, dtype=np.int8), np.zeros(sat.n_subjects + 1, dtype=np.int64)
    for index in range(len(pupils)):
        pupil = pupils[index]
        cls, number, told, has_mark = sat.classes[pupil], 0, False, False
        low = sat.class_offsets[cls] if cls >= 0 else 0
        n_exams = sat.class_offsets[cls + 1] - low if cls >= 0 else 0
        state[:n_exams] = 0
        for row in range(sat.offsets[pupil], sat.offsets[pupil + 1]):
            at, date = sat.position[row] - low, sat.date[row]
            inside = sat.position[row] >= 0 and 0 <= at < n_exams
            if sat.percent[row] == -np.inf:
                if inside:
                    state[at] = max(state[at], _MISSED)
                elif sat.since[pupil] <= date < sat.ordinal:
                    if n_listed < room:
                        listed[0, n_listed], listed[1, n_listed], listed[2, n_listed] = index, -1, date
                        n_listed += 1
                    number += 1
                    told = True
                continue
            if inside:
                state[at] = _SAT
            if np.isfinite(sat.percent[row]):
                has_mark = True
                took[sat.subject[row]] = index + 1
        for at in range(n_exams):
            day = sat.exam_dates[low + at]
            if state[at] == _SAT or not (sat.since[pupil] <= day < sat.ordinal):
                continue
            due = state[at] == _MISSED or took[sat.exam_subjects[low + at]] == index + 1
            if not due and sat.common[low + at]:
                own = slice(low, low + n_exams)
                due = not has_mark or _was_away(at, sat.exam_subjects[own], sat.exam_dates[own], state)
            number += due
            if due and n_listed < room:
                listed[0, n_listed], listed[1, n_listed], listed[2, n_listed] = index, low + at, day
                n_listed += 1
        if n_exams > 0 or told:
            found[index] = number
    return found, n_listed


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
