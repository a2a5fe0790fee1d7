"""Records as a OneRoster 1.2 CSV export: pupils, schools, classes and marks."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from dropout_risk.exchange.guarded_csv import guarded_text
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.oneroster_files import COLUMNS, FILES, VERSION
from dropout_risk.exchange.oneroster_import import EXEMPT, HOMEROOM, MISSED
from dropout_risk.exchange.outgoing import Pupil, latest_rows, outgoing_pupils, tell_missing
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import Text

_STUDENTS = ("school_id", "class_id", "grade_level", "enrolled_on", "left_on", "birth_date", "sex", "name")
_GRADES = ("date", "subject", "exam", "score", "max_score", "taken")
_NO_SCHOOL = Text(zh="没有学校的在校时段", en="spells without a school")
_NO_WORD = Text(
    zh="缓考、不详或没有分数，格式中没有对应写法",
    en="deferred, unknown or without a mark: there is no word for it",
)
_NO_FAMILY_NAME = Text(
    zh="姓和名不分：全名写在 givenName，familyName 为空",
    en="names are held whole: they stand in givenName, and familyName is empty",
)
_NAMELESS = Text(zh="givenName、familyName 为空", en="givenName and familyName are empty")
_EXAMS = "exams"
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
Files = dict[str, str]


def export_oneroster(records: SchoolRecords, *, with_directory: bool = False) -> tuple[bytes, LeftOut]:
    """Write records as a zip of a whole (bulk) export, the same bytes for the same records."""
    files, left = exported_files(records, with_directory=with_directory)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DAY), text, zipfile.ZIP_DEFLATED)
    return out.getvalue(), left


def exported_files(records: SchoolRecords, *, with_directory: bool = False) -> tuple[Files, LeftOut]:
    """Write records as the files of a whole (bulk) export, by name, and what they cannot carry.

    Names are written with ``with_directory`` alone. Ids are those of the records, so that what comes back is
    joined by them; classes and exams get ids that stay the same from one export to the next.
    """
    left = LeftOut()
    tell_missing(records, {"students": _STUDENTS, "grades": _GRADES}, left, with_directory=with_directory)
    left.add_columns("users.csv", ["name"], _NO_FAMILY_NAME if with_directory else _NAMELESS)
    export = _Export(records, left, with_directory)
    tables = export.tables()
    files = {
        f"{name}.csv": guarded_text(f"{name}.csv", COLUMNS[name], tables[name], left) for name in COLUMNS
    }
    return {"manifest.csv": _manifest_text(records.synthetic), **files}, left


def _manifest_text(synthetic: bool) -> str:
    source = "dropout-risk (synthetic)" if synthetic else "dropout-risk"
    said = {"manifest.version": "1.0", "oneroster.version": VERSION}
    said |= {f"file.{name}": "bulk" if name in COLUMNS else "absent" for name in sorted(FILES)}
    said |= {"source.systemName": source, "source.systemCode": "dropout-risk"}
    return "\n".join(["propertyName,value", *(f"{name},{value}" for name, value in said.items()), ""])


@lru_cache(maxsize=1 << 14)
def _stable_id(kind: str, *parts: Any) -> str:
    """Name a thing by what it is.

    >>> _stable_id("class", "s-1", 8, "1班") == _stable_id("class", "s-1", 8, "1班")
    True
    """
    told = json.dumps([str(part) for part in parts], ensure_ascii=False)
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:20]}"


class _Export:
    """The rows of each file, made of pupils and marks."""

    def __init__(self, records: SchoolRecords, left: LeftOut, with_directory: bool) -> None:
        self.records, self.left, self.with_directory = records, left, with_directory
        self.pupils = outgoing_pupils(records)
        self.by_id = {pupil.row["student_id"]: pupil for pupil in self.pupils}
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in COLUMNS}

    def _add(self, file: str, *parts: Any, **columns: Any) -> str:
        """Add a row once, called by its one part or by what all of them say; give its id."""
        sourced_id = str(parts[0]) if len(parts) == 1 else _stable_id(file, *parts)
        self.rows[file].setdefault(sourced_id, {"sourcedId": sourced_id, **columns})
        return sourced_id

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Make the rows of all files, in an order that does not depend on that of the records."""
        for pupil in self.pupils:
            self._add_pupil(pupil)
        self._add("categories", _EXAMS, title=_EXAMS)
        for row in latest_rows(self.records, "grades", ("date", "subject", "exam"), self.left):
            self._add_mark(row)
        return {name: [rows[key] for key in sorted(rows)] for name, rows in self.rows.items()}

    def _add_pupil(self, pupil: Pupil) -> None:
        row, name = pupil.row, str(pupil.row["student_id"])
        schools = [spell for spell in pupil.spells if spell["school_id"] is not None]
        self.left.add_rows("students", len(pupil.spells) - len(schools), _NO_SCHOOL)
        if not schools:
            return
        self._add(
            "users", name, enabledUser="true", username=name, grades=row["grade_level"],
            givenName=row["name"] if self.with_directory else None,
            primaryOrgSourcedId=schools[-1]["school_id"],
        )  # fmt: skip
        if row["birth_date"] or row["sex"]:
            self._add("demographics", name, birthDate=row["birth_date"], sex=row["sex"])
        for number, spell in enumerate(schools, 1):
            school = self._school(spell["school_id"])
            days = {"beginDate": spell["enrolled_on"], "endDate": spell["left_on"]}
            self._add(
                "roles", name, number, userSourcedId=name, roleType="primary", role="student",
                orgSourcedId=school, **days,
            )  # fmt: skip
            if spell["class_id"] is not None:
                room = self._homeroom(school, spell["grade_level"], spell["class_id"])
                self._enrol(name, number, room, school, **days)

    def _enrol(self, name: str, number: Any, room: str, school: str, **days: Any) -> None:
        self._add(
            "enrollments", name, number, classSourcedId=room, schoolSourcedId=school, userSourcedId=name,
            role="student", primary="false", **days,
        )  # fmt: skip

    def _school(self, name: str) -> str:
        return self._add("orgs", name, name=name, type="school", identifier=name)

    def _homeroom(self, school: str, level: int | None, name: str) -> str:
        course = self._add("courses", school, HOMEROOM, title=HOMEROOM, orgSourcedId=school)
        return self._add(
            "classes", school, level, name, title=name, grades=level, courseSourcedId=course,
            classType=HOMEROOM, schoolSourcedId=school, termSourcedIds=self._terms,
        )  # fmt: skip

    def _lesson(self, school: str, level: int | None, subject: str) -> str:
        course = self._add(
            "courses", school, subject, "lesson", title=subject, orgSourcedId=school, subjects=subject
        )
        return self._add(
            "classes", school, level, subject, "lesson", title=subject, grades=level, courseSourcedId=course,
            classType="scheduled", schoolSourcedId=school, termSourcedIds=self._terms, subjects=subject,
        )  # fmt: skip

    def _add_mark(self, row: Mapping[str, Any]) -> None:
        """Add a result, with its exam, its lesson and the enrolment in it."""
        spell = self.by_id[row["student_id"]].spell_on(row["date"])
        if spell["school_id"] is None:
            self.left.add_rows("grades", 1, _NO_SCHOOL)
            return
        told = _status_of(row)
        if told is None:
            self.left.add_rows("grades", 1, _NO_WORD)
            return
        name, school, date = str(row["student_id"]), self._school(spell["school_id"]), row["date"]
        lesson, most = (
            self._lesson(school, spell["grade_level"], row["subject"]),
            _plain_number(row["max_score"]),
        )
        item = self._add(
            "lineItems", lesson, row["exam"], date, most, title=row["exam"], assignDate=date, dueDate=date,
            classSourcedId=lesson, categorySourcedId=_EXAMS, academicSessionSourcedId=self._year_of(date),
            resultValueMin=0, resultValueMax=most, schoolSourcedId=school,
        )  # fmt: skip
        self._enrol(name, lesson, lesson, school)
        self._add(
            "results", name, item, lineItemSourcedId=item, studentSourcedId=name, scoreDate=date,
            score=_plain_number(row["score"]), classSourcedId=lesson, **told,
        )  # fmt: skip

    @cached_property
    def _terms(self) -> str:
        """All school years of the records, each added once."""
        dates = self.records.table("grades")["date"].to_pylist()
        spells = [spell for pupil in self.pupils for spell in pupil.spells]
        dates = dates or [day for spell in spells for day in (spell["enrolled_on"], spell["left_on"]) if day]
        return ",".join(sorted({self._year_of(day) for day in dates or [dt.date.today()]}))

    def _year_of(self, date: dt.date) -> str:
        """Add the school year in which a day lies; it is called by the year in which it ends."""
        month, day = self.records.year_start
        begin = date.year - ((date.month, date.day) < (month, day))
        end = begin + 1 if (month, day) != (1, 1) else begin
        return self._add(
            "academicSessions", f"year-{begin}", title=f"{begin}-{begin + 1}", type="schoolYear",
            startDate=dt.date(begin, month, day), endDate=dt.date(begin + 1, month, day), schoolYear=end,
        )  # fmt: skip


def _status_of(row: Mapping[str, Any]) -> dict[str, str] | None:
    if row["taken"] == MISSED:
        return {"scoreStatus": "not submitted", "missing": "true"}
    if row["taken"] == EXEMPT:
        return {"scoreStatus": "exempt"}
    return {"scoreStatus": "fully graded"} if row["score"] is not None else None


def _plain_number(number: float | None) -> str | None:
    """Write a number without needless decimals.

    >>> _plain_number(85.0), _plain_number(62.5)
    ('85', '62.5')
    """
    return None if number is None else repr(number).removesuffix(".0")
