import pytest

from dropout_risk.pages.pupil_page import CardWriter
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.roles import ASK
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import listed_missing, listed_reasons
from support.lists import pupil, reason, scores

REFUSED = "No valid result on record: PHQ-9 total (refused or invalid)"
MISSING = {"missing": ("No marks", REFUSED), "missing_sensitive": (REFUSED,)}


def lists(*pupils):
    watch_list = WatchList.of(scores(*pupils), settings=WatchListSettings(capacity=1))
    reasons = [item.reason for group in watch_list.groups for item in group.unscored]
    return watch_list.frame().to_csv(), render_watch_list(watch_list, "en"), *reasons


def test_a_list_tells_what_is_missing_but_not_of_a_refused_test():
    assert listed_missing(pupil("p-1", **MISSING)) == ("No marks",)


@pytest.mark.parametrize("band", ["low", "unknown"])
@pytest.mark.parametrize("number", [1, 3])
def test_no_way_out_of_a_list_tells_of_a_refused_test(band, number):
    written = lists(*(pupil(f"p-{n}", band=band, **MISSING) for n in range(number)))
    assert not any("PHQ-9" in text for text in written)
    assert any("No marks" in text for text in written)


def test_of_a_test_a_list_tells_whom_to_ask_and_no_number():
    secret = [reason("PHQ-9 total 12", points, domain="psychology") for points in (0.2, 0.1)]
    open_, hidden = listed_reasons((reason(points=0.3), *secret), "en")

    assert (open_.points, open_.reason) == (0.3, reason(points=0.3))
    assert (hidden.text, hidden.points, hidden.reason) == (ASK.en, 0.0, None)


def test_a_card_draws_no_bar_of_a_test():
    score = pupil("p-1", raising=(reason(points=0.1), reason("PHQ-9 total 12", 0.3, domain="psychology")))
    (group,) = WatchList.of(scores(score)).groups
    lines = CardWriter("en", False, ()).write(group.listed[0]).raising

    assert [line.bar is None for line in lines] == [False, True]
    assert lines[0].bar.told == "raises the risk by 10 percentage points"


def test_a_card_draws_no_bar_of_what_is_folded_with_tests_and_none_to_its_scale():
    marks = reason("Marks have fallen", 0.4, domain="grades")
    domains = {"attendance": 0.8, "grades": 3.2, "psychology": 0.5, "family": 0.0}
    lines = {
        name: CardWriter("en", False, ()).write(group.listed[0]).raising
        for name, raising in (("both", (marks, reason(points=0.1))), ("one", (reason(points=0.1),)))
        for group in WatchList.of(scores(pupil("p-1", raising=raising, domains=domains))).groups
    }

    assert [line.text for line in lines["both"]] == ["Marks have fallen", lines["one"][0].text]
    assert [line.bar for line in lines["both"]] == [None, lines["one"][0].bar]
