import pytest

from dropout_risk.pages.pupil_page import CardWriter
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import listed_reasons
from support.lists import alert, pupil, reason, scores

REFUSED = "No valid result on record: PHQ-9 total (refused or invalid)"
MISSING = {"missing": ("No marks", REFUSED), "missing_sensitive": (REFUSED,)}


def lists(*pupils):
    watch_list = WatchList.of(scores(*pupils), settings=WatchListSettings(capacity=1))
    reasons = [item.reason for group in watch_list.groups for item in group.unscored]
    return watch_list.frame().to_csv(), render_watch_list(watch_list, "en"), *reasons


def test_a_list_of_complete_scores_tells_what_is_missing_but_not_of_a_refused_test():
    (group,) = WatchList.of(scores(pupil("p-1", **MISSING))).groups
    assert group.listed[0].score.missing == ("No marks",)


@pytest.mark.parametrize("band", ["watch", "unknown"])
@pytest.mark.parametrize("number", [1, 3])
def test_no_way_out_of_a_list_tells_of_a_refused_test(band, number):
    written = lists(*(pupil(f"p-{n}", band=band, **MISSING) for n in range(number)))
    assert not any("PHQ-9" in text for text in written)
    assert any("No marks" in text for text in written)


def test_a_list_is_the_same_with_a_critical_answer_and_without_one():
    critical = alert("critical_item", "counsellor", None, "A well-being test holds something")
    without, with_one = (lists(pupil("p-1", 0.01, alerts=given)) for given in ((), (critical,)))
    assert with_one == without


def test_of_a_test_a_list_tells_neither_that_it_raises_the_risk_nor_that_there_is_one():
    secret = [reason("PHQ-9 total 12", points, domain="psychology") for points in (0.2, 0.1)]
    seen = redact(pupil("p-1", raising=(reason(points=0.3), *secret)), "class_teacher", language="en")
    (told,) = listed_reasons(seen)

    assert (told.text, seen.told, seen.warnings) == (reason().text, (), ())


def test_a_card_draws_no_bar_of_what_is_folded_with_tests_and_none_to_its_scale():
    marks = reason("Marks have fallen", 0.4, domain="grades")
    domains = {"attendance": 0.8, "grades": 3.2, "psychology": 0.5, "family": 0.0}
    lines = {
        name: CardWriter("en", False, ()).write(group.listed[0]).raising
        for name, raising in (("both", (marks, reason(points=0.1))), ("one", (reason(points=0.1),)))
        for group in WatchList.of(scores(pupil("p-1", raising=raising, domains=domains))).groups
    }

    assert [line.text for line in lines["both"]] == [lines["one"][0].text, "Marks have fallen"]
    assert [line.bar for line in lines["both"]] == [lines["one"][0].bar, None]


def test_who_is_below_the_line_has_numbers_in_the_table_and_no_sentence():
    frame = WatchList.of(scores(pupil("p-1", band="low", **MISSING))).frame()
    [row] = frame.to_dict("records")
    assert (row["part"], row["band"]) == ("below_line", "low")
    assert row["low"] <= row["risk"] <= row["high"]
    assert frame[["alerts", "facts", "reasons", "missing", "suggested_help"]].isna().all(axis=None)
