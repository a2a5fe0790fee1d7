"""A small town on one morning: one pupil of every kind of case, one person of every role, and the desk."""

from __future__ import annotations

import datetime as dt
import html
import re
from urllib.parse import urlencode

import pyarrow as pa
from serving.desk import Asked, DeskRoom

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.desk.session_keys import SessionKeys
from dropout_risk.records.directory import Directory

YESTERDAY, DAY = dt.date(2025, 5, 19), dt.date(2025, 5, 20)
EVIL = "<script>alert(1)</script>"
INJECTED = "'; DROP TABLE entry; -- <img src=x onerror=alert(2)> {{ 7*7 }}"
SECRET = b"a secret of the town's own desk, long enough"
NAMES = {
    "p-1": "赵一",
    "p-2": "钱二",
    "p-3": "孙三",
    "p-4": "李四",
    "p-5": "周五",
    "p-6": "吴六",
    "p-7": "郑七",
    "p-8": "王八",
    "p-9": EVIL,
    "p-10": "冯十",
    "p-11": "陈乙",
}
FIRST_CLASS, SECOND_CLASS, OTHER_SCHOOL = "s-1/7/4", "s-1/7/5", "s-2/7/1"
CLASSES = {
    FIRST_CLASS: ("p-1", "p-2", "p-3", "p-4", "p-5", "p-6"),
    SECOND_CLASS: ("p-7", "p-8", "p-9"),
    OTHER_SCHOOL: ("p-10", "p-11"),
}
PERSON_OF_ROLE = {
    "class_teacher": "t-1",
    "principal": "h-1",
    "counsellor": "c-1",
    "township": "w-1",
    "village": "v-1",
    "county": "k-1",
    "parent": "e-1",
    "auditor": "a-1",
}
GRANTS = (
    Grant("t-1", "class_teacher", "class", FIRST_CLASS),
    Grant("t-9", "class_teacher", "class", FIRST_CLASS),
    Grant("t-2", "class_teacher", "class", SECOND_CLASS),
    Grant("t-3", "class_teacher", "class", OTHER_SCHOOL),
    Grant("h-1", "principal", "school", "s-1"),
    Grant("h-2", "principal", "school", "s-2"),
    Grant("c-1", "counsellor", "school", "s-1"),
    Grant("c-9", "counsellor", "school", "s-1"),
    Grant("c-2", "counsellor", "school", "s-2"),
    Grant("w-1", "township", "township", "镇一"),
    Grant("v-1", "village", "village", "村一"),
    Grant("k-1", "county", "county"),
    Grant("e-1", "parent", "pupil", "p-1"),
    Grant("a-1", "auditor", "county"),
)
MET = {"way": "call", "met": "mother", "difficulty": "far_way", "result": "promised"}


def pupils():
    return [
        Placed(pupil, name.partition("/")[0], name, None, "村一" if name == FIRST_CLASS else "村二", "镇一")
        for name, members in CLASSES.items()
        for pupil in members
    ]


def directory():
    rows = [
        {
            "student_id": pupil,
            "name": name,
            "seat": "12",
            "phone": f"1380000{pupil}",
            "address": f"{pupil}路3号",
        }
        for pupil, name in NAMES.items()
    ]
    return Directory(pa.Table.from_pylist(rows))


class Town:
    """A book after two mornings, the people, and the room in which they work.

    p-1 has been away for three days, p-2 is on the list, p-3 has a case that only counsellors know and p-4
    has one of each, p-5 came back, p-6 and p-11 have none, p-7 is the principal's, p-8 the county's and late,
    p-9 has an evil name, and p-10 is of another school.
    """

    def __init__(self, url="sqlite://", *, keys=True, care=True):
        self.book = Book.open(
            url, keys=NoteKeys.new() if keys else None, now=lambda: dt.datetime(2025, 5, 20, 8)
        )
        self.people = People(GRANTS)
        self.days = SchoolDaysAhead()
        first = [
            Signal("p-5", "absent_1_day", dt.date(2025, 5, 16)),
            Signal("p-8", "absent_5_days", dt.date(2025, 5, 12), level=3),
            Signal("p-7", "absent_1_day", dt.date(2025, 5, 16)),
        ]
        second = [
            Signal("p-1", "absent_3_days", dt.date(2025, 5, 15)),
            Signal("p-2", "listed", DAY, urgent=False, due_in=3),
            Signal("p-4", "absent_1_day", dt.date(2025, 5, 16)),
            Signal("p-9", "absent_1_day", YESTERDAY),
            Signal("p-10", "absent_1_day", YESTERDAY),
        ]
        if care:
            second += [Signal(pupil, "critical_item", YESTERDAY, "care") for pupil in ("p-3", "p-4")]
        run_morning(self.book, MorningFacts(YESTERDAY, pupils(), self.days, first), self.people)
        back = {"since": YESTERDAY.isoformat(), "due": "2025-05-26"}
        self.book.write(
            "returned", YESTERDAY, "t-1", "back", case=self.case("p-5"), data=back, today=YESTERDAY
        )
        run_morning(self.book, MorningFacts(DAY, pupils(), self.days, second), self.people)
        self.room = DeskRoom(self.book, SessionKeys(SECRET), day=DAY)
        self.room._current_people = lambda: self.people
        names = directory()
        self.room._names = lambda: names

    def case(self, pupil, line="school"):
        return self.book.case_of(pupil, line)

    def address(self, pupil, line="school"):
        return self.room.desk().addresses.address_of(self.case(pupil, line).id)

    def visitor(self, person, language="zh"):
        return Visitor(self.room, person, language)


class Visitor:
    """Somebody who is signed in, and asks and sends without a browser."""

    def __init__(self, room, person, language="zh"):
        self.room, self.person, self.language = room, person, language
        self.cookie = room.keys.cookie_for(person)

    def reader(self):
        return self.room.desk().reader(self.person)

    def ask(self, path, **fields):
        return self.room.given(Asked("GET", steps_of(path), fields | self._carried(), self.cookie)).answer

    def send(self, path, fields, *, cookie=None, body=None):
        sent = urlencode(fields, doseq=True).encode() if body is None else body
        return self.room.given(
            Asked("POST", steps_of(path), self._carried(), cookie or self.cookie, body=sent)
        ).answer

    def token(self, path, **fields):
        return token_in(self.ask(path, **fields).html)

    def fill(self, path, answers, **fields):
        """Open a form, take what it holds already, answer, and send."""
        page = self.ask(path, **fields).html
        return self.send(path, held_in(page) | answers)

    def _carried(self):
        return {"lang": self.language} if self.language != "zh" else {}


def steps_of(path):
    return tuple(path.strip("/").split("/"))[1:]


def token_in(page):
    return html.unescape(re.search(r'name="token" value="([^"]*)"', page)[1])


def held_in(page):
    """What the form of a page sends when nothing is touched."""
    held = {"token": token_in(page)}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)" checked', page):
        held[name] = html.unescape(value)
    for name, value in re.findall(r'<input id="ask-(\w+)"[^>]* value="([^"]*)"', page):
        held[name] = html.unescape(value)
    for name, value in re.findall(r'<textarea id="ask-(\w+)"[^>]*>\n?([^<]*)</textarea>', page):
        held[name] = html.unescape(value)
    return held
