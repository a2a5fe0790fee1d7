"""The demo's week: a case book of five mornings, with made-up staff who act on some of the cases."""

from __future__ import annotations

import datetime as dt
import random
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dropout_risk.text import Language

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.case import Case
    from dropout_risk.casebook.mornings.morning import MorningFacts
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel

BOOK, STORE, SECRET = "casebook.db", "store", "desk.secret"
ADDRESS = "http://127.0.0.1:3000"
_DAYS = 6
_CONTACTS = (
    {"way": "call", "met": ["mother"], "difficulty": ["schoolwork"], "result": "promised"},
    {"way": "home_visit", "met": ["grandparents"], "with": ["village"], "difficulty": ["migrant_work"],
     "result": "conditional"},
    {"way": "home_visit", "met": ["nobody"], "with": ["village"]},
    {"way": "talk_at_school", "met": ["pupil"], "difficulty": ["peers", "schoolwork"], "result": "promised"},
)  # fmt: skip


def write_demo_week(
    model: RiskModel, records: SchoolRecords, today: dt.date, out: Path, language: Language
) -> str:
    """Live through the last school days with a case book in a folder; give the address of 今天.

    It is that of whoever has most to do today. Beside the book lie the store of histories and the secret of
    the service, for ``dropout-risk serve``.
    """
    from dropout_risk.casebook.book import Book
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.directory import Directory

    for old in out.glob(f"{BOOK}*"):
        old.unlink()
    histories = Histories.from_records(records)
    histories.save(out / STORE)
    Directory.of_records(records).save(out / STORE)
    book = Book.open(f"sqlite:///{out / BOOK}", settings=model.settings.cases)
    _run_mornings(book, model, histories, today, language)
    person = _busiest_teacher(book, today)
    book.close()
    return _link_for(person, out / SECRET)


def _run_mornings(
    book: Book, model: RiskModel, histories: Histories, today: dt.date, language: Language
) -> None:
    from dropout_risk.casebook.mornings.morning import run_morning
    from dropout_risk.casebook.mornings.morning_facts import morning_facts

    chance = random.Random(0)  # noqa: S311
    report = None
    for number in range(_DAYS, -1, -1):
        facts = morning_facts(model, histories, today - dt.timedelta(days=number), language=language)
        report = run_morning(book, facts) or report
        if number:
            _act_on_some(book, facts, chance)
    if report is not None:
        typer.echo(report.text(language))


def _link_for(person: str, secret: Path) -> str:
    from dropout_risk.desk.session_keys import SessionKeys
    from dropout_risk.files import write_whole

    write_whole(secret, secrets.token_urlsafe(48))
    return f"{ADDRESS}/desk/enter?token={SessionKeys.load(secret).link_for(person)}"


def _act_on_some(book: Book, facts: MorningFacts, chance: random.Random) -> None:
    """Let made-up staff act on two of three due cases."""
    due = [case for case in book.cases() if case.due is not None and case.due <= facts.day]
    for case in due:
        draw = chance.random()
        if draw < 2 / 3:
            kind, data = _made_up_entry(case, draw, chance, facts)
            key = f"demo/{facts.day}/{case.id}"
            book.write(
                kind, facts.day, case.owner, key, case=case, data=data, level=case.level, today=facts.day
            )


def _made_up_entry(
    case: Case, draw: float, chance: random.Random, facts: MorningFacts
) -> tuple[str, dict[str, Any]]:
    due = facts.days.later(case.school, facts.day, chance.choice((1, 3, 5))).isoformat()
    if draw < 0.1 and case.state == "open":
        return "returned", {"since": facts.day.isoformat(), "due": due}
    if draw < 0.2 and case.moved < 1:
        return "plan", {"due": due, "reason": "family_asked"}
    return "meet", {**chance.choice(_CONTACTS), "due": due}


def _busiest_teacher(book: Book, today: dt.date) -> str:
    due = [case.owner for case in book.cases() if case.line == "school" and case.due and case.due <= today]
    owners = sorted(owner for owner in due if "@" not in owner)
    return max(owners, key=owners.count, default="county")
