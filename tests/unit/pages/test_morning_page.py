"""The first page: the reader's own pupils, alerts first, and for heads the table of lists."""

from dataclasses import replace

import pytest

from dropout_risk.pages.links import FILES, LIST_ONLY
from dropout_risk.pages.morning_page import HEAD_SHOWN, OWN_SHOWN, ROWS_SHOWN, morning_page
from dropout_risk.pages.school_list import CARDS, SchoolList
from dropout_risk.records.directory import Directory
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import alert, fact, pupil, reason, scores

ASKING = "Absent for 3 days. Call the family today"


def listed(*pupils, capacity=10):
    return WatchList.of(scores(*pupils), settings=WatchListSettings(capacity=capacity))


def first_page(*pupils, **how):
    return morning_page(listed(*pupils, **how), FILES, Directory.empty())


def test_own_pupils_stand_first_with_alerts_before_any_risk():
    page = first_page(pupil("p-1", 0.6), pupil("p-2", 0.01, alerts=(alert(text=ASKING),)), pupil("p-3", 0.4))
    assert [line.student_id for line in page.lines] == ["p-2", "p-1", "p-3"]
    assert [line.kind for line in page.lines] == ["alert", "risk", "risk"]
    assert page.table == ()


def test_an_alert_is_one_sentence_and_one_step_without_a_risk_beside_it():
    (line,) = first_page(pupil("p-2", 0.01, alerts=(alert(text=ASKING),))).lines
    assert (line.sentence, line.step) == ("Absent for 3 days.", "Call the family today")
    assert "%" not in line.sign


def test_a_fact_that_help_follows_goes_before_the_arithmetic_of_the_model():
    poor, other = first_page(
        pupil("p-1", 0.6, facts=(fact(),), raising=(reason(),)), pupil("p-2", 0.5, raising=(reason(),))
    ).lines
    assert "minimum allowance" in poor.sentence
    assert (poor.computed, other.computed) == (False, True)
    assert poor.step.startswith("Financial aid")
    assert other.step == "Talk with the child first, and ask what is difficult"


def test_who_is_not_on_the_first_page_is_counted_and_one_link_away():
    pupils = [pupil(f"p-{number}", 0.5) for number in range(OWN_SHOWN + 2)]
    page = first_page(*pupils)
    assert len(page.lines) == OWN_SHOWN
    assert page.more == "2 more on the list: the whole list"
    assert page.more_page == FILES.school("s-1")


def test_a_head_reads_the_most_urgent_alerts_and_the_table_with_most_alerts_first():
    pupils = [
        pupil(
            f"p-{teacher}-{number}",
            0.5,
            responsible_id=f"t-{teacher:02}",
            alerts=(alert(),) * (number < teacher % 3),
        )
        for teacher in range(20)
        for number in range(3)
    ]
    page = first_page(*pupils)
    assert len(page.lines) == HEAD_SHOWN
    assert {line.kind for line in page.lines} == {"alert"}
    assert (len(page.table), len(page.others)) == (ROWS_SHOWN, 20 - ROWS_SHOWN)
    alerts = [row.counts["with_alert"] for row in (*page.table, *page.others)]
    assert alerts == sorted(alerts, reverse=True)
    assert sum(alerts) == page.total["with_alert"]
    assert page.find.endswith("#find")


def test_a_county_has_a_table_of_its_schools():
    page = first_page(pupil("p-1", 0.5), pupil("p-2", 0.5, school_id="s-2", responsible_id="t-9"))
    assert [row.page for row in page.table] == [FILES.school("s-1"), FILES.school("s-2")]
    assert page.more_page == f"#{page.anchor}"


@pytest.fixture
def large():
    """A school of two teachers, of whom one has more than a page of alerts."""
    crowd = [pupil(f"p-{number:03}", 0.5, alerts=(alert(),)) for number in range(2 * CARDS + 3)]
    return listed(*crowd, pupil("p-risk", 0.6), pupil("p-other", 0.4, responsible_id="t-2"))


def test_each_pupil_of_a_long_list_is_on_one_part_of_it_and_its_place_goes_on(large):
    school = SchoolList(large, "s-1", links=FILES)
    (group,) = (group for group in school.groups if group.responsible_id == "t-1")
    pages = school.pages_of(group)
    parts = [school.part("t-1", number) for number in range(1, len(pages) + 1)]
    assert len(set(pages)) == len(pages) == 3
    shown = [card.student_id for part in parts for card in (*part.alerts, *part.followed, *part.first)]
    assert shown == [entry.score.student_id for entry in group.listed]
    assert [part.starts[0] for part in parts] == [0, CARDS, 2 * CARDS]
    assert [part.is_last for part in parts] == [False, False, True]
    assert (school.part("t-1", 4), school.part("t-1", 0), school.part("t-9", 1)) == (None, None, None)


def test_the_schools_page_holds_no_card_where_teachers_have_pages_and_every_listed_pupil_in_its_index(large):
    sheet = SchoolList(large, "s-1", links=FILES).table()
    assert all(teacher.page and not teacher.alerts for teacher in sheet.teachers)
    indexed = [line.student_id for _, lines in sheet.index for line in lines]
    assert sorted(indexed) == sorted(
        entry.score.student_id for group in large.groups for entry in group.listed
    )
    whole = SchoolList(large, "s-1", links=LIST_ONLY).table()
    assert sum(len(teacher.alerts) for teacher in whole.teachers) == 2 * CARDS + 3
    assert whole.index == ()


def test_a_crisis_has_no_risk_beside_it_on_the_first_page():
    critical = alert(
        rule="critical_item", route="counsellor", days=None, text="A critical answer. See the pupil today"
    )
    read = replace(scores(pupil("p-1", 0.004, alerts=(critical,))), read_by="counsellor")
    (line,) = morning_page(WatchList.of(read), FILES, Directory.empty()).lines
    assert line.sentence == "A critical answer."
    assert "%" not in line.sign + line.sentence + line.step
