"""Classes: which class each pupil is in, by school, class and grade level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Ints, Longs, Positions

_BETWEEN = "\x1f"


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

    def take(self, pupils: slice | Positions) -> Self:
        """Give the classes of some pupils, each with the number it had."""
        return replace(self, codes=self.codes[pupils])

    @cached_property
    def order(self) -> Longs:
        """Pupils with a class, class by class, each class in the order of its pupils."""
        return np.argsort(self.codes, kind="stable")[int((self.codes < 0).sum()) :].astype(np.int64)

    @cached_property
    def offsets(self) -> Longs:
        """The pupils of class ``i`` are ``order[offsets[i]:offsets[i + 1]]``."""
        sizes = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


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
