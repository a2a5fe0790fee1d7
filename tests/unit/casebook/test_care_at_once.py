"""A critical answer opens a counsellor's case at once: without school that day, and of who has left too."""

import datetime as dt

import pytest

import dropout_risk as dr
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.lessons.told_cases import signalled_before
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.mornings.morning_facts import morning_facts
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import OUTBOX

FRIDAY, SUNDAY, MONDAY = dt.date(2025, 5, 23), dt.date(2025, 5, 25), dt.date(2025, 5, 26)
PUPILS = [Placed(f"p-{k}", "s-1", "s-1/8/1", "t-1") for k in range(4)]
PEOPLE = People(
    (
        Grant("t-1", "class_teacher", "class", "s-1/8/1"),
        Grant("h-1", "principal", "school", "s-1"),
        Grant("c-1", "counsellor", "school", "s-1", channel="mail"),
    )
)
CARE, ABSENT = (
    Signal("p-1", "critical_item", SUNDAY - dt.timedelta(1), "care"),
    Signal("p-2", "absent_1_day", FRIDAY),
)


@pytest.fixture
def book():
    made = Book.open("sqlite://")
    run_morning(made, MorningFacts(FRIDAY, PUPILS, SchoolDaysAhead()), PEOPLE)
    return made


def notices(book):
    with book.reading() as connection:
        return {row.key: row.count for row in connection.execute(OUTBOX.select())}


def test_on_a_sunday_care_opens_and_its_counsellor_is_told_and_nothing_else_moves(book):
    facts = MorningFacts(SUNDAY, PUPILS, SchoolDaysAhead(), [ABSENT, CARE])
    assert run_morning(book, facts, PEOPLE) is None
    (case,) = book.cases()
    assert (case.pupil, case.line, case.owner, case.opened) == ("p-1", "care", "c-1", SUNDAY)
    assert notices(book) == {f"own/{SUNDAY}/c-1": 1}
    assert (book.today(), check_book(book)) == (FRIDAY, [])


def test_twice_on_a_sunday_is_once_and_on_monday_the_case_is_in_the_round(book):
    facts = MorningFacts(SUNDAY, PUPILS, SchoolDaysAhead(), [CARE])
    for _ in range(2):
        run_morning(book, facts, PEOPLE)
    entries = book.entries(1)
    report = run_morning(book, MorningFacts(MONDAY, PUPILS, SchoolDaysAhead(), [CARE]), PEOPLE)
    assert [entry.kind for entry in entries] == [entry.kind for entry in book.entries(1)] == ["open"]
    assert report.round == 0  # nobody learns of it from a report
    assert notices(book) == {f"own/{SUNDAY}/c-1": 1, f"own/{MONDAY}/c-1": 1}
    assert check_book(book) == []


@pytest.mark.parametrize("day", [SUNDAY, MONDAY])
def test_who_has_left_its_school_is_not_left_out_of_care(book, day):
    gone = Signal("p-9", "critical_item", SUNDAY - dt.timedelta(1), "care", school="s-1")
    run_morning(book, MorningFacts(day, PUPILS, SchoolDaysAhead(), [gone]), PEOPLE)
    assert [(case.pupil, case.owner) for case in book.cases()] == [("p-9", "c-1")]
    assert check_book(book) == []


@pytest.mark.parametrize(
    ("outcome", "told"), [(None, True), ("dropout", True), ("transferred", True), ("died", False)]
)
def test_the_records_tell_of_the_answers_of_those_who_left_but_of_no_dead_child(risk_model, outcome, told):
    days = [MONDAY - dt.timedelta(k) for k in range(1, 80) if (MONDAY - dt.timedelta(k)).weekday() < 5]
    students = [
        {"student_id": f"p-{k}", "school_id": "s-1", "class_id": "1", "grade_level": 8} for k in range(6)
    ]
    left = dt.date(2025, 5, 21)
    answer = {"student_id": "p-5", "date": dt.date(2025, 5, 20), "instrument": "PHQ-9", "scale": "item_9"}
    tables = {
        "attendance": [
            {"student_id": f"p-{k}", "date": day, "status": "present"}
            for k in range(6)
            for day in days
            if k < 5 or day < left
        ],
        "wellbeing": [answer | {"score": 3}],
    }
    if outcome:
        tables["outcomes"] = [{"student_id": "p-5", "date": left, "event": outcome}]
    else:
        students[5]["left_on"] = left
    records = dr.SchoolRecords.from_tables(students=students, today=MONDAY, **tables)
    facts = morning_facts(risk_model, dr.Histories.from_records(records), MONDAY)
    found = [(signal.pupil, signal.school) for signal in facts.signals if signal.line == "care"]
    assert found == ([("p-5", "s-1")] if told else [])


def test_what_a_morning_took_of_critical_answers_is_known_on_the_days_after_it_alone(book):
    run_morning(book, MorningFacts(MONDAY, PUPILS, SchoolDaysAhead(), [CARE, ABSENT]), PEOPLE)
    taken = {("p-1", "critical_item", CARE.since): MONDAY}
    assert signalled_before(book, MONDAY) == {}
    assert signalled_before(book, MONDAY + dt.timedelta(days=1)) == taken
    assert signalled_before(book, MONDAY + dt.timedelta(days=60)) == taken
