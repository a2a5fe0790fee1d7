"""今天有没有漏: five numbers that must be 0, then the alerts and the week of a school."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.entry import MORNING
from dropout_risk.casebook.mornings.missing_registers import missing_registers
from dropout_risk.casebook.mornings.morning import LISTED
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.tables import CASE, ENTRY, SIGNAL
from dropout_risk.catalogue.alert_kinds import REGISTER_SILENT
from dropout_risk.desk.card import name_of_pupil
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import class_text, main_rule, rule_order, rule_text, weekday_text

_FAILED = ("unwilling", "whereabouts_unknown")
_ROLES = ("principal",)


@dataclass(frozen=True)
class Gap:
    """One of the numbers that must be 0; ``number`` is None where nobody knows. ``who`` leads to them."""

    title: str
    number: int | None
    who: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AlertRow:
    """How many cases of one matter are new, in progress and overdue."""

    title: str
    new: int
    in_progress: int
    overdue: int


def gaps_page(view: View) -> Answer:
    """Render the principal's check: what nobody looks after stands first."""
    desk, reader = view.desk, view.reader
    pupils = desk.pupils_of(reader, _ROLES)
    seats = desk.seats(reader, roles=_ROLES)
    answered = _answered_cases(desk, seats)
    return view.page(
        "gaps.html",
        title=view.word("gaps"),
        day=view.say(weekday_text(desk.day)),
        whose=" ".join(reader.schools_of("principal")),
        gaps=_must_be_zero(view, pupils, seats, answered),
        alerts=_alert_rows(view, seats, answered),
        total=view.word("alerts", n=len(seats)),
        week=view.word("week_line", **_week_counts(desk, reader)),
    )


def _must_be_zero(
    view: View, pupils: Sequence[tuple[Placed, str]], seats: list[Seat], answered: set[int]
) -> list[Gap]:
    desk = view.desk
    alone = [one.pupil for one, _ in pupils if not desk.people.holders("class_teacher", one, desk.day)]
    classes = _silent_classes(view, pupils)
    waiting = [
        seat for seat in seats if seat.case.id not in answered and main_rule(seat.case) != LISTED
    ]  # whoever waits for a talk on the list is no alert
    late = [seat for seat in seats if seat.case.due is not None and seat.case.due < desk.day]
    silent = _silent_pupils(desk, {placed.pupil for placed, _ in pupils})
    silent |= {placed.pupil for placed, part in pupils if part == "to_verify"}
    return [
        Gap(view.word("no_responsible"), len(alone), _named_pupils(view, seats, alone)),
        Gap(
            view.word("no_register"), None if classes is None else len(classes),
            tuple((view.say(class_text(name)), "") for name in classes or ()),
        ),
        Gap(view.word("unanswered"), len(waiting), _named_seats(view, waiting)),
        Gap(view.word("without_result"), len(late), _named_seats(view, late)),
        Gap(view.word("no_record"), len(silent), _named_pupils(view, seats, sorted(silent))),
    ]  # fmt: skip


def _named_seats(view: View, seats: list[Seat]) -> tuple[tuple[str, str], ...]:
    return tuple((name_of_pupil(view, seat), view.seat_link(seat)) for seat in seats)


def _named_pupils(view: View, seats: list[Seat], pupils: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Name pupils, each with its case where there is one."""
    cases = {seat.case.pupil: told for seat, told in zip(seats, _named_seats(view, seats), strict=True)}
    told_of = view.desk.directory.of
    return tuple(cases.get(pupil) or (told_of(pupil).get("name") or pupil, "") for pupil in pupils)


def _silent_classes(view: View, pupils: Sequence[tuple[Placed, str]]) -> list[str] | None:
    """Name the classes without a register of the last school day; None where nobody knows."""
    review = view.desk.reviews(view.language)
    if review is None:
        return None
    classes: dict[str, dict[str, None]] = {}
    for placed, _ in pupils:
        classes.setdefault(placed.school, {})[placed.class_name or placed.school] = None
    missing = missing_registers(review.histories, view.desk.day, review.model.settings)
    return [name for school, own in classes.items() if school in missing for name in missing[school] or own]


def _silent_pupils(desk: Desk, pupils: set[str]) -> set[str]:
    query = sa.select(SIGNAL.c.pupil).where(
        SIGNAL.c.day == desk.book.today(), SIGNAL.c.rule == REGISTER_SILENT, SIGNAL.c.line == "school"
    )
    with desk.book.reading() as connection:
        return pupils.intersection(connection.scalars(query))


def _answered_cases(desk: Desk, seats: list[Seat]) -> set[int]:
    """Find the cases of which a person wrote after what last fired."""
    last: dict[int, tuple[int, int]] = {}
    fired = ENTRY.c.kind.in_(("open", "signal", "away"))
    columns = (
        ENTRY.c.case,
        sa.func.max(sa.case((ENTRY.c.by != MORNING, ENTRY.c.seq), else_=0)),
        sa.func.max(sa.case((fired, ENTRY.c.seq), else_=0)),
    )
    numbers = [seat.case.id for seat in seats]
    with desk.book.reading() as connection:
        for first in range(0, len(numbers), _AT_ONCE):
            some = ENTRY.c.case.in_(numbers[first : first + _AT_ONCE])
            query = sa.select(*columns).where(some).group_by(ENTRY.c.case)
            last |= {number: (wrote, rang) for number, wrote, rang in connection.execute(query)}
    return {number for number, (wrote, rang) in last.items() if wrote >= rang}


_AT_ONCE = 500


def _alert_rows(view: View, seats: list[Seat], answered: set[int]) -> list[AlertRow]:
    counts: dict[str, Counter[str]] = {}
    for seat in sorted(seats, key=lambda item: rule_order(main_rule(item.case))):
        late = seat.case.due is not None and seat.case.due < view.desk.day
        where = "overdue" if late else "in_progress" if seat.case.id in answered else "new"
        counts.setdefault(view.say(rule_text(main_rule(seat.case))), Counter())[where] += 1
    return [
        AlertRow(title, told["new"], told["in_progress"], told["overdue"]) for title, told in counts.items()
    ]


def _week_counts(desk: Desk, reader: Reader) -> dict[str, Any]:
    """Count what was written of the school's own cases since Monday."""
    monday = desk.day - dt.timedelta(days=desk.day.weekday())
    query = (
        sa.select(ENTRY.c.kind, ENTRY.c.data)
        .join(CASE, CASE.c.id == ENTRY.c.case)
        .where(
            ENTRY.c.day >= monday, CASE.c.line == "school", CASE.c.school.in_(reader.schools_of("principal"))
        )
    )
    with desk.book.reading() as connection:
        told = connection.execute(query).all()
    met = [data for kind, data in told if kind == "meet"]
    kinds = Counter(kind for kind, _ in told)
    results = Counter(data.get("result") for data in met)
    return {
        "contacts": len(met),
        "visits": sum(data.get("way") == "home_visit" for data in met),
        "returned": kinds["returned"],
        "promised": results["promised"],
        "failed": sum(results[word] for word in _FAILED),
        "passed_up": kinds["pass_up"],
    }
