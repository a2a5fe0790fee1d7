"""Trials: off unless declared beforehand, kept as declared, and never of what a child is owed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

import pandas as pd
import sqlalchemy as sa

from dropout_risk.casebook.book import Book, lock_book
from dropout_risk.casebook.tables import ASSIGNED, TRIAL
from dropout_risk.errors import TrialError, nearest
from dropout_risk.text import Text

TrialKind = Literal["random_order", "staggered_start"]
TRIAL_KINDS: tuple[TrialKind, ...] = get_args(TrialKind)
"""Random order among pupils of equal urgency, where hours are short; or a service that starts in waves."""
ORDERED: dict[str, Text] = {"listed": Text(zh="建议谈话名单", en="talks with pupils on the watch list")}
"""Of what the order may be random: pupils without any alert."""
SERVICES: dict[str, Text] = {
    "tutoring": Text(zh="课后辅导", en="extra lessons"),
    "mentor": Text(zh="结对导师", en="a mentor"),
    "study_partner": Text(zh="同学结对", en="a study partner"),
    "parent_class": Text(zh="家长课堂", en="classes for parents"),
    "clubs": Text(zh="社团活动", en="clubs"),
}
"""What a school may add to what it owes; nothing else is staggered."""
SUBJECTS: dict[TrialKind, dict[str, Text]] = {"random_order": ORDERED, "staggered_start": SERVICES}
_END = "/end"
"""What the name of a trial goes on with in the row that ends it."""
_OWED = "alerts, visits, aid, the ladder and whatever concerns a crisis are owed to every child at once"


@dataclass(frozen=True)
class Trial:
    """A trial, as it is declared.

    Parameters
    ----------
    name : str
    kind : {"random_order", "staggered_start"}
    subject : str
        A key of :data:`ORDERED`, or of :data:`SERVICES`.
    question : str
        What is to be found out, and by which figure.
    begins, until : date
        From the one on, and without the other.
    seed : int
        Decides every draw.
    schools : tuple of str, default=()
        Where; for a random order, empty means everywhere.
    waves, every_days : int, default=2 and 30
        In how many groups schools start, and how many days lie between.

    Examples
    --------
    >>> trial = Trial("tutoring-2025", "staggered_start", "tutoring", "days absent in the term",
    ...               dt.date(2025, 9, 1), dt.date(2026, 1, 10), 7, ("s-1", "s-2", "s-3", "s-4"))
    >>> sorted({start.isoformat() for start in trial.starts().values()})
    ['2025-09-01', '2025-10-01']
    """

    name: str
    kind: TrialKind
    subject: str
    question: str
    begins: dt.date
    until: dt.date
    seed: int
    schools: tuple[str, ...] = ()
    waves: int = 2
    every_days: int = 30

    def is_live(self, day: dt.date) -> bool:
        """Say whether it runs on a day."""
        return self.begins <= day < self.until

    def rank(self, unit: str) -> int:
        """Draw the rank of a pupil or a school: by the seed alone, whoever else is there."""
        drawn = hashlib.sha256(f"{self.seed}|{self.name}|{unit}".encode()).hexdigest()
        return int(drawn[:15], 16)

    def starts(self) -> dict[str, dt.date]:
        """Give the day on which each school starts."""
        order = sorted(self.schools, key=self.rank)
        step = dt.timedelta(days=self.every_days)
        return {
            school: self.begins + position * self.waves // len(order) * step
            for position, school in enumerate(order)
        }

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON."""
        days = {"begins": self.begins.isoformat(), "until": self.until.isoformat()}
        return asdict(self) | days | {"schools": list(self.schools)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read it from JSON, or from a file of a county; TrialError with all that is wrong."""
        try:
            told = data | {
                name: day if isinstance(day := data[name], dt.date) else dt.date.fromisoformat(day)
                for name in ("begins", "until")
            }
            return cls(**told | {"schools": tuple(data.get("schools", ()))})
        except (TypeError, ValueError, KeyError) as error:
            raise TrialError(
                "The declaration is not one of a trial.", hint=f"it has {', '.join(cls.__dataclass_fields__)}"
            ) from error

    def problems(self, today: dt.date) -> list[str]:
        """Name all that keeps it from being declared on a day."""
        if self.kind not in TRIAL_KINDS:
            return [f"there is no such kind ({nearest(str(self.kind), TRIAL_KINDS)})"]
        allowed = SUBJECTS[self.kind]
        checks = {
            f"{self.subject!r} is no subject of it: {_OWED} (allowed: {', '.join(allowed)})": self.subject
            in allowed,
            "it begins no later than today": self.begins > today,
            "it does not end after it begins": self.until > self.begins,
            "name, question or seed is missing": bool(self.name and self.question)
            and isinstance(self.seed, int),
            f"its name ends with {_END!r}": not self.name.endswith(_END),
            "waves and every_days are from 1 on": min(self.waves, self.every_days) >= 1,
            "a staggered start names different schools, as many as waves at least": (
                self.kind == "random_order" or len(self.schools) == len({*self.schools}) >= self.waves
            ),
        }
        return [problem for problem, is_well in checks.items() if not is_well]


def declare_trial(book: Book, trial: Trial, *, by: str, today: dt.date | None = None) -> str:
    """Declare a trial before it begins, and give its hash; it is kept as it is, and cannot be taken back.

    Declared again as it is, nothing happens. The starts of schools are drawn and stored at once.

    Raises
    ------
    TrialError
        If it is of something that is owed, begins too early, meets another one, or is known otherwise.
    """
    today = max(filter(None, (today or dt.date.today(), book.today())))
    with book.writing() as connection:
        lock_book(connection)
        known = {each.name: each for each in _trials_in(connection)}
        ends = _ends_in(connection)
        if known.get(trial.name) == trial:
            return _digest_of(trial.to_dict())
        problems = trial.problems(today)
        if trial.name in known:
            problems.append("a trial of that name was declared otherwise, and stays as it was")
        if any(_trials_meet(trial, other, ends.get(other.name)) for other in known.values()):
            problems.append("another trial of the same runs at the same time")
        if problems:
            raise TrialError(
                f"The trial cannot be declared: {'; '.join(problems)}.", hint="declare another one beforehand"
            )
        digest = _store_row(connection, book, trial.name, by, trial.to_dict())
        starts = trial.starts() if trial.kind == "staggered_start" else {}
        _store_units(connection, trial, dict.fromkeys(starts), starts, today)
    return digest


def end_trial(book: Book, name: str, *, by: str, why: str, today: dt.date | None = None) -> str:
    """End a trial early: from today on nothing is drawn; give the hash of what was written.

    The end is a row of its own, with who, when and why; the declaration stays as it was, and so does what was
    assigned. It cannot be changed or taken back. Ended again in the same words on the same day, nothing
    happens.

    Raises
    ------
    TrialError
        If there is none of that name, it is over or was ended before, or nobody says why.
    """
    day = max(filter(None, (today or dt.date.today(), book.today())))
    data = {"ends": name, "day": day.isoformat(), "why": why.strip()}
    with book.writing() as connection:
        lock_book(connection)
        known = {each.name: each for each in _trials_in(connection)}
        row = connection.execute(sa.select(TRIAL).where(TRIAL.c.name == name + _END)).first()
        if row is not None and (row.by, row.data) == (by, data):
            return _digest_of(data)
        problems = {
            f"there is none of that name ({nearest(name, known)})": name not in known,
            "it was ended before": row is not None,
            "it is over": name in known and known[name].until <= day,
            "nobody says why": not data["why"],
        }
        if any(problems.values()):
            said = "; ".join(problem for problem, is_so in problems.items() if is_so)
            raise TrialError(f"The trial cannot be ended: {said}.", hint="an end is written once, with why")
        return _store_row(connection, book, name + _END, by, data)


def _store_row(connection: sa.Connection, book: Book, name: str, by: str, data: dict[str, Any]) -> str:
    row = {"name": name, "by": by, "data": data, "hash": _digest_of(data), "declared_at": book.now()}
    connection.execute(TRIAL.insert(), row)
    return str(row["hash"])


def _trials_meet(trial: Trial, other: Trial, ended: dt.date | None) -> bool:
    same = (trial.kind, trial.subject) == (other.kind, other.subject) and trial.name != other.name
    until = min(other.until, ended or other.until)
    return same and trial.begins < until and other.begins < trial.until


def _digest_of(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def declared_trials(book: Book) -> list[Trial]:
    """Give all trials in the order of their names; TrialError if one is not as it was declared."""
    with book.reading() as connection:
        return _trials_in(connection)


def trial_ends(book: Book) -> dict[str, dt.date]:
    """Give the day from which each trial that was ended early draws no more; as :func:`declared_trials`."""
    with book.reading() as connection:
        return _ends_in(connection)


def _rows_of_trials(connection: sa.Connection, *, ends: bool) -> list[dict[str, Any]]:
    found = []
    for row in connection.execute(sa.select(TRIAL).order_by(TRIAL.c.name)):
        if _digest_of(row.data) != row.hash:
            raise TrialError(
                f"The trial {row.name!r} is not as it was declared.", hint="bring back the book from its copy"
            )
        found += [row.data] if ("ends" in row.data) == ends else []
    return found


def _trials_in(connection: sa.Connection) -> list[Trial]:
    return [Trial.from_dict(data) for data in _rows_of_trials(connection, ends=False)]


def _ends_in(connection: sa.Connection) -> dict[str, dt.date]:
    ended = _rows_of_trials(connection, ends=True)
    return {data["ends"]: dt.date.fromisoformat(data["day"]) for data in ended}


def assigned_frame(book: Book) -> pd.DataFrame:
    """Give what every trial assigned: ``trial``, ``unit``, ``day``, ``rank``, ``urgency``, ``starts``."""
    with book.reading() as connection:
        rows = connection.execute(sa.select(ASSIGNED).order_by(ASSIGNED.c.trial, ASSIGNED.c.rank)).all()
    return pd.DataFrame(rows, columns=[column.name for column in ASSIGNED.columns])


def drawn_order(
    connection: sa.Connection, subject: str, units: Sequence[tuple[str, str, str]], day: dt.date
) -> list[int]:
    """Give the positions of some units in the order of the trial that runs on a day; without one as they are.

    Only units of equal urgency change places; those without one keep theirs. What is drawn for a pupil is
    stored on the first day.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the morning that is run.
    subject : str
        A key of :data:`ORDERED`.
    units : sequence of (str, str, str)
        The pupil, the school, and a word that pupils of equal urgency share; the most urgent first.
    day : date
    """
    order = [*range(len(units))]
    ends = _ends_in(connection)
    for trial in _trials_in(connection):
        is_over = not trial.is_live(day) or ends.get(trial.name, trial.until) <= day
        if (trial.kind, trial.subject) != ("random_order", subject) or is_over:
            continue
        positions: dict[str, list[int]] = {}
        for position, (_, school, urgency) in enumerate(units):
            if urgency and (not trial.schools or school in trial.schools):
                positions.setdefault(urgency, []).append(position)
        for equal in positions.values():
            drawn = sorted(equal, key=lambda at: trial.rank(units[at][0]))
            for position, at in zip(equal, drawn, strict=True):
                order[position] = at
        told = {units[at][0]: units[at][2] for equal in positions.values() for at in equal}
        known = connection.scalars(sa.select(ASSIGNED.c.unit).where(ASSIGNED.c.trial == trial.name))
        _store_units(connection, trial, {unit: told[unit] for unit in told.keys() - {*known}}, {}, day)
    return order


def _store_units(
    connection: sa.Connection,
    trial: Trial,
    urgencies: Mapping[str, str | None],
    starts: Mapping[str, dt.date],
    day: dt.date,
) -> None:
    rows = [
        {"trial": trial.name, "unit": unit, "day": day, "rank": trial.rank(unit), "urgency": urgency,
         "starts": starts.get(unit)}
        for unit, urgency in sorted(urgencies.items())
    ]  # fmt: skip
    if rows:
        connection.execute(ASSIGNED.insert(), rows)
