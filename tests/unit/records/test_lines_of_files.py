import pandas as pd
import pytest

import dropout_risk as dr

TODAY = "2025-01-31"
HEADER = "student_id,school_id,class_id,grade_level,note"


def read(folder, text, name="students.csv"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return dr.SchoolRecords.from_folder(folder, today=TODAY, mapping={"ignored": ["note"]})


def ids(records):
    return [str(name) for name in records.table("students")["student_id"].to_pylist()]


def told(records):
    return [(p.rule.name, p.rows, p.first_row) for p in records.check().problems]


# --- the line of headers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ("\n\n", False),
        (",,,,\n", False),
        ("sep=,\n", False),
        ('"sep=,"\n', False),
        ("七年级学生名单\n", True),
        ("七年级学生名单,,,,\n学校：一中,,日期：2024-09-01,,\n\n", True),
        ('"名单\n（共2人）",,,,\n', True),
        ('"a title whose quote is left open\n', True),
        ("sep=,\ntitle\n", True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_headers_are_found_below_a_title_which_is_said(tmp_path, above, said, encoding):
    records = read(tmp_path, f"{above}{HEADER}\n1,s,c,7,\n,s,c,7,\n".encode(encoding))
    assert ids(records) == ["1"]
    assert told(records) == [("lines_above_headers", 0, None)] * said + [("missing_value", 1, 2)]


def test_a_first_line_that_is_no_title_is_kept(tmp_path):
    records = read(tmp_path, f"{HEADER}\nstudent_id,school_id,class_id,,x\n1,s,c,7,\n")
    assert ids(records) == ["1"]
    assert told(records) == [("no_pupil_row", 1, 1)]


def test_headers_with_line_breaks_are_understood(tmp_path):
    records = read(tmp_path, '学号,学校,"班\n级","年\r\n级"\n1,s,c,7\n')
    assert ids(records) == ["1"]
    assert records.check().problems == ()


def test_without_any_header_the_first_line_is_named(tmp_path):
    with pytest.raises(dr.DropoutRiskError, match=r"student_id") as caught:
        read(tmp_path, "1,s,c,7,\n2,s,c,7,\n")
    assert "first line" in caught.value.hint


# --- rows without any value -----------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [",,,,", '"","","","",""', " , ,,\t,", "", '"",,,,'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_without_any_value_are_no_rows(tmp_path, monkeypatch, blank, end):
    monkeypatch.setattr("dropout_risk.records.files.csv_files.BLOCK_BYTES", 64)
    lines = [HEADER, "1,s,c,7,", blank, "x,y", ",s,c,7,old", *[blank] * 50]
    records = read(tmp_path, end.join(lines))
    counts = records.check().counts["students"]
    assert (counts.read, counts.used, ids(records)) == (3, 1, ["1"])
    lost = 1 if blank else 0  # Arrow does not count empty lines
    apart = records.quarantine.frame()
    assert sorted(zip(apart["rule"], apart["row"], strict=True)) == [("DR103", 3 + lost), ("DR124", 2 + lost)]
    written = tmp_path / "apart.csv"
    records.quarantine.write(written)
    assert "old" in written.read_text(encoding="utf-8-sig").split("\n")[1]


def test_a_spreadsheet_runs_no_cell_of_the_rows_that_were_set_apart(tmp_path):
    read(tmp_path, f"{HEADER}\n,s,=1+1,-7,＝1+1\n").quarantine.write(tmp_path / "apart.csv")
    line = (tmp_path / "apart.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert line.endswith(",s,'=1+1,-7,'＝1+1")


def test_a_row_with_a_value_in_a_column_that_is_not_used_is_a_row(tmp_path):
    records = read(tmp_path, f"{HEADER}\n1,s,c,7,\n,,,,somebody\n")
    assert ("missing_value", 1, 2) in told(records)


def test_rows_of_a_frame_without_any_value_are_no_rows():
    rows = [["1", "s", "c", 7, None], [None] * 5, [None, "s", "c", 7, None], [None, None, None, None, "x"]]
    frame = pd.DataFrame(rows, columns=HEADER.split(","))
    records = dr.SchoolRecords.from_tables(students=frame, mapping={"ignored": ["note"]})
    assert records.check().counts["students"].read == 3
    assert [(row.number, row.rules[0].code) for row in records.quarantine.rows()] == [
        (3, "DR103"),
        (4, "DR103"),
    ]


# --- quoted line breaks -------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [16, 64, 1 << 20])
def test_a_quoted_value_may_go_over_lines(tmp_path, monkeypatch, end, block):
    monkeypatch.setattr("dropout_risk.records.files.csv_files.BLOCK_BYTES", block)
    lines = [HEADER, '1,"s, ""x""",c,7,"one', "two, three", '"', '2,s,"c', '1",7,', "3,s,c,7,"]
    records = read(tmp_path, end.join(lines))
    assert ids(records) == ["1", "2", "3"]
    assert records.table("students")["class_id"].to_pylist()[1] == f"c{end}1"
    assert records.check().ok


def test_two_stray_quotes_do_not_swallow_the_pupils_between_them(tmp_path):
    lines = [HEADER, '1,s,c,7,"a', "2,s,c,7,", '3,s,c,7,b"', "4,s,c,7,"]
    records = read(tmp_path, "\n".join(lines))
    assert ids(records) == ["2", "3", "4"]
    assert told(records) == [("broken_line", 1, 1)]


def test_ids_in_formulas_are_read_as_the_text_inside(tmp_path):
    lines = [HEADER, '="001",s,c,7,', '"=""002""",s,c,7,', '"003",s,c,7,']
    records = read(tmp_path, "\n".join(lines))
    assert ids(records) == ["001", "002", "003"]
    assert records.check().ok


# --- rows that are no pupil's -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["合计", "总计", "合 计", "小计：", "total", "Grand Total", "SUM", "平均", "EXAMPLE-001", "示例学生",
     "sample", "模板", "必填", "student_id", "学号", "注：请勿修改", "制表人：某某",
     "Printed by the office", "Page 1 of 2", "共10人", "Record count: 10", "End of report",
     "*** Confidential ***"],
)  # fmt: skip
def test_totals_examples_and_headers_are_no_pupils(tmp_path, word):
    (tmp_path / "attendance_totals.csv").write_text(
        f"student_id,period_start,period_end,days_enrolled,days_absent\n"
        f"1,2024-09-01,2024-09-30,20,1\n{word},2024-09-01,2024-09-30,40,2\n",
        encoding="utf-8",
    )
    (tmp_path / "attendance.csv").write_text(
        f"student_id,date,status\n1,2024-09-02,absent\n{word},2024-09-02,absent\n", encoding="utf-8"
    )
    records = read(tmp_path, f"{HEADER}\n1,s,c,7,\n{word},s,c,7,\n2,s,c,7,\n")
    assert records.table("students")["student_id"].to_pylist() == [1, 2]
    found = [(p.table, p.rule.name, p.first_row) for p in records.check().problems]
    assert found == [(name, "no_pupil_row", 2) for name in ("students", "attendance", "attendance_totals")]
    assert len(records.quarantine) == 3


@pytest.mark.parametrize(
    "name", ["S-1", "summer", "totaro", "G2024", "sampson", "例子", "examiner", "注册007", "meaney"]
)
def test_an_id_that_only_resembles_such_a_word_is_a_pupil(tmp_path, name):
    assert ids(read(tmp_path, f"{HEADER}\n{name},s,c,7,\n")) == [name]
