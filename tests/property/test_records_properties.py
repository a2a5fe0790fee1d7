"""What must hold for any school records: order leaves no trace, no row is lost, no row is invented."""

import csv
import datetime as dt
import io
import re

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.records.files.csv_lines import ClosedLines
from dropout_risk.records.school_records import SchoolRecords

PUPILS = st.sampled_from(["a", "b", "c", "zz", None])
DAYS = st.sampled_from(["2024-09-02", "2024-09-03", "2024/9/4", "2999-01-01", "soon", None])
KNOWN = st.sampled_from([None, "2024-09-03", "2024-09-10"])
STUDENTS = st.fixed_dictionaries(
    {
        "student_id": st.sampled_from(["a", "b", "c"]),
        "school_id": st.sampled_from(["s1", None]),
        "class_id": st.just("c1"),
        "grade_level": st.sampled_from([7, 8]),
    }
)
ATTENDANCE = st.fixed_dictionaries(
    {
        "student_id": PUPILS,
        "date": DAYS,
        "session": st.sampled_from([None, "am"]),
        "status": st.sampled_from(["present", "absent", "缺勤", "?"]),
        "recorded_on": KNOWN,
    }
)
GRADES = st.fixed_dictionaries(
    {
        "student_id": PUPILS,
        "date": DAYS,
        "subject": st.sampled_from(["数学", "maths", "music"]),
        "exam": st.just("midterm"),
        "score": st.sampled_from([10, 10.5, 200, -1, None]),
        "max_score": st.just(100),
        "recorded_on": KNOWN,
    }
)
FAMILY = st.fixed_dictionaries(
    {
        "student_id": PUPILS,
        "factor": st.sampled_from(["留守", "orphan"]),
        "valid_from": DAYS,
        "valid_to": st.sampled_from([None, "2024-09-03", "2024-09-30"]),
        "value": st.sampled_from([None, "mother"]),
        "source": st.sampled_from([None, "school"]),
        "recorded_on": KNOWN,
    }
)
CALENDAR = st.fixed_dictionaries(
    {"date": DAYS, "school_id": st.sampled_from([None, "s1"]), "is_school_day": st.booleans()}
)


def lists(row):
    return st.lists(row, max_size=12)


COUNTY = st.fixed_dictionaries(
    {
        "students": st.lists(STUDENTS, min_size=1, max_size=4),
        "attendance": lists(ATTENDANCE),
        "grades": lists(GRADES),
        "family": lists(FAMILY),
        "calendar": lists(CALENDAR),
    }
)


def read(tables):
    names = {
        "students": ["student_id", "school_id", "class_id", "grade_level"],
        "attendance": ["student_id", "date", "session", "status", "recorded_on"],
        "grades": ["student_id", "date", "subject", "exam", "score", "max_score", "recorded_on"],
        "family": ["student_id", "factor", "valid_from", "valid_to", "value", "source", "recorded_on"],
        "calendar": ["date", "school_id", "is_school_day"],
    }
    frames = {
        name: pa.table({column: pa.array([row[column] for row in rows]) for column in names[name]})
        for name, rows in tables.items()
    }
    return SchoolRecords.from_tables(**frames, today="2025-01-31", whole=False)  # nothing from silence


@settings(deadline=None, max_examples=60)
@given(COUNTY, st.randoms(use_true_random=False))
def test_the_order_of_rows_leaves_no_trace(tables, random):
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in tables.items()}
    one, other = read(tables), read(shuffled)
    assert one.fingerprint == other.fingerprint
    for name in tables:
        assert one.table(name).equals(other.table(name))
    counted = [{(p.table, p.column, p.rule.code, p.rows) for p in r.check().problems} for r in (one, other)]
    assert counted[0] == counted[1]


@settings(deadline=None, max_examples=60)
@given(COUNTY)
def test_every_row_read_is_used_or_set_apart(tables):
    records = read(tables)
    frame = records.quarantine.frame()
    for name, rows in tables.items():
        counts = records.check().counts[name]
        assert counts.read == len(rows) == counts.used + counts.set_apart
        table = records.table(name)
        sittings = table["score"].null_count if name == "grades" else 0  # an exam sat, its mark set apart
        assert counts.used == table.num_rows - sittings
        assert counts.set_apart == (frame["table"] == name).sum()


