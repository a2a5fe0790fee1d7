"""一生一案: what happened comes first, then what is on record; last, folded, why the system speaks up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dropout_risk.casebook.entry import MORNING, Entry
from dropout_risk.casebook.machine import ANSWERS, OUTCOMES, STATES, VERBS, WRONGS
from dropout_risk.casebook.notices.letters import LETTER_STATES
from dropout_risk.casebook.release import released_text
from dropout_risk.casebook.rights import CASE_ROLES
from dropout_risk.casebook.words import QUESTIONS, REASON_QUESTION
from dropout_risk.desk.card import Button, facts_of_domain, name_of_pupil, small_print
from dropout_risk.desk.deeds import DEEDS, open_deeds
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import (
    DESK_WORDS,
    PLAN_TEXT,
    REASONS,
    SEEN_BY,
    day_text,
    fact_text,
    since_text,
    step_text,
)
from dropout_risk.errors import NoteKeyError
from dropout_risk.pages.on_record import COLUMN_WORDS
from dropout_risk.text import COLON, ITEMS, NO_WORDS, Text

_DOMAINS = ("family", "attendance", "grades")
_DUE = Text(zh="下次{day}", en="next: {day}")
_TO = Text(zh="给{who}", en="to {who}")


@dataclass(frozen=True)
class Told:
    """An entry as it is told: the day, what was done, by whom, what came of it, and the note."""

    day: str
    what: str
    by: str
    details: str
    note: str


@dataclass(frozen=True)
class ToldReason:
    """A reason of the model, and the answers that may be given to it: key, text, and whether it was given."""

    feature: str
    text: str
    answers: tuple[tuple[str, str, bool], ...]


def case_page(view: View, seat: Seat) -> Answer:
    """Render the page of a case."""
    desk, case = view.desk, seat.case
    entries = desk.entries_of(case)
    timeline = told_entries(view, seat, entries)
    buttons = [
        Button(view.say(deed.text), view.seat_link(seat, deed.name)) for deed in open_deeds(desk, seat)
    ]
    state = view.word(
        "state_line",
        state=STATES[case.state],
        office=CASE_ROLES[case.office],
        owner=DESK_WORDS["owner"].filled(who=desk.people.name_of(case.owner)),
    )
    ended = OUTCOMES[case.outcome].text if case.outcome else None
    answers = DEEDS["feedback"].is_open_to(desk, seat)
    told = {name: text for name, text in desk.told_of(seat).items() if name not in ("name", "seat")}
    return view.page(
        "case.html",
        title=name_of_pupil(view, seat),
        small=small_print(view, seat),
        care=case.line == "care",
        state=state,
        ended=view.say(ended) if ended else "",
        fact=view.say(fact_text(case)) if seat.may("see", "signals") else "",
        step=view.say(step_text(case, entries[-1].kind, seat.back_since)) if case.state != "closed" else "",
        buttons=buttons,
        timeline=timeline,
        contact=[(view.say(COLUMN_WORDS[name]), text) for name, text in told.items()],
        parts=[
            (view.word(domain), lines)
            for domain in _DOMAINS
            if (lines := facts_of_domain(view, seat, domain))
        ],
        why=_why_alert(view, seat),
        reasons=_told_reasons(view, seat, entries),
        feedback=view.seat_link(seat, "feedback"),
        token=view.sign(view.seat_path(seat, "feedback"), case.seq) if answers else "",
        crisis_plan=view.say(PLAN_TEXT) if case.line == "care" else "",
    )


def _told_reasons(view: View, seat: Seat, entries: Sequence[Entry]) -> list[ToldReason]:
    """Tell the reasons of the model, each with what the reader said of it last."""
    said: dict[str, str] = {}
    for entry in entries:
        said |= entry.data.get("feedback", {}) if entry.by == seat.person else {}
    words = [(word.key, view.say(word.text)) for word in REASON_QUESTION.words]
    return [
        ToldReason(
            reason.feature, reason.text,
            tuple((key, text, said.get(reason.feature) == key) for key, text in words),
        )
        for reason in view.desk.reasons_of(seat, view.language)
    ]  # fmt: skip


def _why_alert(view: View, seat: Seat) -> list[str]:
    if not seat.may("see", "signals"):
        return []
    return [view.say(since_text(rule, since)) for rule, since in seat.case.signals.items()]


def told_entries(view: View, seat: Seat, entries: Iterable[Entry]) -> list[Told]:
    """Tell entries as far as the reader may know what is in them; that notes were read is written down."""
    told = [_told_entry(view, seat, entry) for entry in entries]
    if any(entry.note for entry in told):
        view.desk.note_seen(seat, "notes")
    return told


def _told_entry(view: View, seat: Seat, entry: Entry) -> Told:
    what = VERBS[entry.kind].text
    if "feedback" in entry.data:
        what = DESK_WORDS["feedback"]
    if "letter" in entry.data:
        what = COLON.joined((DESK_WORDS["letter"], LETTER_STATES[entry.data["letter"]]))
    return Told(
        view.say(day_text(entry.day)),
        view.say(what),
        view.word("by_system") if entry.by == MORNING else view.desk.people.name_of(entry.by),
        view.say(ITEMS.joined(_told_details(view, seat, entry))),
        _note_of(view, seat, entry),
    )


def _note_of(view: View, seat: Seat, entry: Entry) -> str:
    if not seat.may("see", "notes"):
        return ""
    try:
        return view.desk.book.note_of(entry) or view.say(released_text(entry.data) or NO_WORDS)
    except NoteKeyError:
        return view.word("locked")


def _told_details(view: View, seat: Seat, entry: Entry) -> list[Text]:
    data = entry.data
    told: list[Text] = []
    if "rule" in data and seat.may("see", "signals"):
        told.append(since_text(data["rule"], data.get("since") or entry.day.isoformat()))
    for name, question in QUESTIONS.items():
        given = data.get(name, [])
        keys = [given] if isinstance(given, str) else given
        words = [word.text for word in question.words if word.key in keys]
        told += [COLON.joined((question.title, ITEMS.joined(words)))] if words else []
    if "outcome" in data and seat.may("see", "outcome"):
        told.append(OUTCOMES[data["outcome"]].text)
    for name, words_of in (("reason", REASONS), ("said", ANSWERS), ("wrong", WRONGS), ("seen", SEEN_BY)):
        if data.get(name) in words_of:
            told.append(words_of[data[name]])
    names = [data[name] for name in ("owner", "to") if name in data and entry.kind != "open"]
    told += [_TO.filled(who=view.desk.people.name_of(name)) for name in names]
    if "since" in data and "rule" not in data:
        told.append(
            DESK_WORDS["not_at_school_since" if entry.kind == "away" else "since_day"].filled(
                day=day_text(data["since"])
            )
        )
    told += [day_text(day) for day in data.get("days", ())]
    if "due" in data:
        told.append(_DUE.filled(day=day_text(data["due"])))
    return told
