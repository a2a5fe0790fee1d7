"""The scope of a reader: of which pupils it reads. For it, other pupils do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools
from dropout_risk.errors import SettingsError, nearest
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import DateLike, ordinal_of
from dropout_risk.records.pupils.classes import parts_of_class

NONE = ""
"""A school, class or person that is not recorded; in a scope, None stands for any."""
NO_GRADE = -1
"""A grade level that is not recorded."""


@dataclass(frozen=True)
class Scope:
    """The pupils of a school, of a class or of a responsible person; without any of these, all pupils.

    A class is a school, a grade level and a class id, since 1班 of two grade levels are two classes. The
    grade level may be left out where the school has one class of that id. SettingsError where a class or a
    grade level stands without its school.

    >>> Scope("s-1", 8, "2").is_everybody, Scope().is_everybody
    (False, True)
    """

    school_id: str | None = None
    grade_level: int | None = None
    class_id: str | None = None
    responsible_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse a class of no school."""
        if self.school_id is None and (self.grade_level is not None or self.class_id is not None):
            raise SettingsError(
                "A class or a grade level is one of a school.", hint="name the school of the scope too"
            )

    @property
    def is_everybody(self) -> bool:
        """Whether all pupils are in it."""
        return self == EVERYBODY

    @property
    def holds_unplaced(self) -> bool:
        """Whether pupils are in it whose own row could not be used, so that nobody knows their school."""
        return self.is_everybody or self == Scope(NONE, None, NONE, NONE)

    def rows(self, histories: Histories, as_of: DateLike) -> Bools:
        """Say of each row of some histories whether its pupil is in the scope on a date.

        SettingsError if the class has that id in several grade levels, or there is nobody of that name.
        """
        if self.is_everybody:
            return np.ones(len(histories), dtype=bool)
        placed = histories.placed_on(ordinal_of(as_of))
        inside = np.ones(len(placed), dtype=bool)
        for name, wanted in (("school_id", self.school_id), ("responsible_id", self.responsible_id)):
            if wanted is not None:
                inside &= _is_value(_filled_words(placed.students[name]), wanted)
        if self.class_id is not None or self.grade_level is not None:
            inside &= self._of_class(placed, as_of)
        return inside

    def _of_class(self, placed: Histories, as_of: DateLike) -> Bools:
        classes = placed.classes
        if self.class_id == NONE:
            return np.asarray(classes.codes < 0)
        fitting = [number for number, name in enumerate(classes.names) if self._fits(name)]
        inside = np.isin(classes.codes, fitting)
        if self.class_id is not None and len(fitting) > 1:
            there = np.unique(classes.codes[inside & members_on(placed.on(as_of))])
            if len(there) > 1:
                levels = sorted(parts_of_class(classes.names[code])[2] for code in there)
                raise SettingsError(
                    "That class id stands for a class in several grade levels of the school.",
                    hint=f"name the grade level too: {', '.join(filter(None, levels))}",
                )
            inside = np.isin(classes.codes, there)
        return np.asarray(inside)

    def _fits(self, name: str) -> bool:
        """Say whether a class of that name, see :func:`class_name`, is in the scope."""
        school, own, level = parts_of_class(name)
        grade = grade_of(level)
        of_grade = self.grade_level in (None, grade)
        return school == self.school_id and self.class_id in (None, own) and of_grade

    def asks(self, school_id: str | None, class_id: str | None) -> bool:
        """Say whether a question about the register of a class, or of a school, is one for the scope."""
        of_school = self.school_id is None or (school_id or NONE) == self.school_id
        return of_school and (class_id is None or self.class_id in (None, class_id))

    @classmethod
    def named(
        cls, school: str | None, grade: int | None, class_id: str | None, responsible: str | None
    ) -> Self:
        """Take a scope as it is declared on a command line or in an environment; empty words say nothing."""
        return cls(school or None, grade, class_id or None, responsible or None)


EVERYBODY = Scope()


def grade_of(level: str) -> int:
    """Give the grade level in the name of a class.

    >>> grade_of("8"), grade_of("") == NO_GRADE
    (8, True)
    """
    return int(float(level)) if level else NO_GRADE


def check_scope(scope: Scope, histories: Histories, as_of: DateLike) -> None:
    """Refuse a scope in which there is nobody, with the nearest right name of its school or person."""
    if scope.rows(histories, as_of).any():
        return
    students = histories.placed_on(ordinal_of(as_of)).students
    hints = [
        nearest(wanted, set(_filled_words(students[name]).to_pylist()))
        for name, wanted in (("school_id", scope.school_id), ("responsible_id", scope.responsible_id))
        if wanted is not None and not _is_value(_filled_words(students[name]), wanted).any()
    ]
    raise SettingsError("There is nobody in that scope.", hint="; ".join(filter(None, hints)))


def _filled_words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(column.cast(pa.string()), NONE)


def _is_value(words: pa.ChunkedArray, wanted: str) -> Bools:
    return np.asarray(pc.equal(words, wanted).to_numpy(), dtype=bool)
