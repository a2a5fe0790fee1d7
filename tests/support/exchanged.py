"""Small exports of other systems for tests, in the forms of their sources, with pupils of nobody."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

from hypothesis import strategies as st

from dropout_risk.exchange.oneroster_files import COLUMNS, FILES
from dropout_risk.exchange.roll_template import ROLL_COLUMNS
from dropout_risk.records.school_records import SchoolRecords

TODAY = dt.date(2025, 6, 1)
NUMBER = "11010120110101001X"
FULL_ROW = {
    "学校标识码": "2144000001",
    "姓名": "甲",
    "性别": "1",
    "出生日期": "20110101",
    "民族": "汉族",
    "血型": "A",
    "身份证件号": NUMBER,
    "户口性质": "农业",
    "班号": "701",
    "入学年月": "202309",
    "就读方式": "2",
    "现住址": "某村1号",
    "联系电话": "555-0000",
    "是否留守儿童": "2",
    "是否孤儿": "否",
    "上下学距离": "3.5",
    "班内学号": "7",
    "成员1姓名": "乙",
    "成员1是否监护人": "是",
    "成员1联系电话": "555-0001",
    "残疾类型": "无残疾",
    "成员1身份证件号": "110101198001010019",
    "是否进城务工人员随迁子女": "否",
    "学籍辅号": "A-1",
}
CODES = {column.name: column.code for column in ROLL_COLUMNS}


def csv_of(header, rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return out.getvalue()


def roll_text(rows, header=tuple(CODES)):
    return csv_of(header, rows)


def oneroster(folder, files, **manifest):
    """Write an export of rows by file; the manifest calls them bulk, or what it is told."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    said |= {f"file.{name}": "bulk" if name in files else "absent" for name in FILES}
    said |= {name.replace("__", "."): value for name, value in manifest.items()}
    rows = [{"propertyName": name, "value": value} for name, value in said.items()]
    (folder / "manifest.csv").write_text(csv_of(["propertyName", "value"], rows), encoding="utf-8-sig")
    for name, given in files.items():
        (folder / f"{name}.csv").write_text(csv_of(COLUMNS[name], given), encoding="utf-8")
    return folder


def roster(**more):
    """One pupil in a homeroom, with a mark, and a teacher."""
    files = {
        "orgs": [{"sourcedId": "s1", "name": "Lake", "type": "school"}],
        "courses": [{"sourcedId": "co", "title": "Maths 8", "subjects": "maths", "orgSourcedId": "s1"}],
        "classes": [
            {
                "sourcedId": "h8",
                "title": "8A",
                "grades": "08",
                "classType": "homeroom",
                "schoolSourcedId": "s1",
            },
            {
                "sourcedId": "m8",
                "title": "M8",
                "courseSourcedId": "co",
                "classType": "scheduled",
                "schoolSourcedId": "s1",
            },
        ],
        "users": [
            {
                "sourcedId": "p1",
                "grades": "08",
                "givenName": "one",
                "familyName": "pupil",
                "password": "hidden",
                "phone": "555-0002",
                "email": "a@b",
            },
            {"sourcedId": "t1", "givenName": "two", "password": "hidden"},
        ],
        "roles": [
            {
                "sourcedId": "r1",
                "userSourcedId": "p1",
                "roleType": "primary",
                "role": "student",
                "orgSourcedId": "s1",
            },
            {
                "sourcedId": "r2",
                "userSourcedId": "t1",
                "roleType": "primary",
                "role": "teacher",
                "orgSourcedId": "s1",
            },
        ],
        "enrollments": [
            {
                "sourcedId": "e1",
                "classSourcedId": "h8",
                "schoolSourcedId": "s1",
                "userSourcedId": "p1",
                "role": "student",
                "beginDate": "2024-09-01",
            },
        ],
        "demographics": [{"sourcedId": "p1", "birthDate": "2011-01-01", "sex": "female"}],
        "lineItems": [{"sourcedId": "l1", "title": "期中", "classSourcedId": "m8", "resultValueMax": "100"}],
        "results": [
            {
                "sourcedId": "x1",
                "lineItemSourcedId": "l1",
                "studentSourcedId": "p1",
                "scoreStatus": "fully graded",
                "score": "85",
                "scoreDate": "2024-11-13",
            },
        ],
    }
    return files | more


def event(pupil, date, category, *, school=25, reason=None, duration=None):
    told = {
        "id": "0",
        "attendanceEventCategoryDescriptor": f"uri://ed-fi.org/AttendanceEventCategoryDescriptor#{category}",
        "eventDate": date,
        "schoolReference": {"schoolId": school, "link": {"rel": "School", "href": "/x"}},
        "sessionReference": {"schoolId": school, "schoolYear": 2025, "sessionName": "Fall"},
        "studentReference": {"studentUniqueId": pupil},
    }
    told |= {} if reason is None else {"attendanceEventReason": reason}
    return told | ({} if duration is None else {"eventDuration": duration})


