"""What a large case book costs: 100,000 cases and 800,000 entries, on SQLite or PostgreSQL.

The cases are those of four school years of a large county: most are closed, one in five is live. Their
entries are written by the book's own writer, chained, and checked at the end by all laws.

    python benchmarks/casebook.py
    python benchmarks/casebook.py --url postgresql://...
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.entry import Act
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import MorningFacts, run_morning
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE, STANDING
from dropout_risk.casebook.writer import Writer
from dropout_risk.desk.case_address import CaseAddresses
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.screens import answer_get
from dropout_risk.desk.view import View

CASES, LIVE, SCHOOLS, TEACHERS, ENTRIES = 100_000, 20_000, 120, 40, 8
FIRST = dt.date(2021, 9, 1)
TODAY, TOMORROW = dt.date(2025, 9, 1), dt.date(2025, 9, 2)
PART = 5_000
MET = {"way": "home_visit", "met": ["mother"], "difficulty": ["far_way"], "result": "promised"}
MOST = {
    "an owner's morning": 0.020,
    "a case with its entries": 0.005,
    "the desk's county page": 0.2,
    "passing up 20,000": 5.0,
}


def case_acts(
    number: int, chance: random.Random, entries: int
) -> Iterator[tuple[str, dt.date, dict[str, object]]]:
    """Give the things that were written of a case; the last 20,000 cases are live and due today."""
    live = number > CASES - LIVE
    school = number % SCHOOLS
    begun = TODAY - dt.timedelta(40) if live else FIRST + dt.timedelta(chance.randrange(1_300))
    due = TODAY.isoformat() if live else (begun + dt.timedelta(3)).isoformat()
    yield "open", begun, {
        "pupil": f"p-{number}", "school": f"s-{school}", "line": "school", "rule": "absent_1_day",
        "since": begun.isoformat(), "level": 0, "owner": f"t-{school}-{number % TEACHERS}", "due": due,
    }  # fmt: skip
    for step in range(1, entries - 1):
        yield ("meet", begun + dt.timedelta(step), MET | {"due": due}) if step % 2 else (
            "correct", begun + dt.timedelta(step), {"wrong": "register"},
        )  # fmt: skip
    if live:
        yield "plan", begun + dt.timedelta(entries), {"due": due, "reason": "x"}
    else:
        yield "close", begun + dt.timedelta(entries), {"outcome": "false_alarm", "why": "x"}


def fill_book(book: Book, entries: int) -> None:
    """Write all cases, a part of them in each transaction."""
    chance = random.Random(1)  # noqa: S311
    for first in range(1, CASES + 1, PART):
        with book.writing() as connection:
            writer = Writer(connection, book.now())
            for number in range(first, first + PART):
                case: Case | None = None
                for seq, (kind, day, data) in enumerate(case_acts(number, chance, entries)):
                    case = writer.append(case, Act(kind, day, "t", f"{number}/{seq}"), data)
            writer.flush()


def county_facts(day: dt.date) -> MorningFacts:
    """Give everybody who is at school: the pupils of the live cases."""
    pupils = [
        Placed(
            f"p-{number}", f"s-{number % SCHOOLS}", f"c-{number % 900}",
            f"t-{number % SCHOOLS}-{number % TEACHERS}",
        )
        for number in range(CASES - LIVE + 1, CASES + 1)
    ]  # fmt: skip
    return MorningFacts(day, pupils, SchoolDaysAhead())


def county_people() -> People:
    """Give the staff of all schools."""
    grants = [Grant("k", "county", "county")]
    for school in range(SCHOOLS):
        grants += [
            Grant(f"{role[0]}-{school}", role, "school", f"s-{school}")
            for role in ("principal", "counsellor")
        ]
        grants += [Grant(f"t-{school}-{number}", "class_teacher", "pupil") for number in range(TEACHERS)]
    return People(tuple(grants))


def owner_morning(connection: sa.Connection, owner: str) -> int:
    """Read the due cases of an owner, each with where the pupil stands."""
    due = sa.select(CASE, STANDING).join(STANDING, STANDING.c.pupil == CASE.c.pupil)
    return len(connection.execute(due.where(CASE.c.owner == owner, CASE.c.due <= TODAY)).all())


def desk_pages(book: Book, people: People) -> dict[str, Callable[[int], object]]:
    """Give the pages of the desk that are measured: from the address to the page, a desk for each."""
    cases = [book.case(CASES - number * 211) for number in range(16)]
    seats = [(case.owner, case.id) for case in cases if case is not None]
    addresses = CaseAddresses.new()

    def page(person: str, *steps: str) -> None:
        desk = Desk(book, people, TODAY, addresses=addresses)
        answer = answer_get(View(desk, desk.reader(person), "zh", steps))
        assert answer.status == 200, answer.status  # noqa: S101

    return {
        "the desk's page of a case": lambda n: page(seats[n][0], "case", addresses.address_of(seats[n][1])),
        "the desk's first page, 166 cards": lambda n: page(seats[n][0], "today"),
        "the desk's county page": lambda _: page("k", "county"),
    }


clock = time.perf_counter
"""On SQLite the processor's time is taken: all is done in this process, whatever else the machine does."""


