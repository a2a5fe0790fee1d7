"""The morning: what nobody answered goes up, signals open and stir cases, and today's round begins."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from dropout_risk.casebook.book import Book, lock_book, read_cases
from dropout_risk.casebook.case import Case, tells_of_absence
from dropout_risk.casebook.entry import MORNING, Act
from dropout_risk.casebook.laws import BrokenLaw, broken_laws, digest_of_standings
from dropout_risk.casebook.lessons.trial import drawn_order
from dropout_risk.casebook.machine import PARTS, REGISTER_BACK, Line
from dropout_risk.casebook.mornings.morning_report import MorningReport
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import (
    CASE,
    CLOCK,
    DIGESTS,
    ENTRY,
    GRANT,
    NO_CHANNEL,
    OUTBOX,
    ROUND,
    SCHOOL,
    SEEN,
    SIGNAL,
    STANDING,
)
from dropout_risk.casebook.writer import Writer
from dropout_risk.errors import LawBrokenError
from dropout_risk.settings import CaseSettings

LISTED = "listed"
"""The rule of a place on the watch list."""
_A_YEAR = 366
_TOLD: Line = "school"
"""What a report counts: nobody learns from a count that there is a case of the other line."""


@dataclass(frozen=True)
class Signal:
    """What fired for a pupil on a day.

    ``since`` is the first day of what it tells, ``level`` the level whose case it is, and ``due_in`` within
    how many school days it is to be acted upon; one that is not ``urgent`` stirs no case that is there.
    Pupils of one ``urgency`` are equally urgent: only among them may a declared trial change the order.
    ``school`` is that of somebody who has left it, ``known`` the day on which it was entered.
    """

    pupil: str
    rule: str
    since: dt.date
    line: Line = "school"
    level: int = 0
    urgent: bool = True
    due_in: int = 0
    urgency: str = ""
    school: str = ""
    known: dt.date | None = None


class Attended(NamedTuple):
    """What the register says of a pupil since a day: days present and absent, and the first absence.

    ``back`` is the first day of presence with no unexplained absence after it.
    """

    present: int
    absent: int
    first_absent: dt.date | None
    back: dt.date | None = None


def _nothing_attended(asked: Sequence[tuple[str, dt.date]]) -> list[Attended]:
    return [Attended(0, 0, None) for _ in asked]


@dataclass(frozen=True, eq=False, repr=False)
class MorningFacts:
    """What a morning is told.

    Parameters
    ----------
    day : date
    pupils : sequence of Placed
        Everybody at school.
    days : SchoolDaysAhead
    signals : sequence of Signal
        The most urgent first.
    to_verify : set of str
        Pupils of whom too little is known to be judged.
    attended : callable
        Gives what the register says of pupils since a day.
    registers : sequence of str
        The classes and schools whose register is missing or odd, as sentences.
    """

    day: dt.date
    pupils: Sequence[Placed]
    days: SchoolDaysAhead
    signals: Sequence[Signal] = ()
    to_verify: frozenset[str] = frozenset()
    attended: Callable[[Sequence[tuple[str, dt.date]]], list[Attended]] = _nothing_attended
    registers: Sequence[str] = ()

    def __repr__(self) -> str:
        """Count; nobody's id belongs into a log."""
        return f"<MorningFacts of {self.day}: {len(self.pupils)} pupils, {len(self.signals)} signals>"

    @cached_property
    def open_schools(self) -> frozenset[str]:
        """The schools that are open on the day."""
        schools = {pupil.school for pupil in self.pupils}
        return frozenset(school for school in schools if self.days.is_open(school, self.day))

    @cached_property
    def care(self) -> tuple[Signal, ...]:
        """The signals that only counsellors know of: they wait for no school day."""
        return tuple(signal for signal in self.signals if signal.line == "care")

    @cached_property
    def placed(self) -> dict[str, Placed]:
        """Where each pupil is."""
        return {pupil.pupil: pupil for pupil in self.pupils}


