"""What a county declares of all schools or of some, since no table tells it.

A register names everybody each day, so that a pupil without a row is one of whom nothing is known; or it
names absences only, so that a pupil without a row was there. And outcomes are all recorded up to some day:
who has none before it has stayed. Both are declared, never guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from dropout_risk.errors import DateError, SettingsError, nearest
from dropout_risk.records.calendar import DateLike, date_of, ordinal_of

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
