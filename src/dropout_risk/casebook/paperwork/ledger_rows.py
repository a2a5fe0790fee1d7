"""Who stands in which ledger on a day, by the entries; what only counsellors know is never read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, read_cases, read_entries
from dropout_risk.casebook.case import Case, fold_entries, is_reached
from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.paperwork.comparisons import Compared, ListName, compare_lists, require_shared
from dropout_risk.casebook.paperwork.county_list import CountyList
from dropout_risk.casebook.people import Grant, Placed
from dropout_risk.casebook.rights import CASE_PARTS, Part, may
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE, CLOCK, ENTRY, GRANT, STANDING
from dropout_risk.catalogue.alert_kinds import ABSENT, kind_of_rule
from dropout_risk.errors import CaseRightError
from dropout_risk.settings import CaseSettings
from dropout_risk.text import Text

SCHOOL_LINE = CASE.c.line == "school"
"""All that ledgers and reports ever read of the cases."""
ROLL = Text(zh="名册", en="roll")
"""What the county's own list is called."""
PERSUADING = ("call", "home_visit", "talk_at_school")
"""The ways by which a family is asked to let the child come back."""
_COUNSELLING = "counselling"
_NO_DROPOUT = ("false_alarm", "corrected")
_ONCE = 500


@dataclass(frozen=True)
class LedgerRow:
    """One row of a ledger: where a pupil is, what the county's list says, and the case with its entries.

    ``stage`` says in which ledger the pupil stands (suspected, dropout or none); ``roles`` are those of the
    reader for the pupil, None for whoever may read everything; ``contact`` is the one of which a row tells,
    ``standing_day`` the morning whose standing it is, and until ``stays_until`` a pupil who came back is
    under watch. Since ``present_since`` the register has a pupil back of whom nobody has said so.
    """

    placed: Placed
    listed: Mapping[str, str]
    case: Case | None = None
    entries: Sequence[Entry] = ()
    stage: str = ""
    at_school: bool = False
    roles: Collection[str] | None = None
    compared: Compared | None = None
    contact: Entry | None = None
    standing_day: dt.date | None = None
    stays_until: dt.date | None = None
    present_since: dt.date | None = None

    @property
    def is_away(self) -> bool:
        """Whether a case tells that the pupil is not at school, and the register does not contradict it."""
        return self.case is not None and is_away(self.case, self.present_since)

    @property
    def is_read(self) -> bool:
        """Whether the reader may see anything of it."""
        return any(self.shows(part) for part in CASE_PARTS)

    def shows(self, part: Part) -> bool:
        """Say whether the reader may see a part of it."""
        return self.roles is None or may(self.roles, "see", part)

    @cached_property
    def meetings(self) -> list[Entry]:
        """The contacts, without those with the counsellor."""
        return [entry for entry in self.entries if entry.kind == "meet" and entry.data["way"] != _COUNSELLING]

    @cached_property
    def persuasions(self) -> list[Entry]:
        """The contacts in which somebody was reached and asked to let the child come back."""
        return [
            entry for entry in self.meetings if entry.data["way"] in PERSUADING and is_reached(entry.data)
        ]

    @property
    def absence(self) -> tuple[int, str]:
        """The step of unexplained absence that was reached, and the first day of it."""
        return _absence_of(self.case.signals if self.case else {})


def _absence_of(signals: Mapping[str, str]) -> tuple[int, str]:
    """Give the highest step among some signals, and since when.

    >>> _absence_of({"absent_1_day": "2025-09-01", "absent_5_days": "2025-09-08", "listed": "2025-09-01"})
    (5, '2025-09-08')
    """
    steps = [
        (int(re.findall(r"\d+", rule)[0]), since)
        for rule, since in signals.items()
        if kind_of_rule(rule) == ABSENT and rule != ABSENT
    ]
    return max(steps, default=(0, ""))


