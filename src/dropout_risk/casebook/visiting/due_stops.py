"""From the book to a week of visits, and from a filled-in form back to its entries."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, Draft, read_cases
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.entry import Act
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE, STANDING
from dropout_risk.casebook.visiting.visit_notes import VisitNote
from dropout_risk.casebook.visiting.visits import Hours, Stop, Visitor
from dropout_risk.errors import VisitError

_KEYS = ("person", "days", "from", "until", "village", "capacity", "together", "minutes_per_km")
_OVERDUE_URGENCY = 3.0


def due_stops(
    book: Book, days: Sequence[dt.date], owners: Iterable[str] | None = None, minutes: int = 40
) -> list[Stop]:
    """Give a stop for each case of the line *school* that is due by the last of some days.

    ``owners`` takes only the cases of these persons, who then go themselves.
    """
    last, first, chosen = max(days), min(days), None if owners is None else [*owners]
    where = [CASE.c.state != "closed", CASE.c.line == "school", CASE.c.due <= last]
    where += [] if chosen is None else [CASE.c.owner.in_(chosen)]
    with book.reading() as connection:
        cases = read_cases(connection, *where)
        villages = dict(connection.execute(sa.select(STANDING.c.pupil, STANDING.c.village)).tuples().all())
    return [
        _stop_of(case, first, villages.get(case.pupil) or "", minutes, chosen is not None) for case in cases
    ]


def _stop_of(case: Case, first: dt.date, village: str, minutes: int, by_owner: bool) -> Stop:
    late = max((first - (case.due or first)).days, 0)
    return Stop(
        str(case.id), case.pupil, village, minutes=minutes, due=case.due, days_overdue=late,
        urgency=1.0 + case.level + (_OVERDUE_URGENCY if late else 0.0),
        visitors=(case.owner,) if by_owner else (),
    )  # fmt: skip


def read_team(path: str | Path, days: Sequence[dt.date]) -> list[Visitor]:
    """Read who has which hours: a TOML file with a table ``[[visitor]]`` for each.

    ``days`` of a visitor are weekdays from 1 (Monday), by default all of the week; ``from`` and ``until`` are
    times. VisitError with all that is wrong in it.
    """
    path = Path(path)
    try:
        lines = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("visitor", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise VisitError(f"{path.name} is not TOML in UTF-8.", hint="tables [[visitor]]") from error
    problems: list[str] = []
    team = [_visitor_of(number, line, days, problems) for number, line in enumerate(lines, start=1)]
    if problems or not team:
        raise VisitError(
            f"{path.name}: {'; '.join(problems) or 'it names nobody'}.", hint=f"keys: {', '.join(_KEYS)}"
        )
    return [visitor for visitor in team if visitor is not None]


def _visitor_of(
    number: int, line: dict[str, Any], days: Sequence[dt.date], problems: list[str]
) -> Visitor | None:
    begin, end = line.get("from", dt.time(14)), line.get("until", dt.time(18))
    wrong = [f"unknown key {key!r}" for key in line if key not in _KEYS]
    wrong += [] if line.get("person") else ["person is missing"]
    wrong += (
        []
        if isinstance(begin, dt.time) and isinstance(end, dt.time) and begin < end
        else ["from and until are no hours"]
    )
    if wrong:
        problems += [f"visitor {number}: {item}" for item in wrong]
        return None
    weekdays = line.get("days", [1, 2, 3, 4, 5, 6, 7])
    hours = tuple(Hours(day, begin, end) for day in days if day.isoweekday() in weekdays)
    return Visitor(
        str(line["person"]), hours, str(line.get("village", "")), capacity=int(line.get("capacity", 8)),
        together=tuple(line.get("together", ())), minutes_per_km=line.get("minutes_per_km"),
    )  # fmt: skip


def contact_drafts(
    book: Book, notes: Iterable[VisitNote], by: str, today: dt.date, days: SchoolDaysAhead
) -> list[Draft]:
    """Make an entry of each filled-in row; who named no next day is due again as the settings say."""
    drafts = []
    cases = {str(case.id): case for case in book.cases(CASE.c.state != "closed")}
    for note in notes:
        case = cases[note.case_id]
        due = note.next_day or days.later(case.school, today, book.settings.meet_again)
        data: dict[str, Any] = {"way": note.way, "met": [*note.met], "due": due.isoformat()}
        data |= {"with": [*note.company]} if note.company else {}
        data |= {"difficulty": [*note.difficulty]} if note.difficulty else {}
        data |= {"result": note.result} if note.result else {}
        act = Act("meet", note.day, by, f"form/{case.id}/{note.day}/{note.way}")
        drafts.append(Draft(act, data, case.id, note.note))
    return drafts
