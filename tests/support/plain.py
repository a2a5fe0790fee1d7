"""School records as plain Python lists, and what was known of them on a date: no arrays, no packing.

Everything here follows the data contract and the declarations, never the library's own code, so that
the library can be held against it.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from functools import cache

from dropout_risk.records.statuses import STATUSES

ABSENT_STATUSES = ("absent", "excused", "suspended")
EPOCH = dt.date(1970, 1, 1)
KEYS = {
    "attendance_totals": ("period_start", "period_end"),
    "grades": ("date", "subject", "exam"),
    "wellbeing": ("date", "instrument", "scale"),
    "family": ("factor", "valid_from"),
    "discipline": ("date", "kind"),
}


class PlainDistrict:
    """The usable rows of school records: one dict per pupil, lists of dicts per table."""

    def __init__(self, records):
        self.pupils = records.table("students").to_pylist()
        for pupil in self.pupils:
            pupil |= {name: [] for name in ("attendance", *KEYS, "outcomes")}
        for name in ("attendance", *KEYS, "outcomes"):
            for row in records.table(name).to_pylist():
                self.pupils[row["pupil"]][name].append(row)
        calendar = records.calendar
        self.school_days = {
            school: [EPOCH + dt.timedelta(int(day)) for day in calendar.days[row, : calendar.lengths[row]]]
            for row, school in enumerate(calendar.schools)
        }
        self.observed_to = records.observed_to
        listed = {row["school_id"] for row in records.table("calendar").to_pylist() if row["is_school_day"]}
        self.since = {} if None in listed else self._first_recorded(listed)

    def _first_recorded(self, listed):
        """When the first row of each school day was recorded, at schools whose days no calendar lists."""
        since = {}
        for pupil in self.pupils:
            for row in pupil["attendance"] if pupil["school_id"] not in listed else ():
                day = (pupil["school_id"] or "", row["date"])
                since[day] = min(since.get(day, dt.date.max), max(row["recorded_on"], row["date"]))
        return since

    def observed_for(self, pupil):
        """The last date of the school's attendance; else of its other dated rows; else of the records."""
        mates = [mate for mate in self.pupils if (mate["school_id"] or "") == (pupil["school_id"] or "")]
        dated = {"attendance_totals": "period_end", "grades": "date", "wellbeing": "date", "outcomes": "date"}
        for columns in ({"attendance": "date"}, dated):
            days = [row[day] for mate in mates for name, day in columns.items() for row in mate[name]]
            if days:
                return max(days)
        return self.observed_to

    def days_of(self, pupil):
        return self.school_days.get(pupil["school_id"] or "", [])

    def days_known(self, pupil, as_of):
        school = pupil["school_id"] or ""
        later = {day for (name, day), since in self.since.items() if name == school and day < as_of <= since}
        return [day for day in self.days_of(pupil) if day not in later]

    def on(self, as_of):
        keeping = {
            pupil["school_id"] or ""
            for pupil in self.pupils
            if any(known_from(row, "date") < as_of for row in pupil["discipline"])
        }
        known = [KnownPupil(pupil, self.days_known(pupil, as_of), as_of) for pupil in self.pupils]
        levels = {}
        for pupil in known:
            levels.setdefault(pupil.named_class, set()).update({pupil.pupil["grade_level"]} - {None})
        for pupil in known:
            pupil.class_name = pupil.class_among(levels)
            pupil.school_keeps_discipline = (pupil.pupil["school_id"] or "") in keeping
        return known


