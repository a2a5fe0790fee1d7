"""The exams of classes: at which sitting each mark was given.

It does not depend on an as-of date, so histories find it once for all dates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from dropout_risk.arrays import Ints, Longs
from dropout_risk.histories.runs import Runs, offsets_of
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.pupils.classes import Classes

CLASSES_AT_ONCE = 512
_DATES, _SHIFT = 1 << 22, 1 << 20  # room for every date, also before 1970


@dataclass(frozen=True)
class Sittings:
    """Exams as each class sat them: one subject, one exam, one date; sorted by class and these.

    ``of_mark`` is the sitting of each row of the grades, -1 for marks of pupils without a class. The sittings
    of class ``i`` are ``offsets[i]:offsets[i + 1]``.
    """

    of_mark: Ints
    cls: Ints
    subject: Ints
    exam: Ints
    date: Ints
    offsets: Longs

    @classmethod
    def of_marks(cls, grades: Runs, classes: Classes) -> Self:
        """Find the sittings of all marks, known or not."""
        columns = grades.columns
        n_exams = int(columns["exam"].max(initial=-1)) + 2
        of_mark = np.full(len(columns["known"]), -1, dtype=np.int32)
        marks = (columns["subject"], columns["exam"], columns["date"], of_mark)

        def number(block: slice) -> tuple[Longs, Ints]:
            members = classes.offsets[block.start : block.stop + 1]
            return _number_sittings(members, classes.order, grades.offsets, *marks, n_exams)

        parts = list(blocks(len(classes.names), CLASSES_AT_ONCE))
        found = in_threads(number, parts)
        key = np.concatenate([np.zeros(0, dtype=np.int64), *(keys for keys, _ in found)])
        own = np.concatenate([np.zeros(0, dtype=np.int32), *(owners + part.start for (_, owners), part in
                              zip(found, parts, strict=True))]).astype(np.int32)  # fmt: skip
        order = np.lexsort([key, own])
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        first = 0
        for (keys, _), part in zip(found, parts, strict=True):
            members = classes.offsets[part.start : part.stop + 1]
            _renumber_sittings(
                members, classes.order, grades.offsets, rank[first : first + len(keys)], of_mark
            )
            first += len(keys)
        key, own = key[order], own[order]
        date, joint = (key % _DATES - _SHIFT).astype(np.int32), key // _DATES
        subject, exam = (joint // n_exams).astype(np.int32) - 1, (joint % n_exams).astype(np.int32) - 1
        return cls(
            of_mark, own, subject, exam, date, offsets_of(np.bincount(own, minlength=len(classes.names)))
        )

    def take(self, marks: slice | Longs) -> Self:
        """Give the sittings of some marks, with the numbers they had."""
        return replace(self, of_mark=self.of_mark[marks])


@kernel
def _number_sittings(  # noqa: PLR0917
    classes: Longs,
    order: Longs,
    offsets: Longs,
    subject: Ints,
    exam: Ints,
    date: Ints,
    of_mark: Ints,
    n_exams: int,
) -> tuple[Longs, Ints]:
    """Give the sittings of some classes a number as their marks come; give each one's key and class.

    A hash table with open addressing, shared by all classes and never cleared: a slot that holds a number
    below ``first`` is of a former class and counts as free. It has twice as many slots as the largest class
    has marks, so a free one is always found. Keys are joined without loss (subject, exam, date), and numbers
    depend on the order of the marks alone; ``_renumber_sittings`` puts them into the order of their keys.
    """
    most = 0
    total = 0
    for cls in range(len(classes) - 1):
        marks = 0
        for index in range(classes[cls], classes[cls + 1]):
            marks += offsets[order[index] + 1] - offsets[order[index]]
        most = max(most, marks)
        total += marks
    size = 16
    while size < 2 * most:
        size *= 2
    slots = np.full(size, -1, dtype=np.int64)
    keys = np.empty(total, dtype=np.int64)
    owners = np.empty(total, dtype=np.int32)
    number = 0
    for cls in range(len(classes) - 1):
        first = number
        for index in range(classes[cls], classes[cls + 1]):
            pupil = order[index]
            for mark in range(offsets[pupil], offsets[pupil + 1]):
                joint = np.int64(subject[mark] + 1) * n_exams + (exam[mark] + 1)
                key = joint * _DATES + date[mark] + _SHIFT
                slot = ((key * 0x9E3779B97F4A7C1) >> 20) & (size - 1)
                while slots[slot] >= first and keys[slots[slot]] != key:
                    slot = (slot + 1) & (size - 1)
                if slots[slot] < first:
                    slots[slot] = number
                    keys[number] = key
                    owners[number] = cls
                    number += 1
                of_mark[mark] = slots[slot]
    return keys[:number].copy(), owners[:number].copy()


@kernel
def _renumber_sittings(classes: Longs, order: Longs, offsets: Longs, rank: Ints, of_mark: Ints) -> None:
    for index in range(classes[0], classes[-1]):
        pupil = order[index]
        for mark in range(offsets[pupil], offsets[pupil + 1]):
            of_mark[mark] = rank[of_mark[mark]]
