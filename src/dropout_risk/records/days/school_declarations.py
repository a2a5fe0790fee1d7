"""What a county declares of all schools or of some, since no table tells it.

A register names everybody each day, so that a pupil without a row is one of whom nothing is known; or it
names absences only, so that a pupil without a row was there. And outcomes are all recorded up to some day:
who has none before it has stayed. Both are declared, never guessed. Where the
classes of one school keep their registers in two ways, a class is declared by itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, TypeVar, get_args

from dropout_risk.errors import DateError, SettingsError, nearest
from dropout_risk.records.days.calendar import DateLike, date_of, ordinal_of

Meaning = Literal["unknown", "present"]
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
ALL_SCHOOLS = "all"
Said = TypeVar("Said")
PresumedClasses = tuple[tuple[str, str, bool], ...]
"""School and class (see :func:`class_key`), and whether its pupils without a row are presumed present."""
UnrecordedSource = Meaning | Mapping[str, Meaning | Mapping[str, Meaning]] | None


@dataclass(frozen=True)
class Unrecorded:
    """What a school day without a row of attendance means.

    Parameters
    ----------
    of_all : {"unknown", "present"} or None
        At every school that is not named; None where nothing is declared, which counts as unknown.
    of_school : tuple of pairs
        Schools, and what holds there.
    of_class : tuple of triples
        School, class (see :func:`class_key`), and what holds there.

    Examples
    --------
    >>> declared = Unrecorded.of({"all": "unknown", "s-1": "present", "s-2": {"8/1班": "present"}})
    >>> declared.at("s-1"), declared.at("s-2"), Unrecorded().at("s-1")
    ('present', 'unknown', None)
    >>> declared.at_class("s-2", "1班", "8"), declared.at_class("s-2", "1班", "9")
    ('present', 'unknown')
    """

    of_all: Meaning | None = None
    of_school: tuple[tuple[str, Meaning], ...] = ()
    of_class: tuple[tuple[str, str, Meaning], ...] = ()

    @classmethod
    def of(cls, source: Unrecorded | UnrecordedSource) -> Self:
        """Read a declaration: one word, or a word for each school and for ``all`` others.

        In place of its word a school may have a table of words, one for each class and for ``all`` others.

        Raises
        ------
        SettingsError
            If it is neither, with the words that there are.
        """
        if isinstance(source, Unrecorded):
            return cls(source.of_all, source.of_school, source.of_class)
        problems = list(unrecorded_problems(source))
        if problems:
            raise SettingsError("; ".join(told for told, _ in problems) + ".", hint=problems[0][1])
        given: Mapping[str, Any] = source if isinstance(source, Mapping) else {}
        given = given if isinstance(source, Mapping) or source is None else {ALL_SCHOOLS: source}
        named: dict[str, Meaning] = {}
        classes: list[tuple[str, str, Meaning]] = []
        for school, said in given.items():
            own = {str(name): meaning for name, meaning in said.items()} if isinstance(said, Mapping) else {}
            word = own.pop(ALL_SCHOOLS, None) if isinstance(said, Mapping) else said
            named |= {str(school): word} if word is not None else {}
            classes += [(str(school), name, meaning) for name, meaning in own.items()]
        return cls(named.pop(ALL_SCHOOLS, None), tuple(named.items()), tuple(classes))

    def at(self, school: str) -> Meaning | None:
        """Give what is declared for a school."""
        return self._by_school.get(school, self.of_all)

    def at_class(self, school: str, name: str, level: str = "") -> Meaning | None:
        """Give what is declared for a class: by itself, or else for its school."""
        said = said_of_class(self._by_class, school, name, level)
        return self.at(school) if said is None else said

    def of_schools(self, schools: Sequence[str]) -> list[Meaning | None]:
        """Give what is declared for each of some schools."""
        return [self.at(school) for school in schools]

    def strangers(self, schools: Sequence[str]) -> list[str]:
        """Name the declared schools that are none of some."""
        named = {*self._by_school, *(school for school, _ in self._by_class)}
        return sorted(named - {*schools})

    def strange_classes(self, classes: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
        """Give the declared classes (school and key) that are none of some: school, class and grade level."""
        keys = {(school, name) for school, name, _ in classes}
        keys |= {(school, class_key(name, level)) for school, name, level in classes}
        return sorted({*self._by_class} - keys)

    @cached_property
    def _by_school(self) -> dict[str, Meaning]:
        return dict(self.of_school)

    @cached_property
    def _by_class(self) -> dict[tuple[str, str], Meaning]:
        return {(school, key): meaning for school, key, meaning in self.of_class}


def class_key(name: str, level: str = "") -> str:
    """Name a class as declarations do: grade level and class; the class alone is that of every grade level.

    >>> class_key("1班", "8"), class_key("1班")
    ('8/1班', '1班')
    """
    return f"{level}/{name}" if level else name


def said_of_class(
    said: Mapping[tuple[str, str], Said], school: str, name: str, level: str = ""
) -> Said | None:
    """Give what is said of a class by itself; with its grade level goes before without.

    ``said`` goes by school and class (see :func:`class_key`).
    """
    return said.get((school, class_key(name, level)), said.get((school, name)))


def presumed_classes(declared: Unrecorded) -> PresumedClasses:
    """Give the classes that are declared by themselves."""
    return tuple((school, key, meaning == "present") for school, key, meaning in declared.of_class)


def declaration_of_class(school: str, name: str, level: str = "", meaning: Meaning = "present") -> str:
    """Write the line of a mapping that declares a class, by default to list absences only.

    >>> declaration_of_class("s-1", "1班", "8")
    'unrecorded."s-1"."8/1班" = "present"'
    """
    keys = (json.dumps(key, ensure_ascii=False) for key in (school, class_key(name, level)))
    return f'unrecorded.{".".join(keys)} = "{meaning}"'


def declaration_of_school(school: str, meaning: Meaning) -> str:
    """Write the line of a mapping that declares a school.

    >>> declaration_of_school("s-1", "unknown")
    'unrecorded."s-1" = "unknown"'
    """
    return f'unrecorded.{json.dumps(school, ensure_ascii=False)} = "{meaning}"'


def unrecorded_problems(source: Any) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a declaration, with a hint."""
    meanings: list[Any] = [] if source is None else [source]
    if isinstance(source, Mapping):
        meanings = []
        for school, said in source.items():
            of_classes = isinstance(said, Mapping) and school != ALL_SCHOOLS
            meanings += said.values() if of_classes else [said]
    for meaning in meanings:
        if not isinstance(meaning, str) or meaning not in MEANINGS:
            yield (
                f"'unrecorded' is {meaning!r}",
                nearest(str(meaning), MEANINGS)
                or (
                    f"write {MEANINGS[0]!r} or {MEANINGS[1]!r}, or one of them for each school, "
                    "or for each class of a school"
                ),
            )


