"""Values given once, rows left out, words ignored, joined files: said in the mapping, told by the check."""

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk import SchoolRecords
from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.wording.table_shapes import RowFilter

PUPILS = [{"student_id": f"p{n}", "class_id": "8-1", "grade_level": 8} for n in range(3)]
MARKS = [
    {"student_id": "p0", "exam_id": 1, "score": 81, "kind": "exam"},
    {"student_id": "p1", "exam_id": 2, "score": 64, "kind": "Exam "},
    {"student_id": "p2", "exam_id": 1, "score": 12, "kind": "homework"},
    {"student_id": "p2", "exam_id": 9, "score": 40, "kind": "exam"},
]
EXAMS = [
    {"id": 1, "date": "2024-11-08", "subject": "maths", "exam": "midterm"},
    {"id": 2, "date": "2025-01-10", "subject": "maths", "exam": "final"},
]
ONE_SCHOOL = {"constants": {"students": {"school_id": "s-1"}}}
MAPPING = ONE_SCHOOL | {
    "filters": {"grades": {"kind": ["exam"]}},
    "joins": {"grades": {"file": "exams", "on": {"exam_id": "id"}}},
    "max_score": 100,
}


def read(mapping=MAPPING, **tables):
    given = {"students": PUPILS, "grades": MARKS, "exams": EXAMS} | tables
    return SchoolRecords.from_tables(mapping=mapping, today="2025-06-01", **given)


def read_alone(mapping=ONE_SCHOOL, **tables):
    return SchoolRecords.from_tables(mapping=mapping, today="2025-06-01", students=PUPILS, **tables)


def codes(records):
    return {problem.rule.code: problem for problem in records.check().problems}


def test_constants_filters_and_joins_give_the_table_that_somebody_would_have_made_by_hand():
    made = read()
    by_hand = SchoolRecords.from_tables(
        students=[{**pupil, "school_id": "s-1"} for pupil in PUPILS],
        grades=[
            {"student_id": "p0", "date": "2024-11-08", "subject": "maths", "exam": "midterm", "score": 81},
            {"student_id": "p1", "date": "2025-01-10", "subject": "maths", "exam": "final", "score": 64},
        ],
        mapping={"max_score": 100}, today="2025-06-01",
    )  # fmt: skip

    assert made.table("grades").to_pylist() == by_hand.table("grades").to_pylist()
    assert made.table("students").to_pylist() == by_hand.table("students").to_pylist()


def test_what_was_left_out_and_what_found_no_partner_is_counted():
    told = codes(read())

    assert "1 row(s), by filters" in told["DR181"].hint("en")
    assert "1 row(s) have none in 'exams'" in told["DR182"].hint("en")
    assert "映射文件要求略去" in told["DR181"].message("zh")


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, lambda rows: pl.DataFrame(rows).to_arrow()])
def test_frames_of_any_kind_are_shaped_alike(form):
    given = {"students": form(PUPILS), "grades": form(MARKS), "exams": form(EXAMS)}

    assert read(**given).fingerprint == read().fingerprint


def test_files_are_shaped_as_frames_are_and_rows_keep_the_numbers_of_the_file(tmp_path):
    wrong = [{"student_id": "p1", "exam_id": 1, "score": 999, "kind": "exam"}]
    for name, rows in {"students": PUPILS, "grades": [*MARKS, *wrong], "exams": EXAMS}.items():
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    records = SchoolRecords.from_folder(tmp_path, mapping=MAPPING, today="2025-06-01")
    apart = records.quarantine.frame()
    records.quarantine.write(tmp_path / "apart.csv")

    assert "unknown_file" not in {problem.rule.name for problem in records.check().problems}
    assert sorted(apart.loc[apart["table"] == "grades", "row"]) == [4, 5]
    assert "999" in (tmp_path / "apart.csv").read_text(encoding="utf-8-sig")


def test_sheets_of_a_workbook_are_joined_as_files_are(tmp_path):
    with pd.ExcelWriter(tmp_path / "school.xlsx", engine="xlsxwriter") as book:
        for name, rows in {"students": PUPILS, "grades": MARKS, "exams": EXAMS}.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, index=False)
    records = SchoolRecords.from_folder(tmp_path, mapping=MAPPING, today="2025-06-01")

    assert records.table("grades").to_pylist() == read().table("grades").to_pylist()


