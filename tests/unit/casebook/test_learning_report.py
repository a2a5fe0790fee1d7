"""The report on the work says what a plain loop over entries counts, and nothing of counsellors' cases."""

import datetime as dt
import math

import pandas as pd
import pytest

from dropout_risk.casebook.lessons.learning import NO_EFFECT, casebook_report
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.words import WAYS
from dropout_risk.errors import EvaluationError
from dropout_risk.settings import MinutesSettings
from support.casebook_county import County, open_book

DAYS = SchoolDaysAhead()


@pytest.fixture(scope="module")
def book():
    opened = open_book("sqlite://", NoteKeys.new())
    County(seed=3, pupils=160, schools=3).work(opened, 30)
    return opened


@pytest.fixture(scope="module")
def leavers(book):
    pupils = [f"p-{n}" for n in range(0, 160, 5)]
    return pd.DataFrame({"student_id": pupils, "date": dt.date(2025, 9, 30)})


@pytest.fixture(scope="module")
def report(book, leavers):
    return casebook_report(book, leavers=leavers, days=DAYS, fewest=5, return_days=8, again_days=10)


def looped_cases(book):
    """Every case of the school as a dict, from its entries, one after the other."""
    found = []
    for case in book.cases():
        entries = book.entries(case.id)
        if entries[0].data["line"] != "school":
            continue
        row = {
            "pupil": entries[0].data["pupil"],
            "school": entries[0].data["school"],
            "opened": entries[0].day,
        }
        row |= {
            "level": entries[0].data["level"],
            "meets": [],
            "returned": None,
            "closed": None,
            "absent": False,
        }
        row["first"] = min(
            dt.date.fromisoformat(e.data.get("since") or str(e.day))
            for e in entries
            if e.kind in ("open", "signal")
        )
        for entry in entries:
            if entry.kind in ("open", "signal") and entry.data["rule"].startswith("absent"):
                row["absent"] = True
            if entry.kind == "meet":
                row["meets"].append((entry.day, entry.data["way"]))
            if entry.kind == "returned" and row["returned"] is None:
                row["returned"] = dt.date.fromisoformat(entry.data["since"])
            if entry.kind == "close":
                row["closed"], row["outcome"] = entry.day, entry.data["outcome"]
        row["met"] = min((day for day, _ in row["meets"]), default=None)
        found.append(row)
    return found


def looped_quantile(waits, share):
    """Kaplan and Meier by hand: (days, whether reached) of each case."""
    left = 1.0
    for day in sorted({days for days, _ in waits}):
        at_risk = sum(days >= day for days, _ in waits)
        left *= 1 - sum(days == day and reached for days, reached in waits) / at_risk
        if left <= 1 - share + 1e-12:
            return day
    return math.nan


def waits_of(cases, until):
    return [
        (
            DAYS.between(c["school"], c["first"], max(c["first"], c["met"] or c["closed"] or until)),
            c["met"] is not None,
        )
        for c in cases
    ]


@pytest.mark.parametrize("group", ["all", "s-0", "s-1", "s-2", "class_teacher", "principal", "township"])
def test_days_to_first_contact_are_those_that_a_plain_loop_counts(book, report, group):
    levels = ["class_teacher", "principal", "township", "county"]
    cases = [
        case for case in looped_cases(book)
        if group in ("all", case["school"], levels[case["level"]])
    ]  # fmt: skip
    row = report.contact.set_index("group").loc[group]

    assert len(cases) > 10
    assert row["pupils"] == len({case["pupil"] for case in cases})
    assert row["waiting"] == sum(case["met"] is None for case in cases)
    for name, share in (("median", 0.5), ("p90", 0.9)):
        expected = looped_quantile(waits_of(cases, report.until), share)
        assert row[name] == pytest.approx(expected, nan_ok=True), name


def test_leavers_who_had_a_case_and_were_reached_before_leaving_are_counted_as_by_hand(book, report, leavers):
    cases = looped_cases(book)
    expected = {"outcomes": [], "lost": []}
    gone = [("outcomes", p, d) for p, d in zip(leavers["student_id"], leavers["date"], strict=True)]
    gone += [
        ("lost", c["pupil"], c["closed"]) for c in cases
        if c["closed"] and c["outcome"] == "lost" and c["pupil"] not in set(leavers["student_id"])
    ]  # fmt: skip
    for source, pupil, left in gone:
        known = [
            c for c in cases if c["pupil"] == pupil and c["opened"] < left
            and (c["closed"] is None or DAYS.between("", c["closed"], left) <= 90)
        ]  # fmt: skip
        expected[source].append((bool(known), any(c["met"] and c["met"] < left for c in known)))
    rows = report.leavers.set_index("group")

    assert len(expected["outcomes"]) == 32
    for source, told in expected.items():
        if len(told) >= 5:
            assert rows.loc[source, "listed"] == pytest.approx(sum(listed for listed, _ in told) / len(told))
            assert rows.loc[source, "seen"] == pytest.approx(sum(seen for _, seen in told) / len(told))


