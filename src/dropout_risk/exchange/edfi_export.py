"""Attendance of records as Ed-Fi's StudentSchoolAttendanceEvent, in JSON as its API takes them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.edfi_words import SUSPENSION, WRITTEN
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.outgoing import latest_rows, outgoing_pupils, tell_missing
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES
from dropout_risk.text import Text

FILE = "studentSchoolAttendanceEvents.json"
_CATEGORY = "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"
_SESSIONS = Text(
    zh="分上午、下午的考勤；格式以天为单位", en="attendance by session; the format has whole days"
)
_NO_SCHOOL = Text(zh="当天没有学校的学生", en="of pupils without a school on that day")


def export_edfi(records: SchoolRecords, *, with_directory: bool = False) -> tuple[str, LeftOut]:
    """Write the attendance of records as events, and what they cannot carry; names are never in them.

    Raises
    ------
    RecordsError
        If the schools' ids are no whole numbers, which those of Ed-Fi are.
    """
    left = LeftOut()
    carried = {"attendance": ("date", "status", "session"), "students": ("school_id",)}
    tell_missing(records, carried, left, with_directory=with_directory)
    pupils = {pupil.row["student_id"]: pupil for pupil in outgoing_pupils(records)}
    rows = latest_rows(records, "attendance", ("date", "session"), left)
    whole = [row for row in rows if row["session"] is None]
    left.add_rows("attendance", len(rows) - len(whole), _SESSIONS)
    events, wrong = [], set()
    for row in sorted(whole, key=lambda row: (row["date"], str(row["student_id"]))):
        pupil, date = row["student_id"], row["date"]
        school = pupils[pupil].spell_on(date)["school_id"]
        if school is None:
            left.add_rows("attendance", 1, _NO_SCHOOL)
        elif not school.isdecimal():
            wrong.add(school)
        else:
            events.append(_event_of(str(pupil), int(school), date, row["status"], records.year_start))
    if wrong:
        raise RecordsError(
            f"{len(wrong)} school(s) have ids that are no whole numbers, which schoolId of Ed-Fi is.",
            hint="map the schools to their numbers in the records, and export again",
        )
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in events)
    return f"[\n{lines}\n]\n", left


def _event_of(
    pupil: str, school: int, date: dt.date, status: int, year_start: tuple[int, int]
) -> dict[str, Any]:
    word = STATUSES.words[status]
    begin = date.year - ((date.month, date.day) < year_start)
    event: dict[str, Any] = {
        "studentReference": {"studentUniqueId": pupil},
        "schoolReference": {"schoolId": school},
        "sessionReference": {
            "schoolId": school,
            "schoolYear": begin + 1,
            "sessionName": f"{begin}-{begin + 1}",
        },
        "eventDate": date.isoformat(),
        "attendanceEventCategoryDescriptor": _CATEGORY + WRITTEN[word],
    }
    return event | ({"attendanceEventReason": SUSPENSION} if word == "suspended" else {})
