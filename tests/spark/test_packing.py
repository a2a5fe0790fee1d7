"""Packed rows, without Spark: pieces merge in any order, schools stay whole, tables are judged as a whole."""

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.spark.blocks import BlockReading, tallies_of, tally_rows
from dropout_risk.spark.packing import (
    Blocks,
    TablePart,
    block_of_schools,
    moves_after,
    packed_bytes,
    pieces_of,
)
from dropout_risk.spark.scoring import report_of, tally_report
from spark.agreement import counted
from support.agreement import same_histories

TODAY = dt.date(2025, 1, 31)
FIRST = dt.date(2024, 11, 4)
TEXT, DAY, NUMBER = pa.string(), pa.date32(), pa.float64()
SCHEMAS = {
    "students": {
        "student_id": TEXT, "school_id": TEXT, "class_id": TEXT, "grade_level": pa.int32(),
        "enrolled_on": DAY,
    },
    "attendance": {"student_id": TEXT, "date": DAY, "session": TEXT, "status": TEXT, "recorded_on": DAY},
    "grades": {
        "student_id": TEXT, "date": DAY, "subject": TEXT, "exam": TEXT, "score": NUMBER, "max_score": NUMBER,
        "recorded_on": DAY,
    },
}  # fmt: skip
PUPILS = [f"p{number}" for number in range(8)]
ANYBODY = st.sampled_from([*PUPILS, " p1\t", "stranger", "合计", None])
DAYS = st.integers(0, 9).map(lambda day: FIRST + dt.timedelta(day))
LATER = st.one_of(st.none(), st.integers(0, 30).map(lambda day: FIRST + dt.timedelta(day)))
ATTENDANCE = st.tuples(
    ANYBODY, DAYS, st.sampled_from([None, "am", " AM"]), st.sampled_from(["present", "absent", "?"]), LATER
)
MARKS = st.tuples(
    ANYBODY,
    st.one_of(DAYS, st.just(dt.date(2014, 5, 5))),
    st.sampled_from(["maths", "Maths", "math s", "art"]),
    st.sampled_from(["midterm", "unit test", "Unit-Test"]),
    st.sampled_from([0.7, 65.0, 130.0, None]),
    st.sampled_from([100.0, 120.0]),
    LATER,
)


def tables_of(rows):
    return {name: table_of(own, SCHEMAS[name]) for name, own in rows.items()}


def table_of(rows, kinds):
    columns = zip(*rows, strict=True) if rows else [[] for _ in kinds]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
    return pa.table(arrays, names=list(kinds))


class Packed:
    """Tables packed partition by partition, and read back block by block, as executors do."""

    def __init__(self, tables, *, fewest=3):
        home = {name: own if name == "students" else own.slice(0, 0) for name, own in tables.items()}
        self.home = SchoolRecords.from_tables(**home, today=TODAY)
        self.mapping, self.tables = RecordsMapping.of(None), tables
        self.blocks = Blocks.of(self.home.roll, fewest)
        self.parts = tuple(
            TablePart(name, name, number, (*table.column_names,), (), "student_id", table.schema)
            for number, (name, table) in enumerate(tables.items())
        )
        self.reading = BlockReading(
            self.mapping, TODAY, self.parts, self.home.table("calendar"), np.zeros(0, np.int32)
        )

    def pieces(self, partition_of=lambda row: 0, order=lambda pieces: pieces):
        found = []
        for part in self.parts:
            table = self.tables[part.name]
            partition = np.array([partition_of(row) for row in range(table.num_rows)], np.int64)
            for number in np.unique(partition):
                rows = table.filter(pa.array(partition == number))
                found += [(block, part.number, piece) for block, piece in self._packed(rows, part)]
        return order(found)

    def _packed(self, rows, part):
        return pieces_of(rows, part, self.mapping, self.blocks)

    def records(self, pieces, *, judged=True):
        """The records of all blocks; judged as a whole, or each block by itself."""
        batch = pa.table(
            [pa.array(column) for column in zip(*pieces, strict=True)], names=["block", "part", "rows"]
        )
        reading = self.reading
        for _ in range(2 if judged else 0):
            told = [tally_rows(self._checked(one).tallies.own) for one in reading.blocks(batch.to_batches())]
            whole = {}
            for rows in told:
                counted = tallies_of(zip(*(c.to_pylist() for c in rows.columns), strict=True))
                for place, counts in counted.items():
                    whole.setdefault(place, Counter()).update(counts)
            reading = replace(reading, tallies=whole)
        return [self._checked(one) for one in reading.blocks(batch.to_batches())]

    def _checked(self, records):
        records.check()
        return records


