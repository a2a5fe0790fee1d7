"""Ed-Fi: exceptions count where they are declared and school days are known; both forms say the same."""

import pytest
from hypothesis import given, settings

from dropout_risk.errors import OutputError, RecordsError, SettingsError
from dropout_risk.exchange.edfi_export import export_edfi
from dropout_risk.exchange.edfi_import import import_edfi
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import RecordFolder
from support.exchanged import (
    NUMBER,
    calendar_date,
    districts,
    edfi,
    enrolment,
    event,
    interchange,
    records_in,
)

KEY = Pseudonyms(b"0123456789abcdef" * 2)
DAYS = [f"2024-09-{day:02d}" for day in range(2, 7)]


def imported(tmp_path, resources, **options):
    source = edfi(tmp_path / "in", **resources)
    return import_edfi(source, Pseudonyms(), RecordFolder(tmp_path / "out"), **options)


def exceptions(**more):
    return {
        "events": [event("p1", DAYS[1], "Unexcused Absence")],
        "enrolments": [enrolment("p1"), enrolment("p2")],
        **more,
    }


def full():
    return {
        "events": [event(pupil, day, "In Attendance") for pupil in ("p1", "p2") for day in DAYS[1:]]
        + [event("p1", DAYS[0], "Tardy"), event("p2", DAYS[0], "Excused Absence")],
        "enrolments": [enrolment("p1"), enrolment("p2")],
    }


def test_exceptions_that_nobody_declared_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="exceptions only") as told:
        imported(tmp_path, exceptions())
    assert "--unrecorded present" in told.value.hint


def test_exceptions_without_school_days_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="Without school days"):
        imported(tmp_path, exceptions(), unrecorded="present")


def test_a_list_of_holidays_alone_does_not_say_which_days_are_school_days(tmp_path):
    holidays = [calendar_date("2024-10-01", "Holiday")]

    with pytest.raises(SettingsError, match="Without school days"):
        imported(tmp_path, exceptions(calendarDates=holidays), unrecorded="present")


@pytest.mark.parametrize("way", ["source", "week", "folder"])
def test_exceptions_with_school_days_read_clean_and_silence_is_presence_on_these_alone(tmp_path, way):
    folder = RecordFolder(tmp_path / "out")
    dates = [calendar_date(day, "Instructional day") for day in DAYS]
    if way == "folder":
        folder.path.mkdir()
        text = "".join(f"{day},yes\n" for day in DAYS)
        (folder.path / "calendar.csv").write_text(f"date,is_school_day\n{text}", encoding="utf-8")
    more = {"calendarDates": dates} if way == "source" else {}
    found = imported(
        tmp_path, exceptions(**more), unrecorded="present", week="weekdays" if way == "week" else None
    )
    folder.write(found)
    records = folder.checked()

    assert folder.mapping is not None
    assert not len(records.quarantine)
    assert len(records.table("attendance")) == 1
    assert records.presumed_schools == ["25"]


def test_the_mapping_is_what_makes_silence_presence(tmp_path):
    folder = RecordFolder(tmp_path / "out")
    folder.write(imported(tmp_path, exceptions(), unrecorded="present", week="weekdays"))

    assert folder.mapping.read_text("utf-8") == 'unrecorded = "present"\n[calendar]\nweek = "weekdays"\n'


def test_a_register_of_everybody_needs_no_word(tmp_path):
    folder = RecordFolder(tmp_path / "out")
    folder.write(imported(tmp_path, full()))

    assert folder.mapping is None
    assert "attendance: 10 read, 10 used" in str(folder.checked().check())


def test_both_forms_say_the_same(tmp_path):
    given = full()
    found = imported(tmp_path, given)
    xml = edfi(tmp_path / "xml", enrolments=given["enrolments"])
    (xml / "StudentSchoolAttendance.xml").write_text(interchange(given["events"]), encoding="utf-8")

    assert import_edfi(xml, Pseudonyms(), RecordFolder(tmp_path / "other")).tables == found.tables


def test_a_document_type_is_refused(tmp_path):
    source = edfi(tmp_path / "in", enrolments=[enrolment("p1")])
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    text = interchange([event("p1", DAYS[0], "Tardy")]).replace("\n", f"\n{bomb}", 1)
    (source / "a.xml").write_text(text, encoding="utf-8")

    with pytest.raises(RecordsError, match="document type"):
        import_edfi(source, Pseudonyms(), RecordFolder(tmp_path / "out"), unrecorded="unknown")


