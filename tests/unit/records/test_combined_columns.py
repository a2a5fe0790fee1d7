"""Two columns read as one: a status and, beside it, whether it is excused."""

import pandas as pd
import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.proposals.mapping_proposal import propose_mapping
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES
from support.workbooks import xlsx_bytes

PUPILS = [{"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 7} for n in range(10)]
DAYS = pd.bdate_range("2024-09-02", periods=10).strftime("%Y-%m-%d").tolist()
COMBINED = {"combined": {"attendance": {"status": ["Att", "Excused"]}}}
WORDS = {"words": {"status": {"absent + Y": "excused", "Absent+N": "absent"}}}


def register(status="Att", excuse="Excused", words=("absent", "present", "Y", "N")):
    """Pupil n is away on day n, excused where n is even; nothing stands beside presence."""
    absent, present, yes, no = words
    return [
        {"student_id": f"p{n}", "date": day, status: absent if k == n else present}
        | {excuse: ("" if k != n else no if n % 2 else yes)}
        for n in range(10)
        for k, day in enumerate(DAYS)
    ]


def statuses(records):
    codes = records.table("attendance")["status"].to_pylist()
    return {word: codes.count(code) for code, word in enumerate(STATUSES.words) if code in codes}


def read(rows, mapping, **more):
    return SchoolRecords.from_tables(
        students=PUPILS, attendance=rows, mapping=mapping, today="2024-12-31", **more
    )


def test_a_pair_of_words_means_what_the_mapping_says():
    records = read(register(), COMBINED | WORDS)

    assert str(records.check()).count("[DR") == 0
    assert statuses(records) == {"present": 90, "absent": 5, "excused": 5}


def test_a_pair_that_nobody_declares_is_named_and_not_read_as_its_first_word():
    records = read(register(), COMBINED)

    assert [(p.rule.code, p.rows) for p in records.check().problems] == [("DR107", 10)]
    assert {
        word for word, *_ in [(w,) for w in map(str, records.unknown_words().astype(str).values.ravel())]
    } >= {"absent + Y"}


def test_the_hint_on_an_unread_excuse_names_the_entry():
    records = read(register(status="status"), None)

    (problem,) = records.check().problems
    assert (problem.rule.code, problem.column) == ("DR102", "Excused")
    assert all("[combined.attendance]" in problem.hint(language) for language in ("en", "zh"))


def test_a_file_without_the_second_column_is_read_by_the_first_and_named():
    rows = [{name: value for name, value in row.items() if name != "Excused"} for row in register()]
    records = read(rows, COMBINED | WORDS)

    assert statuses(records) == {"present": 90, "absent": 10}
    assert [p.column for p in records.check().problems if p.rule.name == "unused_entry"] == ["excused"]


def test_filters_ask_the_columns_that_are_combined():
    records = read(register(), COMBINED | WORDS | {"filters": {"attendance": {"Excused": {"not": ["N"]}}}})

    assert statuses(records) == {"present": 90, "excused": 5}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"attendance": {"date": ["a", "b"]}}, "combined.attendance.date"),
        ({"attendance": {"status": ["a"]}}, "combined.attendance"),
        ({"attendances": {"status": ["a", "b"]}}, "combined.attendances"),
        (4, "'combined' must be a table"),
    ],
)
def test_entries_that_can_never_apply_are_refused(given, word):
    with pytest.raises(SettingsError, match=word.replace(".", r"\.")):
        read(register(), {"combined": given})


@pytest.mark.parametrize(
    ("names", "words", "more"),
    [
        (("AttendanceStatus", "Excused"), ("Absent", "Present", "Yes", "No"), ".csv"),
        (("考勤状态", "是否请假"), ("缺课", "出勤", "是", "否"), ".xlsx"),
        (("Status", "Excuse Type"), ("absent", "present", "excused", "unexcused"), ".csv"),
    ],
)
def test_map_proposes_the_pair_and_its_words(tmp_path, names, words, more):
    pd.DataFrame(PUPILS).to_csv(tmp_path / "students.csv", index=False)
    rows = pd.DataFrame(register(*names, words))
    if more == ".csv":
        rows.to_csv(tmp_path / "attendance.csv", index=False)
    else:
        sheet = [list(rows.columns), *rows.to_numpy().tolist()]
        (tmp_path / "考勤.xlsx").write_bytes(xlsx_bytes({"考勤": sheet}))

    proposal = propose_mapping(tmp_path, today="2024-12-31")
    records = SchoolRecords.from_folder(tmp_path, mapping=proposal.mapping(), today="2024-12-31")

    assert proposal.clean, proposal.text()
    assert statuses(records) == {"present": 90, "absent": 5, "excused": 5}


def test_map_proposes_pairs_of_signs_as_doubtful_as_the_signs_are(tmp_path):
    pd.DataFrame(PUPILS).to_csv(tmp_path / "students.csv", index=False)
    pd.DataFrame(register("status", "excuse", ("A", "P", "E", "U"))).to_csv(
        tmp_path / "attendance.csv", index=False
    )

    asked = {line.key: line.value for line in propose_mapping(tmp_path, today="2024-12-31").doubtful}

    assert asked == {"A": "absent", "P": "present", "A + E": "excused", "A + U": "absent"}


def test_map_asks_what_a_pair_means_that_nobody_knows(tmp_path):
    pd.DataFrame(PUPILS).to_csv(tmp_path / "students.csv", index=False)
    pd.DataFrame(register(words=("absent", "present", "QX", "N"), status="status")).to_csv(
        tmp_path / "attendance.csv", index=False
    )

    proposal = propose_mapping(tmp_path, today="2024-12-31")

    assert [(line.key, line.value) for line in proposal.doubtful] == [("absent + QX", None)]
