"""A sheet with a column for each day or subject is read as the long table that it means."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk import SchoolRecords
from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.files.header_rows import header_position
from dropout_risk.records.wording.mapping import RecordsMapping

SUBJECTS = ("语文", "数学", "英语")
STUDENTS = [{"student_id": f"p{k}", "school_id": "s", "class_id": "8-1", "grade_level": 8} for k in range(4)]
DAYS = [dt.date(2024, 9, day) for day in range(2, 7)]
WORDS = ("出勤", "旷课", "病假", "")
ONCE = {"constants": {"grades": {"exam": "期中", "date": "2024-11-06"}}, "max_score": 100}


def records(mapping: dict[str, Any], **tables: Any) -> SchoolRecords:
    return SchoolRecords.from_tables(students=STUDENTS, today="2024-12-01", mapping=mapping, **tables)


def rows_of(found: SchoolRecords, table: str) -> list[tuple[Any, ...]]:
    frame = found.table(table).to_pandas().astype(str)
    return sorted(map(tuple, frame.to_numpy().tolist()))


cells = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=len(DAYS), max_size=len(DAYS)), min_size=4, max_size=4
)


@settings(max_examples=30, deadline=None)
@given(cells=cells, form=st.sampled_from(["%Y-%m-%d", "{m}月{d}日", "{d}", "{m}/{d}"]))
def test_a_register_by_days_is_the_long_one(cells: list[list[str]], form: str) -> None:
    headers = [day.strftime(form).format(m=day.month, d=day.day) for day in DAYS]
    wide = [
        {"student_id": row["student_id"]} | dict(zip(headers, words, strict=True))
        for row, words in zip(STUDENTS, cells, strict=True)
    ]
    long = [
        {"student_id": row["student_id"], "date": day, "status": word}
        for row, words in zip(STUDENTS, cells, strict=True)
        for day, word in zip(DAYS, words, strict=True)
        if word
    ]
    read = records(
        {"unrecorded": "unknown", "wide": {"attendance": {"begins": "2024-09-01"}}}, attendance=wide
    )
    assert rows_of(read, "attendance") == rows_of(
        records({"unrecorded": "unknown"}, attendance=long), "attendance"
    )


def test_a_day_before_the_first_one_lies_in_the_next_year() -> None:
    wide = [{"student_id": "p0", "12月30日": "出勤", "12月31日": "出勤", "1月2日": "旷课"}]
    mapping = {"unrecorded": "unknown", "wide": {"attendance": {"begins": dt.date(2023, 9, 1)}}}
    dates = [str(date) for date in records(mapping, attendance=wide).table("attendance")["date"].to_pylist()]
    assert dates == ["2023-12-30", "2023-12-31", "2024-01-02"]


def test_a_sheet_of_marks_by_subject_is_read_with_what_is_said_once() -> None:
    wide = [{"student_id": f"p{k}", "语文": 70 + k, "数学": "缺考", "英语": None} for k in range(4)]
    found = records(ONCE | {"wide": {"grades": {}}}, grades=wide)
    table = found.table("grades").to_pandas()
    assert list(table["subject"].unique()) == ["chinese", "maths"]
    assert table.loc[table["subject"] == "chinese", "score"].tolist() == [70, 71, 72, 73]
    assert set(table.loc[table["subject"] == "maths", "taken"]) == {"missed"}
    assert [problem.rule.name for problem in found.check().problems] == []


def test_headers_that_are_named_are_the_ones_that_are_taken() -> None:
    wide = [{"student_id": "p0", "chinese": 70, "woodwork": 50, "remark 2": 3}]
    found = records(ONCE | {"wide": {"grades": {"headers": ["Chinese", "woodwork"]}}}, grades=wide)
    assert sorted(found.table("grades")["subject"].to_pylist()) == ["chinese", "woodwork"]
    assert [
        problem.column for problem in found.check().problems if problem.rule.name == "unknown_column"
    ] == ["remark 2"]


def test_a_fault_of_a_cell_is_told_by_the_line_of_the_sheet(tmp_path: Path) -> None:
    lines = [
        "student_id,2024-09-02,2024-09-03,2024-09-04",
        "p0,出勤,,出勤",
        "p1,,,",
        "p2,出勤,出勤,??",
        ",,,",
    ]
    (tmp_path / "attendance.csv").write_text("\n".join(lines), "utf-8")
    with (tmp_path / "students.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, STUDENTS[0])
        writer.writeheader()
        writer.writerows(STUDENTS)
    mapping = {"unrecorded": "unknown", "wide": {"attendance": {}}}
    found = SchoolRecords.from_folder(tmp_path, mapping=mapping)
    (problem,) = found.check().problems
    assert (problem.rule.name, problem.first_row, problem.rows) == ("unknown_word", 3, 1)
    filtered = SchoolRecords.from_folder(
        tmp_path, mapping=mapping | {"filters": {"attendance": {"status": {"not": ["出勤"]}}}}
    )
    told = {problem.rule.name: problem.first_row for problem in filtered.check().problems}
    assert told["unknown_word"] == 3


def test_what_is_declared_wide_and_is_not_is_refused() -> None:
    with pytest.raises(RecordsError, match="no header of it is a subject"):
        records(ONCE | {"wide": {"grades": {}}}, grades=[{"student_id": "p0", "seat": 1}]).check()
    with pytest.raises(RecordsError, match="without a year"):
        records(
            {"wide": {"attendance": {}}}, attendance=[{"student_id": "p0", "1": "", "2": "", "3": ""}]
        ).check()
    for odd in (
        {"students": {}},
        {"grades": []},
        {"attendance": {"begins": "soon"}},
        {"grades": {"header": ["a"]}},
    ):
        with pytest.raises(SettingsError):
            records({"wide": odd})


def test_a_long_table_stays_as_it_is_where_wide_ones_are_declared() -> None:
    long = [{"student_id": "p0", "date": DAYS[0], "status": "出勤"}]
    found = records({"unrecorded": "unknown", "wide": {"attendance": {}}}, attendance=long)
    assert len(found.table("attendance")) == 1


def test_a_title_above_a_sheet_of_subjects_is_passed_over():
    rows = [
        ["期中成绩"],
        ["学号", "姓名", "语文", "数学", "英语", "总分"],
        ["1", "x", "71", "80", "90", "241"],
    ]

    assert header_position(rows, "grades", RecordsMapping()) == 1
    assert header_position(rows[1:], "grades", RecordsMapping()) == 0