def report(home, parts):
    """The check of all blocks, added up as on a cluster."""
    rows = {}
    told = [row for part in parts for row in tally_report(part.check()) if row["table"] != "students"]
    for row in [*told, *tally_report(home.check())]:
        key = (
            tuple(value for name, value in row.items() if name != "rows"),
            tuple(n for n in row if n != "rows"),
        )
        rows[key] = rows.get(key, 0) + row["rows"]
    return report_of(
        [dict(zip(names, values, strict=True)) | {"rows": n} for (values, names), n in rows.items()]
    )


def usable_rows(parts, name):
    """The usable rows of a table by the ids of their pupils."""
    found = []
    for records in parts:
        ids = records.table("students")["student_id"].to_pylist()
        found += [(ids[row.pop("pupil")], *row.values()) for row in records.table(name).to_pylist()]
    return sorted(found, key=repr)


def refused_rows(parts):
    found = []
    for records in parts:
        ids, refused = records.table("students")["student_id"].to_pylist(), records.refused
        columns = (refused.pupil, refused.table, refused.date, refused.known)
        found += [(ids[pupil], *rest) for pupil, *rest in zip(*(c.tolist() for c in columns), strict=True)]
    return sorted(found)


ENROLMENTS = [None, FIRST - dt.timedelta(60), FIRST + dt.timedelta(2)]
SCHOOLS = st.sampled_from(["s1", "s2", "s3", None])
STUDENTS = st.tuples(
    *(
        st.tuples(st.just(pupil), SCHOOLS, st.just("c1"), st.just(8), st.sampled_from(ENROLMENTS))
        for pupil in PUPILS
    )
)


def in_a_wrong_year(rows, every):
    """Some of the rows ten years early: all, every other one, or none."""
    moved = [(row[0], row[1].replace(year=row[1].year - 10), *row[2:]) for row in rows]
    return [
        old if not every or at % every else new for at, (old, new) in enumerate(zip(rows, moved, strict=True))
    ]


@settings(max_examples=15, deadline=None)
@given(
    students=STUDENTS,
    attendance=st.lists(ATTENDANCE, max_size=60),
    marks=st.lists(MARKS, min_size=25, max_size=60),
    wrong=st.sampled_from([0, 0, 1, 2, 5]),
    split=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_pieces_of_any_partitions_in_any_order_are_checked_like_all_rows_on_one_machine(
    students, attendance, marks, wrong, split, seed
):
    rng = np.random.default_rng(seed)
    attendance, marks = (in_a_wrong_year(rows, wrong) for rows in (attendance, marks))
    tables = tables_of({"students": students, "attendance": attendance, "grades": marks})
    alone = SchoolRecords.from_tables(**tables, today=TODAY, outcomes_to=TODAY)
    packed = Packed(tables)
    pieces = packed.pieces(
        lambda _: rng.integers(split), lambda some: [some[k] for k in rng.permutation(len(some))]
    )
    parts = packed.records(pieces)

    for name in ("attendance", "grades"):
        assert usable_rows(parts, name) == usable_rows([alone], name)
    assert refused_rows(parts) == refused_rows([alone])
    found, expected = counted(report(packed.home, parts)), counted(alone.check())
    assert found[1] == expected[1]
    assert found[0] == expected[0]


def test_a_correction_and_a_late_row_keep_their_days_wherever_they_were_packed():
    day, late = FIRST, FIRST + dt.timedelta(9)
    rows = [
        ("p0", day, None, "absent", None),
        ("p0", day, None, "present", late),
        ("p0", day + dt.timedelta(1), None, "absent", late),
    ]
    students = [(pupil, "s1", "c1", 8, None) for pupil in PUPILS]
    tables = tables_of({"students": students, "attendance": rows})
    packed = Packed(tables, fewest=1)
    expected = Histories.from_records(SchoolRecords.from_tables(**tables, today=TODAY))
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0]):
        pieces = packed.pieces(lambda row: row, lambda some, order=order: [some[k] for k in order] + some[5:])
        (records,) = packed.records(pieces)
        assert same_histories(Histories.from_records(records), expected) == []