def enrolment(pupil, *, school=25, entered="2024-09-01", **more):
    return {
        "entryDate": entered,
        "entryGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Eighth grade",
        "schoolReference": {"schoolId": school},
        "studentReference": {"studentUniqueId": pupil},
        **more,
    }


def calendar_date(date, *events, school=25, code="c"):
    return {
        "date": date,
        "calendarReference": {"calendarCode": code, "schoolId": school, "schoolYear": 2025},
        "calendarEvents": [
            {"calendarEventDescriptor": f"uri://ed-fi.org/Calendar#{word}"} for word in events
        ],
    }


def edfi(folder, **resources):
    folder.mkdir(parents=True, exist_ok=True)
    for name, given in resources.items():
        (folder / f"{name}.json").write_text(json.dumps(given), encoding="utf-8")
    return folder


def interchange(events):
    """The same events in the form of the bulk interchange."""
    body = "".join(
        f"<StudentSchoolAttendanceEvent><AttendanceEvent><EventDate>{e['eventDate']}</EventDate>"
        f"<AttendanceEventCategory>{e['attendanceEventCategoryDescriptor']}</AttendanceEventCategory>"
        f"<AttendanceEventReason>{e.get('attendanceEventReason', 'none')}</AttendanceEventReason>"
        "</AttendanceEvent><StudentReference><StudentIdentity>"
        f"<StudentUniqueId>{e['studentReference']['studentUniqueId']}</StudentUniqueId>"
        "</StudentIdentity></StudentReference><SchoolReference><SchoolIdentity>"
        f"<SchoolId>{e['schoolReference']['schoolId']}</SchoolId></SchoolIdentity></SchoolReference>"
        "<SessionReference><SessionIdentity><SessionName>Fall</SessionName><SchoolYear>2024-2025</SchoolYear>"
        "<SchoolReference><SchoolIdentity><SchoolId>9</SchoolId></SchoolIdentity></SchoolReference>"
        "</SessionIdentity></SessionReference></StudentSchoolAttendanceEvent>"
        for e in events
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<InterchangeStudentAttendance xmlns="http://ed-fi.org/5.2.0">'
    return f"{head}{body}</InterchangeStudentAttendance>"


# --- small districts, whose columns all formats can carry ---

_days = st.dates(dt.date(2024, 9, 2), dt.date(2024, 12, 20))


@st.composite
def districts(draw):
    """Tables of a few pupils, some with two spells, with marks, days and facts of the family."""
    students, names = [], [f"p{number}" for number in range(draw(st.integers(1, 4)))]
    for name in names:
        row = {
            "student_id": name,
            "school_id": draw(st.sampled_from(("11", "22"))),
            "class_id": draw(st.sampled_from(("1班", "=2", "-", None))),
            "grade_level": draw(st.integers(7, 9)),
            "enrolled_on": draw(st.sampled_from((None, dt.date(2023, 9, 1)))),
            "birth_date": draw(st.sampled_from((None, dt.date(2011, 2, 28)))),
            "sex": draw(st.sampled_from((None, "male", "female"))),
        }
        students.append(row)
        if draw(st.booleans()):
            moved = dt.date(2024, 10, 8)
            students[-1] = row | {"left_on": moved}
            students.append(row | {"enrolled_on": moved, "school_id": "33", "class_id": "3班"})
    pupils = st.sampled_from(names)
    mark = st.fixed_dictionaries(
        {
            "student_id": pupils,
            "date": _days,
            "subject": st.sampled_from(("maths", "+1", "english")),
            "exam": st.sampled_from(("midterm", "@home", "第一次周练")),
            "score": st.sampled_from((0, 61.5, 100, "missed", "exempt", "deferred")),
            "max_score": st.just(100),
        }
    )
    day = st.fixed_dictionaries(
        {
            "student_id": pupils,
            "date": _days,
            "status": st.sampled_from(("present", "absent", "excused", "late", "left_early", "suspended")),
        }
    )
    return {
        "students": students,
        "grades": draw(
            st.lists(
                mark,
                max_size=8,
                unique_by=lambda row: (row["student_id"], row["date"], row["subject"], row["exam"]),
            )
        ),
        "attendance": draw(
            st.lists(day, min_size=1, max_size=12, unique_by=lambda row: (row["student_id"], row["date"]))
        ),
    }


def records_in(tables):
    given = {name: rows for name, rows in tables.items() if rows}
    return SchoolRecords.from_tables(**given, today=TODAY, whole=False)
