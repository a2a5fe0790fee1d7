import datetime as dt

import numpy as np
import pytest

from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from support.districts import untidy_district, untidy_histories
from support.plain import PlainDistrict

MONDAY = dt.date(2025, 3, 3)
KINDS = ("recorded", "present", "absent", "unexcused", "late", "suspended")


def day(number):
    return MONDAY + dt.timedelta(number)


def histories(*rows, school_days=5):
    """One pupil's attendance rows: (day, session, status, recorded); a class-mate makes the school days."""
    students = [
        {"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in ("a", "mate")
    ]
    attendance = [
        {"student_id": "a", "date": day(on), "session": session, "status": status, "recorded_on": day(known)}
        for on, session, status, known in rows
    ]
    attendance += [
        {"student_id": "mate", "date": day(number), "session": None, "status": "present"}
        for number in range(school_days)
    ]
    return Histories.from_records(
        SchoolRecords.from_tables(students=students, attendance=attendance, today="2025-12-31")
    )


def state(source, on=0, as_of=5):
    """Kinds of one day of the first pupil, as known on a date."""
    known = source.on(day(as_of))
    column = known.n_days - (known.end[0] - on)
    return {kind for kind in KINDS if known.days(kind)[0, column]}


@pytest.mark.parametrize("as_of", ["2024-09-03", "2025-03-03", "2025-09-02", "2026-06-01"])
def test_every_day_of_every_pupil_is_what_a_plain_loop_over_its_sessions_says(as_of):
    date = dt.date.fromisoformat(as_of)
    known = untidy_histories().on(date)
    calendar, days = untidy_histories().calendar, {kind: known.days(kind) for kind in KINDS}

    for row, pupil in enumerate(PlainDistrict(untidy_district()).on(date)):
        expected = {(date, kind) for date, kinds in pupil.days for kind in kinds}
        found = set()
        for kind in KINDS:
            back = known.n_days - np.flatnonzero(days[kind][row])
            ordinals = calendar.day(known.histories.calendar_row[row], known.end[row] - back)
            found |= {(dt.date(1970, 1, 1) + dt.timedelta(int(ordinal)), kind) for ordinal in ordinals}
        assert found == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["present"], {"recorded", "present"}),
        (["absent"], {"recorded", "absent", "unexcused"}),
        (["excused"], {"recorded", "absent"}),
        (["suspended"], {"recorded", "absent", "suspended"}),
        (["late"], {"recorded", "present", "late"}),
        (["left_early"], {"recorded", "present", "late"}),
        (["absent", "present"], {"recorded", "absent", "unexcused"}),
        (["absent", "present", "present"], {"recorded", "present"}),
        (["absent", "excused", "present"], {"recorded", "absent", "unexcused"}),
        (["absent", "excused", "excused"], {"recorded", "absent"}),
        (["absent", "late", "present"], {"recorded", "present", "late"}),
        (["late", "absent"], {"recorded", "absent", "unexcused"}),
    ],
)
def test_a_day_is_absent_when_at_least_half_of_its_sessions_are(statuses, expected):
    rows = [(0, f"lesson {place}", status, 0) for place, status in enumerate(statuses)]

    assert state(histories(*rows)) == expected


def test_a_day_without_a_row_is_no_recorded_day():
    assert state(histories((1, None, "absent", 1))) == set()


def test_a_late_row_is_seen_from_the_day_after_it_was_recorded():
    late = histories((0, None, "absent", 3))

    assert state(late, as_of=3) == set()
    assert state(late, as_of=4) == {"recorded", "absent", "unexcused"}


def test_each_correction_holds_from_the_day_after_it_was_recorded():
    chain = histories(
        (0, None, "absent", 0), (0, None, "excused", 2), (0, None, "present", 3), (0, None, "suspended", 7)
    )
    absent = {"recorded", "absent"}

    assert state(chain, as_of=1) == absent | {"unexcused"}
    assert state(chain, as_of=2) == absent | {"unexcused"}
    assert state(chain, as_of=3) == absent
    assert state(chain, as_of=4) == {"recorded", "present"}
    assert state(chain, as_of=8) == absent | {"suspended"}


def test_a_late_session_turns_the_majority_of_its_day():
    day_of_three = histories((0, "am", "absent", 0), (0, "noon", "present", 2), (0, "pm", "present", 4))

    assert "unexcused" in state(day_of_three, as_of=2)
    assert "unexcused" in state(day_of_three, as_of=3)
    assert state(day_of_three, as_of=5) == {"recorded", "present"}


def test_a_correction_of_one_session_leaves_the_others_standing():
    source = histories((0, "am", "absent", 0), (0, "pm", "present", 0), (0, "am", "present", 2))

    assert "absent" in state(source, as_of=2)
    assert state(source, as_of=3) == {"recorded", "present"}


def test_the_last_column_is_the_last_school_day_whatever_the_school():
    students = [
        {"student_id": name, "school_id": name, "class_id": "1", "grade_level": 8}
        for name in ("early", "late")
    ]
    rows = [{"student_id": "early", "date": day(number), "status": "present"} for number in range(5)]
    rows += [{"student_id": "late", "date": day(number), "status": "absent"} for number in (3, 4)]
    known = Histories.from_records(
        SchoolRecords.from_tables(students=students, attendance=rows, today="2025-12-31")
    ).on(day(4))

    assert known.days("recorded").tolist() == [[True] * 4, [False, False, False, True]]
    assert known.days("absent", 1).tolist() == [[False], [True]]


def test_the_school_year_to_date_begins_in_august():
    known = untidy_histories().on("2025-09-03")
    dates = known.dates_before(np.arange(known.n_days, 0, -1)[None, :])
    this_year = dates >= (dt.date(2025, 8, 1) - dt.date(1970, 1, 1)).days

    assert (known.days("recorded", "year") == known.days("recorded") & this_year).all()
    assert known.days("recorded", "year").any()


def test_pupils_that_follow_one_another_are_taken_without_copying():
    whole = untidy_histories().attendance
    block = whole.take(np.arange(3, 20))

    assert all(np.shares_memory(block.planes[name], whole.planes[name]) for name in whole.planes)
    assert np.shares_memory(block.late.flags, whole.late.flags)
    assert len(block.late.flags)


@pytest.mark.parametrize("pupils", [[3, 4, 5, 6], [3, 5, 4, 6], [6, 5], [7, 7], [8], []])
def test_taken_pupils_keep_their_days_in_whatever_order(pupils):
    pupils = np.array(pupils, dtype=np.intp)
    known = untidy_histories().on("2025-03-03")
    taken = untidy_histories().take(pupils).on("2025-03-03")

    for kind in KINDS:
        width = taken.n_days
        assert (taken.days(kind) == known.days(kind)[pupils, known.n_days - width :]).all()
