"""An entry: the only thing that is ever written of a case, chained to the one before it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

MORNING = "morning"
"""Who writes what no person did."""


class Act(NamedTuple):
    """What is done: the verb, of which day it tells, who does it, and the key by which it is done once."""

    kind: str
    day: dt.date
    by: str
    key: str


@dataclass(frozen=True)
class Entry:
    """One entry of a case.

    Parameters
    ----------
    case, seq : int
        Of which case, and its number there, from 1.
    day : date
        The day of which it tells; that of the writing is ``recorded_at``.
    recorded_at : datetime
        When it was written, in UTC without a zone.
    kind : str
        A verb of :data:`dropout_risk.casebook.machine.VERBS`.
    by : str
        The person, or :data:`MORNING`.
    key : str
        Names the act: an entry of that key is written once, however often it is asked for.
    data : mapping
        What the verb says, as JSON; ``note_mac`` is the keyed hash of the note in plain text.
    note : bytes or None
        Free text, encrypted.
    hash : str
        SHA-256 over the hash of the entry before it and all of this one but the encrypted note.
    """

    case: int
    seq: int
    day: dt.date
    recorded_at: dt.datetime
    kind: str
    by: str
    key: str
    data: Mapping[str, Any]
    note: bytes | None = field(default=None, repr=False)
    hash: str = ""

    def digest(self, previous: str) -> str:
        """Compute the hash of the entry after another one's; the note counts by its ``note_mac``."""
        told = [
            previous, self.case, self.seq, self.day.isoformat(), self.recorded_at.isoformat(),
            self.kind, self.by, self.key, dict(self.data),
        ]  # fmt: skip
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def chained(self, previous: str) -> Self:
        """Give the same entry with its hash.

        >>> at = dt.datetime(2025, 3, 3, 7)
        >>> entry = Entry(1, 1, at.date(), at, "note", "t-1", "k", {})
        >>> entry.chained("").hash == entry.chained("").hash != entry.chained("x").hash
        True
        """
        return replace(self, hash=self.digest(previous))