def run_morning(
    book: Book, facts: MorningFacts, people: People | None = None, *, shown: bool = True
) -> MorningReport | None:
    """Run the morning of a day, in one transaction: all of it or nothing.

    Where no school is open nobody has a round; what only counsellors know of opens its cases all the same.

    Parameters
    ----------
    book : Book
    facts : MorningFacts
    people : People, optional
        By default the offices that the records imply.
    shown : bool, default=True
        Whether anybody is to see it. One that is made up for, before that of today, begins no round, and
        tells counsellors alone: what nobody was shown is not passed up for want of an answer.

    Returns
    -------
    MorningReport or None
        None where the day was done before, or no school is open on it.

    Raises
    ------
    LawBrokenError
        If a law would not hold afterwards; nothing is written then.
    """
    if not facts.open_schools and not facts.care:
        return None
    with book.writing() as connection:
        lock_book(connection)
        last: dt.date | None = connection.scalar(sa.select(sa.func.max(CLOCK.c.day)))
        if last is not None and last >= facts.day:
            return None
        people = people or People.implied(facts.pupils)
        _refuse_nobody(facts, people)
        morning = _Morning(book, connection, facts, people, last, shown=shown)
        if facts.open_schools:
            return morning.run()
        morning.run_care()
        return None


def _refuse_nobody(facts: MorningFacts, people: People) -> None:
    """Refuse schools for which nobody acts, whether or not they have a signal today."""
    schools = sorted({pupil.school for pupil in facts.pupils if pupil.school})
    needed: dict[Line, str] = {"school": "a principal, or an office above", "care": "a counsellor"}
    alone = {
        line: [name for name in schools if people.owner(Placed("", name), line, 0, facts.day) is None]
        for line in needed
    }
    told = "; ".join(f"{line}: {', '.join(names)}" for line, names in alone.items() if names)
    if told:
        raise LawBrokenError(
            f"On {facts.day} nobody may act for some schools (law 2), {told}.",
            hint=f"name in the file of people: {'; '.join(needed[line] for line in needed if alone[line])}",
        )


