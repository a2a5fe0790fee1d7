"""A writer: entries appended within one transaction, and the cases as they leave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from dropout_risk.casebook.case import Case, fold_entry
from dropout_risk.casebook.entry import Act, Entry
from dropout_risk.casebook.machine import VERBS
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.tables import CASE, CLOCK, ENTRY, ROUND
from dropout_risk.errors import CaseConflictError, NoteKeyError


class Writer:
    """Appends entries in bulk; nothing is in the database before :meth:`flush`.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Within a transaction that writes.
    at : datetime
        The time of writing.
    keys : NoteKeys, optional
        For notes.
    """

    def __init__(self, connection: sa.Connection, at: dt.datetime, keys: NoteKeys | None = None) -> None:
        self.connection, self.at, self.keys = connection, at, keys
        self._entries: list[Entry] = []
        self._read: dict[int, int] = {}
        self._cases: dict[int, Case] = {}
        self._fates: dict[int, str] = {}
        self._last: int | None = None

    def append(
        self,
        case: Case | None,
        act: Act,
        data: Mapping[str, Any],
        note: str = "",
        *,
        fate: str | None = None,
    ) -> Case:
        """Append an entry to a case, or open one, and give the case after it.

        ``fate`` is what becomes of the case in the round of the day, by default the verb's.
        """
        number, seq = (self._new_number(), 1) if case is None else (case.id, case.seq + 1)
        told, sealed = self._sealed(dict(data), note, number, seq)
        entry = Entry(number, seq, act.day, self.at, act.kind, act.by, act.key, told, sealed)
        entry = entry.chained("" if case is None else case.hash)
        self._read.setdefault(number, 0 if case is None else case.seq)
        self._entries.append(entry)
        self._cases[number] = after = fold_entry(case, entry)
        fate = fate or VERBS[act.kind].fate
        if fate is not None:
            self._fates[number] = fate
        return after

    def _sealed(
        self, told: dict[str, Any], note: str, case: int, seq: int
    ) -> tuple[dict[str, Any], bytes | None]:
        if not note:
            return told, None
        if self.keys is None:
            raise NoteKeyError(
                "There is a note, and the book was opened without keys.",
                hint="make keys with dropout-risk casebook keys --keys FILE, and give them with --keys",
            )
        return told | {"note_mac": self.keys.vouch(note)}, self.keys.seal(note, case=case, seq=seq)

    def _new_number(self) -> int:
        if self._last is None:
            self._last = self.connection.scalar(sa.select(sa.func.max(CASE.c.id))) or 0
        self._last += 1
        return self._last

    def flush(self) -> None:
        """Write what was appended; CaseConflictError if somebody else wrote to one of the cases."""
        if not self._entries:
            return
        self.connection.execute(ENTRY.insert(), [{**vars(entry)} for entry in self._entries])
        new = [{**vars(case)} for number, case in self._cases.items() if not self._read[number]]
        if new:
            self.connection.execute(CASE.insert(), new)
        self._update_cases()
        self._settle_round()
        self._entries, self._cases, self._read, self._fates = [], {}, {}, {}

    def _update_cases(self) -> None:
        changed = [
            {"was": number, "read": self._read[number], **vars(case)}
            for number, case in self._cases.items()
            if self._read[number]
        ]
        if not changed:
            return
        update = (
            CASE.update()
            .where(CASE.c.id == sa.bindparam("was"), CASE.c.seq == sa.bindparam("read"))
            .values(
                {column.name: sa.bindparam(column.name) for column in CASE.columns if column.name != "id"}
            )
        )
        rows = [{name: value for name, value in row.items() if name != "id"} for row in changed]
        if self.connection.execute(update, rows).rowcount != len(rows):
            raise CaseConflictError(
                "Somebody else wrote to a case first.", hint="read what was written, then write again"
            )

    def _settle_round(self) -> None:
        """Say what became of the cases in the round of today; a fate that is there stays."""
        today = self.connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
        if today is None or not self._fates:
            return
        update = ROUND.update().where(
            ROUND.c.day == sa.bindparam("today"),
            ROUND.c.case == sa.bindparam("number"),
            ROUND.c.fate.is_(None),
        )
        rows = [{"today": today, "number": number, "said": fate} for number, fate in self._fates.items()]
        self.connection.execute(update.values(fate=sa.bindparam("said")), rows)