def test_rows_with_an_ignored_word_are_left_out_and_no_problem():
    days = [{"student_id": "p0", "date": f"2024-09-{day:02d}", "status": word}
            for day, word in ((2, "present"), (3, "放假"), (4, "absent"))]  # fmt: skip
    shaped = read_alone(ONE_SCHOOL | {"ignored_words": {"status": ["放假"]}}, attendance=days)

    assert len(read_alone(attendance=days).quarantine) == 1
    assert not len(shaped.quarantine)
    assert shaped.table("attendance").num_rows == 2
    assert "DR181" in codes(shaped)


def test_a_filter_of_what_is_not_meant_keeps_empty_cells():
    rows = [{**row, "kind": None if row["exam_id"] == 2 else row["kind"]} for row in MARKS]
    kept = read(MAPPING | {"filters": {"grades": {"kind": {"not": ["homework"]}}}}, grades=rows)

    assert kept.table("grades").num_rows == 2


def test_a_constant_that_the_file_gives_and_a_filter_without_its_header_are_named():
    pupils = [{**pupil, "school_id": "own"} for pupil in PUPILS]
    told = read(MAPPING | {"filters": {"grades": {"sort": ["exam"]}}}, students=pupils)
    unused = {(p.table, p.column) for p in told.check().problems if p.rule.name == "unused_entry"}

    assert {("students", "school_id"), ("grades", "sort")} <= unused
    assert set(told.table("students")["school_id"].to_pylist()) == {"own"}


def test_a_key_with_two_rows_that_differ_is_refused_and_equal_rows_are_one():
    assert read(exams=[*EXAMS, EXAMS[0]]).table("grades").num_rows == 2
    with pytest.raises(RecordsError, match=r"1 value\(s\) of 'id' have several rows in 'exams' that differ"):
        read(exams=[*EXAMS, {**EXAMS[0], "exam": "other"}]).check()


def test_a_file_that_is_to_be_joined_and_is_not_there_is_an_error():
    with pytest.raises(RecordsError, match="joins 'exams' to grades"):
        read(exams=None)
    with pytest.raises(RecordsError, match="'exams' has no column 'id' to join by"):
        read(exams=[{"nr": 1}])


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"constants": {"grades": {"scor": 1}}}, "constants.grades.scor"),
        ({"constants": {"grades": {"max_score": 100}}}, "a key of its own"),
        ({"filters": {"marks": {"kind": ["exam"]}}}, "unknown key 'filters.marks'"),
        ({"filters": {"grades": {"kind": "exam"}}}, "'filters.grades' cannot be read"),
        ({"joins": {"grades": {"file": "exams"}}}, "'joins.grades' cannot be read"),
        ({"ignored_words": {"statu": ["x"]}}, "unknown key 'ignored_words.statu'"),
        ({"ignored_words": ["x"]}, "'ignored_words' must be a table"),
    ],
)
def test_entries_that_cannot_be_are_refused(mapping, told):
    with pytest.raises(SettingsError, match=told):
        read(mapping)


@given(st.lists(st.sampled_from(["exam", " EXAM", "quiz", "", None]), min_size=1), st.booleans())
def test_a_filter_and_its_opposite_part_the_rows(cells, keeps):
    rule = RowFilter("kind", frozenset({"exam"}), keeps)

    assert all(rule.passes(cell) != rule._replace(keeps=not keeps).passes(cell) for cell in cells)


def test_unknown_words_are_counted_as_the_files_write_them():
    days = [{"student_id": "p0", "date": f"2024-09-{day:02d}", "status": word}
            for day, word in ((2, "Seen"), (3, "Seen"), (4, "absent"), (5, "gone"))]  # fmt: skip
    family = [{"student_id": "p0", "factor": word, "valid_from": "2024-09-01"}
              for word in ("orphan", "imd_band")]  # fmt: skip
    tests = [{"student_id": "p0", "date": "2024-10-01", "instrument": word, "scale": "total", "score": 3}
             for word in ("PHQ-9", "home made")]  # fmt: skip
    given = {"attendance": days, "family": family, "wellbeing": tests}
    meant = {"status": {"Seen": "present", "gone": "absent"}, "instrument": {"home made": "phq-9"},
             "factor": {"imd_band": "low_income"}}  # fmt: skip

    assert read_alone(**given).unknown_words()[["table", "column", "word", "rows"]].to_numpy().tolist() == [
        ["attendance", "status", "Seen", 2],
        ["attendance", "status", "gone", 1],
        ["wellbeing", "instrument", "home made", 1],
        ["family", "factor", "imd_band", 1],
    ]
    assert not len(read_alone(ONE_SCHOOL | {"words": meant}, **given).unknown_words())
