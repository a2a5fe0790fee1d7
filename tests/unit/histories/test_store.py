import errno
import json
import os
from pathlib import Path

import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import BundleError, NewerFormatError, StoreError
from dropout_risk.features.compute import compute_features
from dropout_risk.histories import store
from dropout_risk.histories import store_format as part_files
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.runs import Runs
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_bits, same_histories
from support.districts import untidy_histories


def some():
    return untidy_histories().take(range(30))


def test_saved_and_loaded_histories_are_the_same_bits(tmp_path):
    loaded = Histories.load(untidy_histories().save(tmp_path / "store"))

    assert same_histories(loaded, untidy_histories()) == []
    left, right = (
        compute_features(histories, "2025-03-03", default_catalogue()).values
        for histories in (loaded, untidy_histories())
    )
    assert same_bits(left, right)


def test_histories_of_pupils_without_any_row_can_be_saved(tmp_path):
    students = [{"student_id": 7, "school_id": None, "class_id": None, "grade_level": 8}]
    empty = Histories.from_records(SchoolRecords.from_tables(students=students, today="2025-12-31"))

    assert same_histories(Histories.load(empty.save(tmp_path)), empty) == []


def test_histories_of_nobody_can_be_saved(tmp_path):
    nobody = untidy_histories().take([])

    assert same_histories(Histories.load(nobody.save(tmp_path)), nobody) == []


def test_a_store_that_was_written_before_full_marks_were_kept_says_nothing_of_them(tmp_path, monkeypatch):
    def as_before(runs, drop=()):
        columns = {name: column for name, column in runs.columns.items() if name != "full"}
        return pack_runs(Runs(runs.offsets, columns, runs.key), drop)

    pack_runs = part_files.pack_runs
    with monkeypatch.context() as patch:
        patch.setattr(part_files, "pack_runs", as_before)
        some().save(tmp_path / "store")
    loaded = Histories.load(tmp_path / "store")

    assert some().grades.columns["full"].any()
    assert not loaded.grades.columns["full"].any()
    assert same_bits(*(made.grades.columns["percent"] for made in (loaded, some())))
    again = Histories.load(loaded.save(tmp_path / "again"))
    assert same_histories(again, loaded) == []


def test_a_loaded_store_can_grow(tmp_path):
    rows = [{"student_id": "p", "date": "2025-03-03", "status": "absent"}]
    students = [{"student_id": "p", "school_id": "s", "class_id": "1", "grade_level": 8}]
    records = SchoolRecords.from_tables(students=students, attendance=rows, today="2025-12-31")
    loaded = Histories.load(Histories.from_records(records).save(tmp_path))

    assert same_histories(loaded.append(records), loaded) == []


def versions(folder):
    return {path.name for path in folder.glob("v-*")}


def test_saving_again_leaves_the_version_and_the_one_before_it(tmp_path):
    some().save(tmp_path)
    first = versions(tmp_path)
    for pupils in ([1, 2], [1, 2, 3]):
        untidy_histories().take(pupils).save(tmp_path)
        assert len(Histories.load(tmp_path)) == len(pupils)
        assert len(versions(tmp_path)) == 2

    assert not first & versions(tmp_path)


def test_what_a_stopped_writer_had_still_to_remove_goes_with_the_next_one(tmp_path, monkeypatch):
    class StopError(BaseException):
        pass

    def stop(*args):
        raise StopError

    for _ in range(2):
        some().save(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_remove_part", stop)
        with pytest.raises(StopError):
            some().save(tmp_path)
    assert len(Histories.load(tmp_path)) == 30
    some().save(tmp_path)

    assert len(versions(tmp_path)) == 2


def test_folders_that_the_store_did_not_write_are_left_alone(tmp_path):
    store_folder, aside = tmp_path / "store", tmp_path / "v-aside"
    (store_folder / "v-2024-backup").mkdir(parents=True)
    aside.mkdir()
    some().save(store_folder)
    pointer = store_folder / "current.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"previous": "../v-aside"}))
    for _ in range(3):
        some().save(store_folder)

    assert "v-2024-backup" in versions(store_folder)
    assert aside.exists()


@pytest.mark.parametrize("saves", [1, 2])
def test_who_reads_while_the_store_is_replaced_gets_the_old_or_the_new_one(tmp_path, monkeypatch, saves):
    some().save(tmp_path)
    read, left = store._read_histories, iter(range(saves))

    def replaced_meanwhile(folder, state):
        for _ in left:
            untidy_histories().take([1, 2]).save(tmp_path)
        return read(folder, state)

    monkeypatch.setattr(store, "_read_histories", replaced_meanwhile)
    assert len(Histories.load(tmp_path)) == {1: 30, 2: 2}[saves]


STEPS = {
    "students": (part_files, "_write_students"),
    "arrays": (part_files, "_write_arrays"), "sync": (part_files, "sync_to_disk"),
    "pointer": (Path, "write_text"), "replace": (os, "replace"),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_fills_at_any_step_leaves_the_old_store_and_nothing_else(tmp_path, monkeypatch, step):
    old = some()
    old.save(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], full)
        with pytest.raises(StoreError, match="could not be written") as error:
            untidy_histories().take([1, 2]).save(tmp_path)

    assert "as it was before" in error.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert same_histories(Histories.load(tmp_path), old) == []


@pytest.mark.parametrize("content", [None, "", '{"format": 1, "ver', "{}", "[]", '{"format": "one"}'])
def test_a_missing_or_truncated_pointer_is_named_as_such(tmp_path, content):
    some().save(tmp_path)
    (tmp_path / "current.json").unlink()
    if content is not None:
        (tmp_path / "current.json").write_text(content)

    with pytest.raises(BundleError, match="holds no histories") as error:
        Histories.load(tmp_path)
    assert "Histories.save" in error.value.hint


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BundleError, match="nowhere"):
        Histories.load(tmp_path / "nowhere")


def test_a_store_of_a_newer_format_is_refused(tmp_path):
    (tmp_path / "current.json").write_text(json.dumps({"format": store.FORMAT + 1, "files": {}}))

    with pytest.raises(NewerFormatError, match=f"format {store.FORMAT + 1}.*up to {store.FORMAT}"):
        Histories.load(tmp_path)


def test_a_store_of_a_newer_format_is_not_overwritten(tmp_path):
    some().save(tmp_path)
    pointer = tmp_path / "current.json"
    newer = json.dumps(json.loads(pointer.read_text()) | {"format": store.FORMAT + 1})
    pointer.write_text(newer)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(NewerFormatError, match=f"format {store.FORMAT + 1}"):
        some().save(tmp_path)
    assert pointer.read_text() == newer
    assert sorted(tmp_path.rglob("*")) == before


def test_a_store_of_the_first_format_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "current.json").write_text(json.dumps({"format": 1, "version": "v-12345678"}))

    with pytest.raises(BundleError, match="format 1") as error:
        Histories.load(tmp_path)
    assert "store build" in error.value.hint
    some().save(tmp_path)
    assert len(Histories.load(tmp_path)) == 30


@pytest.mark.parametrize("name", ["students.parquet", "arrays.arrow"])
@pytest.mark.parametrize("how", ["missing", "cut off", "changed"])
def test_a_damaged_file_is_named(tmp_path, name, how):
    some().save(tmp_path)
    (path,) = tmp_path.glob(f"v-*/{name}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if how != "missing":
        path.write_bytes(content[: len(content) // 2] if how == "cut off" else content)

    with pytest.raises(BundleError, match=f"not complete.*{path.parent.name}/{name}"):
        Histories.load(tmp_path)
