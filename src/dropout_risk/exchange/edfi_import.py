"""Ed-Fi attendance events as tables of records, with enrolments and calendars where they are there.

Most districts send exceptions only. Then no event means presence, but on school days alone: so it must be
declared, and a calendar must be there, or silence would become perfect attendance.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.exchange.edfi_resources import RESOURCES, Flat, is_text_of_resources, read_resources
from dropout_risk.exchange.edfi_words import (
    CALENDAR,
    CATEGORIES,
    ENROLMENT,
    SUSPENSION,
    day_status,
    grade_level_of,
)
from dropout_risk.exchange.left_out import NOT_READ, PERSONAL, LeftOut
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import Imported, RecordFolder
from dropout_risk.exchange.source_files import found_bytes, require_nothing
from dropout_risk.records.checks.absences_only import PRESENT_SHARE
from dropout_risk.records.days.ordinary_week import WEEKS
from dropout_risk.records.days.school_declarations import MEANINGS
from dropout_risk.records.files.readers import has_mark_file
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import Text

_JOINED = Text(zh="同一天有多条，已合并为一条", en="further events of one day, joined into one")
_PARTS = Text(zh="只缺一部分，记为早退", en="an absence of a part of the day, taken as left_early")
_NOT_ENROLLED = Text(zh="预注册，尚未入学", en="preregistered, not enrolled yet")
_GRADES = Text(zh="年级不是数", en="the grade is no number")
_OWN_CALENDAR = Text(zh="个别学生的校历", en="days of a calendar of one pupil")
_ODD_DAY = Text(zh="看不出是否上课", en="days that do not say whether there was school")
_NO_RESOURCES = Text(zh="不是 JSON 或 XML", en="it is neither JSON nor XML")
_STUDENTS_THERE = Text(zh="文件夹中已有 students，未采用", en="the folder has students already")
_NO_ENROLMENT = Text(zh="没有在校记录的学生", en="pupils without an enrolment")
_STUDENT, _SCHOOL = "studentreference.studentuniqueid", "schoolreference.schoolid"
_DECLARE = (
    "declare --unrecorded present if only exceptions were sent, and give a calendar; "
    "--unrecorded unknown if everybody should have an event each day"
)


def import_edfi(
    source: Path,
    pseudonyms: Pseudonyms,
    folder: RecordFolder | None = None,
    *,
    unrecorded: str | None = None,
    week: str | None = None,
    mapping: Path | None = None,
    with_directory: bool = False,
) -> Imported:
    """Read Ed-Fi resources as tables of records.

    Parameters
    ----------
    source : path
        A file, folder or zip with attendance events of schools, and with enrolments
        (``studentSchoolAssociations``), ``students`` and ``calendarDates`` where they are there.
    pseudonyms : Pseudonyms
        Stand for ids that are identity numbers.
    folder : RecordFolder, optional
        Where the tables go; students and a calendar that lie there already are used.
    unrecorded : {"present", "unknown"}, optional
        What it means that a pupil has no event on a school day.
    week : {"weekdays", "china", "listed"}, optional
        The ordinary week of the schools, where there is no calendar.
    mapping : path, optional
        A mapping whose ``[words.status]`` says what other categories mean.
    with_directory : bool, default=False
        Whether pupils' names are kept, for pages alone.

    Raises
    ------
    RecordsError
        If something cannot be read, or nobody knows the pupils or a category.
    SettingsError
        If the events are exceptions, and nobody declares it or names the school days.
    """
    for word, allowed in ((unrecorded, MEANINGS), (week, WEEKS)):
        if word is not None and word not in allowed:
            raise SettingsError(f"Unknown word {word!r}.", hint=f"allowed: {', '.join(allowed)}")
    left = LeftOut()
    found = _read_kinds(source, left)
    rows = _attendance_of(found["event"], RecordsMapping.of(mapping), left)
    calendar = _calendar_of(found, left)
    listed = any(row["is_school_day"] == "yes" for row in calendar) or (
        folder is not None and folder.holds("calendar")
    )
    _require_school_days(rows, unrecorded, listed or week is not None)
    students = _students_of(found, with_directory, left)
    if folder is not None and folder.holds("students") and not folder.replace:
        left.add_rows("students", len(students), _STUDENTS_THERE)
        students = []
    elif not students:
        raise RecordsError(
            f"{str(source)!r} does not say who the pupils are.",
            hint="add studentSchoolAssociations, or import the school roll into the same folder first",
        )
    for row in (*students, *rows):
        row["student_id"] = pseudonyms.stored_id(row["student_id"])
    conventions: dict[str, Any] = {} if unrecorded is None else {"unrecorded": unrecorded}
    conventions |= {} if week is None else {"calendar": {"week": week}}
    synthetic = source.is_dir() and has_mark_file(source)
    tables = {"students": students, "attendance": rows, "calendar": calendar}
    return Imported(tables, left, conventions, synthetic)


def _read_kinds(source: Path, left: LeftOut) -> dict[str, list[Flat]]:
    found: dict[str, list[Flat]] = defaultdict(list)
    for name, data in found_bytes(source):
        if not is_text_of_resources(data):
            left.add_file(name, _NO_RESOURCES)
            continue
        for kind, flat in read_resources(name, data):
            if kind in RESOURCES.values():
                found[kind].append(flat)
            else:
                left.add_columns(name, [kind], NOT_READ)
    if not found["event"]:
        raise RecordsError(
            f"{str(source)!r} holds no StudentSchoolAttendanceEvent.",
            hint="give the daily events of schools, in JSON or XML; those of sections are not read",
        )
    return found


def _attendance_of(events: list[Flat], mapping: RecordsMapping, left: LeftOut) -> list[dict[str, Any]]:
    """Give a row of ``attendance`` for each pupil and day."""
    words = mapping.words(TABLES["attendance"]["status"])
    days: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    unknown: Counter[str] = Counter()
    lacking = parts = 0
    for flat in events:
        category, pupil, date = (
            flat.get(name) for name in ("attendanceeventcategory", _STUDENT, "eventdate")
        )
        if category is None or pupil is None or date is None:
            lacking += 1
            continue
        status = CATEGORIES.get(category.casefold()) or words.meaning(category)
        if not status:
            unknown[category] += 1
            continue
        if flat.get("attendanceeventreason", "").casefold() == SUSPENSION.casefold() and status == "excused":
            status = "suspended"
        share = _share_in(flat.get("eventduration"))
        parts += share < 1 and status in ("absent", "excused", "suspended")
        days[pupil, date].append((str(status), share))
    told = [f"{number} event(s) of category {word!r}" for word, number in sorted(unknown.items())]
    told += [f"{lacking} event(s) without a pupil, a date or a category"] if lacking else []
    require_nothing(
        told, "Events that nobody can read",
        "say under [words.status] of a mapping what other categories mean, and give it with --mapping",
    )  # fmt: skip
    left.add_rows("events", sum(len(found) - 1 for found in days.values()), _JOINED)
    left.add_rows("events", parts, _PARTS)
    return [
        {"student_id": pupil, "date": date, "status": day_status(found)}
        for (pupil, date), found in days.items()
    ]


def _share_in(duration: str | None) -> float:
    """Read which share of a day an event took; all of it where nothing, or nothing possible, is said."""
    try:
        share = float(duration or 1)
    except ValueError:
        return 1.0
    return share if 0 < share < 1 else 1.0


def _require_school_days(rows: list[dict[str, Any]], unrecorded: str | None, has_calendar: bool) -> None:
    present = sum(row["status"] == "present" for row in rows)
    if unrecorded is None and present < PRESENT_SHARE * len(rows):
        raise SettingsError(
            "Hardly any event says that somebody came: these may be exceptions only.", hint=_DECLARE
        )
    if unrecorded == "present" and not has_calendar:
        raise SettingsError(
            "Without school days nobody knows when no event means presence.",
            hint="add calendarDates to the source, put a calendar.csv into the folder of --out, or declare "
            "the ordinary week: --week weekdays (or china)",
        )


def _calendar_of(found: Mapping[str, list[Flat]], left: LeftOut) -> list[dict[str, Any]]:
    """Give a row of ``calendar`` for each school and day; open in one of its calendars is open."""
    own = {
        (_school_in(flat, ""), flat.get("calendarcode"))
        for flat in found.get("calendar", ())
        if flat.get("calendartype", "").casefold() in CALENDAR["of_one_pupil"]
    }
    days: dict[tuple[str | None, str], bool] = {}
    for flat in found.get("day", ()):
        school, date = _school_in(flat, "calendarreference."), flat.get("date", "")
        words = flat.get("calendarevent", "").casefold().split("|")
        is_open = any(word in CALENDAR["open"] for word in words)
        if (school, flat.get("calendarreference.calendarcode")) in own:
            left.add_rows("calendarDates", 1, _OWN_CALENDAR)
        elif is_open or any(word in CALENDAR["closed"] for word in words):
            days[school, date] = days.get((school, date), False) or is_open
        else:
            left.add_rows("calendarDates", 1, _ODD_DAY)
    return [
        {"school_id": school, "date": date, "is_school_day": "yes" if is_open else "no"}
        for (school, date), is_open in days.items()
    ]


def _school_in(flat: Flat, path: str) -> str | None:
    return flat.get(f"{path}{_SCHOOL}") or flat.get(f"{path}schoolid")


def _students_of(
    found: Mapping[str, list[Flat]], with_directory: bool, left: LeftOut
) -> list[dict[str, Any]]:
    """Give a row of ``students`` for each enrolment."""
    about = {flat["studentuniqueid"]: flat for flat in found.get("student", ()) if "studentuniqueid" in flat}
    if about and not with_directory:
        left.add_columns("students", ["firstName", "lastSurname"], PERSONAL)
    rows: list[dict[str, Any]] = []
    for flat in found.get("enrolment", ()):
        if flat.get("enrollmenttype", "").casefold() in ENROLMENT["not_enrolled"]:
            left.add_rows("studentSchoolAssociations", 1, _NOT_ENROLLED)
            continue
        pupil = flat.get(_STUDENT)
        own = about.get(pupil or "", {})
        level = grade_level_of(flat.get("entrygradelevel"))
        left.add_rows("studentSchoolAssociations", int(level is None), _GRADES)
        row: dict[str, Any] = {
            "student_id": pupil, "school_id": _school_in(flat, ""), "grade_level": level,
            "enrolled_on": flat.get("entrydate"), "left_on": flat.get("exitwithdrawdate"),
            "birth_date": own.get("birthdate"),
        }  # fmt: skip
        rows.append(row)
        if with_directory:
            names = (own.get("firstname"), own.get("lastsurname"))
            row["name"] = " ".join(name for name in names if name) or None
    left.add_rows("students", len({*about} - {row["student_id"] for row in rows}), _NO_ENROLMENT)
    return rows
