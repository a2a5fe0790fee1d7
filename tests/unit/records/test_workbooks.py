import datetime as dt
import io
import zipfile

import pytest

from dropout_risk.errors import RecordsError
from dropout_risk.records.school_records import SchoolRecords
from support.workbooks import ErrorCell, Padded, write_xlsx, xlsx_bytes

TODAY = "2025-01-31"
ROSTER = [
    ["学号", "学校", "班级", "年级"],
    ["007", "一中", "1班", 7],
    ["110101201001011234", "一中", "1班", 7.0],
]
DAYS = [["student_id", "date", "status"], ["007", dt.date(2024, 9, 2), "absent"]]


def read(folder, **options):
    return SchoolRecords.from_folder(folder, today=TODAY, **options)


def told(records):
    return [(p.rule.name, p.table, p.column, p.file, p.detail.en) for p in records.check().problems]


def ids(records):
    return records.table("students")["student_id"].to_pylist()


def test_cells_are_read_as_the_text_they_show(tmp_path):
    write_xlsx(tmp_path / "学生.xlsx", {"Sheet1": ROSTER})
    write_xlsx(tmp_path / "attendance.xlsx", {"Sheet1": DAYS})
    records = read(tmp_path)
    assert ids(records) == ["007", "110101201001011234"]
    assert records.table("attendance")["date"].to_pylist() == [dt.date(2024, 9, 2)]
    assert records.check().ok
    assert told(records) == []


def test_whole_numbers_in_cells_are_ids_without_decimals(tmp_path):
    write_xlsx(tmp_path / "students.xlsx", {"S": [ROSTER[0], [7, "s", "c", 7], [12, "s", "c", 7]]})
    assert ids(read(tmp_path)) == [7, 12]


def test_a_sheet_is_the_table_it_is_named_after_and_the_others_are_named(tmp_path):
    write_xlsx(
        tmp_path / "全部.xlsx",
        {"学生": ROSTER, "attendance": DAYS, "说明": [["请勿修改"]], "空": []},
    )
    records = read(tmp_path)
    assert ids(records) == ["007", "110101201001011234"]
    assert records.table("attendance").num_rows == 1
    assert told(records) == [("sheet_not_read", "", "", "全部.xlsx", "sheet '说明'")]


def test_sheets_with_the_same_headers_are_one_table_and_others_are_named(tmp_path):
    write_xlsx(tmp_path / "students.xlsx", {"Sheet1": ROSTER})
    second = [DAYS[0], ["007", "2024-09-03", "present"]]
    write_xlsx(
        tmp_path / "attendance.xlsx",
        {
            "封面": [["考勤登记"], ["某某中学"]],
            "空": [],
            "9月": DAYS,
            "10月": second,
            "汇总": [["学号", "合计"], ["007", 1]],
        },
    )
    records = read(tmp_path)
    assert records.table("attendance").num_rows == 2
    assert told(records) == [
        ("sheet_not_read", "attendance", "", "attendance.xlsx", f"sheet {name!r}")
        for name in ("封面", "汇总")
    ]
    assert "attendance.xlsx [9月], attendance.xlsx [10月]" in str(records.check())


def test_a_sheet_that_is_ignored_is_not_mentioned(tmp_path):
    write_xlsx(tmp_path / "students.xlsx", {"Sheet1": ROSTER, "代码表": [["a", "b"]]})
    assert told(read(tmp_path, mapping={"ignored": ["代码表"]})) == []


def test_a_title_and_cells_merged_downwards_are_understood(tmp_path):
    rows = [["2024年秋季学生名单"], [], ROSTER[0], ["1", "一中", "1班", 7], ["2", None, None, 7]]
    write_xlsx(tmp_path / "学生.xlsx", {"表": rows}, merged={"表": ["A1:D1", "B4:B5", "C4:C5"]})
    records = read(tmp_path)
    assert records.table("students")["class_id"].to_pylist() == ["1班", "1班"]
    assert told(records) == [
        ("lines_above_headers", "students", "", "学生.xlsx", "the headers stand in row 3")
    ]


