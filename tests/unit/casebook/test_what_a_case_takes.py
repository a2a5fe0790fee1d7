"""No entry puts a case out of sight, and a call that nobody answered is no contact."""

import datetime as dt

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE
from dropout_risk.casebook.upgrade import upgrade_book
from dropout_risk.errors import CaseRefusedError

TODAY = dt.date(2025, 9, 1)
OPENED = {
    "pupil": "p-1", "school": "s-1", "line": "school", "rule": "listed", "level": 0, "owner": "t-1",
    "due": "2025-09-01",
}  # fmt: skip
LAST, TOO_LATE = "2025-09-15", "2025-09-16"
NOBODY = {"way": "call", "met": ["nobody"], "due": "2025-09-02"}
TOLD = {
    "meet": NOBODY,
    "plan": {"reason": "x"},
    "refer": {"to": "v-1"},
    "returned": {"since": "2025-09-01"},
    "pass_up": {"level": 1, "owner": "h-1"},
    "signal": {"rule": "worry"},
}


@pytest.fixture
def book(new_url):
    opened = Book.open(new_url())
    yield opened
    opened.close()


def opened_case(book, **more):
    return write(book, "open", None, **OPENED | more)


def write(book, kind, case, days=None, **data):
    key = f"{kind}-{0 if case is None else case.seq}-{len(book.cases())}"
    return book.write(kind, TODAY, "t-1", key, case=case, data=data, today=TODAY, level=3, days=days)


@pytest.mark.parametrize("kind", TOLD)
def test_no_entry_of_a_person_names_a_day_beyond_the_longest_wait(book, kind):
    case = opened_case(book)
    for due in (TOO_LATE, "2031-06-04"):
        with pytest.raises(CaseRefusedError, match="too far ahead"):
            write(book, kind, case, **TOLD[kind] | {"due": due})
    assert write(book, kind, case, **TOLD[kind] | {"due": LAST}).seq == 2


def test_a_case_is_not_opened_for_a_far_day(book):
    with pytest.raises(CaseRefusedError, match="too far ahead"):
        opened_case(book, due="2031-06-04")


def test_holidays_are_no_days_of_waiting(book):
    closed = frozenset(TODAY + dt.timedelta(n) for n in range(1, 30))
    case = opened_case(book)
    days = SchoolDaysAhead(closed={"s-1": closed})
    assert write(book, "plan", case, days, reason="x", due="2025-10-13").due == dt.date(2025, 10, 13)


def test_asking_one_after_the_other_puts_a_case_off_no_longer_than_planning_does(book):
    case = opened_case(book)
    for to in ("v-1", "v-2"):
        case = write(book, "refer", case, to=to, due=LAST)
    for kind in ("refer", "plan"):
        with pytest.raises(CaseRefusedError, match="put off 2 times in a row"):
            write(book, kind, case, to="v-3", reason="x", due=LAST)
    case = write(book, "meet", case, **NOBODY)
    assert write(book, "refer", case, to="v-3", due=LAST).moved == 1


@pytest.mark.parametrize("line", ["school", "care"])
def test_a_case_of_which_nobody_was_met_is_not_closed_as_talked_over(book, line):
    case = write(book, "meet", opened_case(book, line=line), **NOBODY)
    assert case.met is None
    with pytest.raises(CaseRefusedError, match="after a contact"):
        write(book, "close", case, outcome="settled")
    met = {"met": ["pupil"], "difficulty": ["peers"], "result": "returned"}
    case = write(book, "meet", case, **NOBODY | met)
    assert case.met == TODAY
    assert write(book, "close", case, outcome="settled").state == "closed"


def test_a_book_of_the_first_version_is_folded_anew_where_words_mean_something_else(new_url):
    url = new_url()
    book = Book.open(url)
    case = write(book, "meet", opened_case(book), **NOBODY)
    write(book, "refer", case, to="v-1", due=LAST)
    with book.writing() as connection:
        connection.execute(CASE.update().values(met=TODAY, moved=0))
        connection.execute(sa.text("ALTER TABLE standing DROP COLUMN present_since"))
        connection.execute(sa.text("UPDATE casebook SET value = '1'"))
    book.close()

    assert upgrade_book(url) == (1, 2)
    book = Book.open(url)
    (case,) = book.cases()
    assert (case.met, case.moved, check_book(book)) == (None, 1, [])
    book.close()
