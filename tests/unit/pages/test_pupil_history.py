import datetime as dt
import random

import pytest

from dropout_risk.histories.histories import Histories
from dropout_risk.pages.pupil_charts import DAY_STATES, MARKS_HEIGHT, AttendanceStrip, MarksChart
from dropout_risk.records.school_records import SchoolRecords

MONDAY = dt.date(2024, 9, 2)
AS_OF = MONDAY + dt.timedelta(days=70)
SHOWN = {
    "present": "present", "absent": "unexcused", "excused": "excused", "late": "late", "left_early": "late",
    "suspended": "suspended",
}  # fmt: skip


def snapshot(attendance=(), grades=(), totals=(), as_of=AS_OF):
    """One pupil's history as known on a date; another pupil keeps every weekday a school day."""
    weekdays = [MONDAY + dt.timedelta(days=n) for n in range(100) if n % 7 < 5]
    rows = [{"student_id": "other", "date": date, "status": "present"} for date in weekdays]
    rows += [{"student_id": "p", **row} for row in attendance]
    students = [
        {"student_id": name, "school_id": "s", "class_id": "c", "grade_level": 8} for name in ("other", "p")
    ]
    tables = {
        "students": students, "attendance": rows, "grades": [{"student_id": "p", **row} for row in grades],
        "attendance_totals": [{"student_id": "p", **row} for row in totals],
    }  # fmt: skip
    histories = Histories.from_records(
        SchoolRecords.from_tables(**{name: of for name, of in tables.items() if of})
    )
    return histories.take([histories.student_ids.index("p")]).on(as_of)


def days(seed):
    """Every weekday with a status, some unrecorded and some entered late."""
    draw = random.Random(seed)
    for number in range(100):
        date = MONDAY + dt.timedelta(days=number)
        if number % 7 < 5 and draw.random() < 0.9:
            entered = date + dt.timedelta(days=draw.choice((0, 0, 0, 2, 30)))
            yield {"date": date, "status": draw.choice(list(SHOWN)), "recorded_on": entered}


@pytest.mark.parametrize("seed", range(3))
def test_the_strip_shows_each_day_as_it_was_known_on_the_date(seed):
    rows = list(days(seed))
    known = {
        row["date"]: SHOWN[row["status"]]
        for row in rows
        if row["date"] < AS_OF and row["recorded_on"] < AS_OF
    }
    weekdays = [MONDAY + dt.timedelta(days=n) for n in range(70) if n % 7 < 5]
    strip = AttendanceStrip.of(snapshot(rows), "en")
    assert [cell.state for cell in strip.cells] == [known.get(date, "no_record") for date in weekdays]
    assert [cell.told[:10] for cell in strip.cells] == [date.isoformat() for date in weekdays]


def test_the_table_and_the_legend_count_what_the_cells_show():
    strip = AttendanceStrip.of(snapshot(list(days(1))), "en")
    for place, state in enumerate(DAY_STATES):
        shown = sum(cell.state == state for cell in strip.cells)
        assert sum(counts[place] for _, counts in strip.table) == shown
        assert (state, shown) in [(name, int(text.split()[-1])) for name, text in strip.legend] or not shown


def test_a_column_is_a_week_and_a_row_is_a_weekday():
    strip = AttendanceStrip.of(snapshot([{"date": MONDAY, "status": "present"}]), "en")
    first, second, *_ = strip.cells
    assert (first.x, second.x) == (0.0, 0.0)
    assert second.y > first.y
    assert strip.cells[5].x == pytest.approx(10.0)
    assert strip.cells[-1].x + strip.width <= 100


def test_without_a_recorded_day_there_is_no_strip_and_totals_are_told():
    totals = [
        {
            "period_start": MONDAY,
            "period_end": MONDAY + dt.timedelta(days=25),
            "days_enrolled": 20,
            "days_absent": 3,
        }
    ]
    strip = AttendanceStrip.of(snapshot(totals=totals), "en")
    assert strip.cells == ()
    assert strip.totals == ("2024-09-02 to 2024-09-27: absent on 3 of 20 days",)


def mark(date, score, subject="maths", exam="final", **more):
    return {"date": date, "subject": subject, "exam": exam, "score": score, "max_score": 100, **more}


def test_marks_known_later_are_not_drawn():
    late = {"recorded_on": AS_OF}
    given = [mark(MONDAY, 50), mark(MONDAY, 70, exam="midterm", **late), mark(AS_OF, 90, exam="unit")]
    (maths,) = MarksChart.of(snapshot(grades=given), "en").subjects
    assert [point.told for point in maths.marks] == ["2024-09-02 final 50%"]
    assert (maths.subject, maths.last) == ("Maths", "last 50% (2024-09-02)")


def test_marks_rise_upwards_and_time_runs_to_the_as_of_line():
    given = [
        mark(MONDAY, 100, "art"),
        mark(MONDAY + dt.timedelta(days=35), 0, "art"),
        mark(MONDAY, 50, "chinese"),
    ]
    drawn = MarksChart.of(snapshot(grades=given), "zh")
    chinese, art = drawn.subjects
    assert [subject.subject for subject in drawn.subjects] == ["语文", "美术"]
    high, low = art.marks
    assert high.y < chinese.marks[0].y == MARKS_HEIGHT / 2 < low.y
    assert high.x < low.x < drawn.as_of <= 100
    assert low.x == pytest.approx((high.x + drawn.as_of) / 2, abs=0.01)


def test_an_exam_or_a_subject_that_nobody_translated_is_told_as_the_school_writes_it():
    (subject,) = MarksChart.of(
        snapshot(grades=[mark(MONDAY, 61, "calligraphy", "spring test")]), "zh"
    ).subjects
    assert subject.said == "calligraphy：2024年9月2日 spring test 61%"
