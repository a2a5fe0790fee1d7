"""What a morning is told is what the raw tables say, counted again with plain loops."""

import datetime as dt
from collections import Counter

import pytest

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import LISTED, run_morning
from dropout_risk.casebook.mornings.morning_facts import morning_facts
from dropout_risk.histories.histories import Histories
from dropout_risk.records.directory import Directory
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES
from dropout_risk.simulate.district import simulate_district

DAY = dt.date(2025, 4, 16)


@pytest.fixture(scope="module")
def records():
    return simulate_district(n_students=400, seed=5, n_days=200)


@pytest.fixture(scope="module")
def histories(records):
    return Histories.from_records(records)


@pytest.fixture(scope="module")
def facts(risk_model, histories):
    return morning_facts(risk_model, histories, DAY, language="en")


def rows_of(records, table):
    """The rows of a table as dicts with the pupil's id, and a status as a word."""
    ids = records.table("students")["student_id"].to_pylist()
    rows = records.table(table).to_pylist()
    for row in rows:
        row["student_id"] = str(ids[row["pupil"]])
        if table == "attendance":
            row["status"] = STATUSES.words[row["status"]]
    return rows


def known(row, day):
    return row["date"] < day and (row.get("recorded_on") or row["date"]) < day


def left_by(records, day):
    """Pupils whom an outcome took away before a day, and who did not come back."""
    rows = [row for row in rows_of(records, "outcomes") if known(row, day)]
    last = {row["student_id"]: row["event"] for row in sorted(rows, key=lambda row: row["date"])}
    return {pupil for pupil, event in last.items() if event != "returned"}


def test_everybody_at_school_by_the_students_table_is_placed_once(records, facts):
    gone = left_by(records, DAY)
    there = [
        row
        for row in records.table("students").to_pylist()
        if row["enrolled_on"] <= DAY
        and not (row["left_on"] and row["left_on"] <= DAY)
        and str(row["student_id"]) not in gone
    ]

    assert Counter(pupil.pupil for pupil in facts.pupils) == Counter(str(row["student_id"]) for row in there)
    assert {(p.pupil, p.school, p.responsible) for p in facts.pupils} == {
        (str(row["student_id"]), row["school_id"], row["responsible_id"]) for row in there
    }


def test_every_alert_of_the_scores_is_one_signal_with_its_first_day(risk_model, histories, facts):
    scores = risk_model.score(histories, DAY, language="en")
    alerts = {(str(p.student_id), alert.rule, alert.since) for p in scores.pupils for alert in p.alerts}

    told = [(s.pupil, s.rule, s.since) for s in facts.signals if s.rule != LISTED]
    assert len(told) == len(set(told)) > 5
    assert set(told) == alerts


def test_only_a_critical_answer_is_the_counsellors(facts):
    assert {s.rule for s in facts.signals if s.line == "care"} <= {"critical_item"}
    assert not [s for s in facts.signals if s.rule == "critical_item" and s.line != "care"]


def test_who_is_listed_has_no_alert_that_a_class_teacher_hears_of(facts):
    alerted = {s.pupil for s in facts.signals if s.line == "school" and s.rule != LISTED}
    listed = {s.pupil for s in facts.signals if s.rule == LISTED}

    assert listed
    assert not listed & alerted


def test_the_register_since_a_day_is_counted_from_the_raw_rows(records, facts):
    rows = rows_of(records, "attendance")
    since = DAY - dt.timedelta(days=30)
    asked = [(pupil.pupil, since) for pupil in facts.pupils[:40]]

    told = facts.attended(asked)

    for (pupil, _), attended in zip(asked, told, strict=True):
        own = [row for row in rows if row["student_id"] == pupil and since <= row["date"] and known(row, DAY)]
        absent = sorted(row["date"] for row in own if row["status"] == "absent")
        came = sorted(row["date"] for row in own if row["status"] not in ("absent", "excused", "suspended"))
        back = [day for day in came if not absent or day > absent[-1]]
        assert attended.absent == len(absent)
        assert attended.first_absent == (absent[0] if absent else None)
        assert attended.present == len(came)
        assert attended.back == (back[0] if back else None)


def test_a_class_whose_register_stopped_the_day_before_is_named(risk_model):
    days = [dt.date(2025, 3, 3) + dt.timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8)]
    records = SchoolRecords.from_tables(
        students=[
            {"student_id": f"p-{n}", "school_id": "s-1", "class_id": str(n % 2), "grade_level": 8}
            for n in range(12)
        ],
        attendance=[
            {
                "student_id": f"p-{n}",
                "date": day,
                "status": "absent" if n == 3 and day == days[0] else "present",
            }
            for n in range(12)
            for day in days
            if not (n % 2 and day == days[-1])
        ],
    )
    told = morning_facts(
        risk_model, Histories.from_records(records), days[-1] + dt.timedelta(days=1), language="en"
    )

    assert told.registers == ("s-1 has no register of the last school day: s-1/8/1",)


def test_what_a_morning_is_told_names_nobody_in_a_log(facts):
    assert facts.pupils[0].pupil not in repr(facts)


def test_a_morning_on_records_keeps_the_laws_and_is_done_once(risk_model, histories, facts):
    book = Book.open("sqlite://")

    report = run_morning(book, facts)

    assert sum(report.parts.values()) == len(facts.pupils)
    assert run_morning(book, facts) is None
    later = morning_facts(risk_model, histories, DAY + dt.timedelta(days=1), language="en")
    assert run_morning(book, later) is not None
    assert check_book(book) == []
    known = {(s.pupil, s.line) for s in facts.signals}
    held_back = {row.pupil for row in book.frames()["signal"].itertuples() if row.why_not}
    cases = {(case.pupil, case.line) for case in book.cases()}
    assert {pair for pair in known if pair not in cases} <= {(pupil, "school") for pupil in held_back}


def test_a_village_comes_from_the_directory_and_nothing_else_does(risk_model, histories):
    import pyarrow as pa

    pupil = histories.student_ids[0]
    directory = Directory(pa.table({"student_id": [pupil], "name": ["某某"], "village": ["东村"]}))

    told = morning_facts(risk_model, histories, DAY, directory=directory)

    assert [p.village for p in told.pupils if p.village] == ["东村"]
    assert "某某" not in repr(told.pupils)