@pytest.mark.parametrize("text", ["<a><b>", "{", "<a>" * 40 + "</a>" * 40, "[1, 2]"])
def test_a_file_that_is_neither_is_refused_with_its_name(tmp_path, text):
    source = edfi(tmp_path / "in")
    (source / "broken.xml").write_text(text, encoding="utf-8")

    with pytest.raises(RecordsError):
        import_edfi(source, Pseudonyms(), RecordFolder(tmp_path / "out"))


def test_unknown_categories_are_refused_all_at_once_and_a_mapping_says_what_they_mean(tmp_path):
    given = full()
    given["events"] += [event("p1", "2024-09-09", "Field trip"), event("p2", "2024-09-09", "Absence")]

    with pytest.raises(
        RecordsError, match=r"1 event.* of category 'Absence'; 1 event.* of category 'Field trip'"
    ):
        imported(tmp_path, given)
    mapping = tmp_path / "words.toml"
    mapping.write_text('[words.status]\n"Field trip" = "present"\nAbsence = "absent"\n', encoding="utf-8")
    rows = imported(tmp_path, given, mapping=mapping).tables["attendance"]
    assert {row["status"] for row in rows if row["date"] == "2024-09-09"} == {"present", "absent"}


def test_events_of_one_day_become_one_and_are_counted(tmp_path):
    given = full()
    given["events"] += [
        event("p1", DAYS[0], "Excused Absence"),
        event("p2", DAYS[0], "Partial"),
        event("p1", "2024-09-09", "Unexcused Absence", duration=0.5),
        event("p2", "2024-09-09", "Excused Absence", duration=0.5),
        event("p2", "2024-09-09", "Unexcused Absence", duration=0.5),
    ]
    found = imported(tmp_path, given)
    told = {(row["student_id"], row["date"]): row["status"] for row in found.tables["attendance"]}

    assert told["p1", DAYS[0]] == told["p2", DAYS[0]] == "excused"
    assert (told["p1", "2024-09-09"], told["p2", "2024-09-09"]) == ("left_early", "absent")
    assert "events: 3 row(s) (further events of one day" in found.left.text("en")


def test_calendars_of_one_pupil_and_days_that_say_nothing_are_not_the_schools(tmp_path):
    own = {
        "calendarCode": "own",
        "calendarTypeDescriptor": "x://x#Student Specific",
        "schoolReference": {"schoolId": 25},
    }
    days = [
        calendar_date(DAYS[0], "Holiday"),
        calendar_date(DAYS[0], "Instructional day", code="other"),
        calendar_date(DAYS[1], "Weather day"),
        calendar_date(DAYS[2], "Other"),
        calendar_date(DAYS[3], "Holiday", code="own"),
    ]
    found = imported(tmp_path, {**full(), "calendars": [own], "days": days})

    assert [(row["date"], row["is_school_day"]) for row in found.tables["calendar"]] == [
        (DAYS[0], "yes"),
        (DAYS[1], "no"),
    ]
    assert found.left.n_rows == 2


def test_the_preregistered_and_events_of_sections_are_left_out_by_name(tmp_path):
    given = full()
    given["enrolments"].append(enrolment("p3", enrollmentTypeDescriptor="x://x#Preregistered"))
    given["sections"] = [event("p1", DAYS[0], "Tardy") | {"sectionReference": {"sectionIdentifier": "m"}}]
    found = imported(tmp_path, given)

    assert {row["student_id"] for row in found.tables["students"]} == {"p1", "p2"}
    assert "other resources" in found.left.names
    assert "preregistered" in found.left.text("en")


def test_pupils_come_from_the_folder_where_the_source_has_none(tmp_path):
    folder = RecordFolder(tmp_path / "out")
    with pytest.raises(RecordsError, match="who the pupils are"):
        imported(tmp_path, {"events": full()["events"]})
    folder.path.mkdir()
    (folder.path / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\np1,25,8A,8\np2,25,8A,8\n", encoding="utf-8"
    )
    folder.write(imported(tmp_path, {"events": full()["events"]}))
    assert not len(folder.checked().quarantine)


