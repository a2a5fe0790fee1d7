"""Totals beside a register of the same days: whoever counts otherwise than it is named."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.records.school_records import SchoolRecords

FIRST = dt.date(2024, 9, 2)
DAYS = [FIRST + dt.timedelta(days=n) for n in range(19) if (FIRST + dt.timedelta(days=n)).weekday() < 5]
STATUSES = ("present", "absent", "excused", "late", "suspended")
AWAY = ("absent", "excused", "suspended")


def county(register, days_absent, **options):
    """``register`` has a list of (day, status) or (day, status, more columns) for each pupil."""
    pupils = [
        {"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 7}
        for n in range(len(register))
    ]
    attendance = [
        {"student_id": f"p{n}", "date": day, "status": status, **(more[0] if more else {})}
        for n, rows in enumerate(register)
        for day, status, *more in rows
    ]
    totals = [
        {"student_id": f"p{n}", "period_start": DAYS[0], "period_end": DAYS[-1]}
        | {"days_enrolled": len(DAYS), "days_absent": days}
        for n, days in enumerate(days_absent)
    ]
    return SchoolRecords.from_tables(
        students=pupils, attendance=attendance, attendance_totals=totals, today="2024-10-31", **options
    )


def doubted(records):
    found = [p for p in records.check().problems if p.rule.code == "DR909"]
    return sum(p.rows for p in found)


def all_days(*away):
    return [(day, "absent" if n in away else "present") for n, day in enumerate(DAYS)]


def test_more_absences_than_the_register_has_are_named():
    records = county([all_days(3), all_days(3)], [5, 1])

    assert doubted(records) == 1
    assert records.check().counts["attendance_totals"].used == 2


def test_fewer_absences_than_the_register_has_are_named():
    assert doubted(county([all_days(1, 2, 3), all_days()], [0, 0])) == 1


def test_days_that_nobody_wrote_down_may_have_been_missed():
    part = all_days()[:10]

    assert doubted(county([part], [5])) == 0
    assert doubted(county([part], [6])) == 1


def test_leave_that_totals_do_not_hold_is_named():
    ill = [(day, "excused" if n < 4 else "present") for n, day in enumerate(DAYS)]

    assert doubted(county([ill], [0])) == 1
    assert doubted(county([ill], [4])) == 0


def test_a_correction_counts_in_the_place_of_what_it_corrects():
    corrected = [*all_days(0), (DAYS[0], "present", {"recorded_on": DAYS[5]})]

    assert doubted(county([corrected], [0])) == 0
    assert doubted(county([corrected], [1])) == 1


def test_a_register_written_down_a_day_late_is_one():
    late = [(day, status, {"recorded_on": day + dt.timedelta(days=1)}) for day, status in all_days(3)]

    assert doubted(county([late], [1])) == 0
    assert doubted(county([late], [3])) == 1


def test_half_days_may_be_counted_as_halves_or_as_days():
    halves = [
        (day, "absent" if part == "am" and n < 4 else "present", {"session": part})
        for n, day in enumerate(DAYS)
        for part in ("am", "pm")
    ]

    assert [doubted(county([halves], [days])) for days in (2, 4, 8)] == [0, 0, 1]


def test_where_no_row_is_presence_every_day_is_known():
    missed = [(DAYS[0], "late"), (DAYS[3], "absent"), (DAYS[-1], "late")]
    options = {"mapping": {"unrecorded": "present", "calendar": {"week": "weekdays"}}}
    register = [missed, []]

    assert doubted(county(register, [1, 0], **options)) == 0
    assert doubted(county(register, [4, 0], **options)) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from((*STATUSES, None)), min_size=15, max_size=15), min_size=1, max_size=4),
    st.lists(st.integers(0, 15), min_size=4, max_size=4),
)
def test_totals_are_named_where_no_filling_of_the_unknown_days_gives_them(rows, days_absent):
    assert len(DAYS) == 15
    register = [[(day, word) for day, word in zip(DAYS, own, strict=True) if word] for own in rows]
    wanted = 0
    for own, days in zip(rows, days_absent, strict=False):
        missed, unknown = sum(word in AWAY for word in own), own.count(None)
        wanted += not missed <= days <= missed + unknown
    known = {"mapping": {"unrecorded": "unknown"}}
    if not any(register):
        return

    assert doubted(county(register, days_absent[: len(rows)], **known)) == wanted


@pytest.mark.parametrize("days", [0, 15])
def test_totals_of_pupils_without_a_register_are_taken_as_they_are(days):
    assert doubted(county([all_days(), []], [0, days])) == 0
