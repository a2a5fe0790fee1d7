"""A OneRoster 1.2 export as tables of records: pupils with their spells, and marks. It has no attendance."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.oneroster_files import OneRosterFiles
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import Imported
from dropout_risk.exchange.source_files import Row
from dropout_risk.records.files.readers import has_mark_file
from dropout_risk.text import Text

HOMEROOM = "homeroom"
MISSED, EXEMPT = "missed", "exempt"
_UNGRADED = ("not submitted", "submitted", "partially graded")
_FIRST, _LAST = "0000-01-01", "9999-12-31"
_GRADE = re.compile(r"0*(\d{1,2})")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_NO_PUPIL = Text(
    zh="没有学生角色的人（教师、家长等）", en="people without the role of a student: teachers, parents"
)
_NO_LINK = Text(
    zh="所指的班级、考试或学生不在文件中", en="they point to a class, line item or pupil that is not there"
)
_LESSONS = Text(
    zh="课程班的选课；班级取自类型为 homeroom 的班",
    en="enrolments in lessons; a pupil's class is the one whose classType is homeroom",
)
_TEACHERS = Text(zh="教师等其他角色", en="teachers and other roles")
_UNFINISHED = Text(zh="尚未评完或尚未提交", en="not yet graded, or not yet handed in")
_TEXT_SCORE = Text(zh="只有文字等级，没有分数", en="a grade in words without a score")
_NO_GRADE = Text(zh="年级不是一个数", en="the grade is not one number")


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
    roster = _Roster(OneRosterFiles(source, left, with_names=with_directory), pseudonyms, left)
    students = list(roster.students(with_directory))
    grades = list(roster.marks({row["student_id"] for row in students}))
    synthetic = source.is_dir() and has_mark_file(source)
    return Imported({"students": students, "grades": grades}, left, {}, synthetic)


class _Roster:
    """The rows of an export by their ids, each id once."""

    def __init__(self, files: OneRosterFiles, pseudonyms: Pseudonyms, left: LeftOut) -> None:
        files.refuse_repeated()
        self.left, self.pseudonyms, self.results = left, pseudonyms, files.rows("results")
        self.users, self.classes, self.courses, self.items, self.facts = (
            {row["sourcedId"]: row for row in files.rows(name)}
            for name in ("users", "classes", "courses", "lineItems", "demographics")
        )
        self.roles = self._of_students("roles.csv", files.rows("roles"))
        enrolled = self._of_students("enrollments.csv", files.rows("enrollments"))
        self.rooms = {user: list(self._rooms_in(rows)) for user, rows in enrolled.items()}

    def _of_students(self, file: str, rows: list[Row]) -> dict[str | None, list[Row]]:
        found: dict[str | None, list[Row]] = defaultdict(list)
        for row in rows:
            known = row["userSourcedId"] in self.users
            if known and (row["role"] or "").casefold() == "student":
                found[row["userSourcedId"]].append(row)
            else:
                self.left.add_rows(file, 1, _TEACHERS if known else _NO_LINK)
        return found

    def _rooms_in(self, rows: list[Row]) -> Iterator[Row]:
        """Give the enrolments in homerooms, with their school."""
        for row in rows:
            room = self.classes.get(row["classSourcedId"])
            if room is not None and (room["classType"] or "").casefold() == HOMEROOM:
                yield row | {"schoolSourcedId": row["schoolSourcedId"] or room["schoolSourcedId"]}
            else:
                self.left.add_rows("enrollments.csv", 1, _NO_LINK if room is None else _LESSONS)

    def students(self, with_directory: bool) -> Iterator[dict[str, Any]]:
        """Give a row of ``students`` for each spell of each pupil."""
        self.left.add_rows("users.csv", len(self.users) - len(self.roles), _NO_PUPIL)
        for user in self.roles:
            facts: Row = self.facts.get(user, {})
            own = {
                "student_id": self.pseudonyms.stored_id(user),
                "birth_date": facts.get("birthDate"),
                "sex": (facts.get("sex") or "").casefold() or None,
            }
            if with_directory:
                own["name"] = _whole_name(self.users[user])
            yield from (own | spell for spell in self._spells(user))

    def _spells(self, user: str | None) -> Iterator[dict[str, Any]]:
        rooms, usual = self.rooms.get(user, []), self.users[user]["grades"]
        for row in rooms:
            room = self.classes[row["classSourcedId"]]
            yield self._spell(row, row["schoolSourcedId"], room["title"], room["grades"] or usual)
        for row in self.roles[user]:
            at_school = [room for room in rooms if room["schoolSourcedId"] == row["orgSourcedId"]]
            if not any(_overlap_of(row, room) for room in at_school):
                yield self._spell(row, row["orgSourcedId"], None, usual)

    def _spell(self, row: Row, school: str | None, name: str | None, grades: str | None) -> dict[str, Any]:
        days = {"enrolled_on": row["beginDate"], "left_on": row["endDate"]}
        return {"school_id": school, "class_id": name, "grade_level": self._level_in(grades), **days}

    def _level_in(self, grades: str | None) -> str | None:
        """Read a grade level; a list of several, or a word for no grade, is none."""
        found = _GRADE.fullmatch("0" if (grades or "").upper() == "KG" else grades or "")
        self.left.add_rows("grades", int(found is None and grades is not None), _NO_GRADE)
        return found[1] if found else None

    def marks(self, pupils: set[str | None]) -> Iterator[dict[str, Any]]:
        """Give a row of ``grades`` for each result that is one."""
        for row in self.results:
            item: Row = self.items.get(row["lineItemSourcedId"], {})
            pupil = self.pseudonyms.stored_id(row["studentSourcedId"])
            lesson = self.classes.get(row["classSourcedId"] or item.get("classSourcedId"))
            taken, why = _taken_in(row)
            if not item or pupil not in pupils or lesson is None:
                why = _NO_LINK
            if why is not None or lesson is None:
                self.left.add_rows("results.csv", 1, why or _NO_LINK)
                continue
            yield {
                "student_id": pupil, "date": row["scoreDate"], "subject": self._subject_of(lesson),
                "exam": item["title"], "score": row["score"], "max_score": item["resultValueMax"],
                "taken": taken,
            }  # fmt: skip

    def _subject_of(self, lesson: Row) -> str | None:
        """Give the first subject of a class or its course, else the title of one of them."""
        course: Row = self.courses.get(lesson["courseSourcedId"], {})
        given = lesson["subjects"] or course.get("subjects") or course.get("title") or lesson["title"]
        return (given or "").split(",")[0].strip() or None


def _overlap_of(one: Row, other: Row) -> bool:
    first = max(one["beginDate"] or _FIRST, other["beginDate"] or _FIRST)
    last = min(one["endDate"] or _LAST, other["endDate"] or _LAST)
    return first < last or one["beginDate"] == other["beginDate"]


def _whole_name(row: Row) -> str | None:
    given, family = row["givenName"] or "", row["familyName"] or ""
    if _IDEOGRAPH.search(given + family):
        return family + given
    return f"{given} {family}".strip() or None


def _taken_in(row: Row) -> tuple[str | None, Text | None]:
    """Say whether a mark was taken, by the words of the contract, or why the result is none."""
    status = (row["scoreStatus"] or "").casefold()
    missing, *unfinished = (
        (row[name] or "").casefold() in ("true", "1") for name in ("missing", "incomplete", "inProgress")
    )
    if status == EXEMPT or missing:
        return EXEMPT if status == EXEMPT else MISSED, None
    if any(unfinished) or status in _UNGRADED or (row["score"] is None and row["textScore"] is None):
        return None, _UNFINISHED
    return None, _TEXT_SCORE if row["score"] is None else None
