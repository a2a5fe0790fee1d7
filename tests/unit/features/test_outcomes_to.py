"""Who has no outcome has stayed only as long as outcomes are known to be complete."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dropout_risk.errors import DateError, SettingsError
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.files.readers import mark_outcomes_to
from dropout_risk.records.school_records import SchoolRecords

DAYS = [day.date() for day in pd.bdate_range("2024-09-02", "2025-02-28")]
YEAR = pd.bdate_range("2024-09-02", "2025-07-11")


def _status(pupil, day):
    """The first pupil of each school misses the first day; a register without any absence is doubted."""
    return "absent" if pupil[1:] == "0" and day == DAYS[0] else "present"


def tables(outcomes=(), more=(), until=None):
    """Two schools with ten pupils each; ``until`` gives the last day of a school's attendance."""
    until, gone = until or {}, {row[0]: row[1] for row in outcomes}
    students = [
        {"student_id": f"{school}{k}", "school_id": school, "class_id": "1", "grade_level": 8}
        for school in "st"
        for k in range(10)
    ]
    attendance = [
        {"student_id": row["student_id"], "date": day, "status": _status(row["student_id"], day)}
        for row in students
        for day in DAYS
        if day <= min(until.get(row["school_id"], DAYS[-1]), gone.get(row["student_id"], DAYS[-1]))
    ]
    attendance += [{"student_id": pupil, "date": day, "status": "present"} for pupil, day in more]
    events = [
        {"student_id": name, "date": day, "event": event}
        for name, day, event in [(*row, "dropout")[:3] for row in outcomes]
    ]
    return {
        "students": students, "attendance": attendance, "outcomes": events,
        "calendar": pd.DataFrame({"date": YEAR, "is_school_day": True}),
    }  # fmt: skip


def records(*args, mapping=None, outcomes_to=None, today="2025-08-01", **more):
    given = tables(*args, **more)
    return SchoolRecords.from_tables(**given, mapping=mapping, outcomes_to=outcomes_to, today=today)


def complete(source):
    histories = source if isinstance(source, Histories) else Histories.from_records(source)
    days = histories.complete_to.tolist()
    return {name: date_of(day) for name, day in zip(histories.calendar.schools, days, strict=True) if name}


def labelled(source, as_of="2024-11-04", horizon=40):
    cohort = Cohort.on(source, as_of).with_labels(source, horizon_days=horizon)
    return len(cohort.labels), cohort.censored["reason"].value_counts().to_dict()


LAST = {"s": dt.date(2025, 2, 3), "t": dt.date(2025, 2, 10)}
BOTH = [("s1", LAST["s"]), ("t1", LAST["t"])]


def test_where_nobody_declares_it_outcomes_end_with_the_schools_last_one():
    assert complete(records(BOTH)) == LAST
    assert labelled(records(BOTH)) == (20, {})
    assert labelled(records([("s1", LAST["s"])])) == (10, {"outcomes_not_complete": 10})


def test_a_lone_row_months_ahead_lengthens_nothing():
    late = [("s2", dt.date(2025, 6, 20))]

    assert complete(records([("s1", dt.date(2025, 6, 20)), BOTH[1]], late))["s"] == DAYS[-1]
    assert complete(records([("s1", dt.date(2025, 5, 20))], until={"s": dt.date(2024, 12, 2)}))[
        "s"
    ] == dt.date(2024, 12, 2)


@pytest.mark.parametrize("event", ["transferred", "graduated", "died"])
def test_who_transferred_or_graduated_since_says_nothing_of_dropouts(event):
    later = records([*BOTH, ("s2", dt.date(2025, 2, 27), event)])

    assert complete(later) == LAST
    ended = [("s1", dt.date(2024, 10, 1)), BOTH[1], ("s2", dt.date(2025, 2, 27), event)]
    assert [item.rule.code for item in records(ended).check().problems] == ["DR180"]


def test_an_outcome_with_a_mistyped_year_says_nothing_of_the_others():
    typed = records([*BOTH, ("s2", dt.date(2026, 2, 3))], today="2026-08-01")

    assert complete(typed) == LAST


def test_a_declared_day_counts_as_far_as_the_school_was_observed():
    declared = records([], outcomes_to="2025-02-14", until={"t": dt.date(2024, 12, 2)})

    assert complete(declared) == {"s": dt.date(2025, 2, 14), "t": dt.date(2024, 12, 2)}
    assert labelled(declared) == (10, {"horizon_not_observed": 10})
    assert labelled(records([], outcomes_to="2025-02-14")) == (20, {})


@pytest.mark.parametrize("how", ["mapping", "argument"])
def test_each_school_may_declare_its_own_day(how):
    days = {"s": dt.date(2025, 1, 10), "all": "2025-02-14"}
    given = {"mapping": {"outcomes_to": days}} if how == "mapping" else {"outcomes_to": days}

    assert complete(records([], **given)) == {"s": dt.date(2025, 1, 10), "t": dt.date(2025, 2, 14)}


def test_an_argument_goes_before_the_mapping_and_a_mark_comes_last():
    marked = tables([])
    frame = pd.DataFrame([{"student_id": "s1", "date": dt.date(2024, 10, 1), "event": "dropout"}])
    marked["outcomes"] = mark_outcomes_to(pa.Table.from_pandas(frame), dt.date(2025, 1, 20))
    by = {"mapping": {"outcomes_to": "2025-01-21"}}

    assert set(complete(SchoolRecords.from_tables(**marked)).values()) == {dt.date(2025, 1, 20)}
    assert set(complete(SchoolRecords.from_tables(**marked, **by)).values()) == {dt.date(2025, 1, 21)}
    both = SchoolRecords.from_tables(**marked, **by, outcomes_to="2025-01-22")
    assert set(complete(both).values()) == {dt.date(2025, 1, 22)}


def test_a_store_keeps_what_was_declared(tmp_path):
    histories = Histories.from_records(records([], outcomes_to="2025-02-14"))
    histories.save(tmp_path)
    loaded = Histories.load(tmp_path)

    assert complete(loaded) == complete(histories)
    later = Histories.from_records(records([], outcomes_to="2025-02-20"))
    assert np.array_equal(loaded.append(records([], outcomes_to="2025-02-20")).complete_to, later.complete_to)
    assert complete(loaded.append(records([]))) == complete(histories)


def test_the_check_says_where_outcomes_end_long_before_attendance():
    (problem,) = records([("s1", dt.date(2024, 10, 1)), BOTH[1]]).check().problems

    assert (problem.rule.code, problem.severity) == ("DR180", "warning")
    assert "1 of 2 schools" in problem.hint()
    assert records(BOTH).check().problems == ()
    assert records([("s1", dt.date(2024, 10, 1))], outcomes_to="2025-02-14").check().problems == ()


def test_days_that_have_not_come_or_are_no_days_are_refused():
    with pytest.raises(DateError, match="lies after 2025-08-01"):
        records([], outcomes_to="2025-08-02")
    with pytest.raises(SettingsError, match="'outcomes_to' cannot be read"):
        records([], mapping={"outcomes_to": "soon"})
    with pytest.raises(SettingsError, match="'outcomes_to' cannot be read"):
        records([], mapping={"outcomes_to": {"s": 4}})
