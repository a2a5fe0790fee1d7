"""A case: what its entries say of it, one after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.machine import ABSENCES, OFFICES, VERBS, Line, State
from dropout_risk.catalogue.alert_kinds import kind_of_rule


@dataclass(frozen=True)
class Case:
    """One pupil whom the school follows up, as the entries leave the case.

    Parameters
    ----------
    id : int
    line : {"school", "care"}
        What the school follows up; or what only counsellors know of.
    pupil, school : str
        Whose it is, and where.
    state : {"open", "staying", "closed"}
    level : int
        Where it stands in :data:`dropout_risk.casebook.machine.OFFICES` of its line.
    owner : str
        The person who acts.
    due : date or None
        The next day on which it is to be acted upon; None once closed.
    moved : int
        How often in a row the day was put off, or somebody else was asked.
    outcome : str or None
        How it ended.
    opened, turned : date
        When it was opened, and since when it is in its state.
    met : date or None
        The first day on which somebody met or reached the pupil or the family; a call that nobody answered is
        none.
    signals : mapping of str to str
        The rules that fired, each with the first day of what it told.
    referrals : mapping of str to str
        To whom it was referred, and what they answered; empty where they have not.
    seq, hash : int and str
        Of its last entry.
    """

    id: int
    line: Line
    pupil: str
    school: str
    state: State
    level: int
    owner: str
    due: dt.date | None
    opened: dt.date
    turned: dt.date
    moved: int = 0
    outcome: str | None = None
    met: dt.date | None = None
    signals: Mapping[str, str] = field(default_factory=dict)
    referrals: Mapping[str, str] = field(default_factory=dict)
    seq: int = 0
    hash: str = ""

    @property
    def office(self) -> str:
        """The office of its level."""
        return OFFICES[self.line][self.level]

    @property
    def is_at_top(self) -> bool:
        """Whether nobody is above."""
        return self.level == len(OFFICES[self.line]) - 1


def fold_entry(case: Case | None, entry: Entry) -> Case:
    """Give the case after one entry; it rests on the case and the entry alone.

    What was allowed was asked when the entry was written
    (:func:`dropout_risk.casebook.decisions.check_entry`).

    >>> from dropout_risk.casebook.entry import Entry
    >>> day = dt.date(2025, 3, 3)
    >>> at, data = dt.datetime(2025, 3, 3, 7), {
    ...     "pupil": "p-1", "school": "s-1", "line": "school", "rule": "absent_1_day", "since": "2025-03-03",
    ...     "level": 0, "owner": "t-1", "due": "2025-03-03"}
    >>> case = fold_entry(None, Entry(1, 1, day, at, "open", "morning", "k-1", data))
    >>> case = fold_entry(case, Entry(1, 2, day, at, "plan", "t-1", "k-2", {"due": "2025-03-04"}))
    >>> case.state, case.due.isoformat(), case.moved
    ('open', '2025-03-04', 1)
    """
    verb = VERBS[entry.kind]
    if case is None:
        return _opened_case(entry)
    state = verb.leads[case.state]
    turned = case.turned if state == case.state else entry.day
    changed: Change = {"state": state, "turned": turned, "seq": entry.seq, "hash": entry.hash}
    return replace(case, **changed | _CHANGES.get(entry.kind, _no_change)(case, entry))


def fold_entries(entries: Iterable[Entry]) -> Case | None:
    """Give the case that some entries, in their order, leave; None without any."""
    case: Case | None = None
    for entry in entries:
        case = fold_entry(case, entry)
    return case


Change = dict[str, Any]


def _opened_case(entry: Entry) -> Case:
    data = entry.data
    return Case(
        id=entry.case,
        line=cast("Line", data["line"]),
        pupil=data["pupil"],
        school=data["school"],
        state="open",
        level=data["level"],
        owner=data["owner"],
        due=_day_of(data["due"]),
        opened=entry.day,
        turned=entry.day,
        signals={data["rule"]: data.get("since") or entry.day.isoformat()},
        seq=entry.seq,
        hash=entry.hash,
    )


def _day_of(word: str) -> dt.date:
    return dt.date.fromisoformat(word)


def _no_change(case: Case, entry: Entry) -> Change:
    return {}


def _contact_change(case: Case, entry: Entry) -> Change:
    met = case.met
    if is_reached(entry.data):
        met = entry.day if met is None else min(met, entry.day)
    return {"due": _day_of(entry.data["due"]), "moved": 0, "met": met}


def tells_of_absence(rule: str) -> bool:
    """Say whether a signal is one of days away.

    >>> tells_of_absence("absent_3_days"), tells_of_absence("listed")
    (True, False)
    """
    return kind_of_rule(rule) in ABSENCES


def is_reached(data: Mapping[str, Any]) -> bool:
    """Say whether a contact, by its data, reached anybody.

    >>> is_reached({"met": ["mother"]}), is_reached({"met": ["nobody"]})
    (True, False)
    """
    met = data["met"]
    return bool({*([met] if isinstance(met, str) else met)} - {"nobody"})


def _plan_change(case: Case, entry: Entry) -> Change:
    return {"due": _day_of(entry.data["due"]), "moved": case.moved + 1}


def _level_change(case: Case, entry: Entry) -> Change:
    data = entry.data
    return {"level": data["level"], "owner": data["owner"], "due": _day_of(data["due"]), "moved": 0}


def _owner_change(case: Case, entry: Entry) -> Change:
    return {name: entry.data[name] for name in ("owner", "school", "level") if name in entry.data}


def _signal_change(case: Case, entry: Entry) -> Change:
    data = entry.data
    since = data.get("since") or entry.day.isoformat()
    return _sooner_day(case, data) | {
        "level": max(case.level, data.get("level", 0)),
        "owner": data.get("owner", case.owner),
        "signals": {**case.signals, data["rule"]: since},
    }


def _sooner_day(case: Case, data: Mapping[str, Any]) -> Change:
    due = _day_of(data["due"])
    return {"due": due if case.due is None else min(case.due, due), "moved": 0}


def _return_change(case: Case, entry: Entry) -> Change:
    return {"due": _day_of(entry.data["due"]), "moved": 0, "turned": _day_of(entry.data["since"])}


def _away_change(case: Case, entry: Entry) -> Change:
    return _sooner_day(case, entry.data) | {"turned": _day_of(entry.data["since"])}


def _referral_change(case: Case, entry: Entry) -> Change:
    due, asked = _day_of(entry.data["due"]), {**case.referrals, entry.data["to"]: ""}
    return {"due": due, "moved": case.moved + 1, "referrals": asked}


def _answer_change(case: Case, entry: Entry) -> Change:
    data = entry.data
    changed: Change = {"referrals": {**case.referrals, data["to"]: data["said"]}}
    return changed | (_sooner_day(case, data) if "due" in data else {})


def _closing_change(case: Case, entry: Entry) -> Change:
    return {"due": None, "outcome": entry.data["outcome"], "moved": 0}


_CHANGES: dict[str, Callable[[Case, Entry], Change]] = {
    "meet": _contact_change,
    "plan": _plan_change,
    "pass_up": _level_change,
    "hand_over": _owner_change,
    "signal": _signal_change,
    "returned": _return_change,
    "away": _away_change,
    "refer": _referral_change,
    "answer": _answer_change,
    "close": _closing_change,
}
"""What each verb changes beside the state; the others change nothing."""
