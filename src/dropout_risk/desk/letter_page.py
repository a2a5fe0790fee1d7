"""家长信: a letter that a person has released; no risk, no band, no reason stands in it."""

from __future__ import annotations

from dropout_risk.casebook.entry import Entry
from dropout_risk.desk.card import name_of_pupil
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.form_page import deed_page
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import AID, day_text
from dropout_risk.text import ITEMS


def letter_page(view: View, seat: Seat) -> Answer:
    """Render the letter that was released last; its form where none was, or another one is asked for."""
    entries = view.desk.book.entries(seat.case.id)
    released = next((entry for entry in reversed(entries) if "letter" in entry.data), None)
    if released is None or "anew" in view.asked:
        return deed_page(view, seat, DEEDS["letter"])
    told = released.data["letter"]
    aid = [word.text for word in AID if word.key in told["aid"]]
    who = told["call"]
    return view.page(
        "letter.html",
        title=view.word("letter"),
        head=view.word("letter_head", name=name_of_pupil(view, seat)),
        lines=[
            view.word("letter_days", days=told["days"]),
            view.word("letter_call", who=who, phone=told["phone"]),
            *([view.word("letter_aid", aid=ITEMS.joined(aid))] if aid else []),
            view.word("letter_end"),
        ],
        school=seat.placed.school,
        signed=view.word("letter_signed", who=released.by, day=day_text(released.day)),
        taken_back=view.word("letter_taken_back") if _is_taken_back(entries, released) else "",
        anew=view.seat_link(seat, "letter", anew="1"),
        back=view.seat_link(seat),
    )


def _is_taken_back(entries: list[Entry], released: Entry) -> bool:
    """Say whether the attendance was corrected after a letter had been released."""
    return any(entry.kind == "correct" and entry.seq > released.seq for entry in entries)
