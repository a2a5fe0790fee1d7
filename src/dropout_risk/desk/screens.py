"""The screens: which there are, for whom each is, and what answers when one is asked for or posted to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dropout_risk.access.reader import Reader
from dropout_risk.desk.care_page import care_page
from dropout_risk.desk.case_page import case_page
from dropout_risk.desk.county_page import ROLES, county_page
from dropout_risk.desk.deeds import DEEDS, is_asked_about
from dropout_risk.desk.evening_page import evening_page
from dropout_risk.desk.form_page import deed_page, no_page, post_deed, post_worry, worry_page
from dropout_risk.desk.gaps_page import gaps_page
from dropout_risk.desk.letter_page import letter_page
from dropout_risk.desk.reader import SCHOOL_ROLES, Seat
from dropout_risk.desk.session_keys import Ticket
from dropout_risk.desk.today_page import care_due, today_page
from dropout_risk.desk.view import Answer, View, message_answer
from dropout_risk.desk.village_page import village_page
from dropout_risk.desk.words import DESK_WORDS
from dropout_risk.text import Text

Fields = Mapping[str, Sequence[str]]
OFFICE_ROLES = ("township", "county")


@dataclass(frozen=True)
class Screen:
    """One screen: its address below the desk's own, and the roles that have it."""

    name: str
    page: Callable[[View], Answer]
    roles: tuple[str, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """Where it is."""
        return (self.name,)

    @property
    def text(self) -> Text:
        """What it is called."""
        return DESK_WORDS[self.name]


SCREENS: Mapping[str, Screen] = {
    screen.name: screen
    for screen in (
        Screen("today", today_page, ("class_teacher", "principal", *OFFICE_ROLES, "counsellor", "auditor")),
        Screen("gaps", gaps_page, ("principal",)),
        Screen("care", care_page, ("counsellor",)),
        Screen("village", village_page, ("village",)),
        Screen("evening", evening_page, ("class_teacher", "principal", *OFFICE_ROLES)),
        Screen("county", county_page, ROLES),
        Screen("worry", worry_page, SCHOOL_ROLES),
    )
}
"""Every screen that is not of one case; the first that a person has is where its day begins."""


def open_screens(reader: Reader) -> list[Screen]:
    """Give the screens that a person has."""
    return [screen for screen in SCREENS.values() if not {*screen.roles}.isdisjoint(reader.roles)]


def answer_get(view: View) -> Answer:
    """Answer what is asked for: what is not the reader's does not exist."""
    opened = {screen.steps: screen for screen in open_screens(view.reader)}
    if not view.steps:
        first = _first_screen(view, opened)
        if first is None:
            return message_answer(view, "nothing_here", 200)
        asked = {name: view.asked[name] for name in ("said",) if name in view.asked}
        return Answer(status=303, onward=view.link(*first.steps, **asked))
    if view.steps in opened:
        return opened[view.steps].page(view)
    seat, name = _asked_case(view)
    if seat is None or (name and not DEEDS[name].is_open_to(view.desk, seat)):
        return no_page(view)
    _note_look(view, seat)
    if name == "letter":
        return letter_page(view, seat)
    return deed_page(view, seat, DEEDS[name]) if name else case_page(view, seat)


def _first_screen(view: View, opened: Mapping[tuple[str, ...], Screen]) -> Screen | None:
    """Give where a person's day begins: with the pupils who wait for a counsellor, where some do."""
    care = opened.get(("care",))
    return care if care and care_due(view) else next(iter(opened.values()), None)


def answer_post(view: View, fields: Fields, ticket: Ticket | None) -> Answer:
    """Write what a form says, where the reader may."""
    if view.steps == ("worry",) and SCREENS["worry"] in open_screens(view.reader):
        return post_worry(view, fields, ticket)
    seat, name = _asked_case(view)
    if seat is None or not name or not _takes_form(view, seat, name, ticket):
        return no_page(view)
    answer = post_deed(view, seat, DEEDS[name], fields, ticket)
    if answer.html:
        _note_look(view, seat)
    return answer


def _note_look(view: View, seat: Seat) -> None:
    """Write down the look, before anything of the case is shown."""
    view.desk.note_seen(seat, "psychology" if seat.case.line == "care" else "plan")


def _takes_form(view: View, seat: Seat, name: str, ticket: Ticket | None) -> bool:
    """Say whether a form may be sent: by whoever may do it now, or might when the form was opened."""
    deed = DEEDS[name]
    return deed.is_open_to(view.desk, seat) or (
        ticket is not None and ticket.seq < seat.case.seq and seat.may(deed.act, deed.part)
    )


def _asked_case(view: View) -> tuple[Seat | None, str]:
    """Find the case that is asked for, and the deed; whatever is asked, the book is looked into once."""
    steps = (*view.steps, "", "", "")[:3]
    seat = view.desk.seat(view.reader, steps[1])
    wrong = steps[0] != "case" or len(view.steps) > 3 or steps[2] not in ("", *DEEDS)
    if seat is None or wrong or not _is_readable(view, seat, steps[2]):
        return None, ""
    return seat, steps[2]


def _is_readable(view: View, seat: Seat, name: str) -> bool:
    """Say whether a case's pages are the reader's; a village has two buttons, of its own list alone."""
    if seat.roles == ("village",):
        return name == "seen" and is_asked_about(view.desk, seat)
    return seat.may("see", "outcome")