class _Morning:
    """One morning while it is run: the live cases in memory, entries in a writer."""

    def __init__(
        self,
        book: Book,
        connection: sa.Connection,
        facts: MorningFacts,
        people: People,
        last: dt.date | None,
        *,
        shown: bool,
    ) -> None:
        self.connection, self.facts, self.people, self.last = connection, facts, people, last
        self.shown = shown
        self.settings: CaseSettings = book.settings
        self.day, self.days, self.open = facts.day, facts.days, facts.open_schools
        self.at = book.now()
        self.writer = Writer(connection, self.at, book.keys)
        self.live = {case.id: case for case in read_cases(connection, CASE.c.state != "closed")}
        self.of_pupil = {(case.pupil, case.line): case.id for case in self.live.values()}
        self.stood = {row.pupil: row for row in connection.execute(sa.select(STANDING)).all()}
        self.first_days = self._known_schools()
        self.written: Counter[str] = Counter()
        self.why_not: Counter[str] = Counter()

    def run(self) -> MorningReport:
        self._write_grants()
        held = self._pass_up()
        self.writer.flush()
        self._hand_over()
        self._ask_register()
        self._open_and_stir()
        self.writer.flush()
        parts = self._write_standings()
        number = self._begin_round()
        notices = self._write_digests()
        report = MorningReport(
            self.day,
            dict(self.written),
            parts,
            dict(self.why_not),
            number,
            held,
            notices,
            self.facts.registers,
            shown=self.shown,
            stood=digest_of_standings(self.connection.execute(sa.select(STANDING))),
            idle=[" ".join(one.name[:4]) for one in self.people.idle_grants(self.facts.pupils, self.day)],
        )
        self._strike_clock(report)
        self._refuse_broken(self._left_out())
        return report

    def run_care(self) -> None:
        """Open what only counsellors know of on a day without school, and tell them; nobody has a round."""
        self._write_grants()
        self._hand_over()
        known = {*self.of_pupil.values()}
        answered = self._answered()
        for signal in self.facts.care:
            self._take(signal, answered, Counter())
        self.writer.flush()
        new = [case for number, case in self.live.items() if number not in known and case.line == "care"]
        self._write_notices([(DIGESTS["care"], case.owner, 0) for case in new])
        self._refuse_broken()

    def _refuse_broken(self, more: Iterable[BrokenLaw] = ()) -> None:
        broken = [*broken_laws(self.connection, chain=False), *more]
        if broken:
            raise LawBrokenError(
                f"On {self.day} the book would break {'; '.join(map(str, broken))}.",
                hint="nothing was written; mend what is named, then run the morning again",
                pupils=[pupil for law in broken for pupil in law.pupils],
            )

    def _left_out(self) -> Iterator[BrokenLaw]:
        """Law 5 by the records: who is at school stands in the book as at school, and nobody else does."""
        stood = {*self.connection.scalars(sa.select(STANDING.c.pupil).where(STANDING.c.at_school))}
        odd = stood ^ self.facts.placed.keys()
        if odd:
            yield BrokenLaw(5, "pupils at school who do not stand, or stand and are not there", len(odd),
                            pupils=tuple(sorted(odd)))  # fmt: skip

    # --- What was not answered, and who has gone ---

    def _write_grants(self) -> None:
        self.connection.execute(GRANT.delete())
        rows = {grant.name: _grant_row(grant) for grant in self.people.live_grants(self.day)}
        if rows:
            self.connection.execute(GRANT.insert(), [*rows.values()])

    def _pass_up(self) -> int:
        """Pass up what nobody answered on the last day; at the top level it is held.

        Of whom the register has back, nobody above is told for as long as a day may be put off.
        """
        if self.last is None:
            return 0
        held = []
        unanswered = self._unanswered_cases()
        back = self._present_since(case for case in unanswered if self._may_wait(case))
        for case in unanswered:
            number = case.id
            above = (
                None if case.is_at_top else self._owner(case.pupil, case.school, case.line, case.level + 1)
            )
            if above is None:
                held.append(number)
                continue
            if case.pupil in back:
                due = self._later(case.school, 0)
                told = {"due": due.isoformat(), "reason": REGISTER_BACK}
                self._append(case, "plan", f"back/{self.last}/{number}", told, day=self.last)
                continue
            owner, level = above
            due = self._later(case.school, self.settings.above_days[level])
            data = {"level": level, "owner": owner, "due": due.isoformat(), "why": "unanswered"}
            self._append(case, "pass_up", f"up/{self.last}/{number}", data, day=self.last)
        for number in held:
            at = (ROUND.c.day == self.last) & (ROUND.c.case == number)
            self.connection.execute(ROUND.update().where(at).values(fate="held"))
        return sum(self.live[number].line == _TOLD for number in held)

    def _unanswered_cases(self) -> list[Case]:
        """Find the cases of the last round of which nothing became."""
        unanswered = sa.select(ROUND.c.case).where(ROUND.c.day == self.last, ROUND.c.fate.is_(None))
        numbers = self.connection.scalars(unanswered.order_by(ROUND.c.case)).all()
        closed = [number for number in numbers if number not in self.live]
        if closed:
            raise LawBrokenError(
                f"Case {closed[0]} of the round of {self.last} is closed, and nothing became of it (law 3).",
                hint="dropout-risk casebook check names all that is wrong",
            )
        return [self.live[number] for number in numbers]

    def _may_wait(self, case: Case) -> bool:
        """Say whether presence answers all that fired for a case, and its day may still be put off."""
        return case.moved < self.settings.most_moves and all(map(tells_of_absence, case.signals))

    def _present_since(self, cases: Iterable[Case]) -> dict[str, dt.date]:
        """Ask the register which pupils, whose cases tell of absence, are back, and since when."""
        away = [case for case in cases if case.line == "school" and case.state == "open"]
        asked = [(case.pupil, since) for case in away if (since := last_absence(case)) is not None]
        told = zip(asked, self.facts.attended(asked), strict=True)
        return {pupil: attended.back for (pupil, _), attended in told if attended.back is not None}

    def _hand_over(self) -> None:
        """Give the cases of whoever has left, or is away, to whoever stands in; take back open referrals."""
        for number in [*self.live]:
            self._find_owner(self.live[number])
            self._take_back(self.live[number])

    def _find_owner(self, case: Case) -> None:
        placed = self._place(case.pupil, case.school)
        if self.people.may_own(case.owner, placed, case.line, case.level, self.day):
            return
        found = self._owner(case.pupil, case.school, case.line, case.level)
        if found is not None:
            owner, level = found
            data = {"owner": owner, "level": level, "school": placed.school, "why": "no live right"}
            self._append(case, "hand_over", f"hand/{self.day}/{case.id}", data)

    def _take_back(self, case: Case) -> None:
        for to, said in case.referrals.items():
            if not said and not self.people.grants_of(to, self.day):
                data = {"to": to, "said": "declined", "why": "no live right", "due": self.day.isoformat()}
                self._append(self.live[case.id], "answer", f"revoke/{self.day}/{case.id}/{to}", data)

    # --- What is new ---

    def _ask_register(self) -> None:
        """Open the cases of pupils again who came back and are absent anew."""
        staying = [case for case in self.live.values() if case.state == "staying"]
        told = self.facts.attended([(case.pupil, case.turned) for case in staying])
        for case, attended in zip(staying, told, strict=True):
            if attended.first_absent is not None:
                data = {"since": attended.first_absent.isoformat(), "due": self.day.isoformat()}
                self._append(case, "away", f"away/{self.day}/{case.id}", data)

    def _open_and_stir(self) -> None:
        answered = self._answered()
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        opened: Counter[str] = Counter()
        for signal in self._ordered_signals(self._all_signals()):
            if (signal.pupil, signal.rule) in rows:
                continue
            why_not = self._take(signal, answered, opened)
            self.why_not.update([why_not] if why_not and signal.line == _TOLD else ())
            rows[signal.pupil, signal.rule] = {
                "day": self.day, "pupil": signal.pupil, "rule": signal.rule, "line": signal.line,
                "since": signal.since, "why_not": why_not,
            }  # fmt: skip
        if rows:
            self.connection.execute(SIGNAL.insert(), [*rows.values()])

    def _all_signals(self) -> list[Signal]:
        """Give today's signals, and before the first place on the list those that were held back."""
        signals = [*self.facts.signals]
        first = next((at for at, signal in enumerate(signals) if signal.rule == LISTED), len(signals))
        return [*signals[:first], *self._held_back(), *signals[first:]]

    def _held_back(self) -> list[Signal]:
        """Give the alerts that the cap held back on the last morning, and that fire no more.

        A place on the list is none: it is given anew each morning.
        """
        known = {(signal.pupil, signal.line) for signal in self.facts.signals if signal.rule != LISTED}
        known |= self.of_pupil.keys()
        capped = (SIGNAL.c.day == self.last) & (SIGNAL.c.why_not == "capped") & (SIGNAL.c.rule != LISTED)
        rows = self.connection.execute(
            sa.select(SIGNAL).where(capped).order_by(SIGNAL.c.since, SIGNAL.c.pupil)
        )
        held = (Signal(row.pupil, row.rule, row.since, row.line) for row in rows)
        return [one for one in held if (one.pupil, one.line) not in known]

    def _ordered_signals(self, signals: Sequence[Signal]) -> list[Signal]:
        """Give signals in the order of a trial where one runs: of the list alone, no alert moves."""
        listed = ((signal.pupil, signal.urgency if signal.rule == LISTED else "") for signal in signals)
        units = [(pupil, self._place(pupil, "").school, urgency) for pupil, urgency in listed]
        return [signals[at] for at in drawn_order(self.connection, LISTED, units, self.day)]

    def _take(
        self, signal: Signal, answered: set[tuple[str, str, dt.date | None]], opened: Counter[str]
    ) -> str | None:
        """Open or stir a case; say why not where none is opened and there is none."""
        key = f"sig/{self.day}/{signal.pupil}/{signal.rule}"
        number = self.of_pupil.get((signal.pupil, signal.line))
        if number is not None:
            self._stir(self.live[number], signal, key)
            return None
        placed = self.facts.placed.get(signal.pupil)
        if placed is None and signal.line == "care":
            placed = self._place(signal.pupil, signal.school)
        if placed is None:
            return "not_at_school"
        if (signal.pupil, signal.rule, None if signal.rule == LISTED else signal.since) in answered:
            return "answered"
        found = self._owner_near(signal, placed)
        if found is None:
            return "nobody"
        owner, level = found
        if signal.line == "school" and self._is_capped(placed.school, owner, opened):
            return "capped"
        opened[owner] += 1
        due = self._later(placed.school, signal.due_in)
        data = {
            "pupil": signal.pupil, "school": placed.school, "line": signal.line, "rule": signal.rule,
            "since": signal.since.isoformat(), "level": level, "owner": owner, "due": due.isoformat(),
            **({"known": signal.known.isoformat()} if signal.known else {}),
        }  # fmt: skip
        case = self._append(None, "open", key, data)
        self.of_pupil[case.pupil, case.line] = case.id
        return None

    def _stir(self, case: Case, signal: Signal, key: str) -> None:
        known = case.signals.get(signal.rule)
        if not signal.urgent or known == signal.since.isoformat():
            return
        found = self._owner(case.pupil, case.school, case.line, max(case.level, signal.level))
        owner, level = found or (case.owner, case.level)
        data = {
            "rule": signal.rule, "since": signal.since.isoformat(), "level": level,
            "owner": case.owner if level == case.level else owner,
            "due": self._later(case.school, signal.due_in).isoformat(),
            **({"known": signal.known.isoformat()} if signal.known else {}),
        }  # fmt: skip
        self._append(case, "signal", key, data)

    def _answered(self) -> set[tuple[str, str, dt.date | None]]:
        """Find what was closed: the same fact opens no case twice, nor a place on the list so soon again."""
        wanted = {signal.pupil for signal in self.facts.signals}
        closed = [case for case in self.closed_lately if case.pupil in wanted]
        facts: set[tuple[str, str, dt.date | None]] = {
            (case.pupil, rule, dt.date.fromisoformat(day))
            for case in closed
            for rule, day in case.signals.items()
        }
        lately = self.settings.listed_again
        return facts | {
            (case.pupil, LISTED, None) for case in closed if self._waited(case.school, case.turned) < lately
        }

    @cached_property
    def closed_lately(self) -> Sequence[sa.Row[Any]]:
        """What is needed of the cases that were closed within a year, before this morning."""
        since = self.day - dt.timedelta(days=_A_YEAR)
        names = ("pupil", "school", "line", "outcome", "turned", "signals")
        asked = sa.select(*(CASE.c[name] for name in names)).order_by(CASE.c.id)
        return self.connection.execute(asked.where(CASE.c.state == "closed", CASE.c.turned >= since)).all()

    def _known_schools(self) -> dict[str, dt.date]:
        """Since which morning each school is in the book; those of today are written down."""
        known = {row.school: row.since for row in self.connection.execute(sa.select(SCHOOL))}
        new = sorted({pupil.school for pupil in self.facts.pupils} - known.keys())
        if new:
            self.connection.execute(SCHOOL.insert(), [{"school": name, "since": self.day} for name in new])
        return known | dict.fromkeys(new, self.day)

    def _is_capped(self, school: str, owner: str, opened: Counter[str]) -> bool:
        if opened[owner] < self.settings.first_cases:
            return False
        return self._waited(school, self.first_days[school]) < self.settings.first_days

    # --- Today ---

    def _write_standings(self) -> dict[str, int]:
        """Say where everybody stands: pupils at school, and who left and has a case, or is lost."""
        of_school = {case.pupil: case for case in self.live.values() if case.line == "school"}
        back = self._present_since(of_school.values())
        rows = [
            (*placed, self._part(placed.pupil, of_school.get(placed.pupil)), True, back.get(placed.pupil))
            for placed in self.facts.placed.values()
        ]
        lost = (case for case in self.closed_lately if (case.line, case.outcome) == ("school", "lost"))
        left = {case.pupil: case.school for case in lost}
        left |= {case.pupil: case.school for case in self.live.values()}
        rows += [
            (*self._place(pupil, school), self._part(pupil, of_school.get(pupil)), False, back.get(pupil))
            for pupil, school in left.items()
            if pupil not in self.facts.placed
        ]
        self._replace_standings(rows)
        counted = Counter(part for *_, part, at_school, _ in rows if at_school)
        return {part: counted[part] for part in PARTS}

    def _replace_standings(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the standings that have changed since the last morning, which are few."""
        names = [column.name for column in STANDING.columns]
        changed = {row[0]: row for row in rows if tuple(self.stood.get(row[0], ())) != row}
        now = {row[0] for row in rows}
        gone = [{"was": pupil} for pupil in self.stood if pupil in changed or pupil not in now]
        if gone:
            self.connection.execute(STANDING.delete().where(STANDING.c.pupil == sa.bindparam("was")), gone)
        if changed:
            told = [dict(zip(names, row, strict=True)) for row in changed.values()]
            self.connection.execute(STANDING.insert(), told)

    def _part(self, pupil: str, case: Case | None) -> str:
        if case is not None and self._is_due(case):
            return "today"
        if case is not None:
            return "staying" if case.state == "staying" else "in_progress"
        return "to_verify" if pupil in self.facts.to_verify else "nothing"

    def _is_due(self, case: Case) -> bool:
        is_due = case.due is not None and case.due <= self.day
        return self.shown and is_due and case.school in self.open

    def _cannot_wait(self, case: Case) -> bool:
        """Say whether counsellors are told of a case though the morning is made up for."""
        return not self.shown and case.line == "care" and case.due is not None and case.due <= self.day

    def _begin_round(self) -> int:
        due = [case for case in self.live.values() if self._is_due(case)]
        if due:
            rows = [{"day": self.day, "case": case.id, "fate": None} for case in due]
            self.connection.execute(ROUND.insert(), rows)
        return sum(case.line == _TOLD for case in due)

    def _write_digests(self) -> int:
        """Put one notice per person into the outbox: how many wait, and for how long; count the school's.

        Who was asked to help is told until there is an answer.

        Cases that only counsellors know of are told apart, since nobody else may learn their number.
        """
        due = [case for case in self.live.values() if self._is_due(case) or self._cannot_wait(case)]
        ages = [
            (DIGESTS[case.line], case.owner, self._waited(case.school, case.due or self.day)) for case in due
        ]
        ages += [
            (DIGESTS[case.line], person, 0)
            for case in self.live.values()
            for person, said in case.referrals.items()
            if self.shown and not said
        ]
        return self._write_notices(ages)

    def _write_notices(self, ages: Sequence[tuple[str, str, int]]) -> int:
        """Put one notice for each digest and owner into the outbox, from how long each case has waited."""
        waiting: dict[tuple[str, str], list[int]] = {}
        for digest, owner, age in ages:
            waiting.setdefault((digest, owner), []).append(age)
        channels = {
            grant.person: grant.channel for grant in self.people.live_grants(self.day) if grant.channel
        }
        rows = [
            {
                "key": f"{digest}/{self.day}/{owner}", "to": owner,
                "channel": channels.get(owner, NO_CHANNEL), "count": len(ages), "oldest": max(ages),
                "state": "queued", "tries": 0, "next": None,
            }
            for (digest, owner), ages in sorted(waiting.items())
        ]  # fmt: skip
        if rows:
            self.connection.execute(OUTBOX.insert(), rows)
        return sum(digest == DIGESTS[_TOLD] for digest, _ in waiting)

    def _strike_clock(self, report: MorningReport) -> None:
        counts = {
            name: self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in (("entries", ENTRY), ("cases", CASE), ("looks", SEEN))
        }
        due = sa.select(sa.func.count()).where(ROUND.c.day == self.day)
        counts["due"] = self.connection.scalar(due) or 0
        told = report.to_dict()
        self.connection.execute(
            CLOCK.insert().values(day=self.day, recorded_at=self.at, report=told, **counts)
        )

    # --- What all of these need ---

    def _append(
        self,
        case: Case | None,
        kind: str,
        key: str,
        data: Mapping[str, Any],
        *,
        day: dt.date | None = None,
    ) -> Case:
        after = self.writer.append(case, Act(kind, day or self.day, MORNING, key), data)
        self.live[after.id] = after
        if after.line == _TOLD:
            self.written[kind] += 1
        return after

    def _place(self, pupil: str, school: str) -> Placed:
        """Give where a pupil is, or was last."""
        if pupil in self.facts.placed:
            return self.facts.placed[pupil]
        row = self.stood.get(pupil)
        if row is None:
            return Placed(pupil, school)
        return Placed(pupil, row.school, row[2], row.responsible, row.village, row.township)

    def _owner(self, pupil: str, school: str, line: Line, level: int) -> tuple[str, int] | None:
        """Name who acts at a level, or at the next one above that has somebody."""
        return self.people.owner(self._place(pupil, school), line, level, self.day)

    def _owner_near(self, signal: Signal, placed: Placed) -> tuple[str, int] | None:
        """Name who acts on a signal: at its level, above, or else as near below as there is somebody."""
        levels = range(signal.level, -1, -1)
        found = (self._owner(signal.pupil, placed.school, signal.line, level) for level in levels)
        return next(filter(None, found), None)

    @cached_property
    def _later(self) -> Callable[[str, int], dt.date]:
        """Give the school day of a school so many school days from today."""
        return cache(lambda school, number: self.days.later(school, self.day, number))

    @cached_property
    def _waited(self) -> Callable[[str, dt.date], int]:
        """Count the school days of a school from a day until today."""
        return cache(lambda school, first: self.days.between(school, first, self.day))


def last_absence(case: Case) -> dt.date | None:
    """Give the day since which the last signal has a pupil absent; None where no signal tells of absence."""
    days = [since for rule, since in case.signals.items() if tells_of_absence(rule)]
    return dt.date.fromisoformat(max(days)) if days else None


def _grant_row(grant: Grant) -> dict[str, Any]:
    row = {**vars(grant)}
    row["from"] = row.pop("begins")
    return row
