"""Live through a school year of a simulated county: who comes how soon, and that nobody is missed.

    python benchmarks/county_year.py [--pupils 20000] [--seed 0] [--help-works 0.3]

The same county is lived through four times with the same seeds: on the alerts and the model's list of this
library, on the three-day rule alone, on a random list of the same length, and on the ABC rule with a list of
the same length. Each time a real case book runs every morning, with staff of limited minutes, staff that is
away, schools that are closed, registers that come late and records that are corrected.

**Help works because this file says so**: a pupil whom somebody meets before leaving stays with the
probability ``--help-works``, so what is compared is who is met in time, and nothing is learned of help.
Every law is asked each morning, and the whole chain at the end. Nearly everybody misses days before leaving,
so that meeting a leaver at all says little: what counts is how many school days before. Writes
``benchmarks/results/county_year.json``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dropout_risk as dr
from county_signals import WAYS, CountyDay, county_days, school_days_of, trained_model
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import Attended, MorningFacts, run_morning
from dropout_risk.casebook.people import Absence, Grant, People
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.errors import CaseRefusedError
from dropout_risk.settings import CaseSettings

RESULTS = Path(__file__).parent / "results" / "county_year.json"
MINUTES = {"class_teacher": 45, "principal": 90, "township": 180, "county": 240, "counsellor": 120}
"""How long somebody of each office has for this on a day; a call and a visit cost so many."""
CALL, VISIT = 10, 45
WHO = {"nobody": 25, "mother": 25, "grandparents": 20, "father": 12, "pupil": 12, "other_guardian": 6}
"""Who is met, of a hundred calls and visits; nobody costs as much, and is no contact."""
AWAY_SHARE, LATE_EXCUSES = 0.03, 0.1
LEADS = (5, 10, 20, 40)
"""School days between the first contact and leaving."""
YEAR = (dt.date(2025, 9, 1), dt.date(2026, 6, 30))


def people_of(first: CountyDay, days: list[dt.date], seed: int) -> People:
    """Name a teacher for each responsible id, who stands in for the next one; offices above; days away."""
    chance = random.Random(f"{seed}/people")  # noqa: S311
    grants: list[Grant] = []
    schools = sorted({pupil.school for pupil in first.pupils})
    for school in schools:
        teachers = sorted({p.responsible for p in first.pupils if p.school == school and p.responsible})
        grants += [
            Grant(teacher, "class_teacher", "pupil", deputy=teachers[number - 1])
            for number, teacher in enumerate(teachers)
        ]
        for office in ("principal", "counsellor", "township"):
            grants.append(Grant(f"{office}@{school}", office, "school", school))
    grants.append(Grant("county", "county", "county"))
    away = [
        Absence(grant.person, day, day + dt.timedelta(days=3))
        for grant in grants
        if grant.role == "class_teacher"
        for day in chance.sample(days, round(AWAY_SHARE * len(days) / 2))
    ]
    return People(tuple(grants), tuple(away))


@dataclass
class Year:
    """One way through the year."""

    way: str
    truth: dict[str, dt.date]
    help_works: float
    seed: int
    stays: set[str] = field(default_factory=set)
    first_sign: dict[str, dt.date] = field(default_factory=dict)
    first_contact: dict[str, dt.date] = field(default_factory=dict)
    minutes: Counter[str] = field(default_factory=Counter)
    placed: dict[str, Any] = field(default_factory=dict)

    def facts(self, today: CountyDay, days: SchoolDaysAhead) -> MorningFacts:
        """Tell the morning what the records of a county would say in which help has worked."""
        for pupil in today.pupils:
            self.placed[pupil.pupil] = pupil
        there = {pupil.pupil: pupil for pupil in today.pupils}
        there |= {name: self.placed[name] for name in self.stays if name in self.placed}
        signals = [signal for signal in today.signals[self.way] if not self._is_over(signal.pupil, today.day)]
        for signal in signals:
            self.first_sign.setdefault(signal.pupil, today.day)
        told = [*there.values()]
        return MorningFacts(
            today.day, told, days, signals, today.to_verify & there.keys(), self._attended(today, days)
        )

    def _is_over(self, pupil: str, day: dt.date) -> bool:
        return pupil in self.stays and day >= self.truth[pupil]

    def _attended(self, today: CountyDay, days: SchoolDaysAhead) -> Any:
        """Say of whoever came back that it comes to school until it leaves."""

        def attended(asked: Any) -> list[Attended]:
            told = []
            for pupil, since in asked:
                school = self.placed[pupil].school
                gone = pupil in self.truth and pupil not in self.stays and self.truth[pupil] <= today.day
                left = max(self.truth[pupil], since) if gone else None
                present = days.between(school, since, left or today.day)
                told.append(
                    Attended(present, 0 if left is None else days.between(school, left, today.day), left)
                )
            return told

        return attended

    def live(self, book: Book, day: dt.date, days: SchoolDaysAhead) -> None:
        """Let everybody work on their due cases, the oldest and highest first, until their time is up."""
        spent: Counter[str] = Counter()
        due = [case for case in book.cases() if case.due is not None and case.due <= day]
        for case in sorted(due, key=lambda item: (item.due, -item.level, item.id)):
            cost = CALL if case.met is None else VISIT
            if not days.is_open(case.school, day) or spent[case.owner] + cost > MINUTES[case.office]:
                continue
            spent[case.owner] += cost
            try:
                self._act(book, case, day, days)
            except CaseRefusedError:
                continue
        self.minutes.update(spent)

    def _act(self, book: Book, case: Case, day: dt.date, days: SchoolDaysAhead) -> None:
        gone = case.pupil in self.truth and case.pupil not in self.stays and self.truth[case.pupil] <= day
        met = self._who_is_met(case)
        later = days.later(case.school, day, 1 if met == "nobody" else 5)
        kind, data, note = self._entry(case, gone, met, later)
        if case.pupil not in self.first_contact and kind == "meet" and met != "nobody":
            self.first_contact[case.pupil] = day
            if not gone and case.pupil in self.truth and self._draw(case) < self.help_works:
                self.stays.add(case.pupil)
        key = f"{day}/{case.id}/{case.seq}"
        book.write(
            kind, day, case.owner, key, case=case.id, data=data, level=case.level, note=note, today=day
        )

    def _draw(self, case: Case) -> float:
        return random.Random(f"{self.seed}/{case.pupil}").random()  # noqa: S311

    def _who_is_met(self, case: Case) -> str:
        """Draw who is at home or at school this time."""
        chance = random.Random(f"{self.seed}/{case.pupil}/{case.id}/{case.seq}")  # noqa: S311
        return chance.choices([*WHO], [*WHO.values()])[0]

    def _entry(self, case: Case, gone: bool, met: str, later: dt.date) -> tuple[str, dict[str, Any], str]:
        """Meet first; close what has no cause any more; what is gone goes up and is lost at the top."""
        care = case.line == "care"
        if gone and case.is_at_top and not care:
            return "close", {"outcome": "lost"}, ""
        if case.met is not None and (care or not gone):
            late = random.Random(f"{case.id}").random() < LATE_EXCUSES  # noqa: S311
            return "close", {"outcome": "corrected" if late else "false_alarm", "why": "comes to school"}, ""
        data: dict[str, Any] = {"way": "call" if case.met is None else "home_visit", "met": [met]}
        data["due"] = later.isoformat()
        if met != "nobody":
            data |= {"difficulty": ["unknown"], "result": "unwilling" if gone else "promised"}
        return "meet", data, ""


def live_through(
    way: str, county: dict[str, Any], folder: Path, help_works: float, seed: int
) -> dict[str, Any]:
    """Live through the year in one way, and measure."""
    year = Year(way, county["truth"], help_works, seed)
    days, people, mornings = county["days"], None, []
    book = Book.open(f"sqlite:///{folder / way}.db", settings=CaseSettings(first_days=5))
    for today in county_days(county["model"], county["histories"], county["dates"], county["folder"], seed):
        people = people or people_of(today, county["dates"], seed)
        begun = time.perf_counter()
        run_morning(book, year.facts(today, days), people)
        mornings.append(time.perf_counter() - begun)
        year.live(book, today.day, days)
    broken = [str(item) for item in check_book(book)]
    row = measured(year, county, len(book.cases())) | {"laws_broken": broken, "mornings": len(mornings)}
    row |= {"morning_s_median": float(np.median(mornings)), "morning_s_most": max(mornings)}
    book.close()
    return row


def measured(year: Year, county: dict[str, Any], cases: int) -> dict[str, Any]:
    """Count: who was met before leaving, how soon after the first sign, and what it took."""
    first, last = county["dates"][0], county["dates"][-1]
    leavers = {pupil: day for pupil, day in year.truth.items() if first <= day <= last}
    met = {pupil for pupil, day in leavers.items() if year.first_contact.get(pupil, day) < day}
    days = county["days"]
    waits = [
        days.between(year.placed[pupil].school, sign, year.first_contact[pupil])
        for pupil, sign in year.first_sign.items()
        if pupil in year.first_contact and pupil in leavers
    ]
    leads = [
        days.between(year.placed[pupil].school, year.first_contact[pupil], leavers[pupil]) for pupil in met
    ]
    teachers = [
        minutes for person, minutes in year.minutes.items() if "@" not in person and person != "county"
    ]
    return {
        "way": year.way, "leavers": len(leavers), "signalled_before": sum(
            year.first_sign.get(pupil, day) < day for pupil, day in leavers.items()) / max(len(leavers), 1),
        "met_before": len(met) / max(len(leavers), 1),
        "lead_median": float(np.median(leads)) if leads else None,
        **{f"met_{lead}_days_before": sum(one >= lead for one in leads) / len(leavers) for lead in LEADS},
        "stayed": len(year.stays & leavers.keys()),
        "wait_median": float(np.median(waits)) if waits else None,
        "wait_90": float(np.quantile(waits, 0.9)) if waits else None,
        "minutes_per_teacher_and_day": float(np.mean(teachers)) / len(county["dates"]) if teachers else 0.0,
        "cases": cases,
    }  # fmt: skip


def simulated_county(pupils: int, seed: int, folder: Path) -> dict[str, Any]:
    """Simulate two school years, and train a model on another county; the second year is lived through."""
    records = dr.simulate_district(pupils, seed, n_days=370)
    histories = dr.Histories.from_records(records)
    truth = records.truth
    leaving = pd.to_datetime(truth["dropout_date"])
    named = zip(truth["student_id"].astype(str), leaving, strict=True)
    dates = school_days_of(histories, *YEAR)
    return {
        "histories": histories, "model": trained_model(seed, 3000), "dates": dates, "folder": folder,
        "truth": {name: day.date() for name, day in named if not pd.isna(day)},
        "days": SchoolDaysAhead.of_calendar(histories.calendar),
    }  # fmt: skip


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pupils", type=int, default=20000, help="at school in the year lived through")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--help-works", type=float, default=0.3)
    parser.add_argument("--days", type=int, default=None, help="only the first so many days")
    parser.add_argument("--kept", type=Path, default=None, help="a folder in which scored days are kept")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="only these ways")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        kept = (given.kept or Path(made)) / f"days-{given.pupils}-{given.seed}"
        county = simulated_county(round(given.pupils * 4 / 3), given.seed, kept)
        county["dates"] = county["dates"][: given.days]
        rows = []
        for way in given.ways:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(live_through(way, county, Path(folder), given.help_works, given.seed))
            print(json.dumps(rows[-1]), flush=True)
    print(pd.DataFrame(rows).set_index("way").T.to_string())
    if given.days is None and set(given.ways) == set(WAYS):
        RESULTS.parent.mkdir(exist_ok=True)
        told = {"pupils": given.pupils, "seed": given.seed, "help_works": given.help_works, "ways": rows}
        RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
