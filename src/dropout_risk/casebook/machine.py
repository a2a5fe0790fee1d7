"""The machine of a case: its states, verbs, levels and outcomes, declared as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from dropout_risk.text import Text

State = Literal["open", "staying", "closed"]
STATES: dict[State, Text] = {
    "open": Text(zh="在办", en="open"),
    "staying": Text(zh="复学稳定期", en="staying"),
    "closed": Text(zh="已销号", en="closed"),
}

Line = Literal["school", "care"]
"""A pupil has at most one case on each: what the school follows up, and what only counsellors know of."""
LINES: tuple[Line, ...] = get_args(Line)

LEVELS: dict[str, Text] = {
    "class_teacher": Text(zh="班主任", en="class teacher"),
    "principal": Text(zh="校长", en="principal"),
    "township": Text(zh="乡镇（街道）", en="township"),
    "county": Text(zh="县教育局", en="county"),
}
"""The offices by which a case goes up; a case has the number of its level, from 0."""
OFFICES: dict[Line, tuple[str, ...]] = {"school": tuple(LEVELS), "care": ("counsellor",)}
"""Which offices a case of each line goes up by: above the last one is nobody."""

Fate = Literal["done", "planned", "passed_up", "held"]
FATES: dict[Fate, Text] = {
    "done": Text(zh="办结", en="done"),
    "planned": Text(zh="改期", en="planned"),
    "passed_up": Text(zh="上报", en="passed up"),
    "held": Text(zh="留办", en="held"),
}
"""What became of a case on a day on which it was due; *held* is for the top level, above which is nobody."""

_LIVE: dict[State | None, State] = {"open": "open", "staying": "staying"}
_BACK: dict[State | None, State] = {"open": "staying"}
_OVER: dict[State | None, State] = {"open": "closed", "staying": "closed"}
_ANEW: dict[State | None, State] = {"open": "open", "staying": "open"}
_ANY: dict[State | None, State] = {"open": "open", "staying": "staying", "closed": "closed"}


@dataclass(frozen=True)
class Verb:
    """One thing that can be written of a case.

    ``leads`` says from which state to which; None is before the case was opened. ``fate`` is what becomes of
    the case in the round of the day; None where it stays due. ``needs`` names what its data must hold.
    """

    name: str
    text: Text
    leads: Mapping[State | None, State]
    fate: Fate | None = None
    needs: tuple[str, ...] = ()


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "open", Text(zh="立案", en="opened"), {None: "open"},
            needs=("pupil", "school", "line", "rule", "level", "owner", "due"),
        ),
        Verb(
            "meet", Text(zh="联系", en="contact"), _LIVE, "done",
            ("way", "met", "due"),
        ),
        Verb("plan", Text(zh="约定日期", en="planned"), _LIVE, "planned", ("due", "reason")),
        Verb("pass_up", Text(zh="上报", en="passed up"), _LIVE, "passed_up", ("level", "owner", "due")),
        Verb("hand_over", Text(zh="转交", en="handed over"), _LIVE, None, ("owner",)),
        Verb(
            "signal", Text(zh="新情况", en="new signal"), _ANEW, None,
            ("rule", "due"),
        ),
        Verb("returned", Text(zh="返校", en="returned"), _BACK, "done", ("since", "due")),
        Verb("away", Text(zh="再次离校", en="away again"), {"staying": "open"}, None, ("since", "due")),
        Verb("refer", Text(zh="转介", en="referred"), _LIVE, "done", ("to", "due")),
        Verb("answer", Text(zh="回复", en="answer"), _LIVE, None, ("to", "said")),
        Verb("note", Text(zh="备注", en="note"), _ANY),
        Verb("correct", Text(zh="更正", en="corrected"), _ANY, None, ("wrong",)),
        Verb("close", Text(zh="销号", en="closed"), _OVER, "done", ("outcome",)),
    )
}  # fmt: skip
"""The whole machine: what is not here cannot be written."""

ANSWERS: dict[str, Text] = {
    "accepted": Text(zh="已接手", en="accepted"),
    "declined": Text(zh="退回", en="declined"),
    "done": Text(zh="已办", en="done"),
}
WRONGS: dict[str, Text] = {
    "late_excuse": Text(zh="补交请假", en="an excuse that came late"),
    "register": Text(zh="考勤登记有误", en="the register was wrong"),
    "wrong_pupil": Text(zh="登记错学生", en="the wrong pupil"),
    "wrong_entry": Text(zh="登记内容有误", en="a wrong entry"),
}
"""What a correction may say was wrong."""


@dataclass(frozen=True)
class Outcome:
    """One way in which a case ends: at which level, from which states, and on what it stands.

    ``needs`` names what the closing entry must hold; ``sentence`` asks for a note in words; ``after_contact``
    is for cases without any absence, once somebody has met the pupil or the family. ``lines`` are those on
    which it ends a case: what an office decides of school attendance is no counsellor's to say.
    """

    name: str
    text: Text
    level: int
    states: tuple[State, ...] = ("open", "staying")
    needs: tuple[str, ...] = ()
    sentence: bool = False
    after_contact: bool = False
    lines: tuple[Line, ...] = LINES


_OF_SCHOOL: tuple[Line, ...] = ("school",)

OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(
            "stayed", Text(zh="稳定就读", en="stays at school"), 0, ("staying",), ("present",),
            lines=_OF_SCHOOL,
        ),
        Outcome(
            "settled",
            Text(zh="已谈话，暂不需跟进", en="talked to, nothing more for now"),
            0,
            ("open",),
            after_contact=True,
        ),
        Outcome("false_alarm", Text(zh="误报", en="false alarm"), 0, sentence=True),
        Outcome("corrected", Text(zh="数据更正", en="records corrected"), 0, sentence=True),
        Outcome("transferred", Text(zh="转学（接收学校已确认）", en="transferred"), 1, needs=("school",)),
        Outcome(
            "home_teaching", Text(zh="送教上门", en="taught at home"), 1, needs=("document",),
            lines=_OF_SCHOOL,
        ),
        Outcome(
            "deferred", Text(zh="休学、缓学、免学", en="deferred"), 2, needs=("document",), lines=_OF_SCHOOL
        ),
        Outcome("lost", Text(zh="劝返无效、失联", en="not brought back"), 3, lines=_OF_SCHOOL),
    )
}  # fmt: skip

ABSENCES = ("absent", "register_silent")
"""Kinds of rules that tell of absence: a case of these does not end with a talk."""
REGISTER_BACK = "register_back"
"""Why the morning plans a case instead of passing it up: the register has the pupil back."""

PARTS: dict[str, Text] = {
    "today": Text(zh="今天要做", en="to do today"),
    "in_progress": Text(zh="处理中", en="in progress"),
    "staying": Text(zh="稳定期", en="staying"),
    "nothing": Text(zh="今天不用安排", en="nothing today"),
    "to_verify": Text(zh="须核实", en="to be verified"),
}
"""Where every pupil at school stands on a day: in exactly one of these."""
