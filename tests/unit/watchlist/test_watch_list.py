import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from dropout_risk.errors import ArgumentError, WatchListError
from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.scores import SET_APART, RowError
from dropout_risk.settings import BAND_WORDS, WatchListSettings
from dropout_risk.watchlist.group import Unscored
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import MONDAY, alert, pupil, reason, scores

TUESDAY = MONDAY + dt.timedelta(days=1)
SETTINGS = WatchListSettings(capacity=2, changed_points=0.05)


def make(*pupils, previous=None, unscored=(), settings=SETTINGS, role="class_teacher", **how):
    read = redact(scores(*pupils, **how), role)
    return WatchList.of(read, settings=settings, previous=previous, unscored=unscored)


def above(watch_list):
    return [entry.score.student_id for group in watch_list.groups for entry in group.risks]


def statuses(watch_list):
    return {entry.score.student_id: entry.status for group in watch_list.groups for entry in group.listed}


def test_capacity_cuts_by_risk_for_each_teacher_apart():
    pupils = [pupil(f"p-{n}", n / 10) for n in range(1, 6)]
    others = [pupil(f"q-{n}", n / 10, responsible_id="t-2") for n in range(1, 4)]
    assert above(make(*pupils, *others)) == ["p-5", "p-4", "q-3", "q-2"]


def test_alerts_are_never_cut_by_capacity_and_do_not_use_it_up():
    alerted = [pupil(f"a-{n}", 0.01, alerts=(alert(),)) for n in range(7)]
    watch_list = make(*alerted, pupil("p-1", 0.3), pupil("p-2", 0.2), pupil("p-3", 0.1))
    assert len(watch_list.groups[0].alerts) == 7
    assert above(watch_list) == ["p-1", "p-2"]


def test_the_most_urgent_alert_is_listed_first():
    week = alert("absent_5_days", days=5, report_to="county")
    critical = alert("critical_item", "counsellor", None)
    watch_list = make(
        pupil("p-1", 0.9, alerts=(alert(),)),
        pupil("p-2", alerts=(week,)),
        pupil("p-3", alerts=(critical, week)),
        role="counsellor",
    )
    assert [entry.score.student_id for entry in watch_list.groups[0].alerts] == ["p-3", "p-2", "p-1"]


def test_nobody_in_the_lowest_band_fills_up_the_list():
    assert above(make(pupil("p-1", 0.3), pupil("p-2", 0.01))) == ["p-1"]


def test_pupils_without_a_teacher_are_a_group_of_their_school():
    watch_list = make(pupil("p-1", responsible_id=None), pupil("p-2", responsible_id=None, school_id="s-2"))
    assert [(group.school_id, group.responsible_id) for group in watch_list.groups] == [
        ("s-1", None),
        ("s-2", None),
    ]


def test_ties_at_the_line_are_ordered_by_id_and_counted():
    watch_list = make(*(pupil(f"p-{n}", 0.2) for n in (4, 2, 3, 1)), pupil("p-5", 0.1))
    assert above(watch_list) == ["p-1", "p-2"]
    assert watch_list.groups[0].tied == 2
    assert above(make(pupil(10, 0.2), pupil(9, 0.2), pupil(8, 0.2))) == [8, 9]


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        (0.20, 0.26, "worse"),
        (0.20, 0.24, "same"),
        (0.20, 0.16, "same"),
        (0.24, 0.18, "better"),
        (0.149, 0.151, "worse"),
        (0.151, 0.149, "better"),
    ],
)
def test_status_follows_the_change_of_risk_or_band(before, now, status):
    last = make(pupil("p-1", before))
    assert statuses(make(pupil("p-1", now), previous=last, as_of=TUESDAY)) == {"p-1": status}


