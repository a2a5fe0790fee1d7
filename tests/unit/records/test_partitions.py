import bz2
import csv
import gzip

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from dropout_risk.errors import RecordsError
from dropout_risk.kernels import prefetch
from dropout_risk.records.files.readers import to_arrow
from dropout_risk.records.school_records import SchoolRecords

TODAY = "2025-01-31"


def write(folder, county, name="students"):
    pa_parquet.write_table(to_arrow(county[name], name), folder / f"{name}.parquet")


def test_columns_are_read_from_the_names_of_folders(tmp_path, county, checked):
    write(tmp_path, county)
    for k, row in enumerate(county["attendance"]):
        folder = tmp_path / "attendance" / f"date={row['date']}" / f"status={row['status']}"
        folder.mkdir(parents=True, exist_ok=True)
        rest = {key: value for key, value in row.items() if key not in ("date", "status")}
        pa_parquet.write_table(to_arrow([rest], "attendance"), folder / f"part-{k}.parquet")
    expected = checked({name: county[name] for name in ("students", "attendance")})
    found = SchoolRecords.from_folder(tmp_path, today=TODAY)
    assert found.fingerprint == expected.fingerprint
    assert found.table("attendance").equals(expected.table("attendance"))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_values_in_names_are_decoded_and_may_be_missing(tmp_path, ending):
    for k, school in enumerate(["s%201", "007", "12", "__HIVE_DEFAULT_PARTITION__"]):
        folder = tmp_path / "students" / f"school_id={school}"
        folder.mkdir(parents=True)
        table = pa.table({"student_id": [k], "class_id": ["c"], "grade_level": [7]})
        if ending == "csv":
            (folder / "a.csv").write_text(f"student_id,class_id,grade_level\n{k},c,7\n", encoding="utf-8")
        else:
            pa_parquet.write_table(table, folder / "a.parquet")
    students = SchoolRecords.from_folder(tmp_path, today=TODAY).table("students")
    assert students.column("student_id").to_pylist() == [0, 1, 2, 3]
    assert students.column("school_id").to_pylist() == ["s 1", "007", "12", None]


def test_a_column_of_the_file_wins_over_the_folders_name(tmp_path, county):
    folder = tmp_path / "students" / "school_id=other"
    folder.mkdir(parents=True)
    write(folder, county)
    found = SchoolRecords.from_folder(tmp_path, today=TODAY).table("students")["school_id"].to_pylist()
    assert found == [row["school_id"] for row in county["students"]]


def test_rows_set_apart_are_written_with_the_columns_of_the_folders(tmp_path, county):
    write(tmp_path, county)
    folder = tmp_path / "outcomes" / "event=moon"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("student_id,date\np1,2024-10-01\n", encoding="utf-8")
    records = SchoolRecords.from_folder(tmp_path, today=TODAY)
    records.quarantine.write(tmp_path / "apart.csv")
    with (tmp_path / "apart.csv").open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["file"], line["row"]) == ("outcomes/event=moon/a.csv", "1")
    assert (line["student_id"], line["date"], line["event"]) == ("p1", "2024-10-01", "moon")


@pytest.mark.parametrize(
    ("ending", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("zst", None)]
)
def test_compressed_csv_equals_plain(tmp_path, county, checked, ending, compress):
    rows = "".join(f"{row['student_id']},s,c,7\n" for row in county["students"])
    text = ("student_id,school_id,class_id,grade_level\n" + rows).encode()
    packed = compress(text) if compress else pa.compress(text, codec="zstd", asbytes=True)
    for folder, name, content in (
        (tmp_path / "a", "students.csv", text),
        (tmp_path / "b", f"students.csv.{ending}", packed),
    ):
        folder.mkdir()
        (folder / name).write_bytes(content)
    one, other = (SchoolRecords.from_folder(tmp_path / name, today=TODAY) for name in "ab")
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_parquet_file_that_was_cut_off_is_named(tmp_path, county, kept):
    write(tmp_path, county)
    write(tmp_path, county, "grades")
    whole = (tmp_path / "grades.parquet").read_bytes()
    (tmp_path / "grades.parquet").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(RecordsError, match=r"'grades\.parquet' is cut off") as caught:
        SchoolRecords.from_folder(tmp_path, today=TODAY).check()
    assert "copy it again" in caught.value.hint


@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_parquet_file_with_damaged_pages_is_named(tmp_path, county, threads, monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    write(tmp_path, county)
    rows = to_arrow(county["grades"] * 500, "grades")
    pa_parquet.write_table(rows, tmp_path / "grades.parquet", row_group_size=100)
    content = bytearray((tmp_path / "grades.parquet").read_bytes())
    content[4:600] = bytes(596)
    (tmp_path / "grades.parquet").write_bytes(content)
    with pytest.raises(RecordsError, match=r"'grades\.parquet' is damaged") as caught:
        SchoolRecords.from_folder(tmp_path, today=TODAY).check()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("large_rows", [1, 10_000])
def test_row_groups_with_other_dictionaries_are_read_alike(
    tmp_path, county, checked, monkeypatch, large_rows
):
    monkeypatch.setattr("dropout_risk.records.files.readers.LARGE_ROWS", large_rows)
    write(tmp_path, county)
    for size in (1, 2, 100):
        pa_parquet.write_table(
            to_arrow(county["grades"], "grades"), tmp_path / "grades.parquet", row_group_size=size
        )
        expected = checked({name: county[name] for name in ("students", "grades")})
        assert SchoolRecords.from_folder(tmp_path, today=TODAY).fingerprint == expected.fingerprint


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_results_come_in_the_order_of_the_tasks_and_few_wait(threads, monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    begun, taken, most = [], [], 0

    def task(number):
        begun.append(number)
        return number

    for result in prefetch(task, range(50)):
        taken.append(result)
        most = max(most, len(begun) - len(taken))
    assert taken == list(range(50))
    assert most <= int(threads) + 2


def test_the_first_error_ends_the_work():
    def fail():
        raise RecordsError("broken", hint="")

    with pytest.raises(RecordsError, match="broken"):
        list(prefetch(lambda task: task(), [lambda: 1, fail, lambda: 2]))
