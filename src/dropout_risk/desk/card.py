"""A card: one case in one fact, what is known of the family, the next step, and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_risk.alerts.facts import fact_lines
from dropout_risk.casebook.entry import MORNING, Entry
from dropout_risk.casebook.machine import LEVELS
from dropout_risk.casebook.mornings.morning import LISTED
from dropout_risk.casebook.notices.letters import LETTER_STATES
from dropout_risk.casebook.release import WORD_RULE
from dropout_risk.casebook.rights import CASE_ROLES
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import View
from dropout_risk.desk.words import DESK_WORDS, SEEN_BY, class_text, day_text, fact_text, main_rule, step_text
from dropout_risk.pages.morning_page import first_sentence
from dropout_risk.text import COLON, Text

CALL = Text(zh="登记联系", en="Phone call")
TALK = Text(zh="登记谈话", en="Talk")
VISIT = Text(zh="登记家访", en="Home visit")
_LAST = Text(zh="{what}（{day}）", en="{what} ({day})")
_FIRST_BUTTONS = ("answer", "meet", "plan", "hand_over")


@dataclass(frozen=True)
class Button:
    """A button: what it says, where it leads, and whether it is the first thing to do."""

    text: str
    address: str
    first: bool = False


@dataclass(frozen=True)
class Card:
    """One case as a card; ``page`` is empty where the reader has no page of it."""

    name: str
    small: str
    page: str
    fact: str
    family: str
    step: str
    last: str
    office: str
    kind: str
    buttons: tuple[Button, ...]


def card_of(view: View, seat: Seat, last: Entry | None, *, kind: str, acts: bool = True) -> Card:
    """Make the card of a case; ``acts`` gives it its buttons."""
    case = seat.case
    return Card(
        name=name_of_pupil(view, seat),
        small=small_print(view, seat),
        page=view.seat_link(seat) if has_page(seat) else "",
        fact=_fact_of(view, seat),
        family=_family_of(view, seat),
        step=view.say(step_text(case, last.kind if last else "", seat.back_since)),
        last="" if last is None or last.by == MORNING else last_words(view, last),
        office="" if seat.owned else view.word("with_office", office=_office_text(seat)),
        kind=kind,
        buttons=tuple(_card_buttons(view, seat)) if acts else (),
    )


def has_page(seat: Seat) -> bool:
    """Say whether the reader may read the page of a case, which tells what became of it."""
    return seat.may("see", "outcome")


def name_of_pupil(view: View, seat: Seat) -> str:
    """Give the pupil's name, or its id where no name is known, to whoever may know who it is."""
    if not seat.may("see", "where"):
        return view.word("a_pupil")
    return view.desk.told_of(seat).get("name") or seat.case.pupil


def small_print(view: View, seat: Seat) -> str:
    """Give the class and the seat, and above the school the school."""
    if not seat.may("see", "where"):
        return ""
    told = view.desk.told_of(seat)
    seated = view.word("seat", n=told["seat"]) if told.get("seat") else ""
    where = view.say(class_text(seat.placed.class_name)) or seat.case.school
    if not seat.is_of_school and where != seat.case.school:
        where = f"{seat.case.school} {where}"
    return " ".join(filter(None, (where, seated)))


def _office_text(seat: Seat) -> Text:
    return LEVELS.get(seat.case.office, CASE_ROLES["counsellor"])


def _fact_of(view: View, seat: Seat) -> str:
    """Tell today's alert in its own words where the review has it; else what the book knows."""
    if not seat.may("see", "signals"):
        return ""
    score = view.desk.score_of(seat, view.language)
    alert = (
        next((item for item in score.alerts if item.rule == main_rule(seat.case)), None) if score else None
    )
    return first_sentence(alert.text)[0] if alert else view.say(fact_text(seat.case))


def _family_of(view: View, seat: Seat) -> str:
    return "".join(facts_of_domain(view, seat, "family")[:1])


def facts_of_domain(view: View, seat: Seat, domain: str) -> tuple[str, ...]:
    """Give what is on record of the pupil in a domain, as lines, as far as the reader reads it."""
    score = view.desk.score_of(seat, view.language) if domain in seat.domains else None
    facts = [fact for fact in score.facts if fact.domain == domain] if score else []
    return fact_lines(facts, view.language)


def last_words(view: View, entry: Entry) -> str:
    """Say what was last written, and of which day: the way of a contact, or the verb."""
    way = QUESTIONS["way"].word_of(str(entry.data.get("way", "")))
    deed = DEEDS.get(entry.kind)
    what = way.text if way else deed.text if deed else None
    if "letter" in entry.data:
        what = COLON.joined((DESK_WORDS["letter"], LETTER_STATES[entry.data["letter"]]))
    if entry.data.get("seen") in SEEN_BY:
        what = SEEN_BY[entry.data["seen"]]
    return view.say(_LAST.filled(what=what, day=day_text(entry.day))) if what else ""


def _card_buttons(view: View, seat: Seat) -> list[Button]:
    first = (TALK, "talk_at_school") if main_rule(seat.case) in (LISTED, WORD_RULE) else (CALL, "call")
    ways = {"meet": (first, (VISIT, "home_visit"))}
    opened = [name for name in _FIRST_BUTTONS if DEEDS[name].is_open_to(view.desk, seat)]
    shown = [(name, *way) for name in opened for way in ways.get(name, ((DEEDS[name].text, ""),))]
    return [
        Button(view.say(text), view.seat_link(seat, name, way=way), not at)
        for at, (name, text, way) in enumerate(shown)
    ]


def buttons_of(view: View, seat: Seat, names: Sequence[str]) -> tuple[Button, ...]:
    """Give buttons for some deeds, those that are open."""
    return tuple(
        Button(view.say(DEEDS[name].text), view.seat_link(seat, name), number == 0)
        for number, name in enumerate(names)
        if DEEDS[name].is_open_to(view.desk, seat)
    )