def test_rows_without_any_value_are_no_rows(tmp_path):
    rows = [*ROSTER, [None, " ", None, None], [], [None, "一中", "1班", 7]]
    write_xlsx(tmp_path / "students.xlsx", {"S": rows})
    records = read(tmp_path)
    counts = records.check().counts["students"]
    assert (counts.read, counts.used) == (3, 2)
    assert [row.number for row in records.quarantine.rows()] == [5]


@pytest.mark.parametrize(
    ("rule", "column", "row"),
    [
        ("rounded_numbers", "student_id", [110101201001011234, "s", "c", 7]),
        ("changed_cells", "class_id", ["9", "s", dt.date(2024, 1, 2), 7]),
        ("changed_cells", "", [Padded(7), "s", "c", 7]),
        ("changed_cells", "", ["9", ErrorCell("#N/A"), "c", 7]),
    ],
)
def test_a_cell_that_is_not_what_was_typed_is_doubted(tmp_path, rule, column, row):
    write_xlsx(tmp_path / "students.xlsx", {"S": [*ROSTER, row]})
    assert (rule, column) in [(name, where) for name, _, where, _, _ in told(read(tmp_path))]


def test_no_digits_are_made_up_for_a_number_of_18_digits(tmp_path):
    write_xlsx(
        tmp_path / "students.xlsx", {"S": [ROSTER[0], [110101201001011234, "s", "c", 7], ["a", "s", "c", 7]]}
    )
    assert not any(str(name).isdigit() for name in ids(read(tmp_path)))


def test_a_workbook_is_known_by_its_content(tmp_path):
    (tmp_path / "students.csv").write_bytes(xlsx_bytes({"S": ROSTER}))
    (tmp_path / "attendance.xls").write_text(
        "student_id\tdate\tstatus\n007\t2024-09-02\tabsent\n", encoding="utf-16"
    )
    records = read(tmp_path)
    assert len(ids(records)) == 2
    assert records.table("attendance").num_rows == 1


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)], ids=["zip", "ole"]
)
def test_a_workbook_that_cannot_be_read_is_refused_by_name(tmp_path, data):
    (tmp_path / "students.xlsx").write_bytes(data)
    with pytest.raises(RecordsError, match=r"students\.xlsx"):
        read(tmp_path)


def test_a_page_called_workbook_is_not_read_and_said(tmp_path):
    write_xlsx(tmp_path / "students.xlsx", {"S": ROSTER})
    (tmp_path / "attendance.xls").write_text("<html><table><tr><td>学号</td></tr></table>", encoding="utf-8")
    (tmp_path / "grades.xlsx").write_bytes(xlsx_bytes({"S": []}))
    said = told(read(tmp_path))
    assert [(rule, table, file) for rule, table, _, file, _ in said] == [
        ("file_not_read", "attendance", "attendance.xls"),
        ("file_not_read", "grades", "grades.xlsx"),
    ]


def test_a_workbook_that_lacks_a_sheet_it_names_says_which(tmp_path):
    whole = zipfile.ZipFile(io.BytesIO(xlsx_bytes({"学生": ROSTER, "attendance": DAYS})))
    with zipfile.ZipFile(tmp_path / "全部.xlsx", "w") as archive:
        for name in whole.namelist():
            if not name.endswith("sheet2.xml"):
                archive.writestr(name, whole.read(name))

    with pytest.raises(RecordsError, match=r"Sheet 'attendance' of file '全部\.xlsx' is missing or damaged"):
        read(tmp_path)