def test_a_day_far_from_all_others_of_the_county_is_found_where_the_school_has_too_few_to_tell():
    near = [("p0", FIRST + dt.timedelta(day), "maths", f"unit {day}", 60.0, 100.0, None) for day in range(60)]
    far = [("p1", dt.date(2014, 5, 5), "maths", "unit 1", 60.0, 100.0, None)]
    students = [("p0", "s1", "c1", 8, None), ("p1", "s2", "c1", 8, None)]
    packed = Packed(tables_of({"students": students, "grades": near + far}))
    alone = SchoolRecords.from_tables(**packed.tables, today=TODAY)

    assert usable_rows([alone], "grades") == usable_rows(packed.records(packed.pieces()), "grades")
    assert len(usable_rows(packed.records(packed.pieces(), judged=False), "grades")) == 61


@given(sizes=st.lists(st.integers(0, 20_000), min_size=1, max_size=40), fewest=st.integers(1, 6))
def test_a_school_is_in_one_block_and_no_block_is_much_larger_than_the_largest_school(sizes, fewest):
    block = block_of_schools(np.array(sizes), fewest)
    held = np.bincount(block, sizes)

    assert len(block) == len(sizes)
    assert held.max() <= max(sizes) + max(8192, sum(sizes) / len(held))


def test_schools_between_which_a_pupil_moves_later_come_into_one_block():
    spells = [
        ("p0", "s1", "c1", 8, FIRST, FIRST + dt.timedelta(30)),
        ("p0", "s2", "c2", 8, FIRST + dt.timedelta(30), None),
    ]
    others = [(f"p{k}", f"s{k}", "c1", 8, FIRST, None) for k in (1, 2, 3)]
    names = (*SCHEMAS["students"], "left_on")
    students = pa.table([pa.array(c) for c in zip(*spells, *others, strict=True)], names=names)
    records = SchoolRecords.from_tables(students=students, today=TODAY)

    def blocks_of(day):
        moving = moves_after(records.table("students"), (day - dt.date(1970, 1, 1)).days)
        return Blocks.of(records.roll, 3, moving).of_school.tolist()

    s1, s2, s3 = blocks_of(FIRST + dt.timedelta(10))
    assert s1 == s2 != s3
    assert len({*blocks_of(FIRST + dt.timedelta(40))}) == 3


def test_rows_of_nobody_go_the_same_way_when_a_task_is_tried_again_and_are_spread():
    rows = [(None, FIRST + dt.timedelta(k % 10), None, f"word {k}", None) for k in range(300)]
    students = [(pupil, f"s{k}", "c1", 8, None) for k, pupil in enumerate(PUPILS)]
    packed = Packed(tables_of({"students": students, "attendance": rows}), fewest=6)
    again = Packed(
        packed.tables | {"attendance": packed.tables["attendance"].take(list(range(299, -1, -1)))}, fewest=6
    )
    sizes = []
    for one in (packed, again):
        held = {}
        for block, part, piece in one.pieces():
            if part == 1:
                held.setdefault(block, []).extend(pa.ipc.open_stream(piece).read_all()["status"].to_pylist())
        sizes.append({block: sorted(words) for block, words in held.items()})

    assert sizes[0] == sizes[1]
    assert sum(map(len, sizes[0].values())) == 300
    assert max(map(len, sizes[0].values())) < 100


def test_a_pupil_and_a_year_of_days_take_few_bytes():
    days = [FIRST + dt.timedelta(k) for k in range(180)]
    rows = [(f"p{k:04d}", day, None, "present", day) for k in range(500) for day in days]
    table = tables_of({"attendance": rows})["attendance"]
    students = [(f"p{k:04d}", "s1", "c1", 8, None) for k in range(500)]
    packed = Packed(tables_of({"students": students}) | {"attendance": table})
    size = sum(len(piece) for _, part, piece in packed.pieces() if part == 1)

    assert size < 60 * 500
    assert size < len(packed_bytes(table))


@pytest.mark.parametrize("ids", [pa.int64(), pa.float64()])
def test_numbers_stay_numbers_as_ids(ids):
    students = {"student_id": pa.array([1, 2], ids), "school_id": ["a", "b"], "class_id": ["c", "c"]}
    students = pa.table(students | {"grade_level": [8, 8]})
    packed = Packed({"students": students})
    found = [one.table("students")["student_id"].to_pylist() for one in packed.records(packed.pieces())]

    assert sorted(found) == [[1], [2]]
