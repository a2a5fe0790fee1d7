"""Many write to a book at the same time: one wins, the others are told so, and nothing is lost."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import run_morning
from dropout_risk.errors import CaseConflictError, CaseRefusedError
from support.casebook_county import FIRST, MEETING, County, open_book

TESTS = Path(__file__).parents[1]
OPENED = {
    "school": "s-1", "line": "school", "rule": "worry", "level": 0, "owner": "t-1", "due": FIRST.isoformat(),
}  # fmt: skip
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
from dropout_risk.errors import CaseConflictError
from support.casebook_county import FIRST, open_book
book, conflicts = open_book(sys.argv[3]), 0
for number in range(15):
    while True:
        case = book.case(1)
        try:
            book.write("correct", FIRST, sys.argv[4], f"{sys.argv[4]}/{number}", case=case, today=FIRST,
                       data={"wrong": "register"})
            break
        except CaseConflictError:
            conflicts += 1
print(conflicts)
"""


@pytest.fixture
def book(book_url):
    opened = open_book(book_url)
    yield opened
    opened.close()


def open_case(book, pupil):
    return book.write("open", FIRST, "t-1", f"open/{pupil}", data=OPENED | {"pupil": pupil}, today=FIRST)


def all_at_once(*calls):
    """Run calls in threads; give the results, or the refusals."""

    def result_of(call):
        try:
            return call()
        except (CaseConflictError, CaseRefusedError) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return [*pool.map(result_of, calls)]


def test_of_many_who_read_the_same_case_and_write_one_wins_and_the_others_are_told(book):
    case = open_case(book, "p-1")
    due = {"due": "2025-09-03", "reason": "x"}

    def plan_as(number):
        return book.write("plan", FIRST, "t-1", f"plan/{number}", case=case, data=due, today=FIRST)

    told = all_at_once(*(lambda n=n: plan_as(n) for n in range(8)))

    assert sum(isinstance(one, CaseConflictError) for one in told) == 7
    assert [entry.kind for entry in book.entries(case.id)] == ["open", "plan"]
    assert check_book(book) == []


def test_the_same_act_sent_by_many_at_once_is_done_once(book):
    case = open_case(book, "p-1")
    met = MEETING | {"due": "2025-09-03"}

    def tap():
        return book.write("meet", FIRST, "t-1", "tapped", case=case.id, data=met, today=FIRST)

    told = all_at_once(*[tap] * 6)

    assert [entry.kind for entry in book.entries(case.id)] == ["open", "meet"]
    assert all(isinstance(one, CaseConflictError) or one.seq == 2 for one in told)


def test_cases_of_different_pupils_are_opened_at_once_and_one_of_the_same_pupil_once(book):
    told = all_at_once(*(lambda n=n: open_case(book, f"p-{n}") for n in range(8)))
    assert sorted(case.id for case in told) == [*range(1, 9)]

    twice = [
        lambda n=n: book.write("open", FIRST, "t-1", f"twice/{n}", data=OPENED | {"pupil": "q"}, today=FIRST)
        for n in range(4)
    ]
    told = all_at_once(*twice)
    assert sum(isinstance(one, CaseConflictError) for one in told) == 3
    assert check_book(book) == []


def test_processes_that_write_to_one_case_lose_nothing(book, book_url):
    open_case(book, "p-1")
    source = str(TESTS.parent / "src")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, source, str(TESTS), book_url, f"t-{n}"], stdout=subprocess.PIPE
        )
        for n in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    for process in running:
        process.stdout.close()

    entries = book.entries(1)
    assert [entry.seq for entry in entries] == [*range(1, 47)]
    assert len({entry.key for entry in entries}) == 46
    assert check_book(book) == []


def test_a_morning_runs_beside_writers_and_neither_is_lost(book):
    county = County(pupils=40)
    county.work(book, 2)
    days = county.school_days(6)[2:]
    live = [case.id for case in book.cases() if case.state != "closed"][:3]

    def write_often(number):
        for turn in range(12):
            book.write(
                "correct", days[0], "t-1", f"{number}/{turn}", case=live[number], data={"wrong": "register"}
            )
        return 12

    def run_mornings():
        return [run_morning(book, county.facts(day), county.people) for day in days]

    def run_again():
        return [run_morning(book, county.facts(day), county.people) for day in days]

    first, second, *written = all_at_once(
        run_mornings, run_again, *(lambda n=n: write_often(n) for n in range(3))
    )

    assert written == [12, 12, 12]
    assert [sum(report is not None for report in pair) for pair in zip(first, second, strict=True)] == [1] * 4
    assert check_book(book) == []


def test_two_who_begin_the_same_book_at_once_begin_one(new_url):
    url = new_url()
    books = all_at_once(*[lambda: open_book(url)] * 5)
    assert all(check_book(book) == [] for book in books)
    for book in books:
        book.close()