def stage_of(case: Case, settings: CaseSettings, day: dt.date) -> str:
    """Say in which ledger a case stands: from about a week of unexplained absence, or from about a month.

    A dropout stays in its ledger for the school year in which the case was closed, with that day, and for
    good where the child did not come back.
    """
    step, _ = _absence_of(case.signals)
    if case.outcome == "lost":
        return "dropout"
    if case.state != "closed" and step < settings.township_days:
        return "suspected" if step >= settings.principal_days else ""
    begun = dt.date(day.year - (day.month < 9), 9, 1)
    over = case.state == "closed" and (case.turned < begun or case.outcome in _NO_DROPOUT)
    return "dropout" if step >= settings.township_days and not over else ""


def is_away(case: Case, present_since: dt.date | None = None) -> bool:
    """Say whether the pupil of a case in a ledger is not at school: the name is there, the child is not."""
    return (case.state == "open" and present_since is None) or case.outcome == "lost"


def entries_until(entries: Iterable[Entry], day: dt.date) -> list[Entry]:
    """Give the entries of a case before the first that tells of a later day."""
    return list(takewhile(lambda entry: entry.day <= day, entries))


@dataclass(frozen=True)
class LedgerReader:
    """For whom ledgers are written: nobody in particular, who reads all; or a person with grants."""

    grants: tuple[Grant, ...] | None = None

    @classmethod
    def of_person(cls, connection: sa.Connection, person: str | None) -> LedgerReader:
        """Take the grants of a person, as of the last morning; None reads all."""
        if person is None:
            return cls()
        rows = connection.execute(sa.select(GRANT).where(GRANT.c.person == person)).mappings()
        return cls(tuple(
            Grant(**{("begins" if name == "from" else name): value for name, value in row.items()})
            for row in rows
        ))  # fmt: skip

    def may_see(self, part: Part, placed: Placed) -> bool:
        """Say whether the reader may see a part of the cases of some pupils."""
        roles = self.roles_for(placed)
        return roles is None or may(roles, "see", part)

    def roles_for(self, placed: Placed) -> frozenset[str] | None:
        """Name the roles for a pupil; None for whoever reads all."""
        if self.grants is None:
            return None
        return frozenset(grant.role for grant in self.grants if grant.covers(placed))


class Everybody(NamedTuple):
    """The rows of all pupils whom the reader may see, and what the county's lists say of everybody."""

    rows: list[LedgerRow]
    compared: Mapping[str, Compared]


def read_everybody(
    book: Book,
    day: dt.date,
    roll: CountyList | None = None,
    *,
    lists: Mapping[ListName, CountyList] | None = None,
    school: str | None = None,
    person: str | None = None,
) -> Everybody:
    """Read who stands in the book this morning, and who is in a ledger besides, by school, class and id.

    Parameters
    ----------
    book : Book
    day : date
        The entries of a case count up to the first that tells of a later day.
    roll : CountyList, optional
        The county's own list: names, identity numbers, addresses.
    lists : mapping of str to CountyList, optional
        Those of the three comparisons.
    school : str, optional
        Only pupils of this school.
    person : str, optional
        For whom: only pupils of the person's grants, and of each the parts that its roles may see. By default
        everybody, and all but what only counsellors may know.

    Raises
    ------
    CaseRightError
        If the person may see nobody.
    RecordsError
        If a list shares no pupil with the others or with the book.
    """
    roll = roll or CountyList()
    with book.reading() as connection:
        reader = LedgerReader.of_person(connection, person)
        standings, at_school, back = _read_standings(connection)
        morning: dt.date | None = connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
        cases = _ledger_cases(connection, book.settings, day)
        live = sa.select(CASE.c.pupil).where(SCHOOL_LINE, CASE.c.state != "closed")
        known = at_school | {*connection.scalars(live)}
    dropouts = {pupil for pupil, (_, _, stage) in cases.items() if stage == "dropout"}
    away = {pupil for pupil, (case, _, _) in cases.items() if is_away(case, back.get(pupil))}
    compared = compare_lists(lists, at_school, dropouts, away) if lists else {}
    everybody = standings.keys() & known | cases.keys()
    require_shared(ROLL, roll.rows.keys(), everybody)
    days = SchoolDaysAhead(week="china")
    rows = []
    for pupil in everybody:
        case, entries, stage = cases.get(pupil, (None, (), ""))
        listed = roll.of_pupil(pupil)
        placed = standings.get(pupil) or _listed_place(pupil, case.school if case else "", listed)
        rows.append(LedgerRow(
            placed, listed, case, entries, stage, pupil in at_school, reader.roles_for(placed),
            compared.get(pupil),
            standing_day=morning if pupil in standings else None,
            stays_until=_watched_until(case, days, book.settings),
            present_since=back.get(pupil),
        ))  # fmt: skip
    rows = [row for row in rows if row.is_read and school in (None, row.placed.school)]
    if person is not None and not rows:
        raise CaseRightError(
            "No pupil is in the scope of that person.", hint="the file of people names who may see whom"
        )
    rows.sort(key=lambda row: (row.placed.school, row.placed.class_name, row.placed.pupil))
    whole = all(reader.may_see(part, Placed("", "")) for part in ("where", "outcome"))
    return Everybody(rows, compared if whole else {})


