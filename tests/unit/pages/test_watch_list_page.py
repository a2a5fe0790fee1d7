import datetime as dt
import re
from html.parser import HTMLParser

import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.pages.links import school_page_name
from dropout_risk.pages.watch_list_page import render_watch_list, write_pages
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.group import Unscored
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import MONDAY, alert, pupil, reason, scores

SETTINGS = WatchListSettings(capacity=2)
EVIL = "<script>alert(1)</script>"


def make(*pupils, previous=None, unscored=(), **how):
    return WatchList.of(scores(*pupils, **how), settings=SETTINGS, previous=previous, unscored=unscored)


def page(*pupils, language="en", **how):
    return render_watch_list(make(*pupils, language=language, **how), language)


def full(language):
    """A list with every kind of thing that a page shows."""
    raising = (
        reason(),
        reason("MHT total 71", domain="psychology", cause="wellbeing"),
        reason(
            "No marks on record",
            value=None,
            missing=True,
            comparison=None,
            data_age_days=None,
            cause="learning",
        ),
    )
    lowering = (reason("Home is 3 km from school", -0.05, value=3.0, unit="kilometres", cause="distance"),)
    pupils = [
        pupil(
            "p-1", 0.4, raising=raising, lowering=lowering, missing=("No marks",), warnings=("Old records",)
        ),
        pupil("p-2", 0.004, alerts=(alert(), alert("critical_item", "counsellor", None))),
        pupil("p-3", band="unknown", alerts=(alert("absent_1_day", days=1, report_to=None),)),
        pupil("p-4", band="unknown", missing=("Attendance: nothing recorded",)),
        pupil("p-5", 0.2, responsible_id=None, class_id=None),
        *(pupil(f"p-{n}", 0.1) for n in range(6, 12)),
    ]
    before = make(*pupils[:2], pupil("p-9", 0.3), as_of=MONDAY - dt.timedelta(days=7), version="older")
    return make(
        *pupils, language=language, previous=before, unscored=[Unscored(None, "no id"), Unscored("q", "x")]
    )


class Text(HTMLParser):
    """The text of a page outside its style sheet, and all its attributes."""

    def __init__(self, html):
        super().__init__()
        self.words, self.attributes, self.tags = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.words.append(data)

    @property
    def told(self):
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_has_no_leftovers_and_no_raw_names(language):
    told = Text(render_watch_list(full(language), language)).told
    assert not re.search(r"[{}]|None|\bnan\b|log.odds|[a-z]+_[a-z]+", told)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_fetches_nothing_and_runs_nothing(language):
    parsed = Text(render_watch_list(full(language), language))
    links = [value for name, value in parsed.attributes if name in ("src", "href", "action", "srcset")]
    assert all(value.startswith("#") or value == "data:," for value in links)
    assert not {"script", "iframe", "img", "form"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]


def test_whatever_a_record_says_is_text():
    evil = pupil(
        EVIL,
        0.3,
        class_id=EVIL,
        responsible_id=EVIL,
        school_id=EVIL,
        raising=(reason(EVIL),),
        missing=(EVIL,),
    )
    html = page(evil, unscored=[Unscored(f"{EVIL}2", EVIL)])
    assert "<script" not in html
    assert Text(html).told.count(EVIL) >= 6


def test_alerts_come_before_the_risks_and_say_who_acts():
    told = Text(page(pupil("p-1", 0.9), pupil("p-2", 0.1, alerts=(alert(text="Away since Wednesday"),)))).told
    assert told.index("Away since Wednesday") < told.index("p-1")
    assert "Class teacher acts, reported to: township" in told


def test_the_schools_sheet_names_who_acts_on_alerts_beyond_the_class_teacher():
    told = Text(
        page(
            pupil("p-1", alerts=(alert(),)),
            pupil("p-2", alerts=(alert("absent_1_day", days=1, report_to=None),)),
        )
    ).told
    summary = told[told.index("Alerts today, by who acts") : told.index("About this list")]
    assert "p-1 (8-2)" in summary
    assert "p-2" not in summary


def test_a_reason_shows_what_to_compare_with_and_the_days_of_its_rows():
    days = {"first_day": dt.date(2025, 2, 3), "last_day": dt.date(2025, 2, 28)}
    own = reason("Absent on 7 of the last 20 school days", counted=7.0, counted_unit="days", **days)
    told = Text(page(pupil("p-1", 0.3, raising=(own,)))).told
    assert (
        "Absent on 7 of the last 20 school days class-mates: 0.8 days on average; 2025-02-03 to 2025-02-28"
        in told
    )


