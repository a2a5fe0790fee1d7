"""Hypothesis strategies for a handful of pupils with everything that can go wrong in their records."""

from __future__ import annotations

import datetime as dt
import random

from hypothesis import strategies as st

from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES

FIRST, LAST = dt.date(2024, 6, 24), dt.date(2024, 9, 27)
TODAY = dt.date(2025, 1, 1)
DATES = {"attendance_totals": "period_end", "family": "valid_from"}
TABLES = ("attendance", "attendance_totals", "grades", "wellbeing", "family", "discipline", "outcomes")


def calendar():
    """Two schools: one from Monday to Friday, one with a longer summer and some Saturdays."""
    rows = []
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + dt.timedelta(number)
        summer = dt.date(2024, 7, 6) <= day < dt.date(2024, 8, 26)
        rows.append({"school_id": "a", "date": day, "is_school_day": day.weekday() < 5 and not summer})
        longer = dt.date(2024, 7, 3) <= day < dt.date(2024, 9, 2)
        open_b = (day.weekday() < 5 or day.day % 3 == 0) and not longer
        rows.append({"school_id": "b", "date": day, "is_school_day": open_b})
    return rows


dates = st.dates(FIRST, LAST)
term_dates = dates.filter(lambda day: not dt.date(2024, 7, 6) <= day < dt.date(2024, 8, 26))
delays = st.sampled_from((0, 0, 0, 1, 3, 20))
scores = st.integers(0, 20)


def _students(schools):
    return st.fixed_dictionaries(
        {
            "school_id": st.sampled_from(schools),
            "class_id": st.sampled_from(("1", "1", "1", "2", None)),
            "grade_level": st.sampled_from((8, 8, 7, None)),
            "enrolled_on": st.sampled_from((None, None, dt.date(2024, 6, 25), dt.date(2024, 9, 5))),
            "left_on": st.sampled_from((None, None, None, dt.date(2024, 9, 12))),
            "boarding": st.sampled_from((None, True, False)),
            "distance_km": st.sampled_from((None, 0.0, 3.5)),
        }
    )


def _row(pupils, **columns):
    return st.fixed_dictionaries({"student_id": pupils, **columns, "delay": delays})


def _long_tables(pupils):
    return {
        "attendance": _row(
            pupils,
            date=term_dates,
            session=st.sampled_from((None, None, "am", "noon", "pm")),
            status=st.sampled_from(STATUSES.words),
        ),
        "attendance_totals": _row(
            pupils,
            period_end=dates,
            days_enrolled=st.integers(5, 20),
            days_absent=st.integers(0, 5),
            days_excused=st.sampled_from((None, 0, 2)),
            days_late=st.sampled_from((None, 1)),
        ),
        "grades": _row(
            pupils,
            date=dates,
            subject=st.sampled_from(("maths", "english", "chinese")),
            exam=st.sampled_from(("one", "two")),
            score=scores,
            max_score=st.sampled_from((20, 25)),
        ),
        "wellbeing": _row(
            pupils,
            date=st.sampled_from((FIRST, dt.date(2024, 8, 27), dt.date(2024, 9, 7), dt.date(2024, 9, 9))),
            instrument=st.sampled_from(("MHT", "mht", "SDQ", "PHQ-9", "unheard of")),
            scale=st.sampled_from(("total", "total", "lie", "loneliness")),
            score=st.sampled_from((None, 0, 3, 7, 9, 16, 27, 65, 91)),
            valid=st.sampled_from((None, True, False)),
            norm=st.sampled_from((None, None, "sdq-uk-parent")),
        ),
        "family": _row(
            pupils,
            factor=st.sampled_from(("left_behind", "bereavement", "none", "own word")),
            valid_from=dates,
            value=st.sampled_from(("yes", "no", "unknown", "?", "both_parents", "one_parent")),
            valid_to=st.sampled_from((None, None, dt.date(2024, 9, 6), LAST)),
        ),
        "discipline": _row(
            pupils,
            date=dates,
            kind=st.sampled_from(("warning", "demerit")),
            days=st.sampled_from((None, 0, 1.5)),
        ),
        "outcomes": _row(
            pupils,
            date=dates,
            event=st.sampled_from(
                ("dropout", "returned", "transferred", "suspected_dropout", "graduated", "died")
            ),
        ),
    }


@st.composite
def tables(draw, schools=("a", "b")):
    """Rows of every table, as lists of dicts; each row carries the day on which it became known.

    Family rows may be known before they begin; the silent pupil has no rows, and the last one is an
    anchor that keeps the records from being empty.
    """
    students = draw(st.lists(_students(schools), min_size=1, max_size=6))
    named = [row | {"student_id": f"p{number}"} for number, row in enumerate(students)]
    pupils = st.sampled_from([row["student_id"] for row in named])
    found = {"students": named}
    for name, rows in _long_tables(pupils).items():
        found[name] = [
            _dated(name, row) for row in draw(st.lists(rows, max_size=25 if name == "attendance" else 9))
        ]
    blank = {"school_id": "a", "class_id": "1", "grade_level": 8}
    found["students"] += [
        {"student_id": "silent"} | blank,
        {"student_id": "anchor"} | blank | {"class_id": "3"},
    ]
    found["attendance"].append(
        {"student_id": "anchor", "date": FIRST, "status": "present", "recorded_on": FIRST}
    )
    return found


def _dated(table, row):
    delay = dt.timedelta(row.pop("delay"))
    if table == "outcomes":
        return row
    day = row[DATES.get(table, "date")]
    if table == "attendance_totals":
        row = row | {"period_start": day - dt.timedelta(13)}
    early = dt.timedelta(7) if table == "family" and delay.days == 1 else dt.timedelta(0)
    return row | {"recorded_on": day + delay - early}


def records_of(found, *, with_calendar=True, shuffled=None):
    """The rows as school records, in another order if asked."""
    found = {name: list(rows) for name, rows in found.items()}
    if shuffled is not None:
        for rows in found.values():
            random.Random(shuffled).shuffle(rows)
    given = {name: rows for name, rows in found.items() if rows}
    days = calendar() if with_calendar else None
    told = {"calendar": days, "today": TODAY, "outcomes_to": TODAY}
    return SchoolRecords.from_tables(**given, **told, whole=False)  # rows at random: nothing from silence


def known_before(found, as_of):
    """The rows that were known before a date; what a students row says of a later leaving is forgotten."""

    def is_known(table, row):
        day = row[DATES.get(table, "date")]
        if table == "outcomes":
            return day < as_of
        if table == "family":
            return row["recorded_on"] < as_of and day <= as_of
        return max(day, row["recorded_on"]) < as_of

    kept = {name: [row for row in found[name] if is_known(name, row)] for name in TABLES}
    left = [
        row | {"left_on": None} if row.get("left_on") is not None and row["left_on"] > as_of else row
        for row in found["students"]
    ]
    return kept | {"students": left}
