"""The form of a deed: a few taps, what was typed is never lost, and nothing is written twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dropout_risk.desk.card import has_page, name_of_pupil, small_print
from dropout_risk.desk.case_page import told_entries
from dropout_risk.desk.deeds import DEEDS, Deed, open_worry, write_deed
from dropout_risk.desk.form import NOTE_LENGTH, Answers, Ask, read_answers
from dropout_risk.desk.reader import SCHOOL_ROLES, Seat
from dropout_risk.desk.session_keys import Ticket
from dropout_risk.desk.view import Answer, View, message_answer
from dropout_risk.desk.words import class_text, fact_text
from dropout_risk.errors import CaseConflictError, CaseRefusedError
from dropout_risk.text import Text

Fields = Mapping[str, Sequence[str]]


def deed_page(view: View, seat: Seat, deed: Deed) -> Answer:
    """Render the form of a deed; an address may choose an answer that the form offers."""
    asks = [_chosen_ask(ask, view.asked.get(ask.name, "")) for ask in deed.asks(view.desk, seat)]
    return _form_answer(view, seat, deed, asks, Answers({ask.name: ask.value for ask in asks}))


def _chosen_ask(ask: Ask, value: str) -> Ask:
    return replace(ask, value=(value,)) if value in dict(ask.options) else ask


def post_deed(view: View, seat: Seat, deed: Deed, fields: Fields, ticket: Ticket | None) -> Answer:
    """Write what a form says, and go on; or show it again with what is wrong.

    Whoever sends a form twice writes once. Whoever comes second reads what the first wrote, and keeps what
    was typed.
    """
    key = _key_of(view, ticket)
    if key and view.desk.is_written(key):
        return Answer(status=303, onward=_address_after(view, seat, "again"))
    asks = deed.asks(view.desk, seat)
    answers = read_answers(asks, fields, view.desk.day)
    answers = answers.with_problems(deed.unsaid(view.desk, seat, answers))
    if not answers.problems:
        answers = answers.with_problems(deed.check(view.desk, seat, answers))
    said = _problem_of(view, seat, ticket, answers)
    if said is None and key:
        try:
            write_deed(view.desk, seat, deed, answers, key)
            return Answer(status=303, onward=_address_onward(view, seat, deed, answers, fields))
        except CaseConflictError:
            said = "conflict"
        except CaseRefusedError:
            said = "refused"
    seq = seat.case.seq if ticket is None else ticket.seq
    return _form_answer(view, seat, deed, asks, answers, said=said or "stale_form", since=seq)


def _key_of(view: View, ticket: Ticket | None) -> str:
    return "" if ticket is None else f"desk/{view.reader.person}/{ticket.name}"


def _problem_of(view: View, seat: Seat, ticket: Ticket | None, answers: Answers) -> str | None:
    if ticket is None:
        return "stale_form"
    if ticket.seq != seat.case.seq:
        return "conflict"
    return "check_form" if answers.problems else None


def _address_onward(view: View, seat: Seat, deed: Deed, answers: Answers, fields: Fields) -> str:
    """Say where to go on: to the next form where one was asked for, else to the case."""
    if deed.name == "meet" and fields.get("then"):
        return view.seat_link(seat, "refer", said="saved")
    back = deed.name == "meet" and answers.one("result") == "returned" and seat.case.state == "open"
    if back:
        return view.seat_link(seat, "returned", said="came_back")
    if deed.name in ("letter", "take_back"):
        return view.seat_link(seat, "letter", said="saved")
    return _address_after(view, seat, "saved")


def _address_after(view: View, seat: Seat, said: str) -> str:
    return view.seat_link(seat, said=said) if has_page(seat) else view.link(said=said)


def _form_answer(
    view: View,
    seat: Seat,
    deed: Deed,
    asks: Sequence[Ask],
    answers: Answers,
    *,
    said: str = "",
    since: int | None = None,
) -> Answer:
    desk = view.desk
    entries = desk.book.entries(seat.case.id) if since is not None and since < seat.case.seq else []
    fresh = told_entries(view, seat, (entry for entry in entries if since is not None and entry.seq > since))
    is_open = deed.is_open_to(desk, seat)
    refers = deed.name == "meet" and DEEDS["refer"].is_open_to(desk, seat)
    return view.page(
        "form.html",
        status=200 if not said else 409 if said == "conflict" else 400,
        title=view.say(deed.text),
        head=name_of_pupil(view, seat),
        small=small_print(view, seat),
        fact=view.say(fact_text(seat.case)) if seat.may("see", "signals") else "",
        back=view.seat_link(seat) if has_page(seat) else view.link(),
        token=view.sign(view.seat_path(seat, deed.name), seat.case.seq) if is_open else "",
        action=view.seat_link(seat, deed.name),
        problem=view.word(said if is_open else "refused") if said else "",
        fresh=fresh,
        asks=[_told_ask(view, ask, answers) for ask in asks],
        then=view.word("save_refer") if refers else "",
    )


def _told_ask(view: View, ask: Ask, answers: Answers) -> dict[str, Any]:
    typed = answers.given.get(ask.name, ask.value)
    problem = answers.problems.get(ask.name)
    hint = view.word("many") if ask.kind == "many" else "" if ask.needed else view.word("optional")
    return {
        "name": ask.name, "label": view.say(ask.label), "kind": ask.kind, "needed": ask.needed,
        "options": [(value, view.say(text), value in typed) for value, text in ask.options],
        "value": "".join(typed[:1]), "most": ask.most, "hint": hint,
        "problem": view.say(problem) if problem else "",
    }  # fmt: skip


# --- A person's own worry, which has no case yet ---


def worry_asks(view: View) -> list[Ask]:
    """Ask about whom somebody is worried, of its own pupils."""
    desk = view.desk
    pupils = [placed for placed, _ in desk.pupils_of(view.reader, SCHOOL_ROLES)]
    names = (
        (placed.pupil, desk.directory.name_of(placed.pupil) or placed.pupil, class_text(placed.class_name))
        for placed in pupils
    )
    options = tuple(
        (pupil, Text(zh=f"{name} {room.zh}", en=f"{name} {room.en}")) for pupil, name, room in names
    )
    asks = [Ask("pupil", Text(zh="哪个孩子", en="Which pupil"), "pick", options=options)]
    if desk.book.keys is not None and view.reader.may_anywhere("write", "notes"):
        label = Text(zh="担心什么（只在本校）", en="What worries you (for the school alone)")
        asks.append(Ask("note", label, "words", needed=False, most=NOTE_LENGTH))
    return asks


def worry_page(view: View, answers: Answers | None = None, said: str = "") -> Answer:
    """Render the form by which a person says that it is worried."""
    asks = worry_asks(view)
    return view.page(
        "form.html",
        status=400 if said else 200,
        title=view.word("worry"), head="", small="", fact="", back=view.link(),
        token=view.sign(view.path, 0), action=view.link(*view.steps), fresh=[], then="",
        problem=view.word(said) if said else "",
        asks=[_told_ask(view, ask, answers or Answers()) for ask in asks],
    )  # fmt: skip


def post_worry(view: View, fields: Fields, ticket: Ticket | None) -> Answer:
    """Write a worry down: it opens a case, or stirs the one that is there."""
    key = _key_of(view, ticket)
    if key and view.desk.is_written(key):
        return Answer(status=303, onward=view.link(said="again"))
    answers = read_answers(worry_asks(view), fields, view.desk.day)
    if ticket is None or answers.problems:
        return worry_page(view, answers, "stale_form" if ticket is None else "check_form")
    pupils = {placed.pupil: placed for placed, _ in view.desk.pupils_of(view.reader, SCHOOL_ROLES)}
    try:
        open_worry(view.desk, pupils[answers.one("pupil")], view.reader.person, key, answers.one("note"))
    except (CaseConflictError, CaseRefusedError):
        return worry_page(view, answers, "refused")
    return Answer(status=303, onward=view.link(said="saved"))


def no_page(view: View) -> Answer:
    """Say that there is no such page: the same words whether it is not there or not for the reader."""
    return message_answer(view, "no_page", 404)