def test_a_hidden_copy_of_a_sheet_is_not_read_and_named(tmp_path):
    old = [DAYS[0], ["007", dt.date(2024, 9, 3), "absent"]]
    write_xlsx(tmp_path / "学生.xlsx", {"Sheet1": ROSTER})
    (tmp_path / "attendance.xlsx").write_bytes(xlsx_bytes({"now": DAYS, "draft": old}, hidden=("draft",)))
    records = read(tmp_path)
    assert records.table("attendance")["date"].to_pylist() == [dt.date(2024, 9, 2)]
    assert any("'draft' is hidden" in item.detail.en for item in records.check().problems)


def test_a_hidden_sheet_named_after_a_table_is_not_read_and_named(tmp_path):
    old = [DAYS[0], ["007", dt.date(2024, 9, 3), "absent"]]
    book = xlsx_bytes({"学生": ROSTER, "attendance": DAYS, "考勤": old}, hidden=("考勤",))
    (tmp_path / "全部.xlsx").write_bytes(book)
    records = read(tmp_path)
    assert records.table("attendance")["date"].to_pylist() == [dt.date(2024, 9, 2)]
    told = [item.detail.zh for item in records.check().problems if item.rule.name == "sheet_not_read"]
    assert ["考勤" in detail and "取消隐藏" in detail for detail in told] == [True]


def test_of_a_workbook_all_of_which_is_hidden_the_sheets_named_after_tables_are_read(tmp_path):
    book = xlsx_bytes({"学生": ROSTER, "attendance": DAYS}, hidden=("学生", "attendance"))
    (tmp_path / "全部.xlsx").write_bytes(book)
    assert len(read(tmp_path).table("attendance")["date"]) == 1


MONTH_FIRST = ["09/13/2024", "09/16/2024", "09/17/2024"]


@pytest.mark.parametrize(("texts", "used"), [(MONTH_FIRST, 3), ([*MONTH_FIRST[:2], "09/10/2024"], 6)])
def test_dates_that_a_program_has_exchanged_are_doubted_and_not_used(tmp_path, texts, used):
    cells = [dt.date(2024, month, 9) for month in (4, 5, 6)] + texts
    write_xlsx(tmp_path / "学生.xlsx", {"Sheet1": ROSTER})
    rows = [DAYS[0], *(["007", cell, "absent"] for cell in cells)]
    write_xlsx(tmp_path / "attendance.xlsx", {"Sheet1": rows})
    records = read(tmp_path, mapping={"dates": "mdy", "unrecorded": "unknown"})
    assert records.check().counts["attendance"].used == used
    assert ("exchanged_cells" in [rule for rule, *_ in told(records)]) is (used == 3)


@pytest.mark.parametrize(
    ("sheet", "read"),
    [("模板", 3), ("示例", 3), ("旧", 3), ("old", 3), ("template", 3), ("8-2", 5), ("八年级二班", 5)],
)
def test_a_sheet_called_a_template_or_an_old_one_is_not_read_beside_others_and_named(tmp_path, sheet, read):
    header = ["student_id", "school_id", "class_id", "grade_level"]
    rows = [[str(k), "s", "8-1", 8] for k in range(5)]
    book = {"8-1": [header, *rows[:3]], sheet: [header, *rows[3:]]}
    (tmp_path / "students.xlsx").write_bytes(xlsx_bytes(book))
    records = SchoolRecords.from_folder(tmp_path)
    assert records.table("students").num_rows == read
    told = [item.detail.zh for item in records.check().problems if item.rule.name == "sheet_not_read"]
    assert [sheet in detail for detail in told] == [True] * (read == 3)


def test_a_counted_copy_of_a_sheet_is_read_only_where_its_rows_are_others(tmp_path):
    header = ["student_id", "school_id", "class_id", "grade_level"]
    rows = [[str(k), "s", "8-1", 8] for k in range(5)]
    for second, read in ((rows[:3], 3), (rows[3:], 5)):
        book = {"Sheet1": [header, *rows[:3]], "Sheet1 (2)": [header, *second]}
        (tmp_path / "students.xlsx").write_bytes(xlsx_bytes(book))
        assert SchoolRecords.from_folder(tmp_path).table("students").num_rows == read
