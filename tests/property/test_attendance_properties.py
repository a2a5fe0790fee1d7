"""What must hold for attendance, whatever its files, batches, threads and the room in the grid."""

import contextlib
import datetime as dt
import os
from unittest import mock

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk import kernels
from dropout_risk.histories import attendance_bits as day_packing
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days import day_grid
from dropout_risk.records.days import day_grid as day_cells
from dropout_risk.records.files import readers
from dropout_risk.records.files.readers import FramePart, to_arrow
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from support.agreement import same_histories
from support.plain import PlainDistrict
from support.plain_check import PlainCheck

TODAY = dt.date(2025, 1, 31)
SCHOOLS = {"a": "s1", "b": "s2", "c": ""}
DAYS = [f"2024-09-{day:02d}" for day in range(2, 9)]
COLUMNS = ("student_id", "date", "session", "status", "recorded_on")
KINDS = ("recorded", "present", "absent", "unexcused", "late", "suspended")
ROW = st.fixed_dictionaries(
    {
        "student_id": st.sampled_from([*"aabbcc", "twice", "stranger", None]),
        "date": st.sampled_from([*DAYS, *DAYS, "1950-01-02", "2999-01-01", "soon", None]),
        "session": st.sampled_from([None, None, "am", "pm", "noon"]),
        "status": st.sampled_from(
            ["present", "present", "absent", "excused", "late", "suspended", "?", None]
        ),
        "recorded_on": st.sampled_from([None, None, None, *DAYS, "2024-09-20", "2999-01-01", "soon"]),
    }
)
ROWS = st.lists(ROW, max_size=60)
CALENDAR = st.sampled_from([None, "s1", "everyone", "holidays"])
WAYS = st.fixed_dictionaries(
    {
        "parts": st.integers(1, 4),
        "batch": st.sampled_from([1, 3, 1 << 20]),
        "threads": st.sampled_from(["1", "2", "5"]),
        "slots": st.sampled_from([0, 2, 1 << 14]),
        "sessions": st.sampled_from([1, 2, 16]),
        "room": st.sampled_from([1, 3, 256]),
        "block": st.sampled_from([1, 2, 1 << 14]),
    }
)
DEFAULT = {
    "parts": 1,
    "batch": 1 << 20,
    "threads": "1",
    "slots": 1 << 14,
    "sessions": 16,
    "room": 256,
    "block": 1 << 14,
}
few = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def calendar_of(kind):
    """Rows of a calendar, and which school is open when."""
    if kind is None:
        return [], lambda school, date: True
    if kind == "holidays":
        row = {"date": DAYS[2], "school_id": None, "is_school_day": False}
        return [row], lambda school, date: date.isoformat() != DAYS[2]
    named = {"s1": "s1", "everyone": None}[kind]
    rows = [{"date": day, "school_id": named, "is_school_day": True} for day in DAYS[1:]]
    return rows, lambda school, date: named not in (None, school) or date.isoformat() in DAYS[1:]


@contextlib.contextmanager
def read(rows, calendar, way):
    """The rows as school records, read in one way or another."""
    students = [{"student_id": name, "school_id": school or None} for name, school in SCHOOLS.items()]
    students += [{"student_id": "twice", "school_id": "s1"}, {"student_id": "twice", "school_id": "s2"}]
    students = [row | {"class_id": "1", "grade_level": 7} for row in students]
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    size = -(-len(rows) // way["parts"]) or 1
    cut = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    parts = {
        "students": [FramePart(to_arrow(students, "students"))],
        "attendance": [FramePart(pa.Table.from_pylist(part, schema)) for part in cut],
        "calendar": [FramePart(to_arrow(calendar, "calendar"))] if calendar else [],
    }
    with (
        mock.patch.dict(os.environ, {kernels.THREADS: way["threads"]}),
        mock.patch.object(readers, "BATCH_ROWS", way["batch"]),
        mock.patch.object(day_cells, "MOST_SLOTS", way["slots"]),
        mock.patch.object(day_cells, "MOST_SESSIONS", way["sessions"]),
        mock.patch.object(day_cells, "FIRST_ROOM", way["room"]),
        mock.patch.object(day_packing, "PUPILS_AT_ONCE", way["block"]),
    ):
        parts = {name: of for name, of in parts.items() if of}
        yield SchoolRecords(parts, RecordsMapping.of(None), today=TODAY, whole=False), size


@few
@given(ROWS, CALENDAR, WAYS)
def test_the_report_is_that_of_a_plain_loop(rows, kind, way):
    calendar, open_on = calendar_of(kind)
    plain = PlainCheck(rows, schools=SCHOOLS, apart={"twice"}, open_on=open_on, today=TODAY)
    with read(rows, calendar, way) as (records, size):
        report, quarantine = records.check(), records.quarantine.frame()
        usable = records.table("attendance").to_pylist()

    found = {
        (problem.severity, problem.column, problem.rule.name): (problem.rows, problem.first_row)
        for problem in report.problems
        if problem.table == "attendance"
    }
    assert found == {
        (severity, *rule): (len(positions), min(positions) % size + 1)
        for severity, rules in (("error", plain.errors), ("warning", plain.warnings))
        for rule, positions in rules.items()
    }
    apart = {position for positions in plain.errors.values() for position in positions}
    counts = report.counts["attendance"]
    assert (counts.read, counts.used, counts.set_apart) == (len(rows), len(plain.usable), len(apart))
    numbers = [position % size + 1 for position in sorted(apart)]
    assert quarantine[quarantine["table"] == "attendance"]["row"].tolist() == numbers
    assert [tuple(row.values()) for row in usable] == [
        (sorted(SCHOOLS).index(pupil), date, session, status, recorded)
        for pupil, date, session, recorded, status in plain.usable
    ]


@few
@given(ROWS, CALENDAR, WAYS, st.dates(dt.date(2024, 9, 1), dt.date(2024, 9, 22)))
def test_histories_are_those_of_a_plain_loop_however_the_rows_are_read(rows, kind, way, as_of):
    calendar, _ = calendar_of(kind)
    with read(rows, calendar, DEFAULT) as (records, _):
        expected = Histories.from_records(records)
        plain = PlainDistrict(records).on(as_of) if len(records.attendance) else ()
    with read(rows, calendar, way) as (records, _):
        histories = Histories.from_records(records)

    assert same_histories(histories, expected) == []
    known = histories.on(as_of)
    days = {kind: known.days(kind) for kind in KINDS}
    for row, pupil in enumerate(plain):
        expected_days = {
            (known.n_days - pupil.end + pupil.index(day), kind) for day, kinds in pupil.days for kind in kinds
        }
        assert {(int(at), kind) for kind in KINDS for at in days[kind][row].nonzero()[0]} == expected_days


@few
@given(ROWS, CALENDAR, WAYS)
def test_a_grid_of_a_table_is_the_grid_that_wrote_it(rows, kind, way):
    with read(rows, calendar_of(kind)[0], way) as (records, _):
        grid, table = records.attendance, records.table("attendance")
        again = day_grid.DayGrid.of_table(table, len(SCHOOLS))

        assert again.table().equals(table)
        assert len(grid) == len(again) == table.num_rows
        assert table.schema == TABLES["attendance"].schema()
