import gzip

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.school_records import SchoolRecords

TODAY = "2025-01-31"


def write_csv(folder, county, **options):
    for name, rows in county.items():
        columns = list(dict.fromkeys(key for row in rows for key in row))
        lines = [",".join(columns), *(",".join(_cell(row.get(key)) for key in columns) for row in rows)]
        (folder / f"{name}.csv").write_bytes("\r\n".join(lines).encode(options.get("encoding", "utf-8")))


def _cell(value):
    return "" if value is None else str(value)


def same(one, other):
    assert one.fingerprint == other.fingerprint
    for name in (
        "students",
        "attendance",
        "grades",
        "wellbeing",
        "family",
        "outcomes",
        "attendance_totals",
        "calendar",
    ):
        assert one.table(name).equals(other.table(name))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_of_any_usual_encoding_equals_frames(tmp_path, county, checked, encoding):
    county["students"][0]["responsible_id"] = "包保教师一"
    write_csv(tmp_path, county, encoding=encoding)
    same(SchoolRecords.from_folder(tmp_path, today=TODAY), checked(county))


def test_an_encoding_can_be_named(tmp_path, county, checked):
    county["students"][0]["responsible_id"] = "老师"
    write_csv(tmp_path, county, encoding="utf-16")
    same(SchoolRecords.from_folder(tmp_path, today=TODAY, mapping={"encoding": "utf-16"}), checked(county))


def test_an_unknown_encoding_is_refused(tmp_path, county):
    write_csv(tmp_path, county)
    with pytest.raises(SettingsError, match="no known encoding: 'gb9'"):
        SchoolRecords.from_folder(tmp_path, mapping={"encoding": "gb9"})


def test_gzip_parquet_and_parts_equal_one_csv(tmp_path, county, checked):
    write_csv(tmp_path, county)
    grades = tmp_path / "grades.csv"
    (tmp_path / "grades.csv.gz").write_bytes(gzip.compress(grades.read_bytes()))
    grades.unlink()
    attendance = pa_csv.read_csv(tmp_path / "attendance.csv")
    (tmp_path / "attendance.csv").unlink()
    parts = tmp_path / "attendance" / "2024"
    parts.mkdir(parents=True)
    pa_parquet.write_table(attendance.slice(2), parts / "a.parquet")
    pa_csv.write_csv(attendance.slice(0, 2), tmp_path / "attendance" / "b.csv")
    same(SchoolRecords.from_folder(tmp_path, today=TODAY), checked(county))


def test_row_numbers_are_those_of_the_file(tmp_path, county):
    write_csv(tmp_path, {"students": county["students"]})
    folder = tmp_path / "outcomes"
    folder.mkdir()
    (folder / "1.csv").write_text("student_id,date,event\np1,2024-10-01,returned\n", encoding="utf-8")
    lines = [
        "student_id,date,event",
        "p1,2024-10-01",
        "p2,2024-10-01,returned",
        "a,b,c,d",
        "p2,2024-10-02,gone",
    ]
    (folder / "2.csv").write_text("\n".join(lines), encoding="utf-8")
    records = SchoolRecords.from_folder(tmp_path, today=TODAY)
    frame = records.quarantine.frame()
    assert frame[["file", "row", "rule"]].to_numpy().tolist() == [
        ["outcomes/2.csv", 4, "DR107"],
        ["outcomes/2.csv", 1, "DR124"],
        ["outcomes/2.csv", 3, "DR124"],
    ]
    counts = records.check().counts["outcomes"]
    assert (counts.read, counts.used, counts.set_apart) == (5, 2, 3)


def test_parts_with_other_columns_are_read_each_by_its_own(tmp_path, county):
    write_csv(tmp_path, {"students": county["students"]})
    (tmp_path / "outcomes_a.csv").write_text(
        "event,student_id,date\nreturned,p1,2024-10-01\n", encoding="utf-8"
    )
    (tmp_path / "outcomes_b.csv").write_text("student_id,date\np1,2024-10-02\n", encoding="utf-8")
    report = SchoolRecords.from_folder(tmp_path, today=TODAY).check()
    assert [(p.rule.name, p.file, p.rows) for p in report.problems] == [
        ("missing_column", "outcomes_b.csv", 1)
    ]
    assert report.counts["outcomes"].used == 1


def test_files_of_no_table_are_named(tmp_path, county):
    write_csv(tmp_path, county)
    (tmp_path / "canteen.csv").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    (tmp_path / "quarantine.csv").write_text("table,row\n", encoding="utf-8")
    problems = SchoolRecords.from_folder(tmp_path, today=TODAY).check().problems
    assert [(p.rule.name, p.file, p.severity) for p in problems] == [
        ("unknown_file", "canteen.csv", "warning")
    ]


def test_empty_files_give_empty_tables(tmp_path, county):
    write_csv(tmp_path, {"students": county["students"]})
    (tmp_path / "grades.csv").write_text("student_id,date,subject,exam,score,max_score\n", encoding="utf-8")
    (tmp_path / "family.csv").write_text("", encoding="utf-8")
    records = SchoolRecords.from_folder(tmp_path)
    assert records.table("grades").num_rows == records.table("family").num_rows == 0
    assert {p.column for p in records.check().problems} == {"student_id", "factor", "valid_from"}


