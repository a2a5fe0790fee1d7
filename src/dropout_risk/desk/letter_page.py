"""家长信: the letters that a person has released, each as it stands; no risk, no band, no reason is in it."""

from __future__ import annotations

from dropout_risk.casebook.notices.letters import LETTER_STATES, letters_of
from dropout_risk.desk.card import buttons_of, name_of_pupil
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.form_page import deed_page
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View


def letter_page(view: View, seat: Seat) -> Answer:
    """Render the letters, the last one first; the form where there is none, or another one is asked for."""
    letters = letters_of(view.desk.book.entries(seat.case.id))
    if not letters or "anew" in view.asked:
        return deed_page(view, seat, DEEDS["letter"])
    return view.page(
        "letter.html",
        title=view.word("letter"),
        head=view.word("letter_head", name=name_of_pupil(view, seat)),
        letters=[
            (
                view.say(LETTER_STATES[letter.state]),
                view.say(letter.text(letter.call, seat.placed.school)).split("\n"),
            )
            for letter in reversed(letters)
            if letter.state
        ],
        buttons=buttons_of(view, seat, ("take_back",)),
        anew=view.seat_link(seat, "letter", anew="1") if seat.case.state != "closed" else "",
        back=view.seat_link(seat),
    )
