import pandas as pd
import pytest

from dropout_risk.records.school_records import SchoolRecords


@pytest.fixture
def broken(county, checked):
    county["students"].append({**county["students"][0], "grade_level": 9})
    county["grades"].append({**county["grades"][1], "score": 500, "date": "2999-01-01"})
    county["attendance"].append({**county["attendance"][2], "status": "MARKER77"})
    return checked(county)


def test_used_and_set_apart_add_up_to_read_in_every_table(broken):
    for name, counts in broken.check().counts.items():
        assert counts.used + counts.set_apart == counts.read
        assert counts.used == broken.table(name).num_rows
        assert counts.set_apart == broken.quarantine.counts()[name]


def test_a_row_is_listed_once_with_all_its_reasons(broken):
    frame = broken.quarantine.frame()
    assert not frame.duplicated(["table", "file", "row"]).any()
    assert frame.query("table == 'grades' and row == 3")["rule"].item() == "DR106; DR108"
    assert len(frame) == len(broken.quarantine)


def test_rows_are_named_with_their_rules(broken):
    rows = {(row.table, row.number): [rule.code for rule in row.rules] for row in broken.quarantine.rows()}
    assert rows["grades", 3] == ["DR106", "DR108"]
    assert len(rows) == len(broken.quarantine)


def test_the_files_hold_the_rows_as_they_stood(broken, tmp_path):
    files = broken.quarantine.write(tmp_path / "apart", language="zh")
    assert {file.stem for file in files} == {
        name for name, count in broken.quarantine.counts().items() if count
    }
    attendance = pd.read_csv(tmp_path / "apart" / "attendance.csv", dtype=str)
    row = attendance.query("row == '5'").iloc[0]
    assert (row["student_id"], row["status"], row["reason"]) == ("p2", "MARKER77", "词语无法识别")


def test_one_file_can_hold_all_tables(broken, tmp_path):
    (file,) = broken.quarantine.write(tmp_path / "apart.csv")
    frame = pd.read_csv(file, dtype=str)
    assert frame["table"].value_counts().to_dict() == {
        k: v for k, v in broken.quarantine.counts().items() if v
    }
    assert list(tmp_path.iterdir()) == [file]


def test_writing_again_leaves_no_stale_table(broken, county, checked, tmp_path):
    broken.quarantine.write(tmp_path)
    county["students"].pop()
    county["grades"].pop()
    county["attendance"].pop()
    assert checked(county).quarantine.write(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(broken, tmp_path, monkeypatch):
    target = tmp_path / "apart.csv"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("dropout_risk.records.quarantine._row_lines", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.quarantine.write(target)
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_rows_from_files_are_read_again_with_their_text(tmp_path):
    (tmp_path / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\n7,s,c,7\n", encoding="utf-8"
    )
    lines = ["学号,日期,事件,备注", "007,2024-10-01,返校,甲", "7,2024-10-01", "7,2024-10-02,不知道,乙"]
    (tmp_path / "outcomes.csv").write_text("\n".join(lines), encoding="gb18030")
    SchoolRecords.from_folder(tmp_path).quarantine.write(tmp_path / "apart")
    frame = pd.read_csv(tmp_path / "apart" / "outcomes.csv", dtype=str).fillna("")
    assert frame[["row", "rule", "学号", "备注"]].to_numpy().tolist() == [
        ["1", "DR156", "007", "甲"],
        ["3", "DR107", "7", "乙"],
        ["2", "DR124", "", ""],
    ]
