"""A profile reads an export as the import command does, and as nothing else."""

import datetime as dt

import pytest

from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.exchange import PROFILES, read_export
from dropout_risk.exchange.edfi_import import import_edfi
from dropout_risk.exchange.oneroster_import import import_oneroster
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import RecordFolder
from dropout_risk.exchange.roll_import import import_roll
from support.exchanged import edfi, enrolment, event, oneroster, roll_text, roster

TODAY = dt.date.today()  # as the command reads what it wrote
ROLL = {"学校标识码": "2144000001", "性别": "1", "班号": "701", "入学年月": "202309",
        "学籍辅号": "A-1", "是否孤儿": "否"}  # fmt: skip


def source_of(profile, tmp_path):
    if profile == "oneroster":
        return oneroster(tmp_path / "in", roster())
    if profile == "edfi":
        events = [event("p1", f"2024-09-{day:02d}", "In Attendance") for day in range(2, 7)]
        return edfi(tmp_path / "in", events=events, enrolments=[enrolment("p1")])
    (tmp_path / "in").mkdir()
    (tmp_path / "in/学籍.csv").write_text(roll_text([ROLL]), encoding="utf-8")
    return tmp_path / "in"


def by_the_command(profile, source, out):
    folder = RecordFolder(out)
    readers = {
        "edfi": lambda: import_edfi(source, Pseudonyms(), folder),
        "oneroster": lambda: import_oneroster(source, Pseudonyms()),
        "xueji": lambda: import_roll(source, Pseudonyms(), drawn_on=TODAY, enters=7),
    }
    folder.write(readers[profile]())
    return folder.checked()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_reads_what_the_import_command_writes(tmp_path, profile):
    source = source_of(profile, tmp_path)
    more = {"enters": 7} if profile == "xueji" else {}
    found = read_export(source, profile, today=TODAY, **more)

    assert found.records.fingerprint == by_the_command(profile, source, tmp_path / "out").fingerprint
    assert found.records.table("students").num_rows == 1
    assert not len(found.records.quarantine)


def test_what_an_export_has_and_records_do_not_is_told(tmp_path):
    found = read_export(source_of("xueji", tmp_path), "xueji", today=TODAY, enters=7)

    told = found.left.text("en")
    assert "血型" in told
    assert "(nothing here needs it; it is not read)" in told


def test_unknown_profiles_and_options_are_refused_with_the_nearest(tmp_path):
    with pytest.raises(SettingsError, match="no profile 'onerooster'") as told:
        read_export(tmp_path, "onerooster")
    assert "oneroster" in told.value.hint
    with pytest.raises(SettingsError, match="no option 'week'"):
        read_export(tmp_path, "oneroster", week="china")


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(RecordsError, match="no school roll"):
        read_export(tmp_path, "xueji")
