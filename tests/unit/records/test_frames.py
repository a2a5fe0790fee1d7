import datetime as dt

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dropout_risk.errors import RecordsError
from dropout_risk.records.school_records import SchoolRecords


def _whole(rows):
    names = dict.fromkeys(key for row in rows for key in row)
    return [{name: row.get(name) for name in names} for row in rows]


def _relation(rows):
    table = pa.Table.from_pylist(_whole(rows))
    return duckdb.connect().from_arrow(table)


KINDS = {
    "arrow": lambda rows: pa.Table.from_pylist(_whole(rows)),
    "batch": lambda rows: pa.RecordBatch.from_pylist(_whole(rows)),
    "reader": lambda rows: pa.Table.from_pylist(_whole(rows)).to_reader(),
    "pandas": pd.DataFrame,
    "pandas with an index": lambda rows: pd.DataFrame(rows, index=[f"i{k}" for k in range(len(rows))]),
    "pandas objects": lambda rows: pd.DataFrame(rows, dtype=object),
    "pandas categories": lambda rows: pd.DataFrame(rows).astype({"student_id": "category"}),
    "polars": lambda rows: pl.DataFrame(rows, infer_schema_length=None),
    "polars lazy": lambda rows: pl.LazyFrame(rows, infer_schema_length=None),
    "duckdb": _relation,
    "tuple of dicts": tuple,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_gives_the_same_tables(county, checked, kind):
    del county["calendar"]
    expected = checked(county)
    given = checked({name: KINDS[kind](rows) for name, rows in county.items()})
    assert given.fingerprint == expected.fingerprint
    assert given.check().frame().equals(expected.check().frame())


@pytest.mark.parametrize(
    "days",
    [
        [dt.date(2024, 9, 2), dt.date(2024, 9, 3)],
        [dt.datetime(2024, 9, 2, 23, 59), dt.datetime(2024, 9, 3)],
        pd.to_datetime(["2024-09-02 08:00", "2024-09-03 00:10"]).tz_localize("Asia/Shanghai"),
        [20240902, 20240903],
        [20240902.0, 20240903.0],
        pd.Categorical(["2024-9-2", "2024/09/03"]),
    ],
)
def test_dates_of_any_type_are_cut_to_the_day(county, checked, days):
    county["outcomes"] = pd.DataFrame({"student_id": ["p1", "p2"], "date": days, "event": "returned"})
    records = checked(county)
    assert [str(day) for day in records.table("outcomes").column("date").to_pylist()] == [
        "2024-09-02",
        "2024-09-03",
    ]


def test_serial_numbers_of_spreadsheets_are_not_dates(county, checked):
    county["outcomes"] = pd.DataFrame({"student_id": ["p1"], "date": [45537], "event": "returned"})
    assert [p.rule.name for p in checked(county).check().problems] == ["unparsable_date"]


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (pd.Series([3, 12], dtype="int32"), pa.int64()),
        (pd.Series([3.0, 12.0]), pa.int64()),
        (pd.Series(["3", "12"]), pa.string()),
        (pd.Series(["3", 12], dtype=object), pa.string()),
        (pd.Series([3, 12]).astype("category"), pa.int64()),
    ],
)
def test_ids_of_frames_stay_what_they_are_and_other_tables_match_by_value(ids, kind):
    students = pd.DataFrame({"student_id": ids, "school_id": 1, "class_id": 801, "grade_level": 8})
    outcomes = [{"student_id": "12", "date": "2024-10-01", "event": "returned"}]
    records = SchoolRecords.from_tables(students=students, outcomes=outcomes)
    table = records.table("students")
    assert table.column("student_id").type == kind
    twelve = table.column("student_id").to_pylist().index(12 if kind == pa.int64() else "12")
    assert records.table("outcomes").column("pupil").to_pylist() == [twelve]
    assert table.column("class_id").to_pylist() == ["801", "801"]


LARGE, LARGER = 2**63 + 1, 2**70
ABOUT = {"school_id": ["s", "s"], "class_id": ["c", "c"], "grade_level": [8, 8]}


