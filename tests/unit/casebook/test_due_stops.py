"""A week of visits out of the book, and filled-in forms back into it: all of a form, or nothing."""

import csv
import datetime as dt

import pytest

from dropout_risk.casebook.mornings.morning import run_morning
from dropout_risk.casebook.visiting.due_stops import contact_drafts, due_stops, read_team
from dropout_risk.casebook.visiting.visit_notes import read_visit_notes, write_visit_form
from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.errors import CaseRefusedError, VisitError
from support.casebook_county import FIRST, County, open_book

DAYS = [FIRST + dt.timedelta(days=number) for number in range(5)]
TEAM = '[[visitor]]\nperson = "v-1"\nfrom = 13:00:00\nuntil = 18:00:00\nvillage = "x"\n'


FILLED = {
    "way": "home visit",
    "met": "the mother",
    "difficulty": "a long way to school",
    "result": "return agreed",
}


@pytest.fixture
def county():
    return County(pupils=40)


@pytest.fixture
def book(county):
    opened = open_book("sqlite://")
    run_morning(opened, county.facts(FIRST), county.people)
    return opened


def planned_form(book, county, folder, change=lambda row: row):
    """A form of the week's plan, filled in by a stranger to the code: a spreadsheet's rows."""
    (folder / "team.toml").write_text(TEAM, encoding="utf-8")
    plan = plan_week(due_stops(book, DAYS), read_team(folder / "team.toml", DAYS), DAYS)
    write_visit_form(folder / "form.csv", plan.routes, "en")
    with (folder / "form.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    filled = []
    for number, row in enumerate(rows):
        cells = dict(zip(header, row, strict=True))
        cells |= {QUESTIONS[key].title.en: word for key, word in FILLED.items()}
        filled.append(change(cells) if number == len(rows) - 1 else cells)
    with (folder / "form.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(filled)
    return folder / "form.csv", len(rows)


def take(book, county, form):
    notes = read_visit_notes(form, today=DAYS[-1], cases={str(case.id) for case in book.cases()})
    return book.write_all(contact_drafts(book, notes, "v-1", DAYS[-1], county.days), DAYS[-1])


def test_every_due_case_of_the_school_is_a_stop_and_none_of_the_counsellors(book):
    cases = [case for case in book.cases() if case.line == "school" and case.due <= DAYS[-1]]

    assert [stop.case_id for stop in due_stops(book, DAYS)] == [str(case.id) for case in cases]
    assert any(case.line == "care" for case in book.cases())


def test_a_filled_in_form_is_written_once_however_often_it_is_taken(book, county, tmp_path):
    form, number = planned_form(book, county, tmp_path)

    take(book, county, form)
    first = {case.id: case.seq for case in book.cases()}
    take(book, county, form)

    assert number > 2
    assert sum(len(book.entries(case)) == 2 for case in first) == number
    assert {case.id: case.seq for case in book.cases()} == first


def test_of_a_form_with_one_row_that_the_book_refuses_nothing_is_written(book, county, tmp_path):
    before_the_case = (FIRST - dt.timedelta(days=30)).isoformat()
    form, _ = planned_form(book, county, tmp_path, lambda cells: cells | {"day": before_the_case})

    with pytest.raises(CaseRefusedError, match="before the case was opened"):
        take(book, county, form)

    assert {case.seq for case in book.cases()} == {1}


def test_all_that_is_wrong_in_a_team_is_said_at_once(tmp_path):
    (tmp_path / "team.toml").write_text(
        '[[visitor]]\npersn = "v-1"\n[[visitor]]\nperson = "v-2"\nfrom = 18:00:00\n'
    )

    with pytest.raises(VisitError) as error:
        read_team(tmp_path / "team.toml", DAYS)

    assert "visitor 1: unknown key 'persn'; visitor 1: person is missing; visitor 2: from and until" in str(
        error.value
    )