class KnownPupil:
    """One pupil as known on a date."""

    def __init__(self, pupil, school_days, as_of):
        self.pupil, self.school_days, self.as_of = pupil, school_days, as_of
        self.end = self.index(as_of)
        self.days = sorted(day_states(pupil["attendance"], as_of).items())
        self._windows = {}
        self.totals = visible(pupil, "attendance_totals", "period_end", as_of)
        self.grades = visible(pupil, "grades", "date", as_of)
        self.wellbeing = visible(pupil, "wellbeing", "date", as_of)
        self.discipline = visible(pupil, "discipline", "date", as_of)
        self.family = [
            row
            for row in last_known([r for r in pupil["family"] if r["recorded_on"] < as_of], KEYS["family"])
            if row["valid_from"] <= as_of
        ]

    def index(self, day):
        return school_days_before(self.school_days, day)

    def in_window(self, day, window):
        """Whether a dated row lies within the last school days; a free day belongs to the next school day."""
        if window is None:
            return True
        if window == "year":
            return day >= year_begins(self.as_of)
        return self.index(day) >= self.end - window

    def window_days(self, window):
        """Recorded days in the window, oldest first: (date, state)."""
        if window not in self._windows:
            self._windows[window] = [item for item in self.days if self.in_window(item[0], window)]
        return self._windows[window]

    def holds(self, row):
        return row["valid_to"] is None or row["valid_to"] >= self.as_of

    @property
    def named_class(self):
        if self.pupil["class_id"] is None:
            return None
        return (self.pupil["school_id"] or "", self.pupil["class_id"])

    def class_among(self, levels):
        """School, class and grade level; without one, that of the class's name where it has only one."""
        if self.named_class is None:
            return None
        of_name = levels[self.named_class]
        level = self.pupil["grade_level"]
        if level is None and len(of_name) == 1:
            (level,) = of_name
        return (*self.named_class, level)

    @property
    def is_member(self):
        enrolled, left = self.pupil["enrolled_on"], self.pupil["left_on"]
        if enrolled is not None and enrolled > self.as_of:
            return False
        if left is not None and left <= self.as_of:
            return False
        return not gone(self.pupil["outcomes"], self.as_of) or self.came_after_outcome

    @property
    def came_after_outcome(self):
        """Whether it was present on five days after the last move that took it away."""
        last = max(
            row["date"]
            for row in self.pupil["outcomes"]
            if row["date"] < self.as_of and row["event"] in MOVES
        )
        return sum(day > last and "present" in state for day, state in self.days) >= 5


MOVES = ("dropout", "transferred", "graduated", "died", "returned")


def gone(outcomes, as_of):
    """Whether the last day of moves before the date took the pupil away: who returned on it is back."""
    told = [row for row in outcomes if row["date"] < as_of and row["event"] in MOVES]
    if not told:
        return False
    last = max(row["date"] for row in told)
    dead = any(row["event"] == "died" for row in told)
    return dead or not any(row["event"] == "returned" for row in told if row["date"] == last)


def known_from(row, date):
    return max(row["recorded_on"], row[date])


def visible(pupil, table, date, as_of):
    known = [row for row in pupil[table] if known_from(row, date) < as_of]
    return last_known(known, KEYS[table])


def last_known(rows, key):
    """Of rows with the same key, keep the one that became known last."""
    latest = {}
    for row in sorted(rows, key=lambda row: row["recorded_on"]):
        latest[tuple(row[name] for name in key)] = row
    return list(latest.values())


def day_states(attendance, as_of):
    """State of each recorded day, as known: a set of kinds."""
    sessions = {}
    for row in sorted(attendance, key=lambda row: row["recorded_on"]):
        if known_from(row, "date") < as_of:
            sessions.setdefault(row["date"], {})[row["session"]] = STATUSES.words[row["status"]]
    return {day: day_state(list(statuses.values())) for day, statuses in sessions.items()}


def day_state(statuses):
    """Kinds that a day counts as: absent when at least half of its sessions are."""
    absent = [status for status in statuses if status in ABSENT_STATUSES]
    kinds = {"recorded"}
    if absent and 2 * len(absent) >= len(statuses):
        kinds.add("absent")
        if 2 * absent.count("absent") >= len(absent):
            kinds.add("unexcused")
        if "suspended" in absent:
            kinds.add("suspended")
        return kinds
    kinds.add("present")
    if "late" in statuses or "left_early" in statuses:
        kinds.add("late")
    return kinds


def school_days_before(school_days, day):
    """Number of school days before a date; weekdays are counted back before the first known one."""
    first = school_days[0] if school_days else EPOCH
    if not school_days or day < first:
        return -weekdays(day, first) if day < first else weekdays(first, day)
    return bisect_left(school_days, day)


@cache
def weekdays(start, end):
    return sum(day % 7 < 5 for day in range(start.toordinal() - 1, end.toordinal() - 1))


def year_begins(day):
    return dt.date(day.year if (day.month, day.day) >= (8, 1) else day.year - 1, 8, 1)