@pytest.mark.parametrize(
    ("students", "largest"),
    [
        (pa.table({"student_id": pa.array([3, LARGE], pa.uint64()), **ABOUT}), LARGE),
        (pa.table({"student_id": pa.array([3, LARGE], pa.uint64()).dictionary_encode(), **ABOUT}), LARGE),
        (pl.DataFrame({"student_id": pl.Series([3, LARGE], dtype=pl.UInt64), **ABOUT}), LARGE),
        (pd.DataFrame({"student_id": [3, LARGE], **ABOUT}), LARGE),
        (pd.DataFrame({"student_id": [3, LARGER], **ABOUT}), LARGER),
        (pd.DataFrame({"student_id": [3, LARGER], **ABOUT}).to_dict("records"), LARGER),
    ],
)
def test_ids_too_large_for_whole_numbers_are_text(students, largest):
    outcomes = [{"student_id": largest, "date": "2024-10-01", "event": "returned"}]
    records = SchoolRecords.from_tables(students=students, outcomes=outcomes)
    assert records.check().ok
    ids = records.table("students").column("student_id").to_pylist()
    assert ids == sorted(["3", str(largest)])
    assert records.table("outcomes").column("pupil").to_pylist() == [ids.index(str(largest))]


def test_small_ids_of_a_wide_type_stay_whole_numbers():
    students = pa.table({"student_id": pa.array([3, 2**63 - 1], pa.uint64()), **ABOUT})
    records = SchoolRecords.from_tables(students=students)
    assert records.table("students").column("student_id").to_pylist() == [3, 2**63 - 1]


def test_ids_damaged_by_floating_point_are_set_apart(county, checked):
    county["outcomes"] = pd.DataFrame({"student_id": [3.5], "date": "2024-10-01", "event": "returned"})
    assert {p.rule.name for p in checked(county).check().problems} == {"wrong_type"}


def test_none_and_an_empty_list_count_as_not_given(county, checked):
    records = checked({**county, "wellbeing": [], "grades": None})
    assert records.check().ok
    assert not {"wellbeing", "grades"} & set(records.check().counts)


def test_what_is_no_frame_is_refused(county, checked):
    with pytest.raises(RecordsError, match="int, which is no frame"):
        checked({"students": 3})
    with pytest.raises(RecordsError, match="not of dicts"):
        checked({"students": [1, 2]})


def test_an_unknown_table_is_refused_with_the_nearest_name(county, checked):
    with pytest.raises(RecordsError, match="atendance") as caught:
        checked({**county, "atendance": county["attendance"]})
    assert caught.value.hint == "did you mean 'attendance'?"


class _Unwritable:
    def __str__(self):
        raise RuntimeError("no text")


ROSTER = {"student_id": ["a", "b"], "school_id": ["s", "s"], "class_id": ["c", "c"], "grade_level": [7, 8]}
STRANGE = {
    "complex": [1j, 2j], "objects": [object(), object()], "unwritable": [_Unwritable(), _Unwritable()],
    "sets": [{1}, {2}], "ragged lists": [[1, [2]], [3]], "bytes": [b"\xff", b"a"], "functions": [len, max],
    "half characters": ["\ud800", "b"], "frames": [pd.DataFrame(), 1], "types": [int, str],
}  # fmt: skip


@pytest.mark.parametrize("column", ["student_id", "grade_level", "enrolled_on", "remark"])
@pytest.mark.parametrize("kind", STRANGE)
def test_strange_cells_are_texts_or_refused_and_no_other_librarys_error(kind, column):
    cells = pd.Series([None, None], dtype=object)
    for place, cell in enumerate(STRANGE[kind]):
        cells.iat[place] = cell
    report = SchoolRecords.from_tables(students=pd.DataFrame(ROSTER).assign(**{column: cells})).check()

    assert report.counts["students"].read == 2


def test_a_column_of_complex_numbers_is_named():
    frame = pd.DataFrame(ROSTER | {"grade_level": [1j, 2j]})

    assert "DR104" in str(SchoolRecords.from_tables(students=frame).check())


def test_what_polars_cannot_hand_over_is_refused_by_name():
    frame = pl.DataFrame(ROSTER | {"student_id": [1, 2]}, schema_overrides={"student_id": pl.Int128})

    with pytest.raises(RecordsError, match="'students' cannot be brought to Arrow"):
        SchoolRecords.from_tables(students=frame)


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_two_columns_of_one_name_that_could_both_be_meant_are_refused(kind):
    frame = pd.DataFrame(ROSTER)
    frame.insert(1, "student_id", ["x", "y"], allow_duplicates=True)
    if kind == "arrow":
        columns = [pa.array(frame.iloc[:, place]) for place in range(frame.shape[1])]
        frame = pa.Table.from_arrays(columns, names=list(frame.columns))

    with pytest.raises(RecordsError, match="more than one column called 'student_id'"):
        SchoolRecords.from_tables(students=frame)


def test_two_columns_of_one_name_that_nobody_needs_do_no_harm():
    frame = pd.DataFrame(ROSTER)
    for _ in range(2):
        frame.insert(1, "remark", ["x", "y"], allow_duplicates=True)

    assert SchoolRecords.from_tables(students=frame).check().counts["students"].used == 2
