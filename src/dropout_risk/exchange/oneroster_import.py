"""A OneRoster 1.2 export as tables of records: pupils with their spells, and marks. It has no attendance."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.oneroster_files import OneRosterFiles
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import Imported
from dropout_risk.exchange.source_files import Row
from dropout_risk.records.readers import has_mark_file
from dropout_risk.text import Text

HOMEROOM = "homeroom"
MISSED, EXEMPT = "missed", "exempt"
_FIRST, _LAST = "0000-01-01", "9999-12-31"
_GRADE = re.compile(r"0*(\d{1,2})")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_NO_PUPIL = Text(
    zh="没有学生角色的人（教师、家长等）", en="people without the role of a student: teachers, parents"
)
_NO_LINK = Text(
    zh="所指的班级、课程、考试或学生不在文件中",
    en="they point to a class, line item or pupil that is not there",
)
_COURSES = Text(
    zh="课程班的选课；班级取自类型为 homeroom 的班",
    en="enrolments in lessons; a pupil's class is the one whose classType is homeroom",
)
_TEACHERS = Text(zh="教师等其他角色", en="teachers and other roles")
_UNFINISHED = Text(zh="尚未评完或尚未提交", en="not yet graded, or not yet handed in")
_TEXT_SCORE = Text(zh="只有文字等级，没有分数", en="a grade in words without a score")
_GRADES = Text(zh="年级不是一个数", en="the grade is not one number")


def import_oneroster(source: Path, pseudonyms: Pseudonyms, *, with_directory: bool = False) -> Imported:
    """Read a OneRoster 1.2 CSV export, a folder or a zip, as tables of records.

    Parameters
    ----------
    source : path
        The export; it must be whole (bulk), as its manifest says.
    pseudonyms : Pseudonyms
        Stand for ids that are identity numbers.
    with_directory : bool, default=False
        Whether pupils' names are kept, for pages alone.

    Raises
    ------
    RecordsError
        Naming at once what is wrong with the export.
    """
    left = LeftOut()
    files = OneRosterFiles(source, left, with_names=with_directory)
    files.refuse_repeated()
    people = _People(files, left)
    links = _Links(files, pseudonyms)
    students = list(people.students(links, with_directory))
    grades = list(_marks_of(files, links, {row["student_id"] for row in students}, left))
    synthetic = source.is_dir() and has_mark_file(source)
    return Imported({"students": students, "grades": grades}, left, {}, synthetic)


class _Links:
    """The ids of an export: which user is which pupil, each once, and none an identity number."""

    def __init__(self, files: OneRosterFiles, pseudonyms: Pseudonyms) -> None:
        self.pseudonyms = pseudonyms
        self.users = {row["sourcedId"] or "": row for row in files.rows("users")}
        if any(name and pseudonyms.of_id(name) is None for name in self.users):
            raise RecordsError(
                "Users are called by identity numbers, which are never stored.",
                hint="give a key with --key, so that they become pseudonyms, or export another sourcedId",
            )

    def pupil_of(self, user: str | None) -> str | None:
        """Give the id under which a pupil is kept."""
        return self.pseudonyms.of_id(user)


class _People:
    """Pupils, their schools and classes."""

    def __init__(self, files: OneRosterFiles, left: LeftOut) -> None:
        self.left = left
        self.classes = {row["sourcedId"]: row for row in files.rows("classes")}
        self.facts = {row["sourcedId"]: row for row in files.rows("demographics")}
        self.roles = self._of_students("roles.csv", files.rows("roles"))
        self.homerooms = self._homerooms(self._of_students("enrollments.csv", files.rows("enrollments")))

    def _of_students(self, file: str, rows: list[Row]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if (row["role"] or "").casefold() == "student" and row["userSourcedId"]:
                found[row["userSourcedId"]].append(row)
        self.left.add_rows(file, len(rows) - sum(map(len, found.values())), _TEACHERS)
        return found

    def _homerooms(self, enrolled: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
        rooms: dict[str, list[Row]] = {}
        unknown = lessons = 0
        for user, rows in enrolled.items():
            known = [row for row in rows if row["classSourcedId"] in self.classes]
            rooms[user] = [row for row in known if self._is_homeroom(row)]
            unknown += len(rows) - len(known)
            lessons += len(known) - len(rooms[user])
        self.left.add_rows("enrollments.csv", unknown, _NO_LINK)
        self.left.add_rows("enrollments.csv", lessons, _COURSES)
        return rooms

    def _is_homeroom(self, row: Row) -> bool:
        return (self.classes[row["classSourcedId"]]["classType"] or "").casefold() == HOMEROOM

    def students(self, links: _Links, with_directory: bool) -> Iterator[dict[str, Any]]:
        """Give a row of ``students`` for each spell of each pupil."""
        pupils = [user for user in links.users if user in self.roles]
        self.left.add_rows("users.csv", len(links.users) - len(pupils), _NO_PUPIL)
        strangers = sum(len(rows) for user, rows in self.roles.items() if user not in links.users)
        self.left.add_rows("roles.csv", strangers, _NO_LINK)
        for user in pupils:
            about, facts = links.users[user], self.facts.get(user, {})
            own = {
                "student_id": links.pupil_of(user),
                "birth_date": facts.get("birthDate"),
                "sex": (facts.get("sex") or "").casefold() or None,
            }
            if with_directory:
                own["name"] = _whole_name(about)
            for spell in self._spells(user, about):
                yield own | spell

    def _spells(self, user: str, about: Row) -> Iterator[dict[str, Any]]:
        rooms = self.homerooms.get(user, [])
        for row in rooms:
            room = self.classes[row["classSourcedId"]]
            yield {
                "school_id": row["schoolSourcedId"] or room["schoolSourcedId"],
                "class_id": room["title"],
                "grade_level": self._level_in(room["grades"]) or self._level_in(about["grades"]),
                **_days_of(row),
            }
        for row in self.roles[user]:
            at_school = [room for room in rooms if self._school_of(room) == row["orgSourcedId"]]
            if not any(_overlap(row, room) for room in at_school):
                level = self._level_in(about["grades"])
                yield {
                    "school_id": row["orgSourcedId"],
                    "class_id": None,
                    "grade_level": level,
                    **_days_of(row),
                }

    def _school_of(self, room: Row) -> str | None:
        return room["schoolSourcedId"] or self.classes[room["classSourcedId"]]["schoolSourcedId"]

    def _level_in(self, grades: str | None) -> str | None:
        """Read a grade level; a list of several, or a word for no grade, is none."""
        if grades is None:
            return None
        found = _GRADE.fullmatch(grades.strip())
        if found is None and grades.strip().upper() != "KG":
            self.left.add_rows("grades", 1, _GRADES)
            return None
        return found[1] if found else "0"


def _days_of(row: Row) -> dict[str, str | None]:
    return {"enrolled_on": row["beginDate"], "left_on": row["endDate"]}


def _overlap(one: Row, other: Row) -> bool:
    first = max(one["beginDate"] or _FIRST, other["beginDate"] or _FIRST)
    last = min(one["endDate"] or _LAST, other["endDate"] or _LAST)
    return first < last or one["beginDate"] == other["beginDate"]


def _whole_name(row: Row) -> str | None:
    given, family = row["givenName"] or "", row["familyName"] or ""
    if _IDEOGRAPH.search(given + family):
        return family + given
    return f"{given} {family}".strip() or None


def _marks_of(
    files: OneRosterFiles, links: _Links, pupils: set[str | None], left: LeftOut
) -> Iterator[dict[str, Any]]:
    """Give a row of ``grades`` for each result that is one."""
    items = {row["sourcedId"]: row for row in files.rows("lineItems")}
    subjects = _subjects_of(files)
    for row in files.rows("results"):
        item, pupil = items.get(row["lineItemSourcedId"]), links.pupil_of(row["studentSourcedId"])
        lesson = row["classSourcedId"] or (item or {}).get("classSourcedId")
        if item is None or pupil not in pupils or lesson not in subjects:
            left.add_rows("results.csv", 1, _NO_LINK)
            continue
        taken, why = _taken_in(row)
        if why is not None:
            left.add_rows("results.csv", 1, why)
            continue
        yield {
            "student_id": pupil, "date": row["scoreDate"], "subject": subjects[lesson], "exam": item["title"],
            "score": row["score"], "max_score": item["resultValueMax"], "taken": taken,
        }  # fmt: skip


def _subjects_of(files: OneRosterFiles) -> dict[str | None, str | None]:
    """Give the subject of each class: the first of its own or its course's, else a title."""
    courses = {row["sourcedId"]: row for row in files.rows("courses")}
    named = {}
    for row in files.rows("classes"):
        course: Row = courses.get(row["courseSourcedId"], {})
        given = row["subjects"] or course.get("subjects") or course.get("title") or row["title"] or ""
        named[row["sourcedId"]] = given.split(",")[0].strip() or None
    return named


def _taken_in(row: Row) -> tuple[str | None, Text | None]:
    """Say whether a mark was taken, by the words of the contract, or why the result is none."""
    status = (row["scoreStatus"] or "").casefold()
    if status == "exempt":
        return EXEMPT, None
    if _is_true(row["missing"]):
        return MISSED, None
    if _is_true(row["incomplete"]) or _is_true(row["inProgress"]) or status in _UNGRADED:
        return None, _UNFINISHED
    if row["score"] is None:
        return None, _TEXT_SCORE if row["textScore"] else _UNFINISHED
    return None, None


_UNGRADED = ("not submitted", "submitted", "partially graded")


def _is_true(cell: str | None) -> bool:
    return (cell or "").casefold() in ("true", "1")