def test_returns_with_and_without_a_contact_are_counted_as_by_hand_and_called_no_effect(book, report):
    told = {"reached": [], "others": []}
    for case in looped_cases(book):
        last = DAYS.later(case["school"], case["opened"], 8)
        if not case["absent"] or last > report.until:
            continue
        back = case["returned"] is not None and case["returned"] <= last
        end = case["returned"] if back else last
        told["reached" if case["met"] and case["met"] <= end else "others"].append(back)
    rows = report.returns.set_index("group")

    assert min(map(len, told.values())) >= 5
    assert {name: rows.loc[name, "returned"] for name in told} == {
        name: pytest.approx(sum(back) / len(back)) for name, back in told.items()
    }
    assert NO_EFFECT.en in report.text("en")
    assert NO_EFFECT.zh in report.text("zh")


def test_cases_opened_again_are_counted_as_by_hand(book, report):
    cases = looped_cases(book)
    closed = [c for c in cases if c["closed"] and c["closed"] + dt.timedelta(10) <= report.until]
    again = [
        any(o is not c and o["pupil"] == c["pupil"] and c["closed"] <= o["opened"]
            and o["opened"] <= c["closed"] + dt.timedelta(10) and o["opened"] > c["opened"] for o in cases)
        for c in closed
    ]  # fmt: skip

    assert any(again)
    assert report.reopened.iloc[0]["reopened"] == pytest.approx(sum(again) / len(again))


def test_minutes_are_those_of_the_ways_as_the_settings_have_them(book, report):
    minutes = book.settings.minutes.model_dump()
    of_school = {}
    for case in looped_cases(book):
        spent = sum(minutes[way] for _, way in case["meets"])
        of_school[case["school"]] = of_school.get(case["school"], 0) + spent
    rows = report.minutes[report.minutes["by"] == "school"].set_index("group")

    assert rows["minutes"].to_dict() == of_school
    assert set(MinutesSettings.model_fields) == {way.key for way in WAYS}


def test_a_case_of_counsellors_changes_no_figure(report):
    quiet = County(seed=3, pupils=160, schools=3)
    facts = quiet.facts
    quiet.facts = lambda day: type(facts(day))(
        day, facts(day).pupils, facts(day).days, [s for s in facts(day).signals if s.line == "school"],
        facts(day).to_verify, facts(day).attended,
    )  # fmt: skip
    quiet.acts = lambda book, day: iter(())
    busy = County(seed=3, pupils=160, schools=3)
    busy.acts = lambda book, day: iter(())
    first, second = open_book("sqlite://"), open_book("sqlite://")
    busy.work(first, 4)
    quiet.work(second, 4)

    assert any(case.line == "care" for case in first.cases())
    assert not any(case.line == "care" for case in second.cases())
    assert casebook_report(first, fewest=1).to_dict() == casebook_report(second, fewest=1).to_dict()


def test_groups_of_fewer_pupils_have_no_figures_and_no_total_gives_them_back(book):
    report = casebook_report(book, days=DAYS, fewest=10_000)

    for frame in (report.contact, report.reopened, report.minutes[report.minutes["by"] != "way"]):
        shown = frame[~frame["withheld"]]
        assert (shown["pupils"] == 0).all()
    assert "withheld" in report.text("en")


def test_a_visit_to_a_locked_door_is_no_contact():
    book = open_book("sqlite://")
    day, later = dt.date(2025, 9, 1), dt.date(2025, 9, 5)
    opened = {"pupil": "p", "school": "s", "line": "school", "rule": "absent_1_day", "level": 0, "owner": "t",
              "due": "2025-09-01"}  # fmt: skip
    case = book.write("open", day, "t", "1", data=opened, today=day)
    locked = {"way": "home_visit", "met": ["nobody"], "due": "2025-09-05"}
    told = {"difficulty": ["unknown"], "result": "unwilling"}
    case = book.write("meet", day, "t", "2", case=case, data=locked, today=day)
    assert casebook_report(book, until=later, fewest=1).contact.iloc[0]["waiting"] == 1

    book.write(
        "meet",
        later,
        "t",
        "3",
        case=case,
        data=locked | told | {"met": ["nobody", "mother"], "due": "2025-09-08"},
        today=later,
    )
    first = casebook_report(book, until=later, fewest=1).contact.iloc[0]
    assert (first["waiting"], first["median"]) == (0, 4)


def test_a_median_that_is_not_reached_yet_is_said_to_be_so_and_nobody_who_left_is_no_line():
    told = casebook_report(open_book("sqlite://"), until=dt.date(2025, 9, 1), fewest=1).text("zh")

    assert "尚不能得出" in told
    assert "辍学学生" not in told


@pytest.mark.parametrize("column", ["student_id", "date"])
def test_leavers_without_a_column_are_refused_by_its_name(column):
    leavers = pd.DataFrame({"student_id": ["p"], "date": ["2025-09-01"]}).drop(columns=column)

    with pytest.raises(EvaluationError, match=column):
        casebook_report(open_book("sqlite://"), leavers=leavers)
