"""Every cell of the table of rights, through every page and every form that there is."""

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.machine import VERBS
from dropout_risk.casebook.people import People
from dropout_risk.casebook.rights import CASE_PARTS, CASE_ROLES, RIGHTS
from dropout_risk.casebook.tables import SEEN
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.screens import SCREENS
from support.desk_town import DAY, MET, NAMES, PERSON_OF_ROLE, Town

NOTE, CARE_NOTE = "奶奶说在镇上姑姑家", "晚上睡不着，想离开"
WORDS = {
    "where": [name for name in NAMES.values() if "<" not in name] + ["路3号", "1380000"],
    "signals": ["无故缺课", "关注名单", "absent without leave"],
    "psychology": ["心理测评", "危机预案", "只有心理教师", CARE_NOTE, "test answer", "crisis"],
    "plan": ["家访", "登记联系", "home visit"],
    "notes": [NOTE],
    "outcome": ["误报", "false alarm"],
}
"""What would betray each part of a case."""


@pytest.fixture(scope="module")
def town():
    """A town in which each part of a case has something to betray."""
    made = Town()
    met = {
        "way": "home_visit",
        "met": ["mother"],
        "difficulty": ["far_way"],
        "result": "promised",
        "due": "2025-05-22",
    }
    made.book.write("meet", DAY, "t-1", "met", case=made.case("p-1"), data=met, note=NOTE, today=DAY)
    made.book.write("note", DAY, "c-1", "care", case=made.case("p-3", "care"), note=CARE_NOTE, today=DAY)
    made.addresses = {
        (pupil, line): made.address(pupil, line)
        for pupil, line in (
            ("p-1", "school"),
            ("p-2", "school"),
            ("p-10", "school"),
            ("p-4", "care"),
            ("p-3", "care"),
        )
    }
    closing = {"outcome": "false_alarm", "why": "x"}
    made.book.write("close", DAY, "t-1", "shut", case=made.case("p-2"), data=closing, today=DAY)
    return made


def paths(town):
    """Every address there is: a new screen or deed is among them by being there."""
    yield "/desk"
    yield from (f"/desk/{name}" for name in SCREENS)
    for address in town.addresses.values():
        yield f"/desk/case/{address}"
        yield from (f"/desk/case/{address}/{name}" for name in DEEDS)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", CASE_ROLES)
def test_no_page_tells_a_role_a_word_of_a_part_that_it_may_not_see(town, role, language):
    visitor = town.visitor(PERSON_OF_ROLE[role], language)
    told = {part for part in CASE_PARTS if (role, part, "see") in RIGHTS}
    for path in paths(town):
        page = visitor.ask(path)
        text = re.sub(r"<style>.*?</style>", "", page.html, flags=re.S)
        for part in WORDS.keys() - told:
            if part == "outcome" and "<form" in text:
                continue  # a form offers the word 误报 as what a family may say
            assert [word for word in WORDS[part] if word in text] == [], (path, part)


@pytest.mark.parametrize(
    ("role", "part"), [(role, part) for role, part, act in sorted(RIGHTS) if act == "see"]
)
def test_what_a_role_may_see_stands_on_one_of_its_pages(town, role, part):
    visitor = town.visitor(PERSON_OF_ROLE[role])
    text = "".join(visitor.ask(path).html for path in paths(town))

    assert any(word in text for word in WORDS[part])


DEED_OF_CELL = {
    ("write", "plan"): "meet",
    ("hand_over", "plan"): "hand_over",
    ("write", "notes"): "note",
    ("close", "outcome"): "close",
    ("write", "psychology"): "meet",
    ("hand_over", "psychology"): "hand_over",
    ("close", "psychology"): "close",
}
ANSWERS = {
    "meet": MET | {"day": DAY.isoformat(), "due": "2025-05-22"},
    "hand_over": {"owner": "t-9"},
    "note": {"note": "x"},
    "close": {"outcome": "transferred", "school": "另一所"},
}


@pytest.mark.parametrize(("act", "part"), DEED_OF_CELL)
@pytest.mark.parametrize("role", CASE_ROLES)
def test_a_form_is_taken_from_exactly_the_roles_that_may(role, act, part):
    town, deed = Town(), DEED_OF_CELL[act, part]
    care = part == "psychology"
    case = town.case("p-4", "care" if care else "school")
    answers = ANSWERS[deed] | ({"owner": "c-9"} if care else {})
    if role == "class_teacher" and deed == "close":
        answers = {"outcome": "false_alarm", "note": "都在校"}
    visitor = town.visitor(PERSON_OF_ROLE[role])
    path = f"/desk/case/{town.address('p-4', case.line)}/{deed}"
    token = town.room.keys.ticket_for(town.room.keys.session_in(visitor.cookie), path, case.seq)
    shown, sent = visitor.ask(path), visitor.send(path, answers | {"token": token})
    entries = town.book.entries(case.id)

    may = (role, part, act) in RIGHTS and not (role == "village" and deed == "meet")
    assert (shown.status, sent.status, len(entries) > case.seq) == (
        (200, 303, True) if may else (404, 404, False)
    )
    if may:
        assert (entries[-1].kind, entries[-1].by) == (DEEDS[deed].verb, visitor.person)


