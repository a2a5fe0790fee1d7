"""A small county that works with a case book for some weeks: the same days, whoever is killed meanwhile."""

import datetime as dt
import random

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import Attended, MorningFacts, Signal, run_morning
from dropout_risk.casebook.people import Absence, Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.errors import CaseRefusedError

FIRST = dt.date(2025, 9, 1)
NOON = dt.datetime(2025, 9, 1, 12)
RULES = ("absent_1_day", "absent_3_days", "listed", "critical_item", "register_silent")
MEETING = {"way": "home_visit", "met": ["mother"], "difficulty": ["far_way"], "result": "promised"}


class County:
    """Everything that happens, by a seed: pupils, signals of each day, people, and what they write."""

    def __init__(self, seed=0, pupils=120, schools=4):
        self.seed = seed
        self.days = SchoolDaysAhead(closed={"s-1": frozenset({dt.date(2025, 9, 10), dt.date(2025, 9, 11)})})
        self.pupils = [
            Placed(
                f"p-{n}",
                f"s-{n % schools}",
                f"s-{n % schools}/8/{n // schools % 2}",
                f"t-{n % (3 * schools)}",
            )
            for n in range(pupils)
        ]
        grants = [Grant(f"t-{n}", "class_teacher", "pupil", deputy=f"t-{n + 1}") for n in range(3 * schools)]
        left = dt.date(2025, 9, 15)
        grants[0] = Grant("t-0", "class_teacher", "pupil", until=left, deputy="t-1")
        for n in range(schools):
            grants += [
                Grant(f"h-{n}", "principal", "school", f"s-{n}"),
                Grant(f"c-{n}", "counsellor", "school", f"s-{n}"),
            ]
            grants += [Grant(f"v-{n % 2}", "township", "school", f"s-{n}")]
        grants.append(Grant("k", "county", "county"))
        away = Absence("t-3", dt.date(2025, 9, 4), dt.date(2025, 9, 9))
        self.people = People(tuple(grants), (away,))

    def school_days(self, number):
        days = [FIRST + dt.timedelta(n) for n in range(2 * number + 10)]
        return [day for day in days if self.days.is_open("s-0", day)][:number]

    def facts(self, day):
        chance = random.Random(f"{self.seed}/{day}")
        signals = []
        for pupil in chance.sample(self.pupils, 8):
            rule = chance.choice(RULES)
            care = rule == "critical_item"
            line, level = ("care", 0) if care else ("school", chance.choice((0, 0, 0, 1, 2)))
            since = day - dt.timedelta(chance.randrange(3))
            listed = rule == "listed"
            signals.append(
                Signal(pupil.pupil, rule, since, line, level, urgent=not listed, due_in=5 * listed)
            )
        return MorningFacts(
            day, self.pupils, self.days, signals, frozenset(p.pupil for p in chance.sample(self.pupils, 5)),
            lambda asked: [self.attended(pupil, since, day) for pupil, since in asked],
        )  # fmt: skip

    def attended(self, pupil, since, day):
        """The register after a return: one pupil in four stays away again on the third day."""
        again = random.Random(f"{self.seed}/{pupil}/{since}").random() < 0.25
        present = max(self.days.between("s-0", since, day) - 1, 0)
        if again and present > 2:
            return Attended(2, 1, self.days.later("s-0", since, 3))
        return Attended(present, 0, None)

    def acts(self, book, day):
        """What people write on a day: (case number, verb, data, note); some do nothing."""
        for case in book.cases():
            if case.due is None or case.due > day:
                continue
            chance = random.Random(f"{self.seed}/{day}/{case.id}/{case.seq}")
            draw, later = (
                chance.random(),
                self.days.later(case.school, day, chance.choice((1, 3, 5))).isoformat(),
            )
            if draw < 0.3:
                yield case, "meet", MEETING | {"due": later}, "家访" if draw < 0.1 else ""
            elif draw < 0.45:
                yield case, "plan", {"due": later, "reason": "the family is away"}, ""
            elif draw < 0.6 and case.state == "open":
                yield case, "returned", {"since": day.isoformat(), "due": later}, ""
            elif draw < 0.75:
                attended = self.attended(case.pupil, case.turned, day)
                outcome = chance.choice(("stayed", "false_alarm", "transferred", "lost"))
                yield case, "close", {
                    "outcome": outcome, "why": "x", "school": "another", "present": attended.present,
                    "absent": attended.absent,
                }, ""  # fmt: skip

    def work(self, book, number, *, between=lambda: None, since=FIRST):
        """Live through some school days; ``between`` is called before every act, and may raise."""
        for day in [day for day in self.school_days(number) if day >= since]:
            between()
            run_morning(book, self.facts(day), self.people)
            for case, kind, data, note in [*self.acts(book, day)]:
                between()
                try:
                    key = f"{day}/{case.id}/{case.seq}/{kind}"
                    told = {"data": data, "note": note, "level": case.level, "today": day}
                    book.write(kind, day, case.owner, key, case=case.id, **told)
                except CaseRefusedError:
                    continue

    def resume(self, book, number):
        """Live on from the last morning where somebody was killed: what was done is not done twice."""
        self.work(book, number, since=book.today() or FIRST)


def open_book(url, keys=None):
    """A book whose clock stands still, so that two of them can be compared to the byte."""
    return Book.open(url, keys=keys, now=lambda: NOON)


def end_state(book):
    """All that is in a book, but the bytes of encrypted notes."""
    frames = book.frames()
    frames["entry"] = frames["entry"].drop(columns=["note"])
    return {name: frame.to_csv(index=False) for name, frame in frames.items()}
