"""Numbers on the pages: they add up, agree with the book, and count nobody twice."""

import datetime as dt
import random
import re
from collections import Counter
from types import SimpleNamespace

import pytest
from serving.desk import DeskRoom

from dropout_risk.casebook.book import Book, read_people
from dropout_risk.casebook.machine import PARTS
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import Grant, People
from dropout_risk.desk.county_page import SchoolFigures, _row_of, school_figures
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.screens import SCREENS
from support.casebook_county import County, open_book
from support.desk_town import DAY, Town, Visitor

DAYS = 14


@pytest.fixture(scope="module")
def county():
    """A small county after some weeks of work, seen by its own people."""
    made, book = County(seed=3, pupils=80), open_book("sqlite://", NoteKeys.new())
    made.work(book, DAYS)
    made.day, made.book = made.school_days(DAYS)[-1], book
    made.room = DeskRoom(book, day=made.day)
    made.room._current_people = lambda: made.people
    return made


def ledger(page):
    return {name: int(number) for number, name in re.findall(r"<li><b>(\d+)</b>([^<]+)</li>", page)}


@pytest.mark.parametrize("person", ["t-1", "t-5", "h-0", "h-1", "h-3"])
def test_the_numbers_of_the_first_page_add_up_to_the_pupils_each_in_one(county, person):
    page = Visitor(county.room, person).ask("/desk/today", all="1").html
    counts = ledger(page)
    own = [pupil for pupil in county.pupils if county.people.roles_of(person, pupil, county.day)]

    assert sum(counts.values()) == len(own) == int(re.search(r"共(\d+)人", page)[1])
    without_case = ("今天不用安排", PARTS["to_verify"].zh)
    with_case = sum(number for name, number in counts.items() if name not in without_case)
    assert page.count('<article class="card') == with_case


def test_the_county_counts_by_school_what_a_plain_loop_counts(county):
    desk = county.room.desk()
    figures = school_figures(desk, desk.reader("k"))
    cases = [case for case in county.book.cases() if case.line == "school"]
    lately = county.day - dt.timedelta(days=60)
    assert len(figures) == 4
    assert {case.state for case in cases} == {"open", "staying", "closed"}
    for school, told in figures.items():
        own = [case for case in cases if case.school == school]
        live = [case for case in own if case.state != "closed"]
        fresh = [case for case in own if case.opened >= lately]
        assert (told.live, told.closed) == (len(live), len(own) - len(live))
        assert told.overdue == sum(case.due < county.day for case in live)
        assert told.due == sum(case.due == county.day for case in live)
        assert sorted(told.waited.elements()) == sorted(
            (case.met - case.opened).days for case in fresh if case.met
        )
        assert told.back == sum(case.state == "staying" or case.outcome == "stayed" for case in fresh)
        again = {
            late.pupil
            for late in fresh
            for early in own
            if (early.pupil, early.state) == (late.pupil, "closed")
            and early.id < late.id
            and early.turned >= lately
        }
        assert told.reopened == len(again)


@pytest.mark.parametrize(("cases", "told"), [(9, "–"), (10, "20%")])
def test_no_rate_of_a_school_is_made_of_few_cases(county, cases, told):
    view = SimpleNamespace(say=lambda text: text.zh)
    figures = SchoolFigures(1, 2, cases, 0, 1, Counter({3: cases}), 2, cases)
    _, overdue, due, live, closed, waited, back, reopened = _row_of(view, "s-1", figures)
    assert (overdue, due, live, reopened) == ("1", "2", str(cases), "1")
    assert [cell == "–" for cell in (closed, waited, back)] == [told == "–"] * 3
    assert back == told


def test_the_end_of_the_day_balances_and_what_is_left_is_shown(county):
    for person in ("t-1", "t-5", "h-0", "k"):
        page = Visitor(county.room, person).ask("/desk/evening").html
        due, *fates = map(int, re.findall(r"\d+", re.search(r'class="adds-up">([^<]+)', page)[1]))
        assert due == sum(fates)
        assert page.count('<article class="card') == fates[-1]


def test_five_numbers_are_nought_in_a_school_where_everything_is_done_but_what_nobody_knows():
    town = Town()
    for case in town.book.cases():
        if case.line == "school" and case.school == "s-1":
            data = {
                "way": "call",
                "met": ["mother"],
                "difficulty": ["unknown"],
                "result": "promised",
                "due": "2025-05-26",
            }
            town.book.write("meet", DAY, "t-1", f"m/{case.id}", case=case, data=data, today=DAY)
    page = town.visitor("h-1").ask("/desk/gaps").html

    assert re.findall(r"<td[^>]*>(\d+|不知道)</td></tr>", page.split("<h2>")[1]) == [
        "0",
        "不知道",
        "0",
        "0",
        "0",
    ]


def test_what_is_left_out_is_counted_and_named():
    town = Town()
    town.people = People(tuple(grant for grant in town.people.grants if grant.person != "t-2"))
    page = town.visitor("h-1").ask("/desk/gaps").html.split("<h2>")[1]

    assert re.findall(r"<td[^>]*>(\d+|不知道)</td></tr>", page) == ["3", "不知道", "5", "1", "0"]
    assert "王八" in page
    assert "赵一" in page
    assert "钱二" not in page  # a talk that the list suggests is no alert that nobody has taken up


def test_the_people_of_the_last_morning_act_where_no_file_names_them(county):
    with county.book.reading() as connection:
        people = read_people(connection)
    for grant in random.Random(1).sample(county.people.live_grants(county.day), 12):
        one = Desk(county.book, people, county.day).reader(grant.person)
        two = Desk(county.book, county.people, county.day).reader(grant.person)
        assert {*one.roles} == {*two.roles}
        assert [one.roles_for(pupil) for pupil in county.pupils] == [
            two.roles_for(pupil) for pupil in county.pupils
        ]


def test_every_screen_opens_on_an_empty_book():
    room = DeskRoom(Book.open("sqlite://"), day=DAY)
    roles = {role for screen in SCREENS.values() for role in screen.roles}
    room._current_people = lambda: People(tuple(Grant(role, role, "county") for role in roles))
    for screen in SCREENS.values():
        assert Visitor(room, screen.roles[0]).ask(f"/desk/{screen.name}").status == 200
