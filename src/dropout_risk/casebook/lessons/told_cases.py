"""What the entries of the school's cases tell of the work: a row for each case, and one for each contact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd
import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import is_reached
from dropout_risk.casebook.machine import LEVELS
from dropout_risk.casebook.tables import CASE, ENTRY, SIGNAL
from dropout_risk.catalogue.alert_kinds import ABSENT, CRITICAL_ITEM, kind_of_rule

CASE_COLUMNS = (
    "case", "pupil", "school", "level", "opened", "signalled", "contacted", "returned", "closed", "outcome",
    "absent",
)  # fmt: skip
CONTACT_COLUMNS = ("case", "day", "way", "reached", "difficulty")
_READ = ("open", "signal", "meet", "returned", "correct", "close")
_LEVELS = tuple(LEVELS)


@dataclass(frozen=True, eq=False)
class ToldCases:
    """The school's cases and contacts, as entries tell of them; of the counsellors' cases nothing is read.

    Parameters
    ----------
    cases : pandas.DataFrame
        ``case``, ``pupil``, ``school`` and ``level`` where it was opened; ``opened``, ``signalled`` (the
        first day of what any signal told), ``contacted`` (the first day on which somebody of the family was
        met or reached), ``returned``, ``closed``: days or None; ``outcome``; and ``absent``.
    contacts : pandas.DataFrame
        ``case``, ``day``, ``way``, whether anybody was ``reached``, and the ``difficulty`` told.
    wrong : int
        Cases left out, since a correction says that they were opened for the wrong pupil.
    """

    cases: pd.DataFrame
    contacts: pd.DataFrame
    wrong: int = 0

    @classmethod
    def of_book(cls, book: Book) -> Self:
        """Read a book; notes are never read."""
        asked = (
            sa.select(ENTRY.c.case, ENTRY.c.day, ENTRY.c.kind, ENTRY.c.data)
            .join(CASE, CASE.c.id == ENTRY.c.case)
            .where(CASE.c.line == "school", ENTRY.c.kind.in_(_READ))
            .order_by(ENTRY.c.case, ENTRY.c.seq)
        )
        told: dict[int, dict[str, Any]] = {}
        contacts: list[tuple[Any, ...]] = []
        wrong: set[int] = set()
        with book.reading() as connection:
            for number, day, kind, data in connection.execute(asked):
                if kind == "open":
                    told[number] = _opened_row(number, day, data)
                elif kind == "meet":
                    contacts.append((number, *_contact_of(day, data)))
                elif kind == "correct" and data["wrong"] == "wrong_pupil":
                    wrong.add(number)
                _note_of(told[number], day, kind, data)
        rows = [row for number, row in told.items() if number not in wrong]
        met = [contact for contact in contacts if contact[0] not in wrong]
        return cls(
            pd.DataFrame(rows, columns=list(CASE_COLUMNS)).astype({"absent": bool}),
            pd.DataFrame(met, columns=list(CONTACT_COLUMNS)).astype({"reached": bool}),
            len(wrong),
        )


_OPEN_FOR = dt.timedelta(days=366)


def signalled_before(book: Book, day: dt.date) -> dict[tuple[str, str, dt.date], dt.date]:
    """Give the last morning before a day on which the book took a critical answer of each pupil.

    By pupil, rule and the day of the answer: what such a morning took is no news on a later one.
    """
    asked = (
        sa.select(SIGNAL.c.pupil, SIGNAL.c.rule, SIGNAL.c.since, sa.func.max(SIGNAL.c.day))
        .where(SIGNAL.c.rule == CRITICAL_ITEM, SIGNAL.c.day < day, SIGNAL.c.day >= day - _OPEN_FOR)
        .where(SIGNAL.c.why_not.is_(None) | (SIGNAL.c.why_not == "answered"))
        .group_by(SIGNAL.c.pupil, SIGNAL.c.rule, SIGNAL.c.since)
    )
    with book.reading() as connection:
        return {(pupil, rule, since): told for pupil, rule, since, told in connection.execute(asked)}


def _opened_row(number: int, day: dt.date, data: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(CASE_COLUMNS)
    return row | {
        "case": number, "pupil": data["pupil"], "school": data["school"], "level": _LEVELS[data["level"]],
        "opened": day, "signalled": day, "absent": False,
    }  # fmt: skip


def _contact_of(day: dt.date, data: Mapping[str, Any]) -> tuple[dt.date, str, bool, tuple[str, ...]]:
    difficulty = data.get("difficulty", [])
    told = (difficulty,) if isinstance(difficulty, str) else tuple(difficulty)
    return day, data["way"], is_reached(data), told


def _note_of(row: dict[str, Any], day: dt.date, kind: str, data: Mapping[str, Any]) -> None:
    """Take down of one entry what the row keeps."""
    if kind in ("open", "signal"):
        since = dt.date.fromisoformat(data["since"]) if data.get("since") else day
        row["signalled"] = min(row["signalled"], since)
        row["absent"] |= kind_of_rule(data["rule"]) == ABSENT
    elif kind == "meet" and is_reached(data):
        row["contacted"] = day if row["contacted"] is None else min(row["contacted"], day)
    elif kind == "returned":
        since = dt.date.fromisoformat(data["since"])
        row["returned"] = since if row["returned"] is None else min(row["returned"], since)
    elif kind == "close":
        row["closed"], row["outcome"] = day, data["outcome"]
