import pytest

from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.told import told_missing
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import pupil, scores

REFUSED = "No valid result on record: PHQ-9 total (refused or invalid)"
MISSING = {"missing": ("No marks", REFUSED), "missing_sensitive": (REFUSED,)}


def lists(*pupils):
    watch_list = WatchList.of(scores(*pupils), settings=WatchListSettings(capacity=1))
    reasons = [item.reason for group in watch_list.groups for item in group.unscored]
    return watch_list.frame().to_csv(), render_watch_list(watch_list, "en"), *reasons


def test_a_list_tells_what_is_missing_but_not_of_a_refused_test():
    assert told_missing(pupil("p-1", **MISSING)) == ("No marks",)


@pytest.mark.parametrize("band", ["low", "unknown"])
@pytest.mark.parametrize("number", [1, 3])
def test_no_way_out_of_a_list_tells_of_a_refused_test(band, number):
    written = lists(*(pupil(f"p-{n}", band=band, **MISSING) for n in range(number)))
    assert not any("PHQ-9" in text for text in written)
    assert any("No marks" in text for text in written)