# --- Up to which day outcomes are complete ---

OutcomesTo = DateLike | Mapping[str, DateLike]
"""One day for all schools, or one for each; ``all`` stands for every school that is not named."""


def declared_days(given: OutcomesTo | None) -> dict[str, int]:
    """Read a declaration: ordinals by school; nothing where nothing is declared.

    DateError if one of them is no day.

    >>> declared_days({"s1": "1970-01-03", "all": "1970-01-02"})
    {'s1': 2, 'all': 1}
    """
    if given is None:
        return {}
    named: Mapping[str, Any] = given if isinstance(given, Mapping) else {ALL_SCHOOLS: given}
    return {str(school): ordinal_of(_checked_day(day)) for school, day in named.items()}


def _checked_day(day: Any) -> Any:
    if not isinstance(day, str | dt.date):
        raise DateError(
            "outcomes_to is no day.", hint="write outcomes_to = 2025-06-30, or a table of schools"
        )
    return day


def require_past(declared: Mapping[str, int], today: int) -> None:
    """Refuse a declaration for days that have not come: nobody knows their outcomes."""
    ahead = [school for school, day in declared.items() if day > today]
    if ahead:
        last = date_of(max(declared[school] for school in ahead))
        raise DateError(
            f"outcomes_to is {last}, which lies after {date_of(today)}, the day the records were drawn.",
            hint="give the last day whose outcomes are all recorded, or today= the day of the records",
        )
