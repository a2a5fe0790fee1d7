"""What it means that nobody wrote anything down: declared by a county, for all schools or some.

A register names everybody each day, so that a pupil without a row is one of whom nothing is known; or it
names absences only, so that a pupil without a row was there. No table tells which: it is declared, never
guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from dropout_risk.errors import SettingsError, nearest

Meaning = Literal["unknown", "present"]
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
ALL_SCHOOLS = "all"
UnrecordedSource = Meaning | Mapping[str, Meaning] | None


@dataclass(frozen=True)
class Unrecorded:
    """What a school day without a row of attendance means.

    Parameters
    ----------
    of_all : {"unknown", "present"} or None
        At every school that is not named; None where nothing is declared, which counts as unknown.
    of_school : mapping of str to {"unknown", "present"}
        At some schools.

    Examples
    --------
    >>> declared = Unrecorded.of({"all": "unknown", "s-1": "present"})
    >>> declared.at("s-1"), declared.at("s-2"), Unrecorded().at("s-1")
    ('present', 'unknown', None)
    """

    of_all: Meaning | None = None
    of_school: tuple[tuple[str, Meaning], ...] = ()

    @classmethod
    def of(cls, source: Unrecorded | UnrecordedSource) -> Self:
        """Read a declaration: one word, or a word for each school and for ``all`` others.

        Raises
        ------
        SettingsError
            If it is neither, with the words that there are.
        """
        if isinstance(source, Unrecorded):
            return cls(source.of_all, source.of_school)
        problems = list(unrecorded_problems(source))
        if problems:
            raise SettingsError("; ".join(told for told, _ in problems) + ".", hint=problems[0][1])
        given: Mapping[str, Meaning] = source if isinstance(source, Mapping) else {}
        given = given if isinstance(source, Mapping) or source is None else {ALL_SCHOOLS: source}
        named = {str(school): meaning for school, meaning in given.items()}
        return cls(named.pop(ALL_SCHOOLS, None), tuple(named.items()))

    def at(self, school: str) -> Meaning | None:
        """Give what is declared for a school."""
        return dict(self.of_school).get(school, self.of_all)

    def of_schools(self, schools: Sequence[str]) -> list[Meaning | None]:
        """Give what is declared for each of some schools."""
        named = dict(self.of_school)
        return [named.get(school, self.of_all) for school in schools]

    def strangers(self, schools: Sequence[str]) -> list[str]:
        """Name the declared schools that are none of some."""
        return sorted({school for school, _ in self.of_school} - {*schools})


def unrecorded_problems(source: Any) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a declaration, with a hint."""
    meanings = list(source.values()) if isinstance(source, Mapping) else [] if source is None else [source]
    for meaning in meanings:
        if meaning not in MEANINGS:
            yield (
                f"'unrecorded' is {meaning!r}",
                nearest(str(meaning), MEANINGS)
                or (f"write {MEANINGS[0]!r} or {MEANINGS[1]!r}, or one of them for each school"),
            )
