"""Where the pupils of a store are: what decides whose they are, for the book, for pages and for replies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from dropout_risk.arrays import Bools
from dropout_risk.casebook.people import EVERYWHERE, OWN, Grant, Placed
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.directory import Directory

_COLUMNS = ("student_id", "school_id", "grade_level", "class_id", "responsible_id")


@dataclass(frozen=True, eq=False, repr=False)
class PlacedPupils:
    """The pupils of some histories on a day, in the order of their rows.

    >>> placed = PlacedPupils([Placed("p-1", "s-1", "s-1/8/1"), Placed("p-2", "s-1", "s-1/8/2")])
    >>> placed.rows_of([Grant("t-1", "class_teacher", "class", "s-1/8/2")]).tolist()
    [False, True]
    >>> placed.by_id["p-2"].class_name
    's-1/8/2'
    """

    pupils: list[Placed]

    @classmethod
    def of_histories(
        cls, histories: Histories, day: dt.date, directory: Directory, rows: Iterable[int] | None = None
    ) -> PlacedPupils:
        """Look up everybody, or some rows; the village is the directory's."""
        students = histories.placed_on(ordinal_of(day)).students
        students = students if rows is None else students.take(np.asarray(rows))
        columns = (students[name].to_pylist() for name in _COLUMNS)
        path = lru_cache(maxsize=None, typed=True)(class_path)
        return cls(
            [
                Placed(
                    str(pupil),
                    _filled_word(school),
                    path(school, grade, own),
                    None if responsible is None else str(responsible),
                    directory.of(pupil).get("village"),
                )
                for pupil, school, grade, own, responsible in zip(*columns, strict=True)
            ]
        )

    @cached_property
    def by_id(self) -> dict[str, Placed]:
        """Each pupil by its id as a word."""
        return {placed.pupil: placed for placed in self.pupils}

    @cached_property
    def row_by_id(self) -> dict[str, int]:
        """The row of each pupil by its id as a word."""
        return {placed.pupil: row for row, placed in enumerate(self.pupils)}

    @cached_property
    def _by_scope(self) -> dict[tuple[str, str | None], list[int]]:
        found: dict[tuple[str, str | None], list[int]] = {}
        for row, placed in enumerate(self.pupils):
            for name in (
                ("school", placed.school), ("class", placed.class_name), ("village", placed.village),
                ("township", placed.township), (OWN, placed.pupil), ("responsible", placed.responsible),
            ):  # fmt: skip
                found.setdefault(name, []).append(row)
        return found

    def rows_of(self, grants: Iterable[Grant]) -> Bools:
        """Say of each whether one of some grants covers it, as :meth:`Grant.covers` does."""
        inside = np.zeros(len(self.pupils), dtype=bool)
        for grant in grants:
            if grant.scope == "county":
                inside[:] = True
            elif grant.scope == OWN and grant.scope_id == EVERYWHERE:
                inside[self._by_scope.get(("responsible", grant.stands_for or grant.person), [])] = True
            else:
                inside[self._by_scope.get((grant.scope, grant.scope_id), [])] = True
        return inside


def _filled_word(value: object) -> str:
    return "" if value is None else str(value)


def class_path(school: object, grade: object, own: object) -> str:
    """Name a class as people write it in a file of grants: school, grade level and class; empty for none.

    >>> class_path("s-1", 8, "2"), class_path("s-1", 8, None)
    ('s-1/8/2', '')
    """
    return "" if own is None else "/".join(_filled_word(part) for part in (school, grade, own))
