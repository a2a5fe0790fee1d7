"""The laws of the case book, asked of the tables: which of them does not hold, and for which cases."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from dropout_risk.casebook.book import UNREADABLE, Book, read_cases, stream_entries
from dropout_risk.casebook.case import Case, fold_entries
from dropout_risk.casebook.entry import MORNING, Entry
from dropout_risk.casebook.machine import FATES, OFFICES, PARTS, VERBS
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import Grant, Placed
from dropout_risk.casebook.seen import broken_looks
from dropout_risk.casebook.tables import CASE, CLOCK, ENTRY, GRANT, ROUND, SEEN, SIGNAL, STANDING
from dropout_risk.errors import NoteKeyError
from dropout_risk.text import Text

LAWS: dict[int, Text] = {
    1: Text(
        zh="每一条预警都有且只有一个在办个案，或记有不立案的原因",
        en="every signalled pupil has exactly one open case, or a recorded reason why not",
    ),
    2: Text(
        zh="每个在办个案有一名有权办理的责任人和一个期限",
        en="every open case has one owner with a live right at its level, and one due day",
    ),
    3: Text(
        zh="当日应办＝办结＋改期＋上报（顶层留办另计）",
        en="what was due was done, planned or passed up, each case once (held at the top, apart)",
    ),
    4: Text(
        zh="由记录推出的状态与保存的一致，记录链未断",
        en="the fold of the entries equals the stored state, and the chain is unbroken",
    ),
    5: Text(
        zh="每个在校学生只在一栏之中",
        en="every pupil at school stands in exactly one part of the morning",
    ),
    6: Text(zh="没有记录被删除", en="nothing is deleted"),
}


@dataclass(frozen=True)
class BrokenLaw:
    """A law that does not hold: what is wrong, how often, and the numbers of some cases.

    ``pupils`` are those of whom law 5 does not hold; they are for the screen of who asks, and in no message.
    """

    law: int
    wrong: str
    number: int
    cases: tuple[int, ...] = ()
    pupils: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """Name the law and what is wrong, without any pupil."""
        some = f" (cases {', '.join(map(str, self.cases))})" if self.cases else ""
        return f"law {self.law}: {self.wrong}: {self.number}{some}"


_SHOWN = 5


def check_book(book: Book) -> list[BrokenLaw]:
    """Check all laws of a book, those of its notes too where it was opened with keys."""
    with book.reading() as connection:
        return broken_laws(connection, book.keys)


def broken_laws(
    connection: sa.Connection, keys: NoteKeys | None = None, *, chain: bool = True
) -> list[BrokenLaw]:
    """Find the laws that do not hold; without ``chain``, those that today's tables alone tell of.

    Law 4, and of laws 3 and 6 what concerns single entries, ask every entry ever written.
    """
    found: list[BrokenLaw] = []
    for law in (*_OF_TODAY, *(_OF_EVER if chain else ())):
        try:
            found += law(connection)
        except UNREADABLE:
            found.append(BrokenLaw(4, "rows that this library did not write and cannot read", 1))
    return [*dict.fromkeys(found), *(_note_laws(connection, keys) if chain else ())]


def _broken_cases(law: int, wrong: str, cases: list[int]) -> Iterator[BrokenLaw]:
    if cases:
        yield BrokenLaw(law, wrong, len(cases), tuple(sorted(cases)[:_SHOWN]))


def _last_morning(connection: sa.Connection) -> dt.date | None:
    day: dt.date | None = connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
    return day


def _signals_have_cases(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 1: of today's signals each pupil has a live case, had one closed since, or a reason."""
    day = _last_morning(connection)
    if day is None:
        return
    open_signals = sa.select(SIGNAL.c.pupil, SIGNAL.c.line).where(
        SIGNAL.c.day == day, SIGNAL.c.why_not.is_(None)
    )
    live = CASE.c.state != "closed"
    of_case = sa.select(CASE.c.pupil, CASE.c.line)
    has_case = {*connection.execute(of_case.where(live))}
    lost = [signal for signal in connection.execute(open_signals) if signal not in has_case]
    if lost:
        morning = sa.select(CLOCK.c.recorded_at).where(CLOCK.c.day == day).scalar_subquery()
        closed_since = (
            (ENTRY.c.case == CASE.c.id) & (ENTRY.c.kind == "close") & (ENTRY.c.recorded_at >= morning)
        )
        closed = {*connection.execute(of_case.join(ENTRY, closed_since))}
        lost = [signal for signal in lost if signal not in closed]
    if lost:
        yield BrokenLaw(1, "signals without a case and without a reason", len(lost))
    twice = (
        sa.select(CASE.c.pupil).where(live).group_by(CASE.c.pupil, CASE.c.line).having(sa.func.count() > 1)
    )
    number = connection.scalar(sa.select(sa.func.count()).select_from(twice.subquery()))
    if number:
        yield BrokenLaw(1, "pupils with several open cases", number)


