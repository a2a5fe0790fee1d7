"""The registers of attendance as the check judges them: one for each class, and each school's for all others.

A class is school, grade level and class, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints
from dropout_risk.records.days.school_declarations import (
    Meaning,
    PresumedClasses,
    Unrecorded,
    class_key,
    declaration_of_class,
    declaration_of_school,
)
from dropout_risk.records.pupils.classes import Classes, parts_of_class
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.text import CLAUSES, Text, nearest_words, same_words

_NAMED = 3


@dataclass(frozen=True)
class AttendanceRegisters:
    """What is declared of each register, and whether its school days are known.

    Parameters
    ----------
    of_pupil : int32 array
        The register of each pupil: the classes first, then each school's for pupils without a class.
    school : int32 array
        The school of each register.
    classes : tuple of (str, str, str)
        School, class and grade level of the registers that are classes.
    unrecorded : sequence
        What is declared of each register.
    have_days : bool array
        Whether the school days of each register are known.
    first, last : int32 array
        The days of each pupil's enrolment; empty where nobody's is known.
    schools : sequence of str
        The names of the schools.
    """

    of_pupil: Ints
    school: Ints
    classes: tuple[tuple[str, str, str], ...]
    unrecorded: Sequence[Meaning | None]
    have_days: Bools
    first: Array
    last: Array
    schools: Sequence[str]

    @classmethod
    def of(
        cls,
        school_of: Ints,
        students: Any,
        schools: tuple[Sequence[str], Bools],
        declared: Unrecorded,
        enrolment: tuple[Array, Array],
    ) -> Self:
        """Find the registers of pupils whose schools are known by number.

        ``students`` is their table, None to leave classes out; ``schools`` are the names, and at which of
        them school days are known.
        """
        names, have_days = schools
        of_school = declared.of_schools(names)
        every = np.arange(len(names), dtype=np.int32)
        if students is None:
            return cls(school_of, every, (), of_school, have_days, *enrolment, names)
        found = Classes.of_students(students)
        classes = tuple(parts_of_class(name) for name in found.names)
        school = np.zeros(len(classes), np.int32)
        in_class = found.codes >= 0
        school[found.codes[in_class]] = school_of[in_class]
        register = np.where(in_class, found.codes, len(classes) + school_of).astype(np.int32)
        meanings = [*(declared.at_class(*parts) for parts in classes), *of_school]
        school = np.concatenate([school, every])
        return cls(register, school, classes, meanings, have_days[school], *enrolment, names)

    def __len__(self) -> int:
        return len(self.school)

    @property
    def with_pupils(self) -> Bools:
        """Mark the registers that anybody is in."""
        return np.bincount(self.of_pupil, minlength=len(self)) > 0

    def declared(self, meaning: Meaning | None) -> Bools:
        """Mark the registers for which a meaning is declared."""
        return np.array([given == meaning for given in self.unrecorded], np.bool_)

    def at_schools_of(self, registers: Bools) -> Bools:
        """Mark all registers of the schools of some."""
        found = np.zeros(len(self), np.bool_)
        found[self.school[registers]] = True
        return found[self.school]

    def pupil_days(self, pupils: Ints, dates: Array) -> int:
        """Count the days on which some pupils are on the roll, among rising dates."""
        if not len(self.first):
            return len(pupils) * len(dates)
        begun = np.searchsorted(dates, self.first[pupils], side="left")
        ended = np.searchsorted(dates, self.last[pupils], side="right")
        return int(np.maximum(ended - begun, 0).sum())

    def members(self, pupils: Ints, dates: Array) -> int:
        """Count the pupils among some who are on the roll on one of rising dates."""
        if not len(self.first):
            return len(pupils)
        return int(np.count_nonzero((self.first[pupils] <= dates[-1]) & (self.last[pupils] >= dates[0])))

    def declaration_of(self, registers: Bools) -> Text:
        """Write how some classes are declared to list absences only; the first of many."""
        return _first_lines([declaration_of_class(*parts) for parts in self._classes_among(registers)])

    def naming_everybody(self, registers: Bools) -> Text:
        """Write how some schools and classes are declared not to list absences only; the first of many."""
        whole = self._whole_schools(registers)
        names = sorted({self.schools[row] for row in self.school[registers & whole]})
        lines = [declaration_of_school(name, "unknown") for name in names]
        classes = self._classes_among(registers & ~whole)
        return _first_lines(lines + [declaration_of_class(*parts, meaning="unknown") for parts in classes])

    def unpresumed(self, registers: Bools, *, of_class: bool) -> tuple[Ints, PresumedClasses]:
        """Give the schools, and the classes, of which presence is not presumed where some registers are full.

        ``of_class`` says that classes are declared by themselves.
        """
        whole, level = self._whole_schools(registers), len(self.classes)
        rest = registers & (np.arange(len(self)) >= level)
        schools = np.unique(self.school[registers & (whole | rest)])
        others = self.declared("present") & ~registers & np.isin(self.school, self.school[rest])
        told = np.flatnonzero((registers & (of_class | ~whole) | others)[:level])
        return schools, tuple(
            (school, class_key(name, grade), not registers[at])
            for at in told.tolist()
            for school, name, grade in (self.classes[at],)
        )

    def _classes_among(self, registers: Bools) -> list[tuple[str, str, str]]:
        """Give the classes among some registers, in order."""
        return sorted(parts for parts, named in zip(self.classes, registers, strict=False) if named)

    def _whole_schools(self, registers: Bools) -> Bools:
        """Mark the registers of schools of which all that presume presence are among some."""
        return ~self.at_schools_of(self.declared("present") & self.with_pupils & ~registers)


def _first_lines(lines: list[str]) -> Text:
    return same_words("; ".join(lines[:_NAMED]) + (f" … ({len(lines)})" if len(lines) > _NAMED else ""))


def check_declared(
    unrecorded: Unrecorded, schools: Sequence[str], classes: Sequence[tuple[str, str, str]]
) -> list[Problem]:
    """Refuse a declaration for a school, or a class, that no pupil attends: it can never apply."""
    strangers = unrecorded.strangers(schools)
    hints = [nearest_words(name, schools) for name in strangers]
    for school, key in unrecorded.strange_classes(classes):
        if school not in strangers:
            own = [class_key(name, level) for at, name, level in classes if at == school]
            hints.append(nearest_words(key, own))
            strangers = [*strangers, school]
    if not strangers:
        return []
    rule, detail = RULES["declared_school_unknown"], CLAUSES.joined(hints[:_NAMED])
    return [Problem("attendance", "", rule, 0, None, "", rule.severity, detail)]
