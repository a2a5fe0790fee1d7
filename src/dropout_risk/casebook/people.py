"""People: who may act where, who stands in for whom, and who is away; read anew each morning."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

from dropout_risk.casebook.machine import OFFICES, Line
from dropout_risk.casebook.rights import CASE_ROLES
from dropout_risk.errors import PeopleError, nearest

OWN = "pupil"
SCOPES = (OWN, "class", "school", "village", "township", "county")
"""Whose cases: the pupils for whom the records name the person responsible; or those of one place."""
EVERYWHERE = "*"
COLUMNS = (
    "person",
    "role",
    "scope",
    "scope_id",
    "from",
    "until",
    "deputy",
    "away_from",
    "away_until",
    "channel",
    "name",
)


class Placed(NamedTuple):
    """Where a pupil is: what decides who may act."""

    pupil: str
    school: str
    class_name: str = ""
    responsible: str | None = None
    village: str | None = None
    township: str | None = None


@dataclass(frozen=True)
class Grant:
    """What one person may do: a role, for the pupils of a scope, from a day until (and without) another.

    ``deputy`` acts while the person is away, and once the grant has ended; ``stands_for`` names whose deputy
    this is. ``channel`` is where notices go.
    """

    person: str
    role: str
    scope: str
    scope_id: str = EVERYWHERE
    begins: dt.date = dt.date.min
    until: dt.date | None = None
    deputy: str | None = None
    channel: str | None = None
    stands_for: str = ""

    @property
    def name(self) -> tuple[str, str, str, str, dt.date, str]:
        """What names it: two grants of one name contradict one another."""
        return self.person, self.role, self.scope, self.scope_id, self.begins, self.stands_for

    def is_live(self, day: dt.date) -> bool:
        """Say whether it holds on a day."""
        return self.begins <= day and (self.until is None or day < self.until)

    def covers(self, placed: Placed) -> bool:
        """Say whether a pupil is in its scope.

        >>> Grant("t-1", "principal", "school", "s-1").covers(Placed("p-1", "s-1"))
        True
        >>> Grant("t-1", "class_teacher", "pupil").covers(Placed("p-1", "s-1", responsible="t-2"))
        False
        """
        if self.scope == OWN and self.scope_id == EVERYWHERE:
            return (self.stands_for or self.person) == placed.responsible
        if self.scope == "county":
            return True
        return self.scope_id == _place_of(placed, self.scope)


def _place_of(placed: Placed, scope: str) -> str | None:
    return placed.class_name if scope == "class" else getattr(placed, scope, None)


@dataclass(frozen=True)
class Absence:
    """Days on which a person does not act: from a day until (and without) another."""

    person: str
    begins: dt.date
    until: dt.date


@dataclass(frozen=True)
class People:
    """Everybody who acts.

    Parameters
    ----------
    grants : tuple of Grant
    absences : tuple of Absence
        The deputy of a grant acts meanwhile.
    names : mapping of str to str
        What people are called on pages; who has no name there is called by the id. No book keeps names.

    Examples
    --------
    >>> people = People((
    ...     Grant("t-1", "class_teacher", "class", "s-1/8/1", deputy="t-2"),
    ...     Grant("h-1", "principal", "school", "s-1")))
    >>> pupil = Placed("p-1", "s-1", "s-1/8/1")
    >>> people.owner(pupil, "school", 0, dt.date(2025, 3, 3))
    ('t-1', 0)
    """

    grants: tuple[Grant, ...] = ()
    absences: tuple[Absence, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def implied(cls, placed: Iterable[Placed]) -> Self:
        """Name offices where nobody named people: those responsible by the records, and one person an office.

        >>> people = People.implied([Placed("p-1", "s-1", "s-1/8/1")])
        >>> people.owner(Placed("p-1", "s-1", "s-1/8/1"), "school", 0, dt.date(2025, 3, 3))
        ('class_teacher@s-1/8/1', 0)
        """
        grants: dict[Grant, None] = {}
        places = dict.fromkeys((pupil.school, pupil.class_name, pupil.responsible) for pupil in placed)
        for school, class_name, responsible in places:
            if responsible:
                grants[Grant(responsible, "class_teacher", OWN)] = None
            else:
                name, scope = class_name or school, "class" if class_name else "school"
                grants[Grant(f"class_teacher@{name}", "class_teacher", scope, name)] = None
            for role in ("principal", "counsellor", "township"):
                grants[Grant(f"{role}@{school}", role, "school", school)] = None
        grants[Grant("county", "county", "county")] = None
        return cls(tuple(grants))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read people from a CSV (one line a grant) or a TOML file (tables ``[[grant]]`` and ``[[away]]``).

        PeopleError with all that is wrong in it.
        """
        path = Path(path)
        problems: list[str] = []
        read_lines = _toml_lines if path.suffix.lower() == ".toml" else _csv_lines
        lines = read_lines(path, problems)
        grants = [grant for line in lines for grant in _grant_of(line, problems)]
        absences = [away for line in lines for away in _absence_of(line, problems)]
        names = _names_in(lines, problems)
        problems += [*_deputy_problems(grants), *_twice_problems(grants)]
        if not grants and not problems:
            problems.append("it names nobody")
        if problems:
            raise PeopleError(
                f"{path.name} has {len(problems)} problem(s): {'; '.join(problems)}.",
                hint="; ".join(
                    f"{name}: {', '.join(allowed)}"
                    for name, allowed in (("columns", COLUMNS), ("roles", CASE_ROLES), ("scopes", SCOPES))
                ),
            )
        return cls(tuple(dict.fromkeys(grants)), tuple(dict.fromkeys(absences)), names)

    def name_of(self, person: str) -> str:
        """Give what somebody is called, or the id."""
        return self.names.get(person, person)

    @cached_property
    def _by_place(self) -> dict[str, dict[str, dict[str, list[Grant]]]]:
        """By role, scope and name, whose grants they are."""
        found: dict[str, dict[str, dict[str, list[Grant]]]] = {}
        for grant in self.grants:
            own = (grant.scope, grant.scope_id) == (OWN, EVERYWHERE)
            name = (grant.stands_for or grant.person) if own else grant.scope_id
            scopes = found.setdefault(grant.role, {})
            scopes.setdefault(grant.scope, {}).setdefault(name, []).append(grant)
        return found

    @cached_property
    def _by_person(self) -> dict[str, list[Grant]]:
        """The grants of each person, and those in which the person is the deputy."""
        found: dict[str, list[Grant]] = {}
        for grant in self.grants:
            for person in {grant.person, grant.deputy or grant.person}:
                found.setdefault(person, []).append(grant)
        return found

    @cached_property
    def _away(self) -> dict[str, list[Absence]]:
        found: dict[str, list[Absence]] = {}
        for absence in self.absences:
            found.setdefault(absence.person, []).append(absence)
        return found

    @cached_property
    def _last_days(self) -> dict[str, dt.date]:
        """Until which day each person has any right of their own."""
        found: dict[str, dt.date] = {}
        for grant in self.grants:
            found[grant.person] = max(found.get(grant.person, dt.date.min), grant.until or dt.date.max)
        return found

    def has_left(self, person: str, day: dt.date) -> bool:
        """Say whether all rights of somebody have ended by a day."""
        return self._last_days.get(person, dt.date.max) <= day

    def is_away(self, person: str, day: dt.date) -> bool:
        """Say whether somebody does not act on a day: is away, or has left."""
        absences = self._away.get(person, ())
        return self.has_left(person, day) or any(item.begins <= day < item.until for item in absences)

    def grants_of(self, person: str, day: dt.date) -> tuple[Grant, ...]:
        """Give what a person may do on a day; a deputy has the grants of whom it stands in for."""
        held = self._live_among(self._by_person.get(person, ()), day)
        return tuple(grant for grant in held if grant.person == person)

    def live_grants(self, day: dt.date) -> list[Grant]:
        """Give all grants that hold on a day, with those of the deputies of whoever is away or has left."""
        return self._live_among(self.grants, day)

    def _live_among(self, grants: Collection[Grant], day: dt.date) -> list[Grant]:
        live = [grant for grant in grants if grant.is_live(day)]
        for grant in grants:
            begun = grant.begins <= day
            stands_in = begun and (not grant.is_live(day) or self.is_away(grant.person, day))
            if grant.deputy and stands_in and not self.is_away(grant.deputy, day):
                live.append(_stood_in(grant))
        return list(dict.fromkeys(live))

    def idle_grants(self, placed: Iterable[Placed], day: dt.date) -> list[Grant]:
        """Give the grants of a named place in which no pupil is: misspelt, or named by no record."""
        pupils = [*placed]
        known = {scope: {_place_of(pupil, scope) for pupil in pupils} for scope in SCOPES}
        named = (grant for grant in self.grants if grant.is_live(day) and grant.scope_id != EVERYWHERE)
        return [grant for grant in named if grant.scope_id not in known[grant.scope]]

    def holders(self, role: str, placed: Placed, day: dt.date) -> list[str]:
        """Name those who hold a role for a pupil on a day and are there, the nearest scope first.

        Where one is away or has left, the deputy is named in its stead.
        """
        names = (
            (OWN, placed.pupil), (OWN, placed.responsible), ("class", placed.class_name),
            ("village", placed.village), ("school", placed.school), ("township", placed.township),
            ("county", EVERYWHERE),
        )  # fmt: skip
        there: dict[str, None] = {}
        held = self._by_place.get(role, {})
        for scope, name in names:
            for grant in held[scope].get(name or "", ()) if scope in held else ():
                if not grant.covers(placed) or grant.begins > day:
                    continue
                if grant.is_live(day) and not self.is_away(grant.person, day):
                    there[grant.person] = None
                elif grant.deputy and not self.is_away(grant.deputy, day):
                    there[grant.deputy] = None
        return [*there]

    def owner(self, placed: Placed, line: Line, level: int, day: dt.date) -> tuple[str, int] | None:
        """Name who acts at a level, or at the next one above that has somebody; None if nobody has."""
        offices = OFFICES[line]
        for above in range(level, len(offices)):
            holders = self.holders(offices[above], placed, day)
            if holders:
                return holders[0], above
        return None

    def may_own(self, person: str, placed: Placed, line: Line, level: int, day: dt.date) -> bool:
        """Say whether a person has a live right to the cases of a level."""
        return person in self.holders(OFFICES[line][level], placed, day)

    def roles_of(self, person: str, placed: Placed, day: dt.date) -> tuple[str, ...]:
        """Name the roles that a person has for a pupil on a day."""
        return tuple(role for role in CASE_ROLES if person in self.holders(role, placed, day))