def test_new_is_who_was_not_listed_last_time():
    last = make(pupil("p-1", 0.3), pupil("p-2", 0.2), pupil("p-3", 0.1))
    today = make(
        pupil("p-1", 0.3),
        pupil("p-3", 0.4),
        pupil("p-2", 0.2, alerts=(alert(),)),
        previous=last,
        as_of=TUESDAY,
    )
    assert statuses(today) == {"p-1": "same", "p-2": "same", "p-3": "new"}


def test_since_is_carried_from_list_to_list_and_starts_again_after_a_gap():
    days = [MONDAY + dt.timedelta(days=n) for n in range(4)]
    last, since = None, []
    for day, risk in zip(days, (0.3, 0.3, 0.01, 0.3), strict=True):
        last = make(pupil("p-1", risk), previous=last, as_of=day)
        since += [entry.since for group in last.groups for entry in group.listed]
    assert since == [days[0], days[0], days[3]]


def test_previous_may_be_a_list_its_scores_or_its_saved_state(tmp_path):
    first = scores(pupil("p-1", 0.1), pupil(7, 0.2))
    last = WatchList.of(first, settings=SETTINGS)
    saved = WatchList.load_state(last.save_state(tmp_path / "state.json"))
    today = [pupil("p-1", 0.3), pupil(7, 0.2)]
    lists = [make(*today, previous=previous, as_of=TUESDAY) for previous in (last, first, saved)]
    assert [statuses(item) for item in lists] == [{"p-1": "worse", 7: "same"}] * 3
    assert lists[0].groups == lists[1].groups == lists[2].groups


def test_the_same_morning_written_again_says_the_same():
    monday = make(pupil("p-1", 0.1), pupil("p-2", 0.01))
    tuesday = make(pupil("p-1", 0.3), pupil("p-2", 0.2), previous=monday, as_of=TUESDAY)
    again = make(pupil("p-1", 0.3), pupil("p-2", 0.2), previous=tuesday, as_of=TUESDAY)
    assert statuses(again) == statuses(tuesday) == {"p-1": "worse", "p-2": "new"}


def test_a_state_holds_ids_risks_bands_and_dates_only(tmp_path):
    watch_list = make(pupil("p-1", raising=(reason(),), alerts=(alert(),)))
    text = watch_list.save_state(tmp_path / "state.json").read_text()
    assert "Absent" not in text
    assert "8-2" not in text


def test_a_state_of_the_future_or_of_another_kind_is_refused(tmp_path):
    tomorrow = make(pupil("p-1"), as_of=TUESDAY)
    with pytest.raises(WatchListError, match="after"):
        make(pupil("p-1"), previous=tomorrow)
    (tmp_path / "other.json").write_text('{"format": 99}')
    with pytest.raises(WatchListError, match="format 99"):
        WatchList.load_state(tmp_path / "other.json")
    (tmp_path / "broken.json").write_text("[1, ")
    with pytest.raises(WatchListError, match="no state"):
        WatchList.load_state(tmp_path / "broken.json")


def test_everybody_who_could_not_be_scored_is_named_with_the_reason():
    errors = [
        RowError(3, "p-9", SET_APART, "students", "m"),
        RowError(3, "p-9", "DR104", "grades[0].score", "m"),
        RowError(0, "p-1", "DR104", "grades[0].score", "a bad row of a scored pupil"),
        RowError(5, None, "DR101", "student_id", "id cannot be read"),
    ]
    blank = pupil("p-2", band="unknown", missing=("Attendance: nothing recorded",))
    watch_list = make(
        pupil("p-1"),
        blank,
        errors=errors,
        unscored=[Unscored("p-8", "no row"), Unscored("p-9", "set apart by hand")],
    )
    told = {item.student_id: item.reason for group in watch_list.groups for item in group.unscored}
    assert told["p-2"] == "Too little is known, to be verified (Attendance: nothing recorded)"
    assert (told["p-8"], told["p-9"]) == ("no row", "set apart by hand")
    assert "id cannot be read" in told[None]
    assert watch_list.counts() == {
        "cohort": 5,
        "listed": 1,
        "with_alert": 0,
        "below_line": 0,
        "not_scored": 4,
    }


