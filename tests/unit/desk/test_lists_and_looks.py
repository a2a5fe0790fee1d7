"""No list but the counsellor's shows a word of psychology, and each of its looks is in `seen`."""

import datetime as dt
import itertools
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.release import telling_words
from dropout_risk.casebook.rights import CASE_ROLES, RIGHTS
from dropout_risk.casebook.tables import OUTBOX, SEEN
from dropout_risk.cli import app
from dropout_risk.desk.screens import SCREENS
from dropout_risk.errors import CaseConflictError
from support.desk_town import DAY, NAMES, PERSON_OF_ROLE, Town, pupils

CARE_NOTE = "晚上睡不着，想离开"
LANGUAGES = ("zh", "en")
OF_CARE = ("p-3", "p-4")
"""The pupils of the town of whom only counsellors know something; p-4 has a case of the school as well."""


@pytest.fixture
def town(tmp_path):
    made = Town(f"sqlite:///{tmp_path}/book.db")
    made.book.write("note", DAY, "c-1", "care", case=made.case("p-3", "care"), note=CARE_NOTE, today=DAY)
    return made


def told_words(page):
    """What stands in the sheet of a page, without the names of the screens above it."""
    sheet = re.sub(r"(?s)<style>.*?</style>", "", page).partition("<article")[2]
    return re.sub(r"<[^>]+>", " ", sheet)


def pupils_told(page):
    return {pupil for pupil, name in NAMES.items() if name in told_words(page)}


def looks_in(town, part="psychology"):
    with town.book.reading() as connection:
        query = sa.select(SEEN.c.person, SEEN.c.pupil).where(SEEN.c.part == part)
        return {tuple(row) for row in connection.execute(query)}


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "care"])
def test_no_list_shows_a_confidential_word_to_any_role_so_that_no_look_need_be_written(town, screen):
    told = False
    for role, language in itertools.product(CASE_ROLES, LANGUAGES):
        page = town.visitor(PERSON_OF_ROLE[role], language).ask(f"/desk/{screen}", all="1").html
        words = told_words(page)
        told = told or bool(words.strip())
        assert telling_words(words) == [], (role, language)
        assert CARE_NOTE not in words
        assert "p-3" not in words
        assert town.address("p-3", "care") not in page
        assert town.address("p-4", "care") not in page

    assert told
    assert looks_in(town) == set()


def test_the_words_that_are_looked_for_stand_on_the_list_of_the_counsellor():
    page = Town().visitor("c-1").ask("/desk/care").html

    assert pupils_told(page) == {*OF_CARE}
    assert telling_words(told_words(page)) != []


def test_everybody_on_the_list_of_the_counsellor_is_a_look_and_nobody_else(town):
    for person in PERSON_OF_ROLE.values():
        for screen in SCREENS:
            town.visitor(person).ask(f"/desk/{screen}")

    assert looks_in(town) == {("c-1", pupil) for pupil in OF_CARE}


def test_a_form_of_care_that_is_sent_and_shown_again_is_a_look(town):
    path = f"/desk/case/{town.address('p-4', 'care')}/meet"
    page = town.visitor("c-9").send(path, {"token": "forged"})

    assert page.status == 400
    assert telling_words(told_words(page.html)) != []
    assert looks_in(town) == {("c-9", "p-4")}


def test_seen_names_everybody_who_looked_at_a_pupils_psychology_whatever_the_way(town, tmp_path):
    care = f"/desk/case/{town.address('p-3', 'care')}"
    ways = {"c-1": "/desk/care", "c-9": f"{care}/meet"}
    for role, person in PERSON_OF_ROLE.items():
        if (role, "psychology", "see") not in RIGHTS:
            ways[person] = care
    for person, path in ways.items():
        town.visitor(person).ask(path)
    town.book.close()
    told = (
        CliRunner().invoke(app, ["casebook", "seen", "p-3", "--book", f"sqlite:///{tmp_path}/book.db"]).output
    )

    lines = [line.split("\t")[1:] for line in told.splitlines()]
    assert lines == [["c-1", "psychology"], ["c-9", "psychology"]]
    assert all(re.match(r"2025-05-20 08:00\t", line) for line in told.splitlines())


def test_what_cannot_be_written_down_is_not_shown(town, monkeypatch):
    def refused(*_):
        raise CaseConflictError("the book is locked", hint="x")

    monkeypatch.setattr("dropout_risk.desk.desk.note_seen", refused)
    for path in ("/desk/care", f"/desk/case/{town.address('p-3', 'care')}"):
        with pytest.raises(CaseConflictError):
            town.visitor("c-1").ask(path)


def test_a_counsellors_day_begins_with_the_pupils_who_wait_for_it_and_nobody_else_is_told():
    made = Town()
    assert made.visitor("c-1").ask("/desk").onward.endswith("/care")
    page = made.visitor("c-1").ask("/desk/today").html
    assert "另有2名学生等您见面" in page
    assert "今天没有要做的" not in page
    without = Town(care=False)
    assert without.visitor("c-1").ask("/desk").onward.endswith("/today")
    for person in ("t-1", "h-1", "k-1", "a-1"):
        told = made.visitor(person)
        assert told.ask("/desk").onward == without.visitor(person).ask("/desk").onward
        assert "等您见面" not in told.ask("/desk/today").html