def test_semicolons_and_quotes_are_read(tmp_path):
    text = 'student_id;school_id;class_id;grade_level;note\n1;"a;""b""";c;7;5" x\n2;s;c;8;y\n'
    (tmp_path / "students.csv").write_text(text, encoding="utf-8")
    students = SchoolRecords.from_folder(tmp_path).table("students")
    assert students.column("school_id").to_pylist() == ['a;"b"', "s"]


SLIPS = [
    '{i},s,c,7,"F',
    '{i},"s,c,7,F',
    '"{i},s,c,7,F',
    '{i},5" s,c,7,"F',
    '{i},s,c,7,"F""',
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_stray_quote_costs_its_own_line_only(tmp_path, monkeypatch, slip, encoding, end):
    monkeypatch.setattr("dropout_risk.records.files.csv_files.BLOCK_BYTES", 700)
    rows = [f"{i},校,c,7,F" for i in range(200)]
    rows[20] = slip.format(i=20)
    lines = "\n".join(["student_id,school_id,class_id,grade_level,sex", *rows]).split("\n")
    (tmp_path / "students.csv").write_bytes(end.join(lines).encode(encoding))
    records = SchoolRecords.from_folder(tmp_path, mapping={"encoding": encoding}, today=TODAY)
    counts = records.check().counts["students"]
    assert (counts.read, counts.used) == (len(lines) - 1, 199)
    ids = records.table("students").column("student_id").to_pylist()
    assert sorted(map(int, ids)) == [i for i in range(200) if i != 20]
    apart = records.quarantine.frame()
    assert apart["rule"].tolist() == ["DR124"] * (len(lines) - 200)
    assert apart["row"].tolist() == list(range(21, len(lines) - 179))


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (["1", "12", "-3"], pa.int64()),
        (["1", "012"], pa.string()),
        (["7", "g7"], pa.string()),
        (["1234567890123456789"], pa.string()),
    ],
)
def test_ids_from_csv_are_whole_numbers_only_where_all_are(tmp_path, ids, kind):
    rows = "".join(f"{i},s,c,7\n" for i in ids)
    (tmp_path / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\n" + rows, encoding="utf-8"
    )
    students = SchoolRecords.from_folder(tmp_path).table("students").column("student_id")
    assert students.type == kind
    assert {str(i) for i in students.to_pylist()} == set(ids)


def test_007_is_not_7(tmp_path):
    (tmp_path / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\n7,s,c,7\n", encoding="utf-8"
    )
    (tmp_path / "outcomes.csv").write_text(
        "student_id,date,event\n007,2024-10-01,returned\n7,2024-10-02,returned\n", encoding="utf-8"
    )
    records = SchoolRecords.from_folder(tmp_path)
    assert [str(day) for day in records.table("outcomes").column("date").to_pylist()] == ["2024-10-02"]
    assert records.quarantine.frame()["row"].tolist() == [1]


def test_a_folder_that_cannot_be_read_is_refused_by_name(tmp_path):
    with pytest.raises(RecordsError, match="no folder"):
        SchoolRecords.from_folder(tmp_path / "nowhere")
    (tmp_path / "students.parquet").write_bytes(b"PAR0")
    with pytest.raises(RecordsError, match=r"students\.parquet"):
        SchoolRecords.from_folder(tmp_path)


def test_an_error_of_a_broken_file_does_not_quote_it(tmp_path):
    (tmp_path / "students.csv.gz").write_bytes(
        gzip.compress(b"student_id,school_id\n" + b"MARKER77,s\n" * 9999)[:-9]
    )
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_folder(tmp_path)
    assert "MARKER77" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [("studnts.csv", "is it 'studnts.csv'? call it"), ("canteen.csv", "call it"), (None, "call it")],
)
def test_without_students_the_nearest_file_is_named(tmp_path, name, hint):
    if name:
        (tmp_path / name).write_text("a,b\n", encoding="utf-8")
    with pytest.raises(RecordsError, match="no table 'students'") as caught:
        SchoolRecords.from_folder(tmp_path)
    assert caught.value.hint.startswith(hint)


def test_a_missing_column_of_students_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "students.csv").write_text("studnt_id,school_id,class_id\n1,s,c\n", encoding="utf-8")
    with pytest.raises(RecordsError, match=r"students.csv.*student_id, grade_level") as caught:
        SchoolRecords.from_folder(tmp_path)
    assert "'studnt_id'" in caught.value.hint


def test_ordinary_records_are_not_synthetic(tmp_path, county, checked):
    students = pa.Table.from_pylist(county["students"]).replace_schema_metadata({"maker": "county"})
    pa_parquet.write_table(students, tmp_path / "students.parquet")
    (tmp_path / "synthetic").mkdir()
    assert not SchoolRecords.from_folder(tmp_path).synthetic
    assert not checked({"students": students}).synthetic
    assert checked({"students": students}, synthetic=True).synthetic
