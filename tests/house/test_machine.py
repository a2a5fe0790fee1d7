"""A machine without a browser or Java: installed where that can be done, left out aloud, never in CI."""

from pathlib import Path

import pytest

from support import machine
from support.machine import Need, next_step, prepare, require, ways_to_install

GONE = Need("Chromium", ("chromium",), lambda: False, "the browser tests", ("-m", "playwright", "install"))
NEEDED = Need("libgomp", ("libgomp1",), lambda: False)
THERE = Need("Chromium", ("chromium",), lambda: True, "the browser tests")


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch):
    """No test may change the machine: what would be installed is noted."""
    asked = []
    monkeypatch.setattr(machine, "install", asked.append)
    monkeypatch.delenv("CI", raising=False)
    return asked


@pytest.mark.parametrize(
    ("found", "can_install", "may_leave_out", "in_ci", "step"),
    [
        (True, True, True, True, "go on"),
        (True, False, False, True, "go on"),
        (False, True, True, False, "install"),
        (False, True, True, True, "install"),
        (False, False, True, False, "leave out"),
        (False, False, True, True, "stop"),
        (False, False, False, False, "stop"),
    ],
)
def test_what_is_missing_is_installed_or_left_out_and_in_ci_never_left_out(
    found, can_install, may_leave_out, in_ci, step
):
    how = {"can_install": can_install, "may_leave_out": may_leave_out, "in_ci": in_ci}
    assert next_step(found, **how) == step


@pytest.mark.parametrize(("value", "said"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_ci_is_what_the_environment_says(monkeypatch, value, said):
    monkeypatch.setenv("CI", value)
    assert machine.in_ci() is said


def test_apt_is_asked_as_root_alone_and_a_download_comes_last():
    as_root = ways_to_install(GONE, is_root=True, has_apt=True)
    assert as_root[0][-1][0] == "apt-get"
    assert "chromium" in as_root[0][-1]
    assert as_root[1][0][-1] == "--with-deps"
    as_user = ways_to_install(GONE, is_root=False, has_apt=True)
    assert [way[-1][1:] for way in as_user] == [["-m", "playwright", "install"]]
    assert ways_to_install(NEEDED, is_root=False, has_apt=True) == []


def test_what_failed_is_not_tried_again_at_every_run_but_in_ci(tmp_path, nothing_is_installed, monkeypatch):
    tried = tmp_path / "tried"
    assert prepare([THERE, GONE], tried) == 0
    assert prepare([THERE, GONE], tried) == 0
    assert nothing_is_installed == [GONE]
    monkeypatch.setenv("CI", "true")
    assert prepare([GONE], tried) == 1
    assert nothing_is_installed == [GONE, GONE]


def test_without_what_a_command_needs_it_stops_with_the_way_to_get_it(capsys):
    assert prepare([NEEDED], None) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "sudo apt-get install libgomp1" in said


def test_tests_are_left_out_with_one_line_that_says_how_to_get_them(monkeypatch):
    require(THERE)
    with pytest.raises(pytest.skip.Exception) as left_out:
        require(THERE, GONE)
    assert "BROWSER TESTS ARE LEFT OUT" in str(left_out.value)
    assert "sudo apt-get install chromium" in str(left_out.value)
    assert "\n" not in str(left_out.value)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        require(GONE)


def test_a_browser_that_does_not_start_is_none(monkeypatch, tmp_path):
    shim = tmp_path / "bin" / "chromium"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'requires the chromium snap, version 1.2' >&2\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert machine.browser() is None
    shim.write_text("#!/bin/sh\necho Chromium 130.0.1\n")
    assert machine.browser() == str(shim)
    shim.unlink()
    own = Path(tmp_path, "chromium_headless_shell-1", "linux", "headless_shell")
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho Chromium 130.0.1\n")
    own.chmod(0o755)
    assert machine.browser() == str(own)


@pytest.mark.parametrize(
    ("said", "found"),
    [('openjdk version "17.0.9"', True), ('java version "1.8.0_292"', False), ("nothing", False)],
)
def test_a_java_that_is_too_old_is_none(monkeypatch, tmp_path, said, found):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert machine.has_java() is found


def test_debian_keeps_the_server_on_no_path_and_the_newest_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(
        machine, "Path", lambda name: tmp_path if name == "/usr/lib/postgresql" else Path(name)
    )
    assert machine.postgres_programs() is None
    for version in ("9", "15"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "pg_ctl", "postgres"):
            (folder / name).write_text("#!/bin/sh\necho 'PostgreSQL 15.0'\n")
            (folder / name).chmod(0o755)
    assert machine.postgres_programs() == str(tmp_path / "15" / "bin")
    (tmp_path / "15" / "bin" / "pg_ctl").unlink()
    assert machine.postgres_programs() == str(tmp_path / "9" / "bin")