def test_tables_that_are_there_stay_unless_they_are_to_be_replaced(tmp_path):
    RecordFolder(tmp_path / "out").write(imported(tmp_path, full()))
    with pytest.raises(OutputError, match=r"attendance\.csv already"):
        RecordFolder(tmp_path / "out").write(imported(tmp_path, full()))

    assert "attendance.csv" in RecordFolder(tmp_path / "out", replace=True).write(imported(tmp_path, full()))


def test_a_mapping_of_the_schools_own_is_not_written_over(tmp_path):
    folder = RecordFolder(tmp_path / "out")
    folder.path.mkdir()
    (folder.path / "mapping.toml").write_text('dates = "dmy"\n', encoding="utf-8")

    with pytest.raises(SettingsError, match="holds other lines"):
        folder.write(imported(tmp_path, exceptions(), unrecorded="present", week="weekdays"))
    assert not (folder.path / "attendance.csv").exists()


def test_identity_numbers_as_ids_need_a_key(tmp_path):
    given = {
        "events": [event(NUMBER, day, "In Attendance") for day in DAYS],
        "enrolments": [enrolment(NUMBER)],
    }
    with pytest.raises(RecordsError, match="identity numbers") as told:
        imported(tmp_path, given)

    assert NUMBER not in str(told.value)
    tables = import_edfi(tmp_path / "in", KEY, RecordFolder(tmp_path / "out")).tables
    assert {row["student_id"] for name in ("students", "attendance") for row in tables[name]} == {
        KEY.of_number(NUMBER)
    }


def test_names_are_kept_only_when_asked_for_and_nothing_else_of_a_pupil(tmp_path):
    about = {
        "studentUniqueId": "p1",
        "birthDate": "2011-01-02",
        "firstName": "MARK",
        "lastSurname": "MARK",
        "birthCity": "MARK",
        "identificationDocuments": [{"title": "MARK"}],
    }
    without, asked = (
        imported(tmp_path, {**full(), "students": [about]}, with_directory=wanted) for wanted in (False, True)
    )

    assert "MARK" not in str(without.tables)
    assert without.tables["students"][0]["birth_date"] == "2011-01-02"
    assert asked.tables["students"][0]["name"] == "MARK MARK"
    assert str(asked.tables).count("MARK") == 2


@settings(max_examples=25, deadline=None)
@given(districts())
def test_events_come_back_as_the_attendance_that_they_were(tmp_path_factory, tables):
    place = tmp_path_factory.mktemp("edfi")
    before = records_in({name: tables[name] for name in ("students", "attendance")})
    text, left = export_edfi(before)
    source = edfi(place / "in")
    (source / "events.json").write_text(text, encoding="utf-8")
    if "eventDate" not in text:
        return
    folder = RecordFolder(place / "out")
    folder.path.mkdir()
    (folder.path / "students.csv").write_text("student_id\n", encoding="utf-8")
    found = import_edfi(source, Pseudonyms(), folder, unrecorded="unknown")
    after = records_in({"students": tables["students"], "attendance": found.tables["attendance"]})

    assert after.table("attendance").drop_columns("recorded_on") == before.table("attendance").drop_columns(
        "recorded_on"
    )
    assert export_edfi(after)[0] == text
    assert left.n_rows == 0


def test_what_events_cannot_carry_is_named(tmp_path):
    tables = {
        "students": [{"student_id": "a", "school_id": "25", "class_id": "1", "grade_level": 8}],
        "attendance": [
            {"student_id": "a", "date": DAYS[0], "session": "am", "status": "absent"},
            {"student_id": "a", "date": DAYS[1], "session": "", "status": "absent"},
        ],
    }
    text, left = export_edfi(records_in(tables))

    assert text.count("eventDate") == 1
    assert "attendance by session" in left.text("en")
    assert {"class_id", "grade_level"} <= {*left.names}


def test_schools_without_numbers_cannot_be_exported():
    tables = {
        "students": [{"student_id": "a", "school_id": "Lake", "class_id": "1", "grade_level": 8}],
        "attendance": [{"student_id": "a", "date": DAYS[0], "status": "absent"}],
    }
    with pytest.raises(RecordsError, match="no whole numbers"):
        export_edfi(records_in(tables))
