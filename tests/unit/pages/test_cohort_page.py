from dropout_risk.pages.cohort_page import MOST_SHOWN, ON_A_PART, RiskSpread, cohort_page
from dropout_risk.pages.links import FILES, served_under
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.score_rows import pupil_heads
from dropout_risk.settings import BandSettings, WatchListSettings
from dropout_risk.watchlist.group import Unscored
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import pupil, reason, scores

BANDS = BandSettings()


def page(*pupils, unscored=(), capacity=5, withhold=False):
    given = scores(*pupils)
    given = redact(given, "counsellor")
    watch_list = WatchList.of(given, settings=WatchListSettings(capacity=capacity), unscored=unscored)
    return cohort_page(given, watch_list, BANDS, FILES, withhold=withhold)


def spread(*risks):
    return RiskSpread.of(
        list(pupil_heads([pupil(f"p-{n}", risk) for n, risk in enumerate(risks)])), BANDS, "en"
    )


def test_the_bars_hold_every_judged_pupil_once():
    risks = [n / 400 for n in range(1, 300)]
    drawn = spread(*risks, 0.0, 1.0)
    assert sum(int(bar.number) for bar in drawn.bars) == len(risks) + 2
    assert sum(int(row.pupils) for row in drawn.rows) == len(risks) + 2
    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in drawn.bars)


def test_bands_are_counted_from_the_highest_and_the_unknown_apart():
    drawn = RiskSpread.of(
        list(pupil_heads([pupil("a", 0.4), pupil("b", 0.01), pupil("c", 0.4, band="unknown")])), BANDS, "en"
    )
    assert [(row.band, row.pupils) for row in drawn.rows] == [
        ("high", "1"), ("elevated", "0"), ("watch", "0"), ("low", "1"), ("unknown", "1")
    ]  # fmt: skip
    assert drawn.said == "2 pupils judged: high 1, elevated 0, worth watching 0, low 1"


def test_equal_risks_make_a_picture_too():
    assert sum(int(bar.number) for bar in spread(0.2, 0.2, 0.2).bars) == 3


def test_nobody_judged_leaves_the_picture_out():
    assert spread().bars == ()


def test_the_highest_risks_say_how_many_more_are_equal_to_the_last():
    shown = page(*(pupil(f"p-{n:03}", 0.2) for n in range(MOST_SHOWN + 7)), pupil("q", 0.5), pupil("z", 0.01))
    assert (shown.highest[0].student_id, len(shown.highest)) == ("q", MOST_SHOWN)
    assert shown.tied.startswith("8 more have exactly the risk")


def test_each_schools_list_says_who_stands_where_and_the_ties_at_the_line():
    shown = page(*(pupil(f"p-{n}", 0.2) for n in range(5)), pupil("s", 0.1, school_id="s-2"), capacity=2)
    first, second = shown.schools
    assert (first.name, first.counts["first"], first.counts["tied"], first.counts["below_line"]) == (
        "s-1",
        2,
        3,
        3,
    )
    assert (second.counts["cohort"], shown.total["cohort"]) == (1, 6)


def test_domains_count_pupils_by_what_raises_them_most_and_leave_low_risks_out():
    family, marks = {"attendance": 0.1, "family": 0.5}, {"attendance": -1.0, "grades": 0.2}
    shown = page(
        pupil("a", 0.3, domains=family), pupil("b", 0.3, domains=marks), pupil("c", 0.01, domains=marks),
        pupil("d", 0.3, domains={"attendance": -1.0}),
    )  # fmt: skip
    (row,) = shown.heat
    assert shown.domains == ("Attendance", "Grades", "Family")
    assert (row.pupils, [number for number, _ in row.cells]) == ("3", ["0", "1", "1"])


def test_reasons_without_a_score_are_counted_and_nobody_is_named():
    apart = [Unscored(f"q-{n}", "no row") for n in range(3)] + [Unscored("r", "left")]
    assert page(pupil("a"), unscored=apart).not_scored == (("no row", "3"), ("left", "1"))


def test_the_first_reason_is_the_first_that_the_reader_may_see():
    told = page(pupil("a", 0.4, raising=(reason("Absent"), reason("Marks"))), pupil("b", 0.3))
    assert [item.reason for item in told.highest] == ["Absent", "see the pupil's page"]


def test_what_a_role_may_not_see_is_one_column_of_its_own():
    shown = page(pupil("a", 0.3, domains={"attendance": 0.1, "other": 0.4}))
    assert shown.domains == ("Attendance", "Everything else together")
    assert [number for number, _ in shown.heat[0].cells] == ["0", "1"]


def test_parts_hold_every_school_and_every_high_risk_once_and_in_order():
    whole = page(
        *(pupil(f"p-{n:03}", 0.2 + n / 1000, school_id=f"s-{n:02}") for n in range(2 * ON_A_PART + 5)),
        *(pupil(f"q-{n:03}", 0.1, school_id="s-00") for n in range(MOST_SHOWN)),
    )
    parts = [whole.on_part(number, FILES) for number in (1, 2, 3)]
    for name in ("schools", "heat", "highest"):
        assert [row for part in parts for row in getattr(part, name)] == [*getattr(whole, name)]
        assert max(len(getattr(part, name)) for part in parts) == ON_A_PART
    assert [part.start for part in parts] == [1, 1 + ON_A_PART, 1 + 2 * ON_A_PART]
    assert [bool(part.tied) for part in parts] == [False, False, True]
    assert {part.parts for part in parts} == {("cohort.html", "cohort-2.html", "cohort-3.html")}
    assert whole.on_part(4, FILES) is None
    assert whole.on_part(0, FILES) is None


def test_a_small_cohort_is_on_one_page():
    whole = page(pupil("p", 0.2))
    assert whole.on_part(1, FILES).parts == ("cohort.html",)
    assert whole.on_part(2, FILES) is None


def test_further_parts_have_addresses_in_the_service():
    assert served_under("/review", "zh").cohort_part(2) == "/review/cohort?page=2&lang=zh"


def small_schools(**more):
    family, marks = {"attendance": 0.1, "family": 0.5}, {"attendance": -1.0, "grades": 0.2}
    schools = {"s-1": (12, 3, 14), "s-2": (4, 1, 1), "s-3": (30, 0, 11)}
    pupils = [
        pupil(f"{school}-{side}-{n}", 0.1 + 0.01 * n, school_id=school, domains=side)
        for school, numbers in schools.items()
        for side, number in zip((family, marks, {"attendance": 1.0}), numbers, strict=True)
        for n in range(number)
    ]
    return page(*pupils, unscored=[Unscored("u-1", "No row", "s-1")], **more)


def test_who_knows_no_names_reads_of_no_small_group_in_any_table_or_picture_but_the_lists():
    shown = small_schools(withhold=True)
    told = [number for row in shown.heat for number, _ in row.cells] + [row.pupils for row in shown.heat]
    told += [row.pupils for row in shown.spread.rows] + [bar.number for bar in shown.spread.bars]
    told += [number for _, number in shown.not_scored]
    assert all(text == "withheld" or text == "0" or int(text) >= 10 for text in told)
    assert "withheld" in told
    assert "10" in shown.withheld
    for row in shown.heat:  # no total gives a small one back
        hidden = sum(number == "withheld" for number, _ in row.cells)
        assert hidden != 1 or row.pupils == "withheld"
    assert shown.schools[0].counts["cohort"] == 30


def test_who_knows_the_pupils_by_name_reads_of_all():
    shown = small_schools()
    assert "'withheld'" not in str(shown)
    assert shown.withheld == ""
