"""Deeds: what a person may do with a case, each with its form, and with what it writes into the book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dropout_risk.casebook.decisions import asked_of_contact, is_talked_over
from dropout_risk.casebook.lessons.feedback import write_feedback
from dropout_risk.casebook.machine import ANSWERS, LEVELS, OFFICES, OUTCOMES, VERBS, WRONGS, Line, Outcome
from dropout_risk.casebook.notices.letters import (
    AIDS,
    Letter,
    letters_of,
    proposed_days,
    release_letter,
    take_back_letter,
)
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.release import LONGEST_WORDS, problems_of_words, release_words
from dropout_risk.casebook.rights import CASE_ROLES, Act, Part
from dropout_risk.casebook.words import QUESTIONS, REASON_QUESTION, RELEASED
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.form import NOTE_LENGTH, Answers, Ask, AskKind, options_of
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.words import DESK_WORDS, PUT_OFF, SEEN_BY, VISIT_DAYS, WORRY, day_text, weekday_text
from dropout_risk.errors import NoteKeyError
from dropout_risk.text import CLAUSES, Text

Asks = Callable[[Desk, Seat], list[Ask]]
Data = Callable[[Desk, Seat, Answers], dict[str, Any]]
Check = Callable[[Desk, Seat, Answers], dict[str, Text]]
PAST_DAYS = 3
"""How many days back are offered as buttons; an earlier one is typed."""
EARLIER, OWN = "earlier", "own"


def _nothing_said(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Deed:
    """One thing that may be done.

    ``verb`` is what is written, by whoever may do ``act`` with ``part``. ``at_level`` keeps it for the level
    of the case and those above; ``ready`` says whether the case would take it, ``unsaid`` which questions
    other answers ask, and ``check`` what is wrong with answers that are each in order; ``write`` is the
    book's own way of writing it, if it has one. One
    ``by_village`` is a village's too; one ``of_school`` is for the school, one ``of_care`` for counsellors;
    one ``beside`` stands beside what it speaks of, and among no buttons.
    """

    name: str
    text: Text
    verb: str
    asks: Asks
    data: Data = _nothing_said
    act: Act = "write"
    part: Part = "plan"
    at_level: bool = False
    ready: Callable[[Desk, Seat], bool] = lambda desk, seat: True
    unsaid: Check = _nothing_said
    check: Check = _nothing_said
    write: Callable[[Desk, Seat, Answers, str], None] | None = None
    by_village: bool = False
    of_school: bool = False
    of_care: bool = False
    beside: bool = False

    def is_open_to(self, desk: Desk, seat: Seat) -> bool:
        """Say whether the reader may do it now, and the case would take it."""
        return self.is_granted(seat) and seat.case.state in VERBS[self.verb].leads and self.ready(desk, seat)

    def is_granted(self, seat: Seat) -> bool:
        """Say whether it is the reader's to do, whatever the case would take."""
        level = -1 if seat.level is None else seat.level
        return (
            seat.may(self.act, self.part)
            and not (self.at_level and level < seat.case.level)
            and (self.by_village or seat.roles != ("village",))
            and (seat.is_of_school or not self.of_school)
            and (seat.case.line == "care" or not self.of_care)
        )


def open_deeds(desk: Desk, seat: Seat) -> list[Deed]:
    """Give what the reader may do with a case now: no button that would be refused."""
    return [deed for deed in DEEDS.values() if not deed.beside and deed.is_open_to(desk, seat)]


# --- What forms have in common ---

_NOTE: dict[Line, Text] = {
    "school": Text(
        zh="记录（只在本校，不进模型，不写测评结果）", en="Note (for the school; no test results)"
    ),
    "care": Text(zh="记录（只有心理教师能看）", en="Note (for counsellors alone)"),
}


def _note_asks(desk: Desk, seat: Seat, *, needed: bool = False) -> list[Ask]:
    if not desk.may_note(seat):
        return []
    label = _NOTE[seat.case.line]
    return [Ask("note", label, "words", needed=needed, most=NOTE_LENGTH)]


def _day_options(days: Iterable[dt.date]) -> tuple[tuple[str, Text], ...]:
    return tuple((day.isoformat(), weekday_text(day)) for day in days)


