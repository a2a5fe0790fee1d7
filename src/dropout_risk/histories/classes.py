"""Classes and their exams: which class each pupil is in, and at which sitting each mark was given.

Neither depends on an as-of date, so histories find them once for all dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Ints, Longs
from dropout_risk.histories.runs import Runs, offsets_of
from dropout_risk.kernels import blocks, in_threads, kernel

CLASSES_AT_ONCE = 512
_BETWEEN = "\x1f"
_DATES, _SHIFT = 1 << 22, 1 << 20  # room for every date, also before 1970


@dataclass(frozen=True)
class Classes:
    """The class of each pupil: its index in ``names``, -1 for none.

    ``names`` holds school, class and grade level in one word (see :func:`class_name`), by first appearance:
    1班 of two grade levels are two classes. A pupil without a grade level is in the class of that name where
    only one grade level has it.
    """

    codes: Ints
    names: list[str]

    @classmethod
    def of_students(cls, students: pa.Table) -> Self:
        """Read the classes off the students table."""
        school, schools = _coded_words(students["school_id"])
        own, owns = _coded_words(students["class_id"])
        level, levels = _coded_words(students["grade_level"])
        level = _filled_levels((school + 1) * (len(owns) + 1) + own + 1, level, len(levels) + 1)
        key = ((school + 1) * len(owns) + own) * (len(levels) + 1) + level + 1
        member = np.flatnonzero(own >= 0)
        _, first, code = np.unique(key[member], return_index=True, return_inverse=True)
        order = np.argsort(first)
        index = np.empty(len(order), np.int32)
        names: dict[str, int] = {}
        for number, at in zip(order.tolist(), member[first[order]].tolist(), strict=True):
            word = class_name(
                schools[school[at]] if school[at] >= 0 else "",
                owns[own[at]],
                levels[level[at]] if level[at] >= 0 else None,
            )
            index[number] = names.setdefault(word, len(names))
        codes = np.full(len(own), -1, np.int32)
        codes[member] = index[code]
        return cls(codes, list(names))

    def slice(self, pupils: slice) -> Self:
        """Give the classes of consecutive pupils."""
        return replace(self, codes=self.codes[pupils])

    @cached_property
    def order(self) -> Longs:
        """Pupils with a class, class by class, each class in the order of its pupils."""
        return np.argsort(self.codes, kind="stable")[int((self.codes < 0).sum()) :].astype(np.int64)

    @cached_property
    def offsets(self) -> Longs:
        """The pupils of class ``i`` are ``order[offsets[i]:offsets[i + 1]]``."""
        sizes = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return offsets_of(sizes)


def class_name(school: object, name: object, level: object = None) -> str:
    """Join a school's name, a class's name and its grade level, where one is known, into one word."""
    return _BETWEEN.join((str(school), str(name), "" if level is None else str(level)))


def parts_of_class(name: str) -> tuple[str, str, str]:
    """Part a word made by :func:`class_name` into school, class and grade level (empty for none)."""
    named, _, level = name.rpartition(_BETWEEN)
    school, _, own = named.partition(_BETWEEN)
    return school, own, level


def indices_of_classes(names: Sequence[str], among: Sequence[str]) -> Ints:
    """Give the index of each class among others; -1 where it is not there.

    Where one side does not know the grade level, school and class decide, if that leaves one class only.
    """
    index = {name: number for number, name in enumerate(among)}
    own: dict[tuple[str, str], list[int]] = {}
    for number, name in enumerate(among):
        school, of_school, _ = parts_of_class(name)
        own.setdefault((school, of_school), []).append(number)

    def find(name: str) -> int:
        if name in index:
            return index[name]
        school, of_school, level = parts_of_class(name)
        found = own.get((school, of_school), [])
        if level:
            return index.get(class_name(school, of_school), -1)
        return found[0] if len(found) == 1 else -1

    return np.array([find(name) for name in names], dtype=np.int32)


def _filled_levels(pair: Longs, level: Longs, n_levels: int) -> Longs:
    """Give pupils without a grade level that of their class's name, where it has one only."""
    empty = level < 0
    if not empty.any() or empty.all():
        return level
    known = np.unique(pair[~empty] * n_levels + level[~empty])
    pairs, first, count = np.unique(known // n_levels, return_index=True, return_counts=True)
    at = np.minimum(np.searchsorted(pairs, pair[empty]), len(pairs) - 1)
    only = (pairs[at] == pair[empty]) & (count[at] == 1)
    filled = level.copy()
    filled[empty] = np.where(only, known[first[at]] % n_levels, -1)
    return filled


def _coded_words(column: pa.ChunkedArray) -> tuple[Longs, list[object]]:
    """Give the code of each value, -1 for none, and the values behind the codes."""
    if len(column) == 1:
        value = column[0].as_py()
        return np.array([-1 if value is None else 0], np.int64), [value]
    values = column.combine_chunks()
    values = values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, values.dictionary.to_pylist()


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

    def slice(self, marks: slice) -> Self:
        """Give the sittings of consecutive marks, with the numbers they had."""
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
