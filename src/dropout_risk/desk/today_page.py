"""今天: what is to be done today, the longest overdue first, then what goes on."""

from __future__ import annotations

from dataclasses import dataclass

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.machine import STATES
from dropout_risk.casebook.mornings.morning import LISTED
from dropout_risk.desk.card import Card, card_of
from dropout_risk.desk.desk import WHOLE, Desk
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import main_rule, weekday_text

SHOWN = 12
"""How many cards of what goes on a page shows before it is asked for all."""


@dataclass(frozen=True)
class Section:
    """Cards under a heading; ``more`` of them are shown when asked."""

    title: str
    kind: str
    cards: tuple[Card, ...]
    number: int
    more: int


def section_of(desk: Desk, seat: Seat) -> str:
    """Say where a case stands for its reader: what is its own and due comes first."""
    case = seat.case
    if seat.owned and case.due is not None and case.due <= desk.day:
        return "overdue" if case.due < desk.day else "to_do"
    if seat.asked:
        return "asked"
    if seat.owned and main_rule(case) == LISTED and case.met is None and case.state == "open":
        return "suggested"
    return "staying" if case.state == "staying" else "in_progress"


def today_page(view: View) -> Answer:
    """Render the first page of a person's day."""
    desk = view.desk
    seats = desk.seats(view.reader)
    found: dict[str, list[Seat]] = {
        name: [] for name in ("overdue", "to_do", "asked", "suggested", "in_progress", *list(STATES)[1:2])
    }
    for seat in seats:
        found[section_of(desk, seat)].append(seat)
    sections = [_section_of_cards(view, name, held) for name, held in found.items() if held]
    care = care_due(view)
    counts = _counted_pupils(view.reader, desk, found)
    total = sum(counts.values()) if "nothing" in counts else 0
    return view.page(
        "today.html",
        title=view.word("today"),
        day=view.say(weekday_text(desk.day)),
        whose=view.desk.people.name_of(view.reader.person),
        counts=[(view.word(name), number) for name, number in counts.items()],
        total=view.word("responsible_for", n=total) if total else "",
        sections=sections,
        care=view.word("care_due", n=care) if care else "",
    )


def care_due(view: View) -> int:
    """Count the pupils who wait for the reader as their counsellor, today or longer."""
    seats = view.desk.seats(view.reader, line="care")
    return sum(seat.case.due is not None and seat.case.due <= view.desk.day for seat in seats)


def _section_of_cards(view: View, name: str, seats: list[Seat]) -> Section:
    acts = name in ("overdue", "to_do", "asked", "suggested")
    shown = seats if acts or "all" in view.asked else seats[:SHOWN]
    last = view.desk.last_entries(shown)
    cards = tuple(card_of(view, seat, last.get(seat.case.id), kind=name, acts=acts) for seat in shown)
    return Section(view.word(name), name, cards, len(seats), len(seats) - len(shown))


def _counted_pupils(reader: Reader, desk: Desk, found: dict[str, list[Seat]]) -> dict[str, int]:
    """Count where everybody stands: the numbers add up to the reader's pupils, each in one."""
    counts = {
        "to_do": len(found["to_do"]),
        "overdue": len(found["overdue"]),
        "in_progress": len(found["in_progress"]) + len(found["suggested"]),
        "staying": len(found["staying"]),
    }
    counts |= {"asked": len(found["asked"])} if found["asked"] else {}
    pupils = desk.pupils_of(reader, WHOLE)
    if pupils:
        cases = {seat.case.pupil for seats in found.values() for seat in seats}
        others = [part for placed, part in pupils if placed.pupil not in cases]
        unclear = others.count("to_verify")
        counts |= {"to_verify": unclear} if unclear else {}
        counts["nothing"] = len(others) - unclear
    return counts