def _due_ask(desk: Desk, seat: Seat, default: int, most: int | None = None, label: Text | None = None) -> Ask:
    days = desk.next_days(seat.case.school, most or max(default, desk.book.settings.meet_again))
    options = _day_options(days)
    chosen = (options[min(default, len(options)) - 1][0],)
    return Ask("due", label or Text(zh="下次什么时候", en="Next time"), options=options, value=chosen)


def _day_asks(desk: Desk, seat: Seat, name: str, label: Text) -> list[Ask]:
    """Ask for a day that has been: today and the last ones as buttons, an earlier one typed."""
    days = [desk.day - dt.timedelta(ago) for ago in range(PAST_DAYS)]
    options = _day_options(day for day in days if day >= seat.case.opened)
    if seat.case.opened >= days[-1]:
        return [Ask(name, label, options=options, value=(options[0][0],))]
    typed = Text(zh="更早的日期", en="The earlier day")
    earlier = (EARLIER, Text(zh="更早", en="earlier"))
    ask = Ask(name, label, options=(*options, earlier), value=(options[0][0],))
    return [ask, Ask(f"{name}_typed", typed, "date", needed=False)]


def _day_in(answers: Answers, name: str) -> str:
    chosen = answers.one(name)
    return answers.one(f"{name}_typed") if chosen == EARLIER else chosen


