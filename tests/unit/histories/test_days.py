import errno
import json
import subprocess
import sys
import time

import numpy as np
import pytest

from dropout_risk.errors import BundleError, RecordsError, StoreBusyError, StoreError
from dropout_risk.histories import store_format as part_files
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import fold_days, hold_lock
from dropout_risk.histories.store_append import append_day, known_to
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_histories

NAMES = ("a", "b", "c", "e")
STUDENTS = [{"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in NAMES]
TODAY = "2025-12-31"


def register(day, status="present", names=NAMES, **columns):
    return [{"student_id": name, "date": day, "status": status} | columns for name in names]


def mark(name, day, score, **columns):
    row = {"student_id": name, "date": day, "subject": "maths", "exam": "e", "score": score, "max_score": 100}
    return row | columns


def records(**tables):
    return SchoolRecords.from_tables(today=TODAY, **tables)


TEST = {"student_id": "c", "date": "2025-03-06", "instrument": "MHT", "scale": "total", "score": 9}
FIRST = {
    "students": STUDENTS, "attendance": [*register("2025-03-03"), *register("2025-03-04", "late")],
    "grades": [mark("a", "2025-03-03", 40)],
}  # fmt: skip
DAYS = [
    {"attendance": register("2025-03-05", "absent"), "grades": [mark("b", "2025-03-05", 70, subject="art")]},
    {"attendance": register("2025-03-06", names=["a", "e"], recorded_on="2025-03-08"),
     "wellbeing": [TEST]},
    {"students": [STUDENTS[1] | {"student_id": "d"}, STUDENTS[0] | {"class_id": "2"}],
     "attendance": register("2025-03-07", names=["a", "d"])},
    {"attendance": register("2025-03-04", "excused", names=["a"], recorded_on="2025-03-10"),
     "grades": [mark("a", "2025-03-03", 80, recorded_on="2025-03-07")]},
    {"attendance": register("2025-02-24", "absent", names=["d"])},
    {"family": [{"student_id": "d", "factor": "orphan", "valid_from": "2025-01-01"}]},
]  # fmt: skip


def store_of(folder, **tables):
    Histories.from_records(records(**(FIRST | tables))).save(folder)
    return folder


def arrive(folder, **tables):
    day = SchoolRecords.from_tables(today=TODAY, known=known_to(folder), **tables)
    return append_day(folder, day)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_days_appended_to_a_store_are_what_appending_them_in_memory_gives(tmp_path):
    store_of(tmp_path)
    in_memory = Histories.load(tmp_path)
    for number, day in enumerate(DAYS):
        known = known_to(tmp_path)
        in_memory = in_memory.append(SchoolRecords.from_tables(today=TODAY, known=known, **day))
        assert arrive(tmp_path, **day)[:2] == (True, number + 1)

        assert same_histories(Histories.load(tmp_path), in_memory) == []


def test_days_appended_to_a_store_are_what_building_from_all_records_gives(tmp_path):
    store_of(tmp_path)
    for day in DAYS:
        arrive(tmp_path, **day)
    students = [STUDENTS[0] | {"class_id": "2"}, *STUDENTS[1:], STUDENTS[1] | {"student_id": "d"}]
    rows = {name: [row for part in (FIRST, *DAYS) for row in part.get(name, [])] for name in
            ("attendance", "grades", "wellbeing", "family")}  # fmt: skip

    at_once = Histories.from_records(records(students=students, **rows))

    assert same_histories(Histories.load(tmp_path), at_once) == []


def test_folding_a_store_changes_nothing_but_the_number_of_its_parts(tmp_path):
    store_of(tmp_path)
    for day in DAYS:
        arrive(tmp_path, **day)
    before = Histories.load(tmp_path)

    fold_days(tmp_path)

    assert same_histories(Histories.load(tmp_path), before) == []
    assert arrive(tmp_path, **DAYS[0]) == (False, 0, 0)


def test_the_same_day_twice_changes_nothing_and_adds_nothing(tmp_path):
    store_of(tmp_path)
    for day in DAYS:
        arrive(tmp_path, **day)
    before, files = Histories.load(tmp_path), names_in(tmp_path)

    for day in DAYS:
        assert arrive(tmp_path, **day) == (False, len(DAYS), 0)

    assert names_in(tmp_path) == files
    assert same_histories(Histories.load(tmp_path), before) == []


def test_a_day_speaks_of_the_pupils_of_the_store_and_of_no_others(tmp_path):
    store_of(tmp_path)
    day = SchoolRecords.from_tables(
        today=TODAY, known=known_to(tmp_path), attendance=register("2025-03-05", names=["a", "stranger"])
    )

    assert [problem.rule.name for problem in day.check().problems] == ["unknown_pupil"]
    assert day.table("attendance").num_rows == 1
    assert day.table("students")["student_id"].to_pylist() == list(NAMES)


def test_a_broken_row_of_a_known_pupil_is_set_apart_and_the_known_one_stays(tmp_path):
    store_of(tmp_path)
    broken = STUDENTS[0] | {"enrolled_on": "2025-03-01", "left_on": "2025-02-01"}
    day = SchoolRecords.from_tables(
        today=TODAY, known=known_to(tmp_path), students=[broken], attendance=register("2025-03-05")
    )

    assert len(day.quarantine) == 1
    assert day.table("attendance").num_rows == 4
    append_day(tmp_path, day)
    assert Histories.load(tmp_path).students["left_on"].null_count == 4
    assert Histories.load(tmp_path).set_apart == ()


def test_numbers_as_ids_stay_numbers_and_text_beside_them_is_refused(tmp_path):
    students = [row | {"student_id": number} for number, row in enumerate(STUDENTS, 7)]
    Histories.from_records(records(students=students)).save(tmp_path)
    arrive(tmp_path, attendance=[{"student_id": "8", "date": "2025-03-05", "status": "absent"}])

    assert Histories.load(tmp_path).student_ids == [7, 8, 9, 10]
    with pytest.raises(RecordsError, match="whole numbers") as error:
        arrive(tmp_path, students=[STUDENTS[0] | {"student_id": "secret-x"}])
    assert "secret" not in str(error.value)


def calendar(days, shut=()):
    return [{"date": day, "is_school_day": day not in shut} for day in (*days, *shut)]


def test_attendance_of_a_day_lies_on_the_school_days_that_the_store_knows(tmp_path):
    store_of(tmp_path, calendar=calendar(["2025-03-03", "2025-03-04", "2025-03-05"]))
    day = SchoolRecords.from_tables(
        today=TODAY,
        known=known_to(tmp_path),
        attendance=[*register("2025-03-05"), *register("2025-03-06")],
    )

    assert [problem.rule.name for problem in day.check().problems] == ["no_school_day"]
    assert day.table("attendance").num_rows == 4


def test_a_school_day_ahead_can_be_closed_and_one_that_has_passed_cannot(tmp_path):
    store_of(tmp_path, calendar=calendar(["2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06"]))
    arrive(tmp_path, calendar=calendar(["2025-03-07"], shut=["2025-03-05"]))
    before = names_in(tmp_path)

    days = Histories.load(tmp_path).calendar
    assert [int(day) - int(days.days[0, 0]) for day in days.days[0]] == [0, 1, 3, 4]
    with pytest.raises(RecordsError, match=r"1 day\(s\).*no school days") as error:
        arrive(tmp_path, calendar=calendar([], shut=["2025-03-03"]))
    assert "from all records" in error.value.hint
    assert names_in(tmp_path) == before


@pytest.mark.parametrize(
    ("listed", "recounted"), [(["2025-03-02"], 1), (["2025-03-05"], 0), ([], 0), (["2025-03-03"], 0)]
)
def test_schools_that_get_a_school_day_of_the_past_are_counted(tmp_path, listed, recounted):
    store_of(tmp_path, calendar=calendar(["2025-03-03", "2025-03-04"]))
    before = share_on(tmp_path, "2025-03-04")

    appended = arrive(tmp_path, calendar=calendar(listed), grades=[mark("b", "2025-03-04", 50)])

    assert appended == (True, 1, recounted)
    assert (share_on(tmp_path, "2025-03-04") != before) == bool(recounted)


def share_on(folder, day):
    """Give what earlier scores are made from: how many school days have passed."""
    return Histories.load(folder).calendar.known_on(ordinal_of(day)).index(np.array([0]), ordinals(day))[0]


def ordinals(day):
    return np.array([ordinal_of(day)], np.int32)


def test_a_past_day_that_only_late_attendance_tells_of_changes_no_earlier_score(tmp_path):
    store_of(tmp_path)

    late = register("2025-02-24", recorded_on="2025-03-20")

    assert arrive(tmp_path, attendance=late).n_recounted == 0
    assert arrive(tmp_path, attendance=register("2025-02-25")).n_recounted == 1


def statuses(folder):
    return Histories.load(folder).on("2025-12-31").days("absent").sum(axis=1).tolist()


def test_a_part_of_a_corrected_day_corrects_again_and_the_whole_day_does_not(tmp_path):
    store_of(tmp_path)
    whole = register("2025-03-05", "absent")
    arrive(tmp_path, attendance=whole)
    arrive(tmp_path, attendance=register("2025-03-05", names=["a", "b"]))

    assert not arrive(tmp_path, attendance=whole).is_new
    assert statuses(tmp_path) == [0, 0, 1, 1]
    assert arrive(tmp_path, attendance=whole[:1]).is_new
    assert statuses(tmp_path) == [1, 0, 1, 1]


def test_the_arrays_of_a_part_are_read_once(tmp_path, monkeypatch):
    store_of(tmp_path)
    read, names = part_files._read_bytes, []
    monkeypatch.setattr(
        part_files, "_read_bytes", lambda folder, name, sums: names.append(name) or read(folder, name, sums)
    )

    known_to(tmp_path)

    assert sorted(names) == ["arrays.arrow", "students.parquet"]


def test_a_part_of_the_sessions_of_a_stored_day_is_refused_and_the_store_stays(tmp_path):
    store_of(tmp_path)
    sessions = [row | {"session": part} for part in "12" for row in register("2025-03-05")]
    arrive(tmp_path, attendance=sessions)
    before = names_in(tmp_path)

    with pytest.raises(RecordsError, match="several sessions"):
        arrive(tmp_path, attendance=[sessions[0] | {"status": "absent"}])
    assert names_in(tmp_path) == before


def test_what_is_made_up_stays_marked_and_who_was_set_apart_stays_named(tmp_path):
    broken = STUDENTS[0] | {"student_id": "z", "enrolled_on": "2025-03-01", "left_on": "2025-02-01"}
    Histories.from_records(records(students=[*STUDENTS, broken], synthetic=True)).save(tmp_path)
    arrive(tmp_path, **DAYS[0])

    assert Histories.load(tmp_path).synthetic
    assert Histories.load(tmp_path).set_apart == ("z",)
    fold_days(tmp_path)
    assert Histories.load(tmp_path).synthetic
    arrive(tmp_path, students=[STUDENTS[0] | {"student_id": "z"}])
    assert Histories.load(tmp_path).set_apart == ()


@pytest.mark.parametrize("step", ["_write_students", "_write_arrays", "sync_to_disk"])
def test_a_full_disk_leaves_the_store_as_it_was(tmp_path, monkeypatch, step):
    store_of(tmp_path)
    before, histories = names_in(tmp_path), Histories.load(tmp_path)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(part_files, step, full)
        with pytest.raises(StoreError, match="No space left"):
            arrive(tmp_path, **DAYS[0])

    assert [name for name in names_in(tmp_path) if name != "lock"] == [n for n in before if n != "lock"]
    assert same_histories(Histories.load(tmp_path), histories) == []
    assert arrive(tmp_path, **DAYS[0]).is_new


@pytest.mark.parametrize("name", ["students.parquet", "arrays.arrow"])
def test_a_damaged_day_is_named_to_readers_and_writers(tmp_path, name):
    store_of(tmp_path)
    arrive(tmp_path, **DAYS[0])
    (path,) = tmp_path.glob(f"s-*/{name}")
    path.write_bytes(path.read_bytes()[:-9])

    for use in (Histories.load, fold_days):
        with pytest.raises(BundleError, match=f"{path.parent.name}/{name} is damaged"):
            use(tmp_path)


def test_a_second_writer_waits_a_little_and_then_says_which_store_is_busy(tmp_path):
    store_of(tmp_path)
    day = SchoolRecords.from_tables(today=TODAY, known=known_to(tmp_path), **DAYS[0])
    with hold_lock(tmp_path):
        with pytest.raises(StoreBusyError, match=tmp_path.name) as error:
            append_day(tmp_path, day, wait=0.05)
        assert len(Histories.load(tmp_path)) == 4
    assert "try again" in error.value.hint
    assert append_day(tmp_path, day, wait=0.05).is_new


HOLDER = """
import sys, time
from dropout_risk.histories.store import hold_lock
from pathlib import Path
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(0.5)
"""


def test_a_second_writer_goes_on_when_the_first_process_has_finished(tmp_path):
    store_of(tmp_path)
    day = SchoolRecords.from_tables(today=TODAY, known=known_to(tmp_path), **DAYS[0])
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusyError):
            append_day(tmp_path, day, wait=0)
        assert append_day(tmp_path, day, wait=30).is_new


def test_two_days_checked_against_the_same_store_are_both_added(tmp_path):
    store_of(tmp_path)
    known = known_to(tmp_path)
    new = [STUDENTS[0] | {"student_id": "aa"}, STUDENTS[0] | {"class_id": "2"}]
    days = [
        {"students": new, "attendance": register("2025-03-05", names=["aa", "e"])},
        {"attendance": register("2025-03-06", "absent", names=["e"])},
    ]
    for day in days:
        assert append_day(tmp_path, SchoolRecords.from_tables(today=TODAY, known=known, **day)).is_new

    grown = Histories.load(tmp_path)
    assert grown.on("2025-03-07").days("absent").sum(axis=1).tolist() == [0, 0, 0, 0, 1]
    assert grown.students["class_id"].to_pylist() == ["2", "1", "1", "1", "1"]


def test_the_pointer_counts_every_part_and_time_leaves_no_trace(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        store_of(folder)
        arrive(folder, **DAYS[0])
        time.sleep(0.01)
    one, other = (json.loads((folder / "current.json").read_text())["parts"] for folder in (first, second))

    assert [part["files"] for part in one] == [part["files"] for part in other]
