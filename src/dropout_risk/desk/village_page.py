"""请帮忙看望: a name, where to go, since when away, and two buttons; no marks, no tests, no reasons."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from dropout_risk.casebook.tables import ENTRY
from dropout_risk.desk.card import name_of_pupil
from dropout_risk.desk.deeds import DEEDS, is_asked_about
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import SEEN_BY, day_text

_WHERE = ("village", "address", "guardian", "phone")


@dataclass(frozen=True)
class VisitCard:
    """One pupil whom the village is asked to look in on."""

    name: str
    where: str
    since: str
    visit: str
    said: str
    action: str
    token: str


def village_page(view: View) -> Answer:
    """Render the pupils whom the village is asked about: those away from school, and those referred to it."""
    desk = view.desk
    seats = [seat for seat in desk.seats(view.reader, roles=("village",)) if is_asked_about(desk, seat)]
    said = _said_today(view, seats)
    return view.page(
        "village.html", title=view.word("village"), cards=[_visit_card(view, seat, said) for seat in seats]
    )


def _visit_card(view: View, seat: Seat, said: dict[int, str]) -> VisitCard:
    told = view.desk.told_of(seat)
    since, due = seat.away_since, seat.case.due
    answer = said.get(seat.case.id, "")
    opened = DEEDS["seen"].is_open_to(view.desk, seat)
    return VisitCard(
        name_of_pupil(view, seat),
        " · ".join(filter(None, (told.get(name) for name in _WHERE))),
        view.word("not_at_school_since", day=day_text(since)) if since else "",
        view.word("joint_visit", day=day_text(due)) if due else "",
        view.word("said_today", said=SEEN_BY[answer]) if answer else "",
        view.seat_link(seat, "seen") if opened else "",
        view.sign(view.seat_path(seat, "seen"), seat.case.seq) if opened else "",
    )


def _said_today(view: View, seats: list[Seat]) -> dict[int, str]:
    """Give what the reader answered today, by case."""
    numbers = [seat.case.id for seat in seats]
    query = sa.select(ENTRY.c.case, ENTRY.c.data).where(
        ENTRY.c.day == view.desk.day, ENTRY.c.by == view.reader.person, ENTRY.c.case.in_(numbers)
    )
    with view.desk.book.reading() as connection:
        told = connection.execute(query.order_by(ENTRY.c.case, ENTRY.c.seq)).all()
    return {number: data["seen"] for number, data in told if data.get("seen") in SEEN_BY}
