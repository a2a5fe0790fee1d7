import io
import zipfile

import pytest

from dropout_risk.errors import RecordsError
from dropout_risk.records.school_records import SchoolRecords
from support.workbooks import xlsx_bytes

STUDENTS = "student_id,school_id,class_id,grade_level\n1,s,c,7\n2,s,c,7\n"
DAYS = "student_id,date,status\n1,2024-09-02,absent\n"
MORE_DAYS = "student_id,date,status\n2,2024-09-02,present\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "students.csv").write_text(STUDENTS, encoding="utf-8")
    return tmp_path


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def zipped(files, method=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


def read(folder, **options):
    return SchoolRecords.from_folder(folder, today="2025-01-31", **options)


def told(records):
    return [(p.rule.name, p.severity, p.table, p.file) for p in records.check().problems]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("attendance.txt", DAYS.replace(",", "\t")),
        ("attendance.tsv", DAYS.replace(",", "\t")),
        ("ATTENDANCE.CSV", DAYS.replace(",", ";")),
        ("考勤.txt", DAYS.replace(",", "|")),
        ("attendance.csv", "sep=;\r\n" + DAYS.replace(",", ";")),
        ("attendance.csv.zip", zipped({"attendance.csv": DAYS})),
        ("attendance.csv.zip", zipped({"export-7.csv": DAYS})),
        ("attendance.zip", zipped({"导出/9月.csv": DAYS, "__MACOSX/._9月.csv": "x"})),
        ("全部.zip", zipped({"全部/考勤.csv": DAYS})),
        ("data.zip", zipped({"attendance/a.csv": DAYS, "attendance/.DS_Store": "x"})),
        (
            "data.zip",
            zipped({"attendance.xlsx": xlsx_bytes({"S": [line.split(",") for line in DAYS.split()]})}),
        ),
        ("data.zip", zipped({"inner.zip": zipped({"attendance.csv": DAYS})})),
        ("attendance/2024/a.zip", zipped({"x.csv": DAYS})),
    ],
)
def test_a_table_is_read_from_whatever_holds_it(folder, name, text):
    write(folder, name, text)
    records = read(folder)
    assert records.table("attendance").num_rows == 1
    assert told(records) == []


def test_names_in_a_zip_of_windows_are_read(folder):
    plain = zipped({"kaoqin.csv": DAYS}, zipfile.ZIP_STORED)
    name = "考勤_9".encode("gb18030")
    write(folder, "导出.zip", plain.replace(b"kaoqin", name))
    assert read(folder).table("attendance").num_rows == 1


def test_values_in_the_names_of_folders_hold_for_a_zip_too(folder):
    write(folder, "attendance/session=am/a.zip", zipped({"x.csv": DAYS}))
    assert read(folder).table("attendance")["session"].to_pylist() == ["am"]


@pytest.mark.parametrize(
    "name",
    ["attendance.json", "attendance.pdf", "attendance.rar", "考勤.docx", "attendance", "attendance.csv.7z"],
)
def test_a_file_named_after_a_table_that_cannot_be_read_is_an_error(folder, name):
    write(folder, name, "x")
    records = read(folder)
    assert told(records) == [("file_not_read", "error", "attendance", name)]
    assert not records.check().ok
    assert read(folder, mapping={"ignored": [name]}).check().ok


@pytest.mark.parametrize(
    "name",
    [
        "canteen.txt",
        "canteen.json",
        "canteen.xlsx",
        "canteen.zip",
        ".attendance.csv",
        "_attendance.csv",
        "photos/a.png",
    ],
)
def test_a_file_of_no_table_is_named(folder, name):
    text = {"canteen.xlsx": xlsx_bytes({"S": [["a"], ["1"]]}), "canteen.zip": zipped({"a.csv": "a,b\n"})}
    write(folder, name, text.get(name, "a,b\n1,2\n"))
    [(rule, severity, _, file)] = told(read(folder))
    assert (rule, severity) == ("unknown_file", "warning")
    assert file.startswith(name.split("/")[0])


@pytest.mark.parametrize(
    "name",
    ["README.md", "说明.txt", ".DS_Store", "Thumbs.db", "desktop.ini", "county.toml", "attendance/_SUCCESS"],
)
def test_what_never_is_a_table_is_not_mentioned(folder, name):
    write(folder, name, "x")
    assert told(read(folder)) == []


def test_the_pupils_file_that_cannot_be_read_is_refused(tmp_path):
    write(tmp_path, "students.json", "[]")
    with pytest.raises(RecordsError, match=r"students\.json.*not read") as caught:
        read(tmp_path)
    assert "CSV" in caught.value.hint


