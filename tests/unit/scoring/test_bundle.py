import json

import pytest

from dropout_risk import files
from dropout_risk.errors import BundleError, NewerFormatError
from dropout_risk.scoring.bundles import bundle as module
from dropout_risk.scoring.bundles.bundle import read_bundle, write_bundle

FILES = {"model.txt": b"tree", "metrics.json": b"{}"}


@pytest.fixture
def folder(tmp_path):
    return write_bundle(tmp_path / "county", FILES, {"name": "county"})


def test_what_was_written_is_read(folder):
    files, manifest = read_bundle(folder)

    assert files == FILES
    assert manifest["name"] == "county"


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[0] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(BundleError, match=f"{name} was changed"):
        read_bundle(folder)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()

    with pytest.raises(BundleError, match=name):
        read_bundle(folder)


def test_a_newer_format_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))

    with pytest.raises(NewerFormatError, match="upgrade"):
        read_bundle(folder)


def test_a_changed_manifest_is_refused(folder):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace("county", "another"))

    with pytest.raises(BundleError, match=r"manifest\.json .*was changed"):
        read_bundle(folder)


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.doc").write_text("years of work")

    with pytest.raises(BundleError, match="not a bundle"):
        write_bundle(tmp_path, FILES, {})

    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_a_failure_while_writing_leaves_the_former_bundle_and_nothing_else(folder, monkeypatch):
    def fail(content):
        raise OSError("disk full")

    monkeypatch.setattr(module, "_content_sha", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bundle(folder, {"model.txt": b"new"}, {})
    monkeypatch.undo()

    assert read_bundle(folder)[0] == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["county"]


def test_a_manifest_that_names_a_file_outside_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../elsewhere.txt"] = "0" * 64
    del manifest["sha256"]
    manifest["sha256"] = module._content_sha(module._manifest_bytes(manifest))
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(BundleError, match="outside"):
        read_bundle(folder)


def test_a_folder_with_a_manifest_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    (tmp_path / "students.csv").write_text("student_id")

    with pytest.raises(BundleError, match="not a bundle"):
        write_bundle(tmp_path, FILES, {})

    assert len(list(tmp_path.iterdir())) == 2


def test_a_bundle_with_a_stray_file_is_never_replaced(folder):
    (folder / "notes.txt").write_text("mine")

    with pytest.raises(BundleError, match="not a bundle"):
        write_bundle(folder, FILES, {})


def test_a_bundle_that_cannot_be_put_in_place_leaves_the_former_one(folder, monkeypatch):
    real = files.os.replace

    def fail_once(source, target):
        if target == folder and "fresh" in str(source):
            raise OSError("no room")
        real(source, target)

    monkeypatch.setattr(files.os, "replace", fail_once)
    with pytest.raises(OSError, match="no room"):
        write_bundle(folder, {"model.txt": b"new"}, {})
    monkeypatch.undo()

    assert read_bundle(folder)[0] == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["county"]
