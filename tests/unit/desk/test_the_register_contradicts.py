"""Of whom the register has back, nobody is told as away, and nobody above is told for two mornings."""

import datetime as dt

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import Attended, MorningFacts, Signal, run_morning
from dropout_risk.casebook.paperwork.ledger_rows import read_everybody
from dropout_risk.casebook.paperwork.ledger_values import cell_value
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import ROUND
from dropout_risk.desk.deeds import is_asked_about
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.words import step_text

FIRST = dt.date(2025, 9, 1)
DAYS = [FIRST + dt.timedelta(n) for n in range(5)]
STAFF = People((
    Grant("t", "class_teacher", "pupil"), Grant("h", "principal", "school", "s-1"),
    Grant("c", "counsellor", "school", "s-1"), Grant("w", "township", "school", "s-1"),
    Grant("v", "village", "village", "v-1"), Grant("k", "county", "county"),
))  # fmt: skip
PUPILS = [Placed(f"p-{n}", "s-1", "s-1/8/1", "t", "v-1") for n in range(3)]
AWAY, BACK = "p-0", "p-1"
RULE = "absent_5_days"


def facts_of(day, *signals):
    """One pupil stays away; another is back since the second day, as its register says; so is a third."""

    def attended(asked):
        back = None if day <= DAYS[1] else DAYS[1]
        return [Attended(0, 5, FIRST) if pupil == AWAY else Attended(1, 0, None, back) for pupil, _ in asked]

    return MorningFacts(day, PUPILS, SchoolDaysAhead(), signals, attended=attended)


@pytest.fixture
def book(new_url):
    opened = Book.open(new_url())
    yield opened
    opened.close()


def live(book, days, *more):
    for day in days:
        signals = [Signal(pupil, RULE, FIRST) for pupil in (AWAY, BACK)] if day == FIRST else []
        run_morning(book, facts_of(day, *signals, *(more if day == FIRST else ())), STAFF)


def test_what_the_register_answers_is_planned_twice_and_then_goes_up_after_all(book):
    live(book, DAYS)
    with book.reading() as connection:
        told = connection.execute(sa.select(ROUND.c.case, ROUND.c.fate).order_by(ROUND.c.day)).all()
    fates = {number: [fate for case, fate in told if case == number] for number in (1, 2)}
    assert fates[book.case_of(AWAY).id] == ["passed_up"] * 3
    assert fates[book.case_of(BACK).id] == ["passed_up", "planned", "planned", "passed_up"]
    assert check_book(book) == []


def test_a_worry_is_answered_by_no_register(book):
    live(book, DAYS[:3], Signal(BACK, "worry", FIRST))
    assert book.case_of(BACK).office == "township"


def test_the_village_is_asked_of_whom_the_register_does_not_have_back(book):
    live(book, DAYS[:3])
    desk = Desk(book, STAFF, DAYS[2])
    asked = {
        seat.case.pupil: is_asked_about(desk, seat)
        for seat in desk.seats(desk.reader("v"), roles=("village",))
    }
    assert asked == {AWAY: True, BACK: False}


def test_the_next_step_is_to_verify_what_the_register_says(book):
    live(book, DAYS[:3])
    desk = Desk(book, STAFF, DAYS[2])
    told = {
        seat.case.pupil: step_text(seat.case, "open", seat.back_since)
        for seat in desk.seats(desk.reader("h"))
    }
    assert "考勤显示9月2日起已到校" in told[BACK].zh
    assert "考勤" not in told[AWAY].zh
    held = desk.seat(desk.reader("h"), desk.addresses.address_of(book.case_of(BACK).id))
    assert held.back_since == DAYS[1]


def test_the_ledger_of_suspected_dropouts_says_who_is_back_by_the_register(book):
    live(book, DAYS[:3])
    rows = {row.placed.pupil: row for row in read_everybody(book, DAYS[2]).rows if row.stage}
    told = {
        pupil: [str(getattr(cell_value(source, row), "zh", "")) for source in ("enrolment", "absent")]
        for pupil, row in rows.items()
    }
    assert told == {
        AWAY: ["在籍不在校", "5天以上"],
        BACK: ["在籍在校", "曾5天以上，考勤2025-09-02起到校（待核实）"],
    }