def median_seconds(call: Callable[[int], object], times: int = 15) -> float:
    """Measure a call some times, after a first that is not counted."""
    call(0)
    taken = []
    for number in range(times):
        begun = clock()
        call(number)
        taken.append(clock() - begun)
    return statistics.median(taken)


@contextmanager
def kept_time(took: dict[str, float], name: str) -> Iterator[None]:
    """Keep how long something takes once, and say so."""
    begun = clock()
    yield
    took[name] = clock() - begun
    print(f"{name}: {took[name]:.2f} s", flush=True)


def measured_book(book: Book, entries: int) -> dict[str, float]:
    """Fill a book and measure it; the first morning begins a round of 20,000, which the second passes up."""
    took: dict[str, float] = {}
    people = county_people()
    with kept_time(took, f"writing {CASES * entries:,} entries"):
        fill_book(book, entries)
    facts = county_facts(TODAY), county_facts(TOMORROW)
    with kept_time(took, "a morning that begins a round of 20,000"):
        run_morning(book, facts[0], people)
    with book.reading() as connection:
        named = [
            *connection.scalars(sa.select(CASE.c.owner).where(CASE.c.due.is_not(None)).distinct().limit(99))
        ]
        took["an owner's morning"] = median_seconds(lambda n: owner_morning(connection, named[n]))
    took["a case with its entries"] = median_seconds(
        lambda n: (book.case(n * 997 + 1), book.entries(n * 997 + 1))
    )
    for name, show in desk_pages(book, people).items():
        took[name] = median_seconds(show)
    took["a contact written down"] = median_seconds(
        lambda n: book.write(
            "correct", TODAY, "t", f"new/{n}", case=n + 1, data={"wrong": "register"}, today=TODAY
        )
    )
    with kept_time(took, "passing up 20,000"):
        report = run_morning(book, facts[1], people)
    assert report is not None  # noqa: S101
    assert report.written["pass_up"] == LIVE  # noqa: S101
    with kept_time(took, "all laws, every entry"):
        broken = check_book(book)
    assert not broken, broken  # noqa: S101
    return took


def main() -> None:
    """Measure, and print a table."""
    global clock  # noqa: PLW0603
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="how many entries a case has, from 2")
    parser.add_argument("--url", help="an empty book, by default an SQLite file that is thrown away")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(given.url or f"sqlite:///{Path(folder, 'book.db')}")
        if book.engine.dialect.name == "sqlite":
            clock = time.process_time
        took = measured_book(book, given.entries)
        name = book.engine.dialect.name
    print(f"\n| what | {name} | at most |\n|---|---|---|")
    for what, seconds in took.items():
        told = f"{seconds * 1000:.1f} ms" if seconds < 0.5 else f"{seconds:.1f} s"
        print(f"| {what} | {told} | {f'{MOST[what] * 1000:.0f} ms' if what in MOST else ''} |")
    slow = [what for what, most in MOST.items() if took[what] > most]
    if slow:
        raise SystemExit(f"too slow: {', '.join(slow)}")


if __name__ == "__main__":
    main()
