"""What a case takes: asked when an entry is written, and never again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from dropout_risk.casebook.case import Case, tells_of_absence
from dropout_risk.casebook.entry import Act
from dropout_risk.casebook.machine import (
    ANSWERS,
    LEVELS,
    LINES,
    OFFICES,
    OUTCOMES,
    STATES,
    VERBS,
    WRONGS,
)
from dropout_risk.casebook.words import QUESTIONS, REASON_QUESTION
from dropout_risk.errors import CaseRefusedError, nearest
from dropout_risk.settings import CaseSettings

_CLOSED_WORDS: dict[str, Iterable[str]] = {
    **{name: question.keys for name, question in QUESTIONS.items()},
    "line": LINES,
    "outcome": OUTCOMES,
    "said": ANSWERS,
    "wrong": WRONGS,
}


_LONGEST = dict.fromkeys(("pupil", "school", "rule", "owner", "to", "due", "since"), 120) | dict.fromkeys(
    ("reason", "why", "document"), 2_000
)
"""What must be a text, and of how many letters at most."""


def check_entry(
    case: Case | None,
    act: Act,
    today: dt.date,
    data: Mapping[str, Any],
    settings: CaseSettings,
    *,
    level: int = 0,
    has_note: bool = False,
    latest: dt.date | None = None,
) -> None:
    """Refuse an entry that the case, as it stands, does not take.

    Parameters
    ----------
    case : Case or None
        As it stands; None before it is opened.
    act : Act
        The verb, and the day of which it tells.
    today : date
        The day on which it is written.
    data : mapping
        What it says.
    settings : CaseSettings
        The ladder.
    level : int, default=0
        The level of the office of whoever writes.
    has_note : bool, default=False
        Whether it comes with a sentence.
    latest : date, optional
        The last day that it may name as the next one; None knows of no such day.

    Raises
    ------
    CaseRefusedError
        With everything that is wrong with it.
    """
    kind, day = act.kind, act.day
    problems = [*_verb_problems(case, kind), *_data_problems(case, kind, data)]
    if not problems:
        problems += _level_problems(case, kind, data)
    if (
        not problems
        and latest is not None
        and dt.date.fromisoformat(data.get("due") or "2000-01-01") > latest
    ):
        problems.append(("the next day is too far ahead", f"not after {latest}"))
    if day > today:
        problems.append(("it tells of a day that has not come yet", "give the day on which it happened"))
    if case is not None and day < case.opened:
        problems.append(("it tells of a day before the case was opened", f"not before {case.opened}"))
    if not problems and case is not None:
        problems += _rule_problems(case, kind, today, data, settings)
        problems += _close_problems(case, data, settings, level, has_note) if kind == "close" else ()
    if problems:
        said, ways = zip(*problems, strict=True)
        raise CaseRefusedError(
            f"The entry {kind!r} cannot be written: {'; '.join(said)}.",
            hint="; ".join(dict.fromkeys(filter(None, ways))),
        )


Problem = tuple[str, str]


def _verb_problems(case: Case | None, kind: str) -> list[Problem]:
    if kind not in VERBS:
        return [("there is no such verb", nearest(str(kind), VERBS))]
    state = None if case is None else case.state
    if state in VERBS[kind].leads:
        return []
    allowed = [verb.name for verb in VERBS.values() if state in verb.leads]
    told = "there is no case yet" if state is None else f"the case is {STATES[state].en}"
    return [(told, f"allowed: {', '.join(allowed)}")]


def asked_of_contact(case: Case | None, met: Any) -> tuple[str, ...]:
    """Name what a contact must tell beside way and day: of days away, whoever met somebody knows more."""
    if case is None or case.line != "school" or not any(map(tells_of_absence, case.signals)):
        return ()
    met_somebody = isinstance(met, list | tuple) and any(who != "nobody" for who in met)
    return ("difficulty", "result") if met_somebody else ()


def _data_problems(case: Case | None, kind: str, data: Mapping[str, Any]) -> list[Problem]:
    if kind not in VERBS:
        return []
    needs = VERBS[kind].needs
    if kind == "meet":
        needs = (*needs, *asked_of_contact(case, data.get("met")))
    missing = [name for name in needs if data.get(name) in (None, "", [], ())]
    problems: list[Problem] = [(f"{name} is missing", "") for name in missing]
    for name, allowed in _CLOSED_WORDS.items():
        given = data.get(name)
        words = given if isinstance(given, list | tuple) else [given]
        if given is not None and not all(isinstance(word, str) and word in allowed for word in words):
            problems.append((f"{name} is no word that is known", f"{name}: {', '.join(allowed)}"))
    for name, longest in _LONGEST.items():
        given = data.get(name)
        if given is not None and not (isinstance(given, str) and len(given) <= longest):
            problems.append((f"{name} is no text of at most {longest} letters", ""))
    return problems + _date_problems(data) + _feedback_problems(data)


def _feedback_problems(data: Mapping[str, Any]) -> list[Problem]:
    if "feedback" not in data:
        return []
    said, allowed = data["feedback"], REASON_QUESTION.keys
    if not isinstance(said, Mapping) or not said or not {*said.values()} <= {*allowed}:
        return [("feedback is no word that is known", f"for each feature one of {', '.join(allowed)}")]
    return [] if data.get("run") else [("run is missing", "name the version of the model")]


def _level_problems(case: Case | None, kind: str, data: Mapping[str, Any]) -> list[Problem]:
    if "level" not in data:
        return []
    level, offices = data["level"], OFFICES[data["line"] if case is None else case.line]
    if type(level) is not int or not 0 <= level < len(offices):
        return [("there is no such level", f"from 0 to {len(offices) - 1}")]
    if kind == "pass_up" and case is not None and not case.is_at_top and level <= case.level:
        return [("that is not above its level", f"from {case.level + 1} to {len(offices) - 1}")]
    return []


def _date_problems(data: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    for name in ("due", "since"):
        try:
            dt.date.fromisoformat(data.get(name) or "2000-01-01")
        except (TypeError, ValueError):
            problems.append((f"{name} is no date", f"{name}: YYYY-MM-DD"))
    return problems


def _rule_problems(
    case: Case, kind: str, today: dt.date, data: Mapping[str, Any], settings: CaseSettings
) -> list[Problem]:
    problems: list[Problem] = []
    if dt.date.fromisoformat(data.get("since") or "2000-01-01") > today:
        problems.append(("since is a day that has not come yet", "give the day on which it began"))
    if kind in ("meet", "plan", "refer", "returned") and dt.date.fromisoformat(data["due"]) <= today:
        problems.append(("the next day is not after today", "name a later school day"))
    if kind in ("plan", "refer") and case.moved >= settings.most_moves:
        way = "write down a contact, or pass the case up"
        problems.append((f"the day was put off {case.moved} times in a row already", way))
    if kind == "pass_up" and case.is_at_top:
        problems.append(("nobody is above its level", "it stays due there until somebody acts"))
    if kind == "answer" and data["to"] not in case.referrals:
        problems.append(("it was not referred to that person", "answer a referral of this case"))
    return problems


def _close_problems(
    case: Case, data: Mapping[str, Any], settings: CaseSettings, level: int, has_note: bool
) -> list[Problem]:
    outcome = OUTCOMES[data["outcome"]]
    offices = tuple(LEVELS)
    problems: list[Problem] = []
    if case.line not in outcome.lines:
        problems.append(("this outcome is for the school's cases", "refer the pupil to who decides it"))
    elif case.line == "school" and level < outcome.level:
        needed = offices[outcome.level]
        problems.append((f"this outcome is given by {needed} or above", "pass the case up"))
    if case.state not in outcome.states:
        problems.append(
            ("this outcome is for pupils who came back", "write down first that the pupil returned")
        )
    problems += [(f"{name} is missing", "") for name in outcome.needs if not data.get(name)]
    if outcome.sentence and not has_note and not data.get("why"):
        problems.append(("this outcome needs a sentence that says why", "write a note with it"))
    if outcome.after_contact and not is_talked_over(case):
        way = "write down a contact; a pupil who was absent comes back, and stays"
        problems.append(("this outcome is for cases without absence, after a contact", way))
    if outcome.name == "stayed" and not problems:
        problems += _staying_problems(data, settings)
    return problems


def is_talked_over(case: Case) -> bool:
    """Say whether somebody was met on a case that no absence is part of."""
    return case.met is not None and not any(map(tells_of_absence, case.signals))


def _staying_problems(data: Mapping[str, Any], settings: CaseSettings) -> list[Problem]:
    """Ask the register whether the pupil stayed: ``present`` days without one of unexplained absence."""
    if data.get("absent"):
        return [("the register has unexplained absences since the return", "wait, or write 'away'")]
    if type(data["present"]) is not int:
        return [("present is no number of days", "give what the register says")]
    if data["present"] < settings.staying_days:
        return [(
            f"the register has {data['present']} of {settings.staying_days} days of attendance since then",
            "it closes once the register confirms all of them",
        )]  # fmt: skip
    return []
