"""Pupils whose days are drawn at random and packed by hand, beside the same days as plain lists."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache

import numpy as np

from dropout_risk.histories.attendance_bits import PLANES, AttendanceBits, LateStates
from dropout_risk.histories.histories import Histories, Observed
from dropout_risk.records.days.calendar import SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.school_records import SchoolRecords
from support.plain import KnownPupil

FIRST = dt.date(2024, 5, 6)
STATES = (
    (),
    ("recorded",),
    ("recorded", "late"),
    ("recorded", "absent"),
    ("recorded", "absent", "unexcused"),
    ("recorded", "absent", "suspended"),
    ("recorded", "absent", "unexcused", "suspended"),
)
TABLES = ("attendance", "attendance_totals", "grades", "wellbeing", "family", "discipline", "outcomes")


class PackedDistrict:
    """Pupils at schools with calendars of different lengths.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    lengths : list of int
        School days of each school.
    n_pupils : int
        They go to the schools in turn.
    late : float
        How many days have states that became known later.
    hidden : bool
        Whether some school days became known after they were over.
    """

    def __init__(self, seed, lengths, n_pupils, late=0.1, hidden=False):
        rng = np.random.default_rng(seed)
        weekdays = [FIRST + dt.timedelta(number) for number in range(2 * max(lengths) + 14)]
        weekdays = [day for day in weekdays if day.weekday() < 5]
        self.days, self.known = [], []
        for length in lengths:
            chosen = sorted(rng.choice(len(weekdays), size=length, replace=False)) if length else []
            self.days.append([weekdays[place] for place in chosen])
            delays = rng.choice([0, 0, 0, 1, 4, 30], size=length) if hidden else np.zeros(length, dtype=int)
            self.known.append(
                [day + dt.timedelta(int(delay)) for day, delay in zip(self.days[-1], delays, strict=True)]
            )
        self.school = [pupil % len(lengths) for pupil in range(n_pupils)]
        self.states = [self._states(rng, lengths[school]) for school in self.school]
        self.late = [
            sorted(
                (int(day), self.days[school][day] + dt.timedelta(int(delay)), int(state))
                for day in np.flatnonzero(rng.random(lengths[school]) < late)
                for delay, state in zip(
                    rng.choice(np.arange(1, 12), 2, replace=False), rng.integers(0, 7, 2), strict=True
                )
            )
            for school in self.school
        ]

    @staticmethod
    def _states(rng, length):
        """Draw states that often last, so that there are runs."""
        states = [int(rng.integers(0, len(STATES)))]
        for _ in range(length):
            states.append(states[-1] if rng.random() < 0.6 else int(rng.integers(0, len(STATES))))
        return states[:length]

    def histories(self):
        """Pack everything."""
        schools = [f"s-{number:02d}" for number in range(len(self.days))]
        calendar = SchoolCalendar(schools, _ordinals(self.days), known=_ordinals(self.known))
        n_bytes = max((max(map(len, self.days)) + 7) // 8, 1)
        planes = {name: np.zeros((len(self.states), n_bytes), dtype=np.uint8) for name in PLANES}
        for pupil, states in enumerate(self.states):
            for day, state in enumerate(states):
                for name in STATES[state]:
                    planes[name][pupil, day // 8] |= 1 << day % 8
        late = [
            (pupil, day, ordinal_of(since), sum(PLANES[name] for name in STATES[state]))
            for pupil, rows in enumerate(self.late)
            for day, since, state in rows
        ]
        pupil, day, since, flags = np.array(late, dtype=np.int32).reshape(-1, 4).T
        sessions = np.zeros((len(self.states), 4, n_bytes), dtype=np.uint8)
        return replace(
            _without_rows(len(self.states)),
            calendar=calendar,
            calendar_row=np.array(self.school, dtype=np.int32),
            observed=Observed.until(-1, len(schools)),
            attendance=AttendanceBits(
                planes,
                LateStates(pupil.copy(), day.copy(), since.copy(), flags.astype(np.uint8)),
                sessions,
            ),
        )

    def on(self, as_of):
        """Give the pupils as plain loops read them."""
        return [self._pupil(number, as_of) for number in range(len(self.states))]

    def _pupil(self, number, as_of):
        school, states = self.school[number], dict(enumerate(self.states[number]))
        states |= {day: state for day, since, state in self.late[number] if since < as_of}
        days = self.days[school]
        past = [
            day for day, since in zip(days, self.known[school], strict=True) if day >= as_of or since < as_of
        ]
        pupil = KnownPupil({table: [] for table in TABLES}, past, as_of)
        pupil.days = []
        for day, state in states.items():
            kinds = set(STATES[state])
            if kinds and days[day] < as_of and days[day] in past:
                pupil.days.append((days[day], kinds if "absent" in kinds else kinds | {"present"}))
        return pupil


def _ordinals(rows):
    return [np.array([ordinal_of(day) for day in row], dtype=np.int32) for row in rows]


@cache
def _without_rows(n_pupils):
    students = [
        {"student_id": f"p-{number:03d}", "school_id": "s-00", "class_id": "1", "grade_level": 8}
        for number in range(n_pupils)
    ]
    return Histories.from_records(SchoolRecords.from_tables(students=students))


def date_at(histories, school, index):
    """Give the date on which so many school days of a school are over."""
    calendar = histories.calendar
    return date_of(
        int(calendar.day(school, max(index - 1, 0))) + 1 if index else int(calendar.firsts[school])
    )
