"""An alert that stays open stands among those of today until a list has told it; a state keeps which were."""

import datetime as dt
from dataclasses import replace

import pytest

from dropout_risk.alerts.alert import Alert
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.watchlist.state import ListState
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import MONDAY, pupil, scores


def critical(days, known=MONDAY - dt.timedelta(days=20)):
    return Alert("critical_item", dt.date(2025, 2, 3), "See the pupil", "counsellor", days, known=known)


def counsellors_list(*alerts, day=0, previous=None, student="p-1", band="low", signalled=None):
    given = scores(pupil(student, 0.01, alerts=alerts, band=band), as_of=MONDAY + dt.timedelta(days=day))
    return WatchList.of(replace(given, read_by="counsellor"), previous=previous, signalled=signalled)


def stands(watch_list):
    (group,) = watch_list.groups
    return len(group.alerts), len(group.followed)


@pytest.mark.parametrize("days", [0, 1, 14, 59])
def test_the_first_list_tells_an_answer_among_the_alerts_of_today_however_long_it_is_known(days):
    assert stands(counsellors_list(critical(days))) == (1, 0)


def test_what_a_list_has_told_is_open_on_all_later_ones_also_from_files(tmp_path):
    watch_list = counsellors_list(critical(3))
    for day in (1, 2, 40):
        state = ListState.load(watch_list.save_state(tmp_path / "state.json"))
        watch_list = counsellors_list(critical(3 + day), day=day, previous=state)
        assert stands(watch_list) == (0, 1)


def test_what_was_entered_before_the_last_list_and_handed_in_after_it_is_of_today():
    state = counsellors_list().state
    late = critical(9, known=MONDAY - dt.timedelta(days=5))
    assert stands(counsellors_list(late, day=1, previous=state)) == (1, 0)


def test_a_new_answer_is_of_today_beside_one_that_was_told():
    state = counsellors_list(critical(3)).state
    assert stands(counsellors_list(critical(0, known=MONDAY), day=1, previous=state)) == (1, 0)


def test_the_same_morning_written_again_tells_what_it_told():
    first = counsellors_list(critical(3))
    again = counsellors_list(critical(3), previous=first)
    assert stands(again) == (1, 0)
    assert again.state == first.state


def test_what_was_told_stays_told_over_a_list_on_which_the_pupil_is_not():
    state = counsellors_list(critical(3)).state
    between = counsellors_list(day=1, previous=state, student="p-2").state
    assert stands(counsellors_list(critical(5), day=2, previous=between)) == (0, 1)


def test_a_state_that_does_not_know_what_was_told_tells_it_again_rather_than_never():
    state = replace(counsellors_list(critical(3)).state, told={})
    assert stands(counsellors_list(critical(4), day=1, previous=state)) == (1, 0)


def test_a_list_of_some_pupils_knows_what_was_told_of_them_alone():
    state = counsellors_list(critical(3)).state
    assert not state.about({"p-2"}).told
    assert state.about({"p-1"}).told == state.told


def test_beside_a_critical_answer_the_table_tells_a_risk_and_no_band():
    told = counsellors_list(critical(3)), counsellors_list(critical(3), band="high")
    assert [watch_list.frame()["band"].tolist() for watch_list in told] == [[None], [None]]
    assert told[0].frame()["risk"].tolist() == [0.01]


@pytest.mark.parametrize(("told", "where"), [(-19, (0, 1)), (-20, (1, 0)), (-30, (1, 0))])
def test_what_a_case_book_took_after_it_was_entered_is_no_news(told, where):
    """Entered 20 days ago: the morning of that day could not know of it yet."""
    key = ("p-1", "critical_item", dt.date(2025, 2, 3))
    signalled = {key: MONDAY + dt.timedelta(days=told)}
    assert stands(counsellors_list(critical(3), signalled=signalled)) == where
    assert stands(counsellors_list(critical(3), student="p-2", signalled=signalled)) == (1, 0)


@pytest.mark.parametrize(
    ("days", "known_before", "said"),
    [(3, {}, True), (0, {}, False), (3, {"signalled": {}}, False), (3, {"previous": True}, False)],
)
def test_where_nobody_remembers_an_alert_that_is_open_for_longer_says_so(days, known_before, said):
    if known_before.get("previous"):
        known_before = {"previous": counsellors_list(day=-7).state}
    page = render_watch_list(counsellors_list(critical(days), **known_before), "en")
    assert ("no earlier list and no case book" in page) == said
