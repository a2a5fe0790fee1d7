"""Leave from a first to a last day is read as the days that it is, or named with the way out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk import SchoolRecords
from dropout_risk.errors import SettingsError
from dropout_risk.proposals.mapping_proposal import propose_mapping

TODAY = dt.date(2024, 12, 1)
SPANS = {"first": "开始日期", "last": "结束日期", "days": "天数"}
MAPPING = {
    "spans": {"attendance": SPANS},
    "constants": {"attendance": {"status": "excused"}},
    "calendar": {"week": "weekdays"},
    "unrecorded": "unknown",
}
STUDENTS = [{"student_id": f"p{k}", "school_id": "s", "class_id": "8-1", "grade_level": 8} for k in range(4)]


def leave(first: Any, last: Any, pupil: str = "p1", days: Any = None) -> dict[str, Any]:
    return {"学号": pupil, "开始日期": str(first), "结束日期": str(last), "天数": days}


def records(attendance: Any, **changes: Any) -> SchoolRecords:
    mapping = MAPPING | changes.pop("mapping", {})
    return SchoolRecords.from_tables(
        students=STUDENTS, attendance=attendance, today=TODAY, mapping=mapping, **changes
    )


def days_of(found: SchoolRecords) -> list[tuple[int, dt.date, int]]:
    table = found.table("attendance")
    return sorted(zip(*(table[name].to_pylist() for name in ("pupil", "date", "status")), strict=True))


def rules(found: SchoolRecords) -> dict[str, int]:
    return {problem.rule.name: problem.rows for problem in found.check().problems}


MONDAY = dt.date(2024, 9, 2)
spans = st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 12))


@settings(max_examples=60, deadline=None)
@given(
    spans=st.lists(spans, min_size=1, max_size=6),
    closed=st.sets(st.integers(0, 75), max_size=8),
    listed=st.booleans(),
)
def test_leave_in_spans_is_the_long_table_of_its_school_days(
    spans: list[tuple[int, int, int]], closed: set[int], listed: bool
) -> None:
    every = [MONDAY + dt.timedelta(k) for k in range(80)]
    off = {every[k] for k in closed}
    if listed:
        calendar = [{"date": day, "is_school_day": day.weekday() < 5 and day not in off} for day in every]
    else:
        calendar = [{"date": day, "is_school_day": False} for day in sorted(off)]
    own = {"calendar": calendar} if calendar else {}
    week = {"calendar": {"week": "listed" if listed else "weekdays"}}
    rows = [leave(every[first], every[first + more], f"p{pupil}") for pupil, first, more in spans]
    long = [
        {"student_id": f"p{pupil}", "date": day, "status": "excused"}
        for pupil, first, more in spans
        for day in every[first : first + more + 1]
        if day.weekday() < 5 and day not in off
    ]
    if not long:
        return
    frame = pd.DataFrame(rows).drop(columns="天数")
    mapping = {"calendar": week["calendar"], "unrecorded": "unknown"}
    expected = SchoolRecords.from_tables(
        students=STUDENTS, attendance=long, today=TODAY, mapping=mapping, **own
    )

    assert days_of(records(frame, mapping=week, **own)) == days_of(expected)


def test_leave_goes_on_until_today_and_not_beyond() -> None:
    found = records([leave("2024-11-28", "2024-12-10")])

    assert [day.isoformat() for _, day, _ in days_of(found)] == ["2024-11-28", "2024-11-29"]
    assert rules(found) == {}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (leave("2024-09-06", "2024-09-02"), {"period_reversed": 1}),
        (leave("2024-09-02", ""), {"unparsable_date": 1}),
        (leave("", ""), {"missing_value": 1}),
        (leave("soon", "2024-09-02"), {"unparsable_date": 1}),
        (leave("2024-09-02", "2034-09-02"), {"period_reversed": 1}),
        (leave("2024-09-02", "2024-09-03", "nobody"), {"unknown_pupil": 1}),
        (leave("2025-09-02", "2025-09-03"), {"future_date": 1}),
    ],
    ids=["reversed", "no end", "no days", "no date", "ten years", "nobody", "ahead"],
)
def test_a_span_that_cannot_be_read_is_one_row_set_apart(row: dict[str, Any], named: dict[str, int]) -> None:
    found = records([leave("2024-10-08", "2024-10-08"), row])

    assert rules(found) == named
    assert len(days_of(found)) == 1


@pytest.mark.parametrize(
    ("first", "last", "days", "named"),
    [
        ("2024-09-05", "2024-09-09", 3, False),
        ("2024-09-05", "2024-09-09", 5, False),
        ("2024-09-05", "2024-09-05", 0.5, True),
        ("2024-09-05", "2024-09-09", 2, True),
        ("2024-09-07", "2024-09-08", None, True),
    ],
    ids=["school days", "days of the calendar", "half a day", "fewer", "a weekend"],
)
def test_spans_of_other_days_than_are_said_are_named(
    first: str, last: str, days: float | None, named: bool
) -> None:
    found = records([leave("2024-10-08", "2024-10-08", days=1), leave(first, last, days=days)])

    assert ("spans_of_other_days" in rules(found)) is named


def test_without_school_days_no_span_is_used_and_the_way_out_is_named() -> None:
    mapping = {name: MAPPING[name] for name in ("spans", "constants")}
    found = SchoolRecords.from_tables(
        students=STUDENTS, attendance=[leave("2024-09-02", "2024-09-03")], today=TODAY, mapping=mapping
    )

    assert days_of(found) == []
    assert rules(found) == {"spans_without_school_days": 1}


def test_undeclared_spans_are_named_with_the_entries_to_write() -> None:
    found = SchoolRecords.from_tables(
        students=STUDENTS, attendance=[leave("2024-09-02", "2024-09-03", days=2)], today=TODAY
    )
    (hint,) = [p.hint("en") for p in found.check().problems if p.rule.name == "undeclared_spans"]

    assert 'first = "开始日期", last = "结束日期", days = "天数"' in hint
    assert [p.rule.name for p in found.check().problems if p.severity == "warning"] == []


def test_rows_keep_their_lines_and_words_of_their_own() -> None:
    rows = [
        leave("2024-09-02", "2024-09-03") | {"请假类型": "病假"},
        leave("2024-09-02", "2024-09-02", "p2") | {"请假类型": "玩"},
    ]
    found = records(rows, mapping={"constants": {}})
    (problem,) = found.check().problems

    assert (problem.rule.name, problem.rows, problem.first_row) == ("unknown_word", 1, 2)
    assert len(days_of(found)) == 2


@pytest.mark.parametrize(
    "given", [{"first": "a"}, {"first": "a", "last": 3}, {"first": "a", "last": "b", "x": "c"}]
)
def test_misshapen_spans_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"spans\.attendance"):
        records([], mapping={"spans": {"attendance": given}})


def test_a_mapping_for_leave_in_spans_is_proposed(tmp_path: Any) -> None:
    pd.DataFrame(STUDENTS).to_csv(tmp_path / "students.csv", index=False)
    rows = [leave(f"2024-09-{2 + k:02}", f"2024-09-{3 + k:02}", f"p{k % 4}") for k in range(12)]
    frame = pd.DataFrame(rows).drop(columns="天数").assign(请假类型="病假")
    frame.to_csv(tmp_path / "请假记录.csv", index=False)
    proposal = propose_mapping(tmp_path, today=TODAY.isoformat())
    applied = {line.key: line.value for line in proposal.lines if line.section == ("spans", "attendance")}

    assert applied == {"first": "开始日期", "last": "结束日期"}
    assert proposal.mapping().shapes.spans["attendance"].first == "开始日期"