def test_a_locked_zip_and_one_cut_off_are_refused_by_name(folder):
    whole = bytearray(zipped({"attendance.csv": DAYS}))
    write(folder, "attendance.zip", bytes(whole[: len(whole) // 2]))
    with pytest.raises(RecordsError, match=r"attendance\.zip"):
        read(folder)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.find(mark) + place] |= 1
    write(folder, "attendance.zip", bytes(whole))
    with pytest.raises(RecordsError, match="password"):
        read(folder)


@pytest.mark.parametrize(
    "name",
    [
        "attendance_copy.csv", "attendance - Copy.csv", "attendance_backup.csv", "attendance_old.csv",
        "attendance - 副本.csv", "attendance_旧.csv", "attendance_备份2.csv", "attendance_template.csv",
        "attendance_模板.csv", "attendance_示例.csv", "attendance/old/a.csv", "attendance_backup.zip",
        "attendance_old.xlsx",
    ],
)  # fmt: skip
def test_a_copy_or_template_beside_the_table_is_left_out_and_said(folder, name):
    write(folder, "attendance.csv", DAYS)
    wrong = DAYS.replace("absent", "present")
    kinds = {"zip": zipped({"attendance.csv": wrong}), "xlsx": xlsx_bytes({"S": [["student_id"]]})}
    write(folder, name, kinds.get(name.rpartition(".")[2], wrong))
    records = read(folder)
    assert records.table("attendance")["status"].to_pylist() == [1]
    [(rule, severity, table, file)] = told(records)
    assert (rule, severity, table) == ("copy_or_template", "warning", "attendance")
    assert file.startswith(name)


def test_a_filled_template_alone_is_read_and_said(tmp_path):
    write(tmp_path, "students_template.csv", STUDENTS)
    records = read(tmp_path)
    assert records.table("students").num_rows == 2
    assert [rule for rule, *_ in told(records)] == ["copy_or_template"]


@pytest.mark.parametrize(("second", "rows"), [(DAYS, 1), (MORE_DAYS, 2)])
def test_a_second_download_is_read_unless_it_equals_the_first(folder, second, rows):
    write(folder, "attendance.csv", DAYS)
    write(folder, "attendance (1).csv", second)
    records = read(folder)
    assert records.table("attendance").num_rows == rows
    assert told(records) == [("copy_or_template", "warning", "attendance", "attendance (1).csv")]


@pytest.mark.parametrize("name", ["~$attendance.xlsx", ".~lock.attendance.csv#"])
def test_a_file_that_is_still_open_is_said(folder, name):
    write(folder, "attendance.csv", DAYS)
    write(folder, name, "x")
    assert [(rule, file) for rule, _, _, file in told(read(folder))] == [("copy_or_template", name)]


def test_the_report_names_the_files_of_a_table_where_there_are_several(folder):
    write(folder, "attendance_9.csv", DAYS)
    assert "attendance_9.csv" not in str(read(folder).check())
    write(folder, "attendance_10.csv", MORE_DAYS)
    for k in range(20):
        write(folder, f"grades/{k:02}.csv", "student_id,date,subject,exam,score,max_score\n")
    text = str(read(folder).check())
    assert "attendance: 2 read, 2 used, 0 set apart (attendance_10.csv, attendance_9.csv)" in text
    assert "grades/08.csv (+11)" in text


LEFT = "student_id,school_id,class_id,grade_level,left_on\n3,s,c,7,2024-10-01\n4,s,c,7,\n"


@pytest.mark.parametrize(
    "name",
    [
        "students_left.csv",
        "students_transferred_out.csv",
        "学生_转出.csv",
        "students/退学名单.csv",
        "students_graduated.csv",
    ],
)
def test_pupils_who_left_are_no_pupils_at_school(folder, name):
    write(folder, name, LEFT)
    records = read(folder)

    assert records.table("students")["student_id"].to_pylist() == [1, 2, 3]
    assert told(records) == [("left_without_day", "error", "students", name)]


@pytest.mark.parametrize("name", ["students_left_behind.csv", "学生_毕业班.csv", "学生_转学生.csv"])
def test_names_that_speak_of_others_are_read(folder, name):
    write(folder, name, LEFT)

    assert told(read(folder)) == []


def test_a_sheet_of_pupils_who_left_is_named(tmp_path):
    header = ["学号", "学校", "班级", "年级"]
    book = {"在校": [header, ["1", "s", "c", "7"]], "转出": [header, ["2", "s", "c", "7"]]}
    write(tmp_path, "学生.xlsx", xlsx_bytes(book))
    records = read(tmp_path)

    assert records.table("students")["student_id"].to_pylist() == [1]
    assert told(records) == [("left_without_day", "error", "students", "学生.xlsx [转出]")]


def test_a_list_of_leavers_that_names_no_table_is_called_so(folder):
    write(folder, "转出名单.csv", LEFT)
    (problem,) = read(folder).check().problems

    assert problem.rule.name == "unknown_file"
    assert "left_on" in problem.hint("en")
