"""日清: what became of today's round, and what is left of it."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from dropout_risk.casebook.tables import CASE, ROUND
from dropout_risk.desk.card import Card, card_of
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import weekday_text


def evening_page(view: View) -> Answer:
    """Render the end of the day: what is due is done, planned, passed up, held, or left."""
    desk = view.desk
    today = desk.book.today()
    in_round = CASE.c.id.in_(sa.select(ROUND.c.case).where(ROUND.c.day == today))
    seats = [seat for seat in desk.seats(view.reader, in_round) if seat.owned or seat.is_of_school]
    with desk.book.reading() as connection:
        rows = connection.execute(sa.select(ROUND.c.case, ROUND.c.fate).where(ROUND.c.day == today))
        fates: dict[int, str | None] = dict(iter(rows))
    counts = Counter(fates[seat.case.id] or "left" for seat in seats)
    left = [seat for seat in seats if fates[seat.case.id] is None]
    names = ("done", "planned", "passed_up", "held", "left")
    return view.page(
        "evening.html",
        title=view.word("evening"),
        day=view.say(weekday_text(today or desk.day)),
        line=view.word("round_line", due=len(seats), **{name: counts[name] for name in names}),
        left=view.word("left", n=len(left)),
        cards=_left_cards(view, left),
    )


def _left_cards(view: View, seats: list[Seat]) -> list[Card]:
    last = view.desk.last_entries(seats)
    return [
        card_of(
            view,
            seat,
            last.get(seat.case.id),
            kind="overdue" if seat.owned else "in_progress",
            acts=seat.owned,
        )
        for seat in seats
    ]
