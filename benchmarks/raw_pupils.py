"""Raw tables by pupil, counted with plain loops: what recounts of pages are made from.

Nothing of the library's computing is used here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import pandas as pd

Day = dt.date
ABSENT = {"absent", "excused", "suspended"}
LATE = {"late", "left_early"}
CORE = {"chinese", "maths", "english"}
LEAST_MATES = 3
SUBJECTS = {
    "语文": "chinese", "数学": "maths", "英语": "english", "物理": "physics", "化学": "chemistry",
    "生物": "biology", "历史": "history", "地理": "geography", "道德与法治": "politics",
}  # fmt: skip
NOT_BURDENS = {"migrant_child", "grandparents_care", "none"}
LEFT = {"dropout", "transferred", "graduated", "died"}

CUTS = {"MHT": (math.inf, 65), "PHQ-9": (5, 10), "SDQ": (17, 19)}

LIES_FROM = 7


class Pupil:
    """One pupil's raw rows as known on a date; every number is counted by a loop."""

    def __init__(self, district: District, student: dict[str, Any], as_of: Day) -> None:
        self.district, self.student, self.as_of = district, student, as_of
        self.id = student["student_id"]
        self.school_days = [day for day in district.school_days[student["school_id"]] if day < as_of]
        rows, kept = district.rows[self.id], set(self.school_days)
        self.days = sorted(
            (row["date"], row["status"])
            for row in rows["attendance"]
            if row["date"] < as_of and row["recorded_on"] < as_of and row["date"] in kept
        )
        self.marks = sorted(
            (row["subject"], row["date"], row["exam"], row["score"] / row["max_score"])
            for row in rows["grades"]
            if row["date"] < as_of and row["recorded_on"] < as_of and not math.isnan(row["score"])
        )
        self.full = {(row["subject"], row["exam"]): row["max_score"] for row in rows["grades"]}
        self.tests = [row for row in rows["wellbeing"] if row["date"] < as_of and row["recorded_on"] < as_of]
        self.family = [
            row for row in rows["family"] if row["valid_from"] <= as_of and row["recorded_on"] < as_of
        ]

    @cached_property
    def by_day(self) -> dict[Day, str]:
        """The status of each recorded day."""
        return dict(self.days)

    @property
    def class_key(self) -> tuple[Any, ...]:
        """School, class and grade level."""
        return tuple(self.student[name] for name in ("school_id", "class_id", "grade_level"))

    @property
    def at_school(self) -> bool:
        """Whether the pupil is at school on the date."""
        enrolled, left = self.student["enrolled_on"], self.student["left_on"]
        if (enrolled and enrolled > self.as_of) or (left and left <= self.as_of):
            return False
        moves = [
            (row["date"], row["event"])
            for row in self.district.rows[self.id]["outcomes"]
            if row["date"] < self.as_of and row["event"] in LEFT | {"returned"}
        ]
        return not moves or max(moves)[1] == "returned"

    @cached_property
    def mates(self) -> list[Pupil]:
        """The class-mates who are at school, the pupil left out."""
        mates = self.district.classes[self.class_key]
        every = [self.district.pupil(mate, self.as_of) for mate in mates if mate != self.id]
        return [mate for mate in every if mate.at_school]

    # --- windows

    @property
    def year(self) -> Day:
        """The first day of the school year."""
        begins = self.as_of.year if (self.as_of.month, self.as_of.day) >= (8, 1) else self.as_of.year - 1
        return dt.date(begins, 8, 1)

    def since(self, window: int | str) -> Day:
        """Give the first day of a window; a row of a free day belongs to the next school day."""
        if window == "year":
            return self.year
        if window == "all" or int(window) >= len(self.school_days):
            return dt.date.min
        return self.school_days[-int(window) - 1] + dt.timedelta(days=1)

    def days_in(self, window: int | str) -> list[tuple[Day, str]]:
        """Give the recorded days of a window."""
        return [(day, status) for day, status in self.days if day >= self.since(window)]

    def marks_in(self, window: int | str, subjects: set[str] | None = None) -> dict[str, list[Any]]:
        """Give the marks of a window, by subject."""
        found: dict[str, list[Any]] = defaultdict(list)
        for subject, day, exam, share in self.marks:
            if day >= self.since(window) and (subjects is None or subject in subjects):
                found[subject].append((day, exam, share))
        return found

    # --- attendance

    def count_days(self, kinds: set[str], window: int | str) -> int:
        """Count the days of some kinds."""
        return sum(status in kinds for _, status in self.days_in(window))

    def share(self, kinds: set[str], window: int | str) -> float:
        """Divide them by the recorded days."""
        days = self.days_in(window)
        return self.count_days(kinds, window) / len(days) if days else math.nan

    def runs(self, kinds: set[str], window: int | str = "all") -> list[list[Day]]:
        """Give the runs of days of some kinds."""
        found: list[list[Day]] = []
        running = False
        for day, status in self.days_in(window):
            if status in kinds:
                if not running:
                    found.append([])
                found[-1].append(day)
            running = status in kinds
        return found

    def streak(self, kinds: set[str]) -> list[Day]:
        """Give the run that lasts to the last recorded day."""
        runs = self.runs(kinds)
        return runs[-1] if runs and self.days[-1][0] == runs[-1][-1] else []

    # --- marks

    def points_against_mates(self, subject: str, exam: str, share: float) -> float:
        """Take the mean of the class-mates in an exam from a mark; missing where too few sat it."""
        others = [
            mark[3] for mate in self.mates for mark in mate.marks if (mark[0], mark[2]) == (subject, exam)
        ]
        if len(others) + 1 < LEAST_MATES or len({*others, share}) == 1:
            return math.nan
        return 100 * (share - sum(others) / len(others))

    def one_full(self, marks: Iterable[tuple[str, str]]) -> float | None:
        """Give the full marks of some papers, by subject and exam; None where they differ."""
        found = {self.full[mark] for mark in marks}
        return found.pop() if len(found) == 1 else None

    def gaps(self, window: int | str) -> dict[str, list[tuple[Day, str, float]]]:
        """Give the marks of a window in points against the class-mates, by subject."""
        return {
            subject: [
                (day, exam, self.points_against_mates(subject, exam, share)) for day, exam, share in own
            ]
            for subject, own in self.marks_in(window).items()
        }