def test_reasons_for_not_scoring_are_told_in_the_lists_language():
    error = RowError(0, "p-9", SET_APART, "students", "set apart")
    watch_list = make(pupil("p-1"), errors=[error], language="zh")
    assert "未评估" in watch_list.frame().set_index("student_id").loc["p-9", "not_scored_because"]


def test_an_unknown_risk_with_an_alert_is_listed():
    watch_list = make(pupil("p-1", band="unknown", alerts=(alert(),)))
    assert watch_list.counts()["with_alert"] == 1
    assert not watch_list.groups[0].alerts[0].judged


def test_a_list_that_does_not_add_up_or_names_a_pupil_twice_is_refused():
    with pytest.raises(WatchListError, match="more than once"):
        make(pupil("p-1"), pupil("p-1"))
    with pytest.raises(WatchListError, match="more than once"):
        make(pupil("p-1"), unscored=[Unscored("p-1", "no row")])
    with pytest.raises(WatchListError, match="the cohort 2"):
        replace(make(pupil("p-1")), cohort=2)


def test_scores_without_a_date_are_refused():
    with pytest.raises(WatchListError, match="no date"):
        WatchList.of(scores(as_of=None), settings=SETTINGS)


def test_the_frame_has_one_row_per_pupil_and_says_where_each_stands():
    watch_list = make(
        pupil("p-1", alerts=(alert(),)), pupil("p-2"), pupil("p-3", 0.01), unscored=[Unscored("p-4", "x")]
    )
    parts = watch_list.frame().set_index("student_id")["part"].to_dict()
    assert parts == {"p-1": "alert", "p-2": "above_line", "p-3": "below_line", "p-4": "not_scored"}


def test_results_of_psychological_tests_stay_out_of_list_and_file(tmp_path):
    test = reason("MHT total 71", domain="psychology", cause="wellbeing")
    watch_list = make(pupil("p-1", raising=(reason(), test, replace(test, text="PHQ-9 total 20"))))
    text = watch_list.to_csv(tmp_path / "list.csv").read_text(encoding="utf-8-sig")
    assert "71" not in text
    assert "PHQ" not in text
    assert "confidential" not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_run_as_a_formula(tmp_path, start):
    path = make(pupil(f"{start}1+1", class_id=f"{start}cmd")).to_csv(tmp_path / "list.csv")
    row = pd.read_csv(path, dtype=str, encoding="utf-8-sig", lineterminator="\n").iloc[0]
    assert (row["student_id"], row["class_id"]) == (f"'{start}1+1", f"'{start}cmd")


def test_the_file_opens_in_a_spreadsheet_with_chinese_headers(tmp_path):
    path = make(pupil("p-1"), language="zh").to_csv(tmp_path / "new" / "list.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert {"学号", "辍学风险", "模型计算依据"} <= set(pd.read_csv(path).columns)
    assert list(path.parent.iterdir()) == [path]


def test_the_notebook_view_escapes_and_warns():
    shown = make(pupil("<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in shown
    assert "SYNTHETIC" in shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_and_the_page_name_a_band_alike(tmp_path, language):
    risks = {"watch": 0.06, "elevated": 0.2, "high": 0.5}
    watch_list = make(
        *(pupil(f"p-{band}", risk) for band, risk in risks.items()),
        settings=WatchListSettings(capacity=3),
        language=language,
    )
    table = pd.read_csv(watch_list.to_csv(tmp_path / "list.csv"))
    named = dict(zip(table.iloc[:, 3], table.iloc[:, 8], strict=True))
    page = render_watch_list(watch_list, language)

    assert named == {f"p-{band}": BAND_WORDS[band].to(language) for band in risks}
    assert all(f'<span class="band">{word}</span>' in page for word in named.values())


def test_records_where_scores_are_expected_are_named_as_such():
    with pytest.raises(ArgumentError, match="scores must be a Scores, got a str"):
        WatchList.of("records/")