def test_a_village_writes_that_it_saw_the_pupil_and_nothing_else():
    town = Town()
    visitor = town.visitor("v-1")
    page = visitor.ask("/desk/village").html
    assert "赵一" in page
    assert "p-1路3号" in page
    assert "5月15日起没有到校" in page
    assert "钱二" not in page
    action = f"/desk/case/{town.address('p-1')}/seen"
    token = town.room.keys.ticket_for(town.room.keys.session_in(visitor.cookie), action, town.case("p-1").seq)

    assert visitor.send(action, {"token": token, "seen": "no"}).status == 303
    assert town.book.entries(town.case("p-1").id)[-1].data == {"seen": "no"}
    assert "没有见到学生" in town.visitor("t-1").ask(f"/desk/case/{town.address('p-1')}").html
    assert visitor.ask(f"/desk/case/{town.address('p-2')}/seen").status == 404


def blurred(page):
    """A page without what is new each time: tokens of forms, and addresses of cases."""
    return re.sub(r'value="[\w.-]{60,}"', "TOKEN", re.sub(r"case/[\w-]{28}", "case/X", page))


@pytest.mark.parametrize("role", [role for role in CASE_ROLES if (role, "psychology", "see") not in RIGHTS])
def test_pages_are_the_same_to_the_byte_whether_or_not_there_is_what_only_counsellors_know(role):
    with_care, without = Town(), Town(care=False)
    for screen in SCREENS:
        pages = [
            blurred(town.visitor(PERSON_OF_ROLE[role]).ask(f"/desk/{screen}").html)
            for town in (with_care, without)
        ]
        assert pages[0] == pages[1], screen
    assert with_care.case("p-3", "care") is not None


def asked_of_the_book(town, look):
    """The statements that a look sends to the book."""
    said = []

    def hear(connection, cursor, statement, *rest):
        said.append(statement)

    sa.event.listen(town.book.engine, "before_cursor_execute", hear)
    look()
    sa.event.remove(town.book.engine, "before_cursor_execute", hear)
    return said


def test_a_case_of_others_is_answered_as_one_that_is_not_there_by_the_same_look(town):
    visitor = town.visitor("t-1")
    missing = town.room.desk().addresses.address_of(999)
    forged = "A" * len(missing)
    others = [town.addresses["p-10", "school"], town.addresses["p-3", "care"], town.addresses["p-4", "care"]]
    pages, looks = set(), set()
    for address in (missing, forged, *others):
        for deed in ("", "/meet", "/note", "/nonsense"):
            path = f"/desk/case/{address}{deed}"
            looks.add(tuple(asked_of_the_book(town, lambda path=path: pages.add(visitor.ask(path)))))
    by_depth = {page.html.count("../../../") > 0 for page in pages}

    assert {page.status for page in pages} == {404}
    assert len(pages) == len(by_depth) == 2, "one page for a case, one for a form"
    assert len(looks) == 1


def test_numbers_of_cases_open_nothing(town):
    visitor = town.visitor("h-1")

    assert {visitor.ask(f"/desk/case/{number}").status for number in range(30)} == {404}


def test_addresses_of_cases_do_not_tell_their_order(town):
    addresses = [town.room.desk().addresses.address_of(number) for number in range(1, 200)]

    assert len({address[:6] for address in addresses}) > 190
    assert addresses != sorted(addresses)


def test_every_button_that_is_shown_opens_a_form_and_every_form_that_opens_has_its_button(town):
    for role, person in PERSON_OF_ROLE.items():
        visitor = town.visitor(person)
        for address in town.addresses.values():
            page = visitor.ask(f"/desk/case/{address}")
            if page.status == 404:
                continue
            shown = {name for name in DEEDS if f"{address}/{name}" in page.html}
            opened = {name for name in DEEDS if visitor.ask(f"/desk/case/{address}/{name}").status == 200}
            assert shown == opened, role


def test_every_verb_of_the_machine_can_be_written_by_somebody():
    written = {deed.verb for deed in DEEDS.values()} | {"open", "signal"}

    assert written == set(VERBS)


def test_whoever_looks_is_written_down_with_the_part():
    town = Town()
    town.book.write("note", DAY, "t-1", "n", case=town.case("p-1"), note=NOTE, today=DAY)
    town.visitor("h-1").ask(f"/desk/case/{town.address('p-1')}")
    town.visitor("c-1").ask("/desk/care")
    town.visitor("t-3").ask(f"/desk/case/{town.address('p-1')}")
    with town.book.reading() as connection:
        seen = {tuple(row) for row in connection.execute(sa.select(SEEN.c.person, SEEN.c.pupil, SEEN.c.part))}

    assert seen == {
        ("h-1", "p-1", "plan"),
        ("h-1", "p-1", "notes"),
        ("c-1", "p-3", "psychology"),
        ("c-1", "p-4", "psychology"),
    }


def test_whoever_has_left_loses_everything_that_morning(town):
    made = Town()
    visitor = made.visitor("t-1")
    assert visitor.ask("/desk/today").status == 200
    made.people = People(
        tuple(replace(grant, until=DAY) if grant.person == "t-1" else grant for grant in made.people.grants)
    )

    assert {visitor.ask(path).status for path in ("/desk/today", f"/desk/case/{made.address('p-1')}")} == {
        404
    }
    assert "没有可办理的学生" in visitor.ask("/desk").html