def _watched_until(case: Case | None, days: SchoolDaysAhead, settings: CaseSettings) -> dt.date | None:
    if case is None or case.state != "staying":
        return None
    return days.later(case.school, case.turned, settings.staying_days)


def _read_standings(
    connection: sa.Connection,
) -> tuple[dict[str, Placed], set[str], dict[str, dt.date]]:
    """Read where pupils are, who of them is at school, and since when the register has some back."""
    names = ("pupil", "school", "class", "responsible", "village", "township", "at_school", "present_since")
    rows = connection.execute(sa.select(*(STANDING.c[name] for name in names))).all()
    at_school = {row[0] for row in rows if row.at_school}
    back = {row[0]: row.present_since for row in rows if row.present_since is not None}
    return {row[0]: Placed(*row[:-2]) for row in rows}, at_school, back


def _listed_place(pupil: str, school: str, listed: Mapping[str, str]) -> Placed:
    """Place a pupil of whom the book has only the school any more by the county's list."""
    return Placed(pupil, school, listed.get("class", ""), None, listed.get("village"), listed.get("township"))


def _ledger_cases(
    connection: sa.Connection, settings: CaseSettings, day: dt.date
) -> dict[str, tuple[Case, Sequence[Entry], str]]:
    """Find the case by which each pupil is in a ledger on the day: of closed ones only a pupil's last."""
    cases = read_cases(connection, SCHOOL_LINE, CASE.c.opened <= day)
    last = {case.pupil: case.id for case in cases}
    may_be = [case.id for case in cases if _may_be_listed(case, settings)]
    found: dict[str, tuple[Case, Sequence[Entry], str]] = {}
    for entries in _entries_by_case(connection, may_be):
        told = entries_until(entries, day)
        case = fold_entries(told)
        stage = stage_of(case, settings, day) if case else ""
        if case is not None and stage and (case.state != "closed" or last[case.pupil] == case.id):
            found[case.pupil] = (case, told, stage)
    return found


def _may_be_listed(case: Case, settings: CaseSettings) -> bool:
    """Say whether a case, on some day, may have stood in a ledger: signals are never taken away."""
    return case.outcome == "lost" or _absence_of(case.signals)[0] >= settings.principal_days


def _entries_by_case(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[list[Entry]]:
    for start in range(0, len(numbers), _ONCE):
        some = numbers[start : start + _ONCE]
        entries: dict[int, list[Entry]] = {}
        for entry in read_entries(connection, ENTRY.c.case.in_(some)):
            entries.setdefault(entry.case, []).append(entry)
        yield from entries.values()