def _cases_have_owners(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 2, by the grants and the standings of the last morning."""
    names = ("id", "line", "pupil", "school", "owner", "level", "due")
    asked = sa.select(*(CASE.c[name] for name in names)).where(CASE.c.state != "closed").order_by(CASE.c.id)
    live = connection.execute(asked).all()
    yield from _broken_cases(
        2, "open cases without a due day", [case.id for case in live if case.due is None]
    )
    if _last_morning(connection) is None:
        return
    grants: dict[tuple[str, str], list[Grant]] = {}
    for row in connection.execute(sa.select(GRANT)).mappings():
        grant = Grant(**{("begins" if name == "from" else name): value for name, value in row.items()})
        grants.setdefault((grant.person, grant.role), []).append(grant)
    placed = _placed_pupils(connection)
    yield from _broken_cases(
        2,
        "open cases whose owner has no live right at its level",
        [case.id for case in live if not _is_owned(case, grants, placed)],
    )


def _placed_pupils(connection: sa.Connection) -> dict[str, Placed]:
    """Give the places of the pupils who have a case."""
    columns = (
        STANDING.c[name] for name in ("pupil", "school", "class", "responsible", "village", "township")
    )
    with_case = sa.select(CASE.c.pupil).where(CASE.c.state != "closed")
    asked = sa.select(*columns).where(STANDING.c.pupil.in_(with_case))
    return {row.pupil: Placed(*row) for row in connection.execute(asked)}


def _is_owned(
    case: sa.Row[Any], grants: Mapping[tuple[str, str], list[Grant]], placed: Mapping[str, Placed]
) -> bool:
    where = placed.get(case.pupil, Placed(case.pupil, case.school))
    return any(grant.covers(where) for grant in grants.get((case.owner, OFFICES[case.line][case.level]), ()))


def _rounds_balance(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 3: of every round but today's each case has a fate."""
    day = _last_morning(connection)
    if day is not None:
        open_still = sa.select(ROUND.c.case).where(ROUND.c.day < day, ROUND.c.fate.is_(None))
        yield from _broken_cases(
            3, "cases of earlier rounds without a fate", [*connection.scalars(open_still)]
        )
    unknown = sa.select(ROUND.c.case).where(ROUND.c.fate.not_in(FATES))
    yield from _broken_cases(3, "cases with a fate that there is not", [*connection.scalars(unknown)])


def _rounds_are_whole(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 3: each round has as many cases as its morning counted."""
    sizes = sa.select(ROUND.c.day, sa.func.count().label("number")).group_by(ROUND.c.day)
    counted = {row.day: row.number for row in connection.execute(sizes)}
    told = {row.day: row.due for row in connection.execute(sa.select(CLOCK.c.day, CLOCK.c.due))}
    odd = [day for day in told | counted if counted.get(day, 0) != told.get(day)]
    if odd:
        yield BrokenLaw(3, "rounds that have not as many cases as their morning counted", len(odd))


def _fates_are_told(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 3 by the entries: what became of a case was written between that morning and the next."""
    mornings = connection.execute(sa.select(CLOCK.c.day, CLOCK.c.recorded_at).order_by(CLOCK.c.day)).all()
    wrong: list[int] = []
    of_case = ENTRY.c.case == ROUND.c.case
    went_up = of_case & (ENTRY.c.kind == "pass_up") & (ENTRY.c.by == MORNING) & (ENTRY.c.day == ROUND.c.day)
    for (day, begun), (_, ended) in itertools.pairwise(mornings):
        meanwhile = of_case & ENTRY.c.recorded_at.between(begun - _CLOCKS_DIFFER, ended + _CLOCKS_DIFFER)
        untold = [(ROUND.c.fate == "held") & sa.exists().where(went_up)]
        for fate in ("done", "planned", "passed_up"):
            verbs = [verb.name for verb in VERBS.values() if verb.fate == fate]
            untold.append((ROUND.c.fate == fate) & ~sa.exists().where(meanwhile & ENTRY.c.kind.in_(verbs)))
        wrong += connection.scalars(sa.select(ROUND.c.case).where(ROUND.c.day == day, sa.or_(*untold)))
    yield from _broken_cases(3, "cases of which no entry tells their fate in a round", wrong)


_CLOCKS_DIFFER = dt.timedelta(hours=1)
"""By how much the clocks of two machines that write to a book may differ."""


def _everybody_stands(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 5: every pupil has one part, which cases and today's round say, as that morning left it."""
    last = connection.execute(sa.select(CLOCK).order_by(CLOCK.c.day.desc()).limit(1)).first()
    if last is None:
        return
    stood = connection.execute(sa.select(STANDING)).all()
    due = sa.select(CASE.c.pupil).join(ROUND, ROUND.c.case == CASE.c.id)
    in_round = {*connection.scalars(due.where(ROUND.c.day == last.day, _SCHOOL))}
    live = connection.execute(sa.select(CASE.c.pupil, CASE.c.state).where(_SCHOOL, CASE.c.state != "closed"))
    states = {row.pupil: row.state for row in live}
    wrong = {row.pupil for row in stood if (row.part == "today") != (row.pupil in in_round)}
    wrong |= {row.pupil for row in stood if row.part not in PARTS} | in_round - {row.pupil for row in stood}
    judged = in_round | wrong
    others = (row for row in stood if row.pupil not in judged)
    odd = {row.pupil for row in others if row.part not in _PARTS_OF[states.get(row.pupil)]}
    wrong |= odd - _written_since(connection, last.recorded_at, odd)
    told = (last.report or {}).get("stood")
    if wrong:
        yield BrokenLaw(5, _STAND_WRONG, len(wrong), pupils=tuple(sorted(wrong)))
    elif told and told != digest_of_standings(stood):
        yield BrokenLaw(5, "pupils who do not stand as the morning left them", 1)


_SCHOOL = CASE.c.line == "school"
_STAND_WRONG = "pupils who stand in no part, or in another than their case and the round say"
_PARTS_OF: dict[str | None, tuple[str, ...]] = {
    "open": ("in_progress",), "staying": ("staying",), None: ("nothing", "to_verify"),
}  # fmt: skip
"""The parts of whoever is not due today, by the state of the case."""


def _written_since(connection: sa.Connection, morning: dt.datetime, pupils: Collection[str]) -> set[str]:
    """Find the pupils to whose cases people wrote since a morning: they stand as they did before."""
    if not pupils:
        return set()
    since = (ENTRY.c.by != MORNING) & (ENTRY.c.recorded_at >= morning - _CLOCKS_DIFFER)
    asked = sa.select(CASE.c.pupil).join(ENTRY, ENTRY.c.case == CASE.c.id)
    return {*connection.scalars(asked.where(since, CASE.c.pupil.in_(pupils)))}


def digest_of_standings(rows: Iterable[sa.Row[Any]]) -> str:
    """Give the fingerprint of where everybody stands, in whatever order the rows come."""
    told = sorted("\t".join(map(str, row)) for row in rows)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _counts_never_fall(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 6: there are never fewer entries, cases or looks than on an earlier morning."""
    for name, table in (("entries", ENTRY), ("cases", CASE), ("looks", SEEN)):
        now = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        most = connection.scalar(sa.select(sa.func.max(CLOCK.c[name]))) or 0
        if now < most:
            yield BrokenLaw(6, f"{name} that were there on an earlier morning", most - now)


_OF_TODAY: tuple[Callable[[sa.Connection], Iterator[BrokenLaw]], ...] = (
    _signals_have_cases, _cases_have_owners, _rounds_balance, _everybody_stands, _counts_never_fall,
)  # fmt: skip


def _entries_tell_cases(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Laws 4 and 6 of the entries: numbered without a gap, chained, and folded to what is stored."""
    stored = {case.id: case for case in read_cases(connection)}
    numbers = {*stored}
    gaps, broken, notes, other = [], [], [], []
    for number, group in itertools.groupby(stream_entries(connection), key=lambda entry: entry.case):
        entries = [*group]
        known = max(len(entries), stored[number].seq if number in stored else 0)
        if [entry.seq for entry in entries] != [*range(1, known + 1)]:
            gaps.append(number)
        if not all(itertools.starmap(_is_chained, itertools.pairwise([None, *entries]))):
            broken.append(number)
        if not all(("note_mac" in entry.data) == (entry.note is not None) for entry in entries):
            notes.append(number)
        if stored.pop(number, None) != _folded_case(entries):
            other.append(number)
    yield from _broken_cases(4, "cases whose chain is broken", broken)
    yield from _broken_cases(4, "cases of which notes were taken out or put in", notes)
    yield from _broken_cases(4, "cases that are not what their entries say", [*other, *stored])
    yield from _broken_cases(6, "cases of which entries are missing", [*gaps, *stored])
    missing = set(range(1, max(numbers, default=0) + 1)) - numbers
    yield from _broken_cases(6, "cases that are missing", [*missing])


def _is_chained(before: Entry | None, entry: Entry) -> bool:
    try:
        return entry.digest(before.hash if before else "") == entry.hash
    except UNREADABLE:
        return False


def _folded_case(entries: Sequence[Entry]) -> Case | None:
    try:
        return fold_entries(entries)
    except UNREADABLE:
        return None


def _looks_are_chained(connection: sa.Connection) -> Iterator[BrokenLaw]:
    """Law 4 of the looks: numbered without a gap, and chained."""
    broken = broken_looks(connection)
    if broken:
        yield BrokenLaw(4, "looks at pupils that were changed, added or taken out", len(broken))


_OF_EVER: tuple[Callable[[sa.Connection], Iterator[BrokenLaw]], ...] = (
    _rounds_are_whole, _fates_are_told, _entries_tell_cases, _looks_are_chained,
)  # fmt: skip


def _note_laws(connection: sa.Connection, keys: NoteKeys | None) -> Iterator[BrokenLaw]:
    """Law 4 of the notes: each is the one that its entry vouches for."""
    if keys is None:
        return
    wrong = [
        entry.case
        for entry in stream_entries(connection, ENTRY.c.note.is_not(None))
        if not _is_vouched(entry, keys)
    ]
    yield from _broken_cases(4, "notes that are not what was written", wrong)


def _is_vouched(entry: Entry, keys: NoteKeys) -> bool:
    try:
        text = keys.read(entry.note or b"", case=entry.case, seq=entry.seq)
    except (NoteKeyError, *UNREADABLE):
        return False
    return keys.vouch(text) == entry.data.get("note_mac")