@settings(deadline=None, max_examples=60)
@given(COUNTY)
def test_usable_attendance_equals_a_plain_loop(tables):
    records = read({**tables, "calendar": []})
    assert records.table("attendance").to_pylist() == usable_by_hand(tables["students"], tables["attendance"])


def usable_by_hand(students, attendance):
    """The rules for attendance, row by row."""
    rows_of = {}
    for row in students:
        rows_of.setdefault(row["student_id"], set()).add(tuple(row[name] for name in sorted(row)))
    pupils = sorted(name for name, rows in rows_of.items() if len(rows) == 1)
    words = {"present": 0, "absent": 1, "缺勤": 1}
    days = {"2024-09-02": 2, "2024-09-03": 3, "2024/9/4": 4, "2024-09-10": 10}
    by_key = {}
    for row in attendance:
        if row["student_id"] in pupils and row["date"] in days and row["status"] in words:
            day = dt.date(2024, 9, days[row["date"]])
            known = max(day, dt.date(2024, 9, days[row["recorded_on"]])) if row["recorded_on"] else day
            key = (pupils.index(row["student_id"]), day, row["session"] or "", known)
            by_key.setdefault(key, set()).add(words[row["status"]])
    return [
        {
            "pupil": key[0],
            "date": key[1],
            "session": key[2] or None,
            "status": statuses.pop(),
            "recorded_on": key[3],
        }
        for key, statuses in sorted(by_key.items())
        if len(statuses) == 1
    ]


@settings(deadline=None, max_examples=60)
@given(COUNTY)
def test_what_is_recorded_later_never_removes_what_was_known(tables):
    tables = {**tables, "calendar": []}
    early = {
        name: [row for row in rows if "recorded_on" not in row or row["recorded_on"] != "2024-09-10"]
        for name, rows in tables.items()
    }
    cut = dt.date(2024, 9, 10)
    all_rows, early_rows = read(tables), read(early)
    for name in ("attendance", "grades", "family"):
        known = [row for row in all_rows.table(name).to_pylist() if row["recorded_on"] < cut]
        assert known == [row for row in early_rows.table(name).to_pylist() if row["recorded_on"] < cut]


@settings(deadline=None, max_examples=500)
@given(st.lists(st.text(alphabet='a",', max_size=9), max_size=8), st.integers(1, 12))
def test_exactly_the_open_lines_that_no_later_line_closes_are_broken(lines, block_bytes):
    text = "\n".join(lines)
    blocks = list(ClosedLines(io.BytesIO(text.encode()), ",", 3, block_bytes))
    given = b"".join(block.text for block in blocks).decode()
    assert given == "\n".join(closed_by_hand(text.split("\n")))


def closed_by_hand(lines):
    """Line by line: an open one goes on to the first later line that closes it, or is broken."""
    lines = list(lines)
    while lines:
        line = lines.pop(0)
        if leaves_a_quote_open(line):
            size = next((n for n in range(1, len(lines) + 1) if is_record([line, *lines[:n]])), 0)
            if size and all(other.count(",") != 2 for other in lines[:size]):
                line, lines = "\n".join([line, *lines[:size]]), lines[size:]
            else:
                line = ",,,"
        yield line


def is_record(lines):
    """Whether lines are one record of three fields, every quote of which stands where RFC 4180 has it."""
    try:
        rows = list(csv.reader([line + "\n" for line in lines], strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == 3 and not stray_quotes("\n".join(lines))


def stray_quotes(text):
    """Whether a field that does not begin with a quote holds one."""
    bare = re.sub('(^|,)"(?:[^"]|"")*"(?=,|$|\n)', "\\1", text)
    return '"' in bare


def leaves_a_quote_open(line):
    """Whether the standard library's reader goes on to the next line."""
    reader = csv.reader([line + "\n", "end"])
    next(reader)
    return reader.line_num > 1