def _stood_in(grant: Grant) -> Grant:
    """Give the deputy's grant; own pupils stay those of the person stood in for, whose channel it is not."""
    return replace(
        grant, person=grant.deputy or "", until=None, deputy=None, channel=None, stands_for=grant.person
    )


# --- Files ---


def _csv_lines(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PeopleError(f"{path.name} cannot be read as UTF-8.", hint="save it as CSV in UTF-8") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    header = [*(rows.fieldnames or ())]
    _unknown_problems(path.name, header, COLUMNS, problems)
    problems += [f"column {name} is there twice" for name in COLUMNS if header.count(name) > 1]
    lines = []
    for row in rows:
        if row.pop(None, None):
            problems.append(f"line {rows.line_num}: more cells than columns")
        lines.append({"line": f"line {rows.line_num}", **row})
    return lines


def _unknown_problems(
    where: str, given: Iterable[str], allowed: Collection[str], problems: list[str]
) -> None:
    unknown = [str(name) for name in given if name not in allowed]
    problems += [f"{where}: unknown {name!r} ({nearest(name, allowed)})" for name in unknown]


def _toml_lines(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PeopleError(
            f"{path.name} is not TOML in UTF-8.", hint="tables [[grant]] and [[away]]"
        ) from error
    _unknown_problems(path.name, data, _TOML, problems)
    lines: list[dict[str, Any]] = []
    for table, columns in _TOML.items():
        given = data.get(table, [])
        if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
            problems.append(f"{table} is no list of tables: write [[{table}]]")
            continue
        for number, line in enumerate(given, start=1):
            where = f"{table} {number}"
            _unknown_problems(where, line, columns, problems)
            lines.append({"line": where, **{columns.get(name, name): value for name, value in line.items()}})
    return lines


_GRANT_COLUMNS = tuple(name for name in COLUMNS if not name.startswith("away_"))
_TOML: dict[str, dict[str, str]] = {
    "grant": dict(zip(_GRANT_COLUMNS, _GRANT_COLUMNS, strict=True)),
    "away": {"person": "person", "from": "away_from", "until": "away_until"},
}
"""The tables of a TOML file, and what their keys are called among the columns of a CSV."""


def _grant_of(line: Mapping[str, Any], problems: list[str]) -> list[Grant]:
    if not line.get("role"):
        return []
    where = line["line"]
    role, scope = str(line["role"]).strip(), str(line.get("scope") or "").strip()
    if role not in CASE_ROLES:
        problems.append(f"{where}: unknown role ({nearest(role, CASE_ROLES)})")
    if scope not in SCOPES:
        problems.append(f"{where}: unknown scope ({nearest(scope, SCOPES)})")
    scope_id = str(line.get("scope_id") or "").strip() or EVERYWHERE
    if scope not in (OWN, "county") and scope_id == EVERYWHERE:
        problems.append(f"{where}: scope_id is missing")
    person = _person_of(line, problems)
    begins, until = _days_of(line, "from", "until", problems)
    deputy, channel = (str(line.get(name) or "").strip() or None for name in ("deputy", "channel"))
    return [Grant(person, role, scope, scope_id, begins or dt.date.min, until, deputy, channel)]


def _absence_of(line: Mapping[str, Any], problems: list[str]) -> list[Absence]:
    begins, until = _days_of(line, "away_from", "away_until", problems)
    if begins is None and until is None:
        if not line.get("role"):
            problems.append(f"{line['line']}: neither a role nor an absence")
        return []
    person = _person_of(line, problems)
    return [Absence(person, begins or dt.date.min, until or dt.date.max)]


def _names_in(lines: Iterable[Mapping[str, Any]], problems: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for line in lines:
        person, name = (str(line.get(column) or "").strip() for column in ("person", "name"))
        if name and names.setdefault(person, name) != name:
            problems.append(f"{line['line']}: another name of the same person")
    return names


def _person_of(line: Mapping[str, Any], problems: list[str]) -> str:
    person = str(line.get("person") or "").strip()
    if not person:
        problems.append(f"{line['line']}: person is missing")
    return person


def _days_of(
    line: Mapping[str, Any], first: str, last: str, problems: list[str]
) -> tuple[dt.date | None, dt.date | None]:
    days: list[dt.date | None] = []
    for name in (first, last):
        given = line.get(name)
        given = given.strip() if isinstance(given, str) else given
        try:
            days.append(given if type(given) is dt.date else dt.date.fromisoformat(given) if given else None)
        except (TypeError, ValueError):
            problems.append(f"{line['line']}: {name} is no date (YYYY-MM-DD)")
            days.append(None)
    begins, until = days
    if begins and until and until <= begins:
        problems.append(f"{line['line']}: {last} is not after {first}")
    return begins, until


def _deputy_problems(grants: Collection[Grant]) -> list[str]:
    alone = sum(grant.deputy == grant.person for grant in grants)
    return [f"{alone} deput{'y stands' if alone == 1 else 'ies stand'} in for themselves"] if alone else []


def _twice_problems(grants: Collection[Grant]) -> list[str]:
    """Find grants of one person, role and scope whose days overlap: which end counts is not known."""
    known: dict[tuple[str, ...], list[Grant]] = {}
    for grant in dict.fromkeys(grants):
        known.setdefault(grant.name[:4], []).append(grant)
    number = 0
    for same in known.values():
        same.sort(key=lambda grant: grant.begins)
        number += sum((one.until or dt.date.max) > two.begins for one, two in itertools.pairwise(same))
    return [f"{number} grant(s) overlap with another of the same person, role and scope"] if number else []
