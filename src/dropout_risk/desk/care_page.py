"""心理约见: the counsellor's own queue, of which nobody else knows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dropout_risk.desk.card import Button, last_words, name_of_pupil, small_print
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import PLAN_TEXT, since_text, step_text


@dataclass(frozen=True)
class CareCard:
    """One pupil who waits for a counsellor: what was answered and when, and for how long it is known."""

    name: str
    small: str
    page: str
    tests: tuple[str, ...]
    known: str
    step: str
    last: str
    kind: str
    buttons: tuple[Button, ...]


def care_page(view: View) -> Answer:
    """Render the counsellor's queue, the longest due first."""
    desk = view.desk
    seats = desk.seats(view.reader, line="care")
    last = desk.last_entries(seats)
    for seat in seats:
        desk.note_seen(seat, "psychology")
    cards = [_care_card(view, seat, last_words(view, last[seat.case.id])) for seat in seats]
    return view.page("care.html", title=view.word("care"), cards=cards, plan=view.say(PLAN_TEXT))


def _care_card(view: View, seat: Seat, last: str) -> CareCard:
    case = seat.case
    late = case.due is not None and case.due < view.desk.day
    return CareCard(
        name_of_pupil(view, seat),
        small_print(view, seat),
        view.seat_link(seat),
        tuple(view.say(since_text(rule, since)) for rule, since in case.signals.items()),
        view.word("known_for", n=(view.desk.day - _known_day(view, seat)).days),
        view.say(step_text(case, "")),
        last,
        "overdue" if late else "to_do" if case.due == view.desk.day else "in_progress",
        tuple(_care_buttons(view, seat)),
    )


def _known_day(view: View, seat: Seat) -> dt.date:
    """Give the day on which the last answer was entered, or else that of the case."""
    told = [entry.data["known"] for entry in view.desk.entries_of(seat.case) if "known" in entry.data]
    return dt.date.fromisoformat(told[-1]) if told else seat.case.opened


def _care_buttons(view: View, seat: Seat) -> list[Button]:
    found = []
    if DEEDS["meet"].is_open_to(view.desk, seat):
        met = {"way": "counselling", "met": "pupil"}
        found.append(Button(view.word("seen_pupil"), view.seat_link(seat, "meet", **met), first=True))
        found.append(Button(view.word("tell_guardian"), view.seat_link(seat, "meet", way="call")))
    return found + [
        Button(view.say(DEEDS[name].text), view.seat_link(seat, name))
        for name in ("answer", "refer", "release")
        if DEEDS[name].is_open_to(view.desk, seat)
    ]
