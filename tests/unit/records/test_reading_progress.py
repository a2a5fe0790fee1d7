import pandas as pd
import pytest

import dropout_risk as dr

ROWS = 50


def days():
    dates = pd.date_range("2024-09-02", periods=ROWS).strftime("%Y-%m-%d")
    return pd.DataFrame({"student_id": 1, "date": dates, "status": "present"})


def write(folder, name, frame):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)


def told(folder):
    heard = []
    records = dr.SchoolRecords.from_folder(folder, progress=lambda *what: heard.append(what))
    assert heard == []  # nothing is read before something is asked for
    records.check()
    return [what for what in heard if what[0] == "attendance"]


@pytest.mark.parametrize(
    "names",
    [
        ("attendance.parquet",),
        ("attendance.csv",),
        ("attendance.csv.gz",),
        ("attendance/a.parquet", "attendance/b.csv", "attendance/c.csv.gz"),
        ("attendance/term=1/a.parquet", "attendance/term=2/a.csv"),
    ],
)
def test_progress_counts_every_row_and_ends_with_all_files_read(tmp_path, names):
    write(
        tmp_path,
        "students.csv",
        pd.DataFrame({"student_id": [1], "school_id": "s", "class_id": "c", "grade_level": 8}),
    )
    for name, rows in zip(names, (range(20), range(20, 30), range(30, ROWS)), strict=False):
        write(tmp_path, name, days() if len(names) == 1 else days().iloc[list(rows)])
    heard = told(tmp_path)
    read = ROWS if len(names) == 1 else sum((20, 10, 20)[: len(names)])
    assert heard[-1] == ("attendance", read, 1.0)
    assert [rows for _, rows, _ in heard] == sorted(rows for _, rows, _ in heard)
    assert [share for *_, share in heard] == sorted(share for *_, share in heard)


def test_a_large_csv_tells_of_its_share_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("dropout_risk.records.files.csv_files.BLOCK_BYTES", 256)
    write(
        tmp_path,
        "students.csv",
        pd.DataFrame({"student_id": [1], "school_id": "s", "class_id": "c", "grade_level": 8}),
    )
    write(tmp_path, "attendance.csv", days())
    shares = [share for *_, share in told(tmp_path)]
    assert shares[-1] == 1.0
    assert len(shares) > 1