def _check_day(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    name = "day" if "day" in answers.given else "since"
    day = _day_in(answers, name)
    if not day or dt.date.fromisoformat(day) < seat.case.opened:
        return {f"{name}_typed": Text(zh="请填立案以后的日期", en="give a day since the case was opened")}
    return {}


def day_of_entry(desk: Desk, answers: Answers) -> dt.date:
    """Give the day of which an entry tells: the one that was chosen, or today."""
    return dt.date.fromisoformat(_day_in(answers, "day") or desk.day.isoformat())


def _question_ask(name: str, *, needed: bool = True) -> Ask:
    question = QUESTIONS[name]
    kind: AskKind = "many" if question.many else "one"
    return Ask(name, question.title, kind, options_of(question.words), needed)


# --- The deeds ---


_OF_ABSENCE = ("with", "result")
"""Who came along to bring a pupil back, and whether it came: no question for a counsellor."""


def _meet_asks(desk: Desk, seat: Seat) -> list[Ask]:
    names = [name for name in QUESTIONS if seat.case.line == "school" or name not in _OF_ABSENCE]
    asks = [_question_ask(name, needed=name in ("way", "met")) for name in names]
    day = _day_asks(desk, seat, "day", Text(zh="日期", en="Day"))
    settings = desk.book.settings
    again = settings.care_again if seat.case.line == "care" else settings.meet_again
    again = 1 if seat.away_since is not None else again
    return [*day, *asks, _due_ask(desk, seat, again), *_note_asks(desk, seat)]


def _meet_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    many = {name: answers.many(name) for name, question in QUESTIONS.items() if question.many}
    one = {name: answers.one(name) for name, question in QUESTIONS.items() if not question.many}
    return {name: value for name, value in (one | many).items() if value} | {"due": answers.one("due")}


def _check_meet(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    met = answers.many("met")
    if "nobody" in met and len(met) > 1:
        return {"met": Text(zh="“没有见到”不能和别的同选", en="nobody goes with no other answer")}
    return _check_day(desk, seat, answers)


def _unsaid_of_contact(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    wanted = asked_of_contact(seat.case, answers.many("met"))
    return {name: DESK_WORDS["needed"] for name in wanted if not answers.one(name)}


def _plan_asks(desk: Desk, seat: Seat) -> list[Ask]:
    why = Text(zh="为什么改期", en="Why another day")
    due = _due_ask(desk, seat, 1, desk.book.settings.longest_move, Text(zh="改到哪天", en="Which day"))
    return [Ask("reason", why, options=options_of(PUT_OFF)), due, *_note_asks(desk, seat)]


def _due_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    names = ("reason", "to", "due")
    return {name: answers.one(name) for name in names if answers.one(name)}


def _owner_above(desk: Desk, seat: Seat) -> tuple[str, int] | None:
    if seat.case.is_at_top:
        return None
    return desk.people.owner(seat.placed, seat.case.line, seat.case.level + 1, desk.day)


def _pass_up_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    owner, level = _owner_above(desk, seat) or (seat.case.owner, seat.case.level)
    due = desk.days.later(seat.case.school, desk.day, max(desk.book.settings.above_days[level], 1))
    return {"level": level, "owner": owner, "due": due.isoformat(), "why": "asked"}


def _other_holders(desk: Desk, seat: Seat) -> list[str]:
    holders = desk.people.holders(seat.case.office, seat.placed, desk.day)
    return [person for person in holders if person != seat.case.owner]


def _hand_over_asks(desk: Desk, seat: Seat) -> list[Ask]:
    named = [(person, desk.people.name_of(person)) for person in _other_holders(desk, seat)]
    options = tuple((person, Text(zh=name, en=name)) for person, name in named)
    ask = Ask("owner", Text(zh="转给谁", en="To whom"), options=options)
    return [ask, *_note_asks(desk, seat)]


def _possible_helpers(desk: Desk, seat: Seat) -> tuple[tuple[str, Text], ...]:
    """Name whom a case may be referred to: of what only counsellors know, other counsellors alone.

    Whose rights end before the next morning is not named: that morning would take the referral back. Nobody
    is where the day was put off, or somebody was asked, as often as may be.
    """
    if seat.case.moved >= desk.book.settings.most_moves:
        return ()
    (tomorrow,) = desk.next_days(seat.case.school, 1)
    roles = OFFICES["care"] if seat.case.line == "care" else (*LEVELS, "counsellor", "village")
    found: dict[str, Text] = {}
    for role in roles:
        for person in desk.people.holders(role, seat.placed, desk.day):
            is_asked = seat.case.referrals.get(person) in ("", "accepted")
            if person != seat.person and not is_asked and not desk.people.has_left(person, tomorrow):
                label, name = CASE_ROLES[role], desk.people.name_of(person)
                found.setdefault(person, Text(zh=f"{label.zh} {name}", en=f"{label.en} {name}"))
    return tuple(found.items())


def _refer_asks(desk: Desk, seat: Seat) -> list[Ask]:
    to = Ask("to", Text(zh="转给谁", en="To whom"), options=_possible_helpers(desk, seat))
    return [
        to,
        _due_ask(desk, seat, 2, label=Text(zh="哪天看结果", en="Looked at again on")),
        *_note_asks(desk, seat),
    ]


def _answer_asks(desk: Desk, seat: Seat) -> list[Ask]:
    said = Ask("said", Text(zh="怎么答复", en="Answer"), options=tuple(ANSWERS.items()))
    return [said, *_note_asks(desk, seat)]


def _answer_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    return {"to": seat.person, "said": answers.one("said")}


def _since_asks(label: Text, days: Callable[[Desk], int]) -> Asks:
    def asks(desk: Desk, seat: Seat) -> list[Ask]:
        due = _due_ask(desk, seat, days(desk), label=Text(zh="哪天再核对", en="Looked at again on"))
        return [*_day_asks(desk, seat, "since", label), due, *_note_asks(desk, seat)]

    return asks


def _since_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    return {"since": _day_in(answers, "since"), "due": answers.one("due")}


def _correct_asks(desk: Desk, seat: Seat) -> list[Ask]:
    wrong = Ask("wrong", Text(zh="哪里有误", en="What was wrong"), options=tuple(WRONGS.items()))
    if seat.case.line == "care":
        return [wrong, *_note_asks(desk, seat)]
    told = (day for letter in _letters_in(desk, seat) for day in letter.absent)
    days = _day_options(sorted({*desk.days.week_until(seat.case.school, desk.day), *told}))
    label = Text(zh="哪几天没有缺课（补交请假、考勤有误时选）", en="Which days (late excuse, wrong register)")
    return [wrong, Ask("days", label, "many", days, needed=False), *_note_asks(desk, seat)]


def _check_correct(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    if answers.many("days") and answers.one("wrong") not in ("late_excuse", "register"):
        return {"days": Text(zh="补交请假或考勤有误才选日期", en="only for an excuse or the register")}
    return {}


def _correct_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    days = {"days": answers.many("days")} if answers.many("days") else {}
    return {"wrong": answers.one("wrong")} | days


def open_outcomes(desk: Desk, seat: Seat) -> list[Outcome]:
    """Give the outcomes that the reader may give the case as it stands."""
    level = -1 if seat.level is None else seat.level
    return [
        outcome
        for outcome in OUTCOMES.values()
        if seat.case.line in outcome.lines
        and seat.case.state in outcome.states
        and (seat.case.line == "care" or level >= outcome.level)
        and not (outcome.sentence and not desk.may_note(seat))
        and not (outcome.name == "stayed" and _stayed_data(desk, seat) is None)
        and not (outcome.after_contact and not is_talked_over(seat.case))
    ]


def _stayed_data(desk: Desk, seat: Seat) -> dict[str, int] | None:
    """Give what the register says where it confirms that the pupil stayed."""
    if desk.attended is None:
        return None
    (told,) = desk.attended([(seat.case.pupil, seat.case.turned)])
    confirmed = not told.absent and told.present >= desk.book.settings.staying_days
    return {"present": told.present, "absent": told.absent} if confirmed else None


def _close_asks(desk: Desk, seat: Seat) -> list[Ask]:
    outcomes = open_outcomes(desk, seat)
    needs = {need for outcome in outcomes for need in outcome.needs}
    options = tuple((item.name, item.text) for item in outcomes)
    asks = [Ask("outcome", Text(zh="结果", en="Outcome"), options=options)]
    document = Text(zh="文件名称和文号（送教、休学等时填）", en="Document (for lessons at home, deferral)")
    typed = {
        "school": Text(zh="接收学校（转学时填）", en="Receiving school (for a transfer)"),
        "document": document,
    }
    asks += [Ask(name, label, "line", needed=False) for name, label in typed.items() if name in needs]
    return [*asks, *_note_asks(desk, seat)]


def _check_close(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    outcome = OUTCOMES.get(answers.one("outcome"))
    if outcome is None:
        return {}
    missing = [need for need in outcome.needs if need != "present" and not answers.one(need)]
    missing += ["note"] if outcome.sentence and not answers.one("note") else []
    return dict.fromkeys(missing, DESK_WORDS["needed"])


def _close_data(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Any]:
    outcome = OUTCOMES[answers.one("outcome")]
    told: dict[str, Any] = {"outcome": outcome.name}
    told |= {need: answers.one(need) for need in outcome.needs if answers.one(need)}
    return told | ((_stayed_data(desk, seat) or {}) if outcome.name == "stayed" else {})


def _letters_in(desk: Desk, seat: Seat) -> list[Letter]:
    return letters_of(desk.entries_of(seat.case)) if seat.case.line == "school" else []


def _wrong_letters(desk: Desk, seat: Seat) -> dict[str, Letter]:
    return {str(letter.seq): letter for letter in _letters_in(desk, seat) if letter.state == "wrong"}


def _takes_letter(desk: Desk, seat: Seat) -> bool:
    """Say whether there is, or may be, a letter: a closed case still shows those that it has."""
    new = seat.case.line == "school" and _is_live(desk, seat)
    return (new and bool(desk.days.week_until(seat.case.school, desk.day))) or bool(_letters_in(desk, seat))


def _letter_asks(desk: Desk, seat: Seat) -> list[Ask]:
    days = desk.days.week_until(seat.case.school, desk.day)
    told = desk.attended([(seat.case.pupil, day) for day in days]) if desk.attended else []
    absent = tuple(map(str, proposed_days(seat.case, days, told, seat.present_since)))
    which = Text(zh="本周哪几天没有到校", en="Days of this week not at school")
    call = Text(zh="请家长联系谁、电话", en="Whom to call, with the number")
    aids = Text(zh="可以申请的资助", en="Aid to apply for")
    return [
        Ask("days", which, "many", _day_options(days), value=absent),
        Ask("call", call, "line", value=(desk.people.name_of(seat.person),)),
        Ask("aids", aids, "many", tuple(AIDS.items()), needed=False),
    ]


def _write_letter(desk: Desk, seat: Seat, answers: Answers, key: str) -> None:
    days = (dt.date.fromisoformat(day) for day in answers.many("days"))
    letter = Letter.draft(desk.day, days, answers.many("aids"), answers.one("call"))
    release_letter(desk.book, seat.case, letter, seat.person, roles=seat.roles, key=key, today=desk.day)


def _take_back_asks(desk: Desk, seat: Seat) -> list[Ask]:
    label = Text(zh="哪天的信（更正已告诉家长）", en="The letter of which day (the family was told)")
    wrong = [(seq, day_text(letter.day)) for seq, letter in _wrong_letters(desk, seat).items()]
    return [Ask("entry", label, options=tuple(wrong), value=wrong[0][:1])]


def _write_taken_back(desk: Desk, seat: Seat, answers: Answers, key: str) -> None:
    letter, roles = _wrong_letters(desk, seat)[answers.one("entry")], seat.roles
    take_back_letter(desk.book, seat.case, letter, seat.person, roles=roles, key=key, today=desk.day)


def _seen_asks(desk: Desk, seat: Seat) -> list[Ask]:
    return [Ask("seen", Text(zh="见到了吗", en="Was the pupil seen"), options=tuple(SEEN_BY.items()))]


def _release_asks(desk: Desk, seat: Seat) -> list[Ask]:
    label = Text(zh="告诉班主任的话", en="What the class teacher is told")
    ask = Ask("released", label, options=options_of(RELEASED), value=(RELEASED[0].key,))
    if desk.book.keys is None:
        return [ask]
    own = replace(ask, options=(*ask.options, (OWN, Text(zh="自己写", en="own words"))))
    typed = Text(zh="自己写的话（不写测评，不写原因）", en="Own words (no test, no reason)")
    return [own, Ask("words", typed, "words", needed=False, most=LONGEST_WORDS)]


def _check_release(desk: Desk, seat: Seat, answers: Answers) -> dict[str, Text]:
    """Refuse own words that tell too much, and a sentence that was chosen beside own words."""
    words, is_own = answers.one("words"), answers.one("released") == OWN
    if not is_own:
        either = Text(zh="下面写了话：请选“自己写”，或把它删掉", en="choose own words, or delete those below")
        return {"released": either} if words else {}
    try:
        problems = problems_of_words(desk.book, seat.case.pupil, words) if words else [DESK_WORDS["needed"]]
    except NoteKeyError:
        problems = [DESK_WORDS["locked"]]
    return {"words": CLAUSES.joined(problems)} if problems else {}


def _write_release(desk: Desk, seat: Seat, answers: Answers, key: str) -> None:
    """Tell the class teacher; the book's own key keeps it from being written twice."""
    said = answers.one("released")
    release_words(
        desk.book, seat.case.pupil, answers.one("words") if said == OWN else said, by=seat.person,
        day=desk.day, people=desk.people, days=desk.days, today=desk.day,
    )  # fmt: skip


def _feedback_asks(desk: Desk, seat: Seat) -> list[Ask]:
    review = desk.reviews("zh")
    names = [] if review is None else [reason.feature for reason in desk.reasons_of(seat)]
    told = tuple((name, review.model.catalogue[name].label) for name in names if review is not None)
    question = REASON_QUESTION
    return [
        Ask("reason", Text(zh="哪条原因", en="Which reason"), options=told),
        Ask("said", question.title, options=options_of(question.words)),
    ]


def _write_feedback(desk: Desk, seat: Seat, answers: Answers, key: str) -> None:
    review = desk.reviews("zh")
    assert review is not None  # noqa: S101
    write_feedback(
        desk.book, seat.case, {answers.one("reason"): answers.one("said")}, run=review.model.version,
        catalogue=review.model.catalogue, day=desk.day, by=seat.person, today=desk.day, key=key,
    )  # fmt: skip


def _picked_data(*names: str) -> Data:
    return lambda desk, seat, answers: {name: answers.one(name) for name in names}


def is_asked_about(desk: Desk, seat: Seat) -> bool:
    """Say whether a village is asked to look in: a home is to be visited, or the pupil was referred to it.

    The first day of absence is between the class teacher and the family.
    """
    since = seat.away_since
    is_away = since is not None and desk.days.between(seat.case.school, since, desk.day) >= VISIT_DAYS
    return "village" in seat.roles and (is_away or seat.person in seat.case.referrals)


def _is_live(desk: Desk, seat: Seat) -> bool:
    return seat.case.state != "closed"


DEEDS: Mapping[str, Deed] = {
    deed.name: deed
    for deed in (
        Deed(
            "meet", Text(zh="登记联系", en="Contact"), "meet", _meet_asks, _meet_data,
            unsaid=_unsaid_of_contact, check=_check_meet,
        ),
        Deed(
            "returned", Text(zh="登记返校", en="Back at school"), "returned",
            _since_asks(Text(zh="哪天返校", en="Back since"), lambda desk: desk.book.settings.staying_check),
            _since_data, check=_check_day, ready=lambda desk, seat: seat.case.line == "school",
        ),
        Deed(
            "away", Text(zh="又离校了", en="Away again"), "away",
            _since_asks(Text(zh="哪天起离校", en="Away since"), lambda desk: 1), _since_data,
            check=_check_day,
        ),
        Deed(
            "plan", Text(zh="改期", en="Another day"), "plan", _plan_asks, _due_data, at_level=True,
            ready=lambda desk, seat: seat.case.moved < desk.book.settings.most_moves,
        ),
        Deed(
            "refer", Text(zh="转介", en="Refer"), "refer", _refer_asks, _due_data,
            ready=lambda desk, seat: bool(_possible_helpers(desk, seat)),
        ),
        Deed("answer", Text(zh="答复", en="Answer"), "answer", _answer_asks, _answer_data,
             ready=lambda desk, seat: seat.asked),
        Deed(
            "pass_up", Text(zh="上报", en="Pass up"), "pass_up", _note_asks, _pass_up_data, at_level=True,
            ready=lambda desk, seat: _owner_above(desk, seat) is not None,
        ),
        Deed(
            "hand_over", Text(zh="转交", en="Hand over"), "hand_over", _hand_over_asks, _picked_data("owner"),
            act="hand_over", at_level=True, ready=lambda desk, seat: bool(_other_holders(desk, seat)),
        ),
        Deed(
            "letter", DESK_WORDS["letter"], "note", _letter_asks, part="notes", of_school=True,
            ready=_takes_letter, write=_write_letter,
        ),
        Deed(
            "take_back", Text(zh="收回家长信", en="Take a letter back"), "note", _take_back_asks,
            part="notes", of_school=True, write=_write_taken_back,
            ready=lambda desk, seat: bool(_wrong_letters(desk, seat)),
        ),
        Deed(
            "note", Text(zh="备注", en="Note"), "note", partial(_note_asks, needed=True), part="notes",
            ready=Desk.may_note,
        ),
        Deed(
            "correct", Text(zh="更正", en="Correct"), "correct", _correct_asks, _correct_data,
            check=_check_correct,
        ),
        Deed(
            "close", Text(zh="销号", en="Close"), "close", _close_asks, _close_data, act="close",
            part="outcome", at_level=True, check=_check_close,
            ready=lambda desk, seat: bool(open_outcomes(desk, seat)),
        ),
        Deed(
            "release", Text(zh="告知班主任", en="Tell the class teacher"), "note", _release_asks,
            check=_check_release, of_care=True, write=_write_release,
        ),
        Deed(
            "feedback", DESK_WORDS["feedback"], "note", _feedback_asks, of_school=True, beside=True,
            ready=lambda desk, seat: bool(desk.reasons_of(seat)), write=_write_feedback,
        ),
        Deed(
            "seen", Text(zh="回复是否见到", en="Seen or not"), "note", _seen_asks, _picked_data("seen"),
            ready=lambda desk, seat: _is_live(desk, seat) and is_asked_about(desk, seat), by_village=True,
        ),
    )
}  # fmt: skip
"""Everything that people write, in the order of its buttons."""


# --- Writing ---


def write_deed(desk: Desk, seat: Seat, deed: Deed, answers: Answers, key: str) -> None:
    """Write what was answered into the book, once for each key.

    CaseConflictError if somebody wrote to the case since ``seat`` was read; CaseRefusedError if it does not
    take it.
    """
    if deed.write is not None:
        deed.write(desk, seat, answers, key)
        return
    verb, data = deed.verb, deed.data(desk, seat, answers)
    if deed.name == "seen" and seat.asked:
        verb, data = "answer", data | {"to": seat.person, "said": "done"}
    desk.book.write(
        verb, day_of_entry(desk, answers), seat.person, key, case=seat.case, data=data,
        note=answers.one("note"), level=seat.level or 0, today=desk.day, days=desk.days,
    )  # fmt: skip


def open_worry(desk: Desk, placed: Placed, person: str, key: str, note: str) -> None:
    """Write down somebody's worry: it opens a case of the school, or stirs the one that is there."""
    case = desk.book.case_of(placed.pupil)
    due = desk.days.later(placed.school, desk.day, 1).isoformat()
    data: dict[str, Any] = {"rule": WORRY, "since": desk.day.isoformat(), "due": due}
    if case is None:
        owner, level = desk.people.owner(placed, "school", 0, desk.day) or (person, 0)
        data |= {"pupil": placed.pupil, "school": placed.school, "line": "school"}
        data |= {"owner": owner, "level": level}
    verb = "open" if case is None else "signal"
    desk.book.write(
        verb, desk.day, person, key, case=case, data=data, note=note, today=desk.day, days=desk.days
    )