def test_who_stands_as_last_time_is_told_no_other_number():
    before = make(pupil("p-1", 0.31), as_of=MONDAY - dt.timedelta(days=7))
    told = Text(page(pupil("p-1", 0.32), previous=before)).told
    assert "about as last week" in told
    assert "31%" not in told


def test_small_risks_and_their_intervals_are_whole_percents():
    told = Text(page(pupil("p-1", 0.004, alerts=(alert(),)), pupil("p-2", 0.307))).told
    assert "Risk of dropping out <1%" in told
    assert "Risk of dropping out 31% high interval 15% – 46%" in told


def test_a_status_says_from_where_to_where_and_since_when():
    before = make(pupil("p-1", 0.12), as_of=MONDAY - dt.timedelta(days=7))
    told = Text(page(pupil("p-1", 0.31), pupil("p-2", 0.2), previous=before)).told
    assert "higher than last week (12% → 31%) · listed since 2025-02-24" in told
    assert "new on the list" in told


def test_a_first_list_claims_no_change():
    told = Text(page(pupil("p-1", 0.31))).told
    assert "new on the list" not in told
    assert "There is no earlier list" in told


def test_bars_point_right_for_raising_and_left_for_lowering_with_words_for_both():
    html = page(pupil("p-1", 0.3, raising=(reason(points=0.2),), lowering=(reason("At home", -0.1),)))
    assert '<rect class="raising" x="50.0" y="2" width="50.0"' in html
    assert '<rect class="lowering" x="25.0" y="2" width="25.0"' in html
    assert 'aria-label="raises the risk by 20 percentage points"' in html
    assert 'aria-label="lowers the risk by 10 percentage points"' in html


def test_a_missing_value_is_never_told_in_a_pupils_favour():
    lowering = (reason("Nothing known of the family", -0.1, missing=True, value=None, comparison=None),)
    assert "Nothing known of the family" not in page(pupil("p-1", 0.3, lowering=lowering))


def test_results_of_tests_stay_with_the_counsellor():
    told = Text(page(pupil("p-1", 0.3, raising=(reason("MHT total 71", domain="psychology"),)))).told
    assert "MHT" not in told
    assert "counsellor" not in told


def test_ties_the_rest_and_the_unscored_are_told():
    told = Text(
        page(*(pupil(f"p-{n}", 0.2) for n in range(5)), unscored=[Unscored("q-1", "no row", "s-1", "t-1")])
    ).told
    assert "3 more below the line have the same risk" in told
    assert "3 below the line: no need to go first today" in told
    assert "6 pupils = 2 listed + 3 below the line + 1 not scored" in told
    assert "q-1" in told


def test_what_most_pupils_lack_is_told_once():
    pupils = [pupil(f"p-{n}", 0.2, missing=("No PHQ-9 total", f"Only {n}")) for n in range(2)]
    told = Text(page(*pupils)).told
    assert told.count("No PHQ-9 total") == 1
    assert told.count("Only 1") == 1


def test_the_banner_shows_for_synthetic_models_only():
    assert "SYNTHETIC DATA" in page(pupil("p-1"))
    assert "SYNTHETIC DATA" not in page(pupil("p-1"), synthetic=False)


def test_an_empty_cohort_still_makes_a_page():
    assert "0 pupils = 0 listed" in page()


def test_a_page_in_another_language_than_its_sentences_is_refused():
    with pytest.raises(SettingsError, match="'zh'"):
        render_watch_list(make(pupil("p-1"), language="zh"), "en")


def test_a_folder_has_one_page_per_school_and_an_index_that_finds_them(tmp_path):
    schools = ["../x", EVIL, "第一中学", "S-1", "s-1", None, "a/b\\c", "." * 300]
    pupils = [pupil(f"p-{n}", school_id=school) for n, school in enumerate(schools)]
    index = write_pages(make(*pupils), tmp_path / "pages", "en")
    written = {path.name for path in (tmp_path / "pages").iterdir()}
    assert len({name.lower() for name in written}) == len(schools) + 1
    assert written == {school_page_name(school) for school in schools} | {"index.html"}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.html", name) for name in written)
    links = [value for name, value in Text(index.read_text()).attributes if name == "href"]
    assert set(links) == written | {"#content", "data:,"}
    assert list(tmp_path.iterdir()) == [tmp_path / "pages"]


def test_pages_of_schools_that_left_the_list_are_removed_and_nothing_else(tmp_path):
    write_pages(make(pupil("p-1"), pupil("p-2", school_id="s-2")), tmp_path, "en")
    (tmp_path / "school-notes.html").write_text("the county's own")
    write_pages(make(pupil("p-1")), tmp_path, "en")
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.html",
        school_page_name("s-1"),
        "school-notes.html",
    }