class District:
    """The raw tables, by pupil."""

    def __init__(self, frames: dict[str, pd.DataFrame]) -> None:
        self.students = {row["student_id"]: row for row in _plain_rows(frames["students"])}
        self.rows: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
        for name in ("attendance", "grades", "wellbeing", "family", "outcomes"):
            for row in _plain_rows(frames[name]):
                self.rows[row["student_id"]][name].append(row)
        self.school_days: dict[str, list[Day]] = defaultdict(list)
        for row in _plain_rows(frames["calendar"]):
            if row["is_school_day"]:
                self.school_days[row["school_id"]].append(row["date"])
        for days in self.school_days.values():
            days.sort()
        self.classes: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for student, row in self.students.items():
            self.classes[row["school_id"], row["class_id"], row["grade_level"]].append(student)
        self._pupils: dict[tuple[str, Day], Pupil] = {}

    def pupil(self, student: str, as_of: Day) -> Pupil:
        """Give a pupil as known on a date."""
        key = (student, as_of)
        if key not in self._pupils:
            self._pupils[key] = Pupil(self, self.students[student], as_of)
        return self._pupils[key]


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict(orient="records")
    for row in rows:
        for name, value in row.items():
            if isinstance(value, pd.Timestamp):
                row[name] = value.date()
            elif value is pd.NaT or (isinstance(value, float) and math.isnan(value) and name != "score"):
                row[name] = None
    return rows


def exam_said(name: str) -> str:
    """Name an exam."""
    term, year, exam, *number = name.split("-")
    words = {"midterm": "期中考试", "final": "期末考试", "monthly": f"第{''.join(number)}次月考"}
    return f"{year}年{ {'autumn': '秋季', 'spring': '春季'}[term] }学期{words[exam]}"


def valid_scores(pupil: Pupil, instrument: str, scale: str) -> list[tuple[Day, float]]:
    """Give the valid scores of a scale, by day."""
    own = [row for row in pupil.tests if row["instrument"] == instrument]
    lies = {row["date"] for row in own if row["scale"] == "validity" and row["score"] >= LIES_FROM}
    return sorted(
        (row["date"], row["score"])
        for row in own
        if row["scale"] == scale and row["valid"] in {True, None}
        if not math.isnan(row["score"]) and row["date"] not in lies
    )


def sat_by_class(pupil: Pupil) -> dict[tuple[str, str], tuple[Day, int]]:
    """Each subject and exam that at least three of the class sat: its first day and how many sat it."""
    found: dict[tuple[str, str], list[tuple[Day, str]]] = defaultdict(list)
    for one in [pupil, *pupil.mates]:
        for subject, day, exam, _ in one.marks if one.at_school else ():
            found[subject, exam].append((day, one.id))
    return {
        key: (min(day for day, _ in marks), len(marks))
        for key, marks in found.items()
        if len(marks) >= LEAST_MATES
    }


def missed_exams(pupil: Pupil, window: int | str) -> dict[tuple[str, str], Day]:
    """Give the subjects and exams of a window that the class sat without the pupil, each with its day."""
    sat = sat_by_class(pupil)
    own = {(subject, exam) for subject, _, exam, _ in pupil.marks}
    taken = {subject for subject, _ in own}
    most = {subject: max(n for (name, _), (_, n) in sat.items() if name == subject) for subject, _ in sat}
    found = {}
    for key, (day, _) in sat.items():
        enrolled = pupil.student["enrolled_on"]
        if key in own or day < pupil.since(window) or (enrolled and day < enrolled):
            continue
        that_day = [other for other, (when, _) in sat.items() if when == day]
        away = len({subject for subject, _ in that_day}) > 1 and not own & set(that_day)
        common = 2 * most[key[0]] >= max(most.values())
        if key[0] in taken or (common and (not own or away)):
            found[key] = day
    return found