def test_every_screen_says_when_this_morning_has_not_been_run():
    made = Town()
    made.room.day = DAY + dt.timedelta(1)
    for person, screen in (("h-1", "gaps"), ("c-1", "care"), ("v-1", "village"), ("k-1", "county")):
        assert "今天的早间处理还没有运行" in made.visitor(person).ask(f"/desk/{screen}").html
        assert "早间处理" not in Town().visitor(person).ask(f"/desk/{screen}").html


def test_who_is_asked_to_help_finds_it_on_its_own_list_and_is_told_until_there_is_an_answer(town):
    """The county holds no case of this school: what is referred to it would stand nowhere else."""
    town.visitor("t-1").fill(f"/desk/case/{town.address('p-1')}/refer", {"to": "k-1"})
    asked = town.visitor("k-1")
    page = asked.ask("/desk/today").html
    assert "请您协助 (1)" in page
    assert f"case/{town.address('p-1')}/answer" in page
    assert town.address("p-1") not in town.visitor("h-2").ask("/desk/today").html
    due = asked.ask("/desk/evening").html

    tomorrow = DAY + dt.timedelta(1)
    run_morning(town.book, MorningFacts(tomorrow, pupils(), town.days), town.people)
    assert notices(town)["round/2025-05-21/k-1"] == notices(town)["round/2025-05-20/k-1"] + 1
    asked.fill(f"/desk/case/{town.address('p-1')}/answer", {"said": "done"})
    assert "请您协助" not in asked.ask("/desk/today").html
    assert asked.ask("/desk/evening").html.count("应办") == due.count("应办") == 1


def notices(town):
    with town.book.reading() as connection:
        return dict(connection.execute(sa.select(OUTBOX.c.key, OUTBOX.c.count)).all())


def test_a_village_is_asked_of_nobody_on_the_first_day_of_absence(town):
    assert "李四" in town.visitor("v-1").ask("/desk/village").html
    fresh = Signal("p-6", "absent_1_day", DAY)
    run_morning(town.book, MorningFacts(DAY + dt.timedelta(1), pupils(), town.days, [fresh]), town.people)
    town.room.day = DAY + dt.timedelta(1)
    assert town.case("p-6") is not None
    assert "吴六" not in town.visitor("v-1").ask("/desk/village").html


def test_the_counsellor_reads_the_day_of_the_test_with_its_year_and_since_when_it_is_known():
    town = Town(care=False)
    answer = Signal("p-3", "critical_item", dt.date(2024, 4, 14), "care", known=dt.date(2025, 5, 17))
    run_morning(town.book, MorningFacts(DAY + dt.timedelta(1), pupils(), town.days, [answer]), town.people)
    town.room.day = DAY + dt.timedelta(1)
    page = town.visitor("c-1").ask("/desk/care").html
    assert "（2024年4月14日测评）" in page
    assert "得知已4天" in page


def test_pages_call_people_by_their_names_and_the_book_keeps_none(town):
    town.people = replace(town.people, names={"t-1": "李老师", "k-1": "县里的赵老师"})
    teacher = town.visitor("t-1")
    assert "李老师 · " in teacher.ask("/desk/today").html
    path = f"/desk/case/{town.address('p-1')}"
    assert "县教育局 县里的赵老师" in teacher.ask(f"{path}/refer").html
    assert 'value="李老师"' in teacher.ask(f"{path}/letter").html
    teacher.fill(f"{path}/refer", {"to": "k-1"})
    page = teacher.ask(path).html
    assert "责任人：李老师" in page
    assert "给县里的赵老师" in page
    (entry,) = (one for one in town.book.entries(town.case("p-1").id) if one.kind == "refer")
    assert (entry.by, entry.data["to"]) == ("t-1", "k-1")


def test_of_a_pupil_who_is_away_the_form_proposes_the_next_school_day_and_of_a_talk_a_later_one(town):
    days = {}
    for pupil in ("p-1", "p-2"):
        page = town.visitor("t-1").ask(f"/desk/case/{town.address(pupil)}/meet").html
        days[pupil] = re.search(r'name="due" value="([\d-]+)" checked', page)[1]
    assert days["p-1"] == "2025-05-21"
    assert days["p-2"] > days["p-1"]


def test_a_suggested_talk_is_written_down_as_a_talk_at_school(town):
    page = town.visitor("t-1").ask("/desk/today").html
    card = page.partition(NAMES["p-2"])[2].partition("</article>")[0]
    assert "登记谈话" in card
    assert "way=talk_at_school" in card
    assert "way=call" not in card


def test_everybody_whom_the_check_of_a_school_counts_is_named(town):
    silent = Signal("p-6", "register_silent", DAY)
    run_morning(town.book, MorningFacts(DAY + dt.timedelta(1), pupils(), town.days, [silent]), town.people)
    town.room.day = DAY + dt.timedelta(1)
    page = town.visitor("h-1").ask("/desk/gaps").html
    row = page.partition("在籍但多日无任何记录")[2].partition("</tr>")[0]
    assert NAMES["p-6"] in row
    assert '<td class="bad">1</td>' in row
