"""A simulated district made as untidy as real ones: gaps, sessions, corrections, late rows, totals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.simulate.district import simulate_tables

N_STUDENTS = 150
INSTRUMENTS = (
    ("MHT", "total", 90, (None,)),
    ("mht", "lie", 10, (None,)),
    ("MHT", "learning_anxiety", 15, (None,)),
    ("MHT", "loneliness", 10, (None,)),
    ("MHT", "physical_symptoms", 15, (None,)),
    ("MSSMHS", "total", 5, (None,)),
    ("SDQ", "total", 40, (None, "sdq-uk-parent")),
    ("PHQ9", "total", 27, (None,)),
    ("gad-7", "total", 21, (None,)),
    ("SCL-90", "total", 450, (None, "scl90-0-4", "unheard of")),
    ("own questionnaire", "total", 100, (None,)),
)


@cache
def tidy_tables(n_students=N_STUDENTS, seed=5, n_days=250):
    """Tables of a simulated district, as pandas frames, and the day they were drawn."""
    simulated = simulate_tables(n_students, seed, n_days=n_days)
    frames = {name: table.to_pandas() for name, table in simulated.tables.items()}
    for frame in frames.values():
        for name in frame.columns:
            if frame[name].dtype.kind not in "if":
                frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frames, simulated.last_day


@cache
def tidy_district(n_students=N_STUDENTS, seed=5, n_days=250):
    frames, last_day = tidy_tables(n_students, seed, n_days)
    return SchoolRecords.from_tables(**frames, today=last_day, outcomes_to=last_day)


@cache
def untidy_tables(n_students=N_STUDENTS, seed=5, n_days=250):
    """The same tables with everything that makes histories hard to build."""
    frames, last_day = tidy_tables(n_students, seed, n_days)
    rng = np.random.default_rng(seed)
    frames = dict(frames)
    frames["students"] = _students(frames["students"], rng)
    frames["attendance_totals"] = _totals(frames["attendance"], rng)
    frames["attendance"] = _attendance(frames["attendance"], frames["students"], rng)
    frames["grades"] = _grades(frames["grades"], rng)
    frames["wellbeing"] = _wellbeing(frames["wellbeing"], frames["students"], last_day, rng)
    frames["family"] = _family(frames["family"], rng)
    frames["discipline"] = _discipline(frames["students"], frames["attendance"], rng)
    return frames, last_day


@cache
def untidy_district(n_students=N_STUDENTS, seed=5, n_days=250, shuffled=None):
    """The untidy tables as records, read from the rows in another order if asked."""
    frames, last_day = untidy_tables(n_students, seed, n_days)
    if shuffled is not None:
        frames = {name: frame.sample(frac=1, random_state=shuffled) for name, frame in frames.items()}
    return SchoolRecords.from_tables(**frames, today=last_day, outcomes_to=last_day)


@cache
def untidy_histories():
    return Histories.from_records(untidy_district())


def later(days, number):
    return (pd.to_datetime(days) + pd.to_timedelta(number, unit="D")).dt.date.astype(object)


def some(frame, share, rng):
    return frame[rng.random(len(frame)) < share].copy()


def _students(students, rng):
    students = students.copy()
    students.loc[rng.random(len(students)) < 0.04, "class_id"] = None
    students.loc[rng.random(len(students)) < 0.02, "school_id"] = None
    students.loc[rng.random(len(students)) < 0.1, ["boarding", "distance_km", "enrolled_on"]] = None
    strangers = students.head(6).assign(
        student_id=[f"silent-{number}" for number in range(6)], left_on=None, enrolled_on=None
    )
    return pd.concat([students, strangers], ignore_index=True)


def _attendance(rows, students, rng):
    on_totals = set(rows["student_id"].unique()[::9])
    rows = rows[~rows["student_id"].isin(on_totals)]
    rows = some(rows, 0.93, rng)
    schools = students.set_index("student_id")["school_id"]
    has_sessions = rows["student_id"].map(schools) == schools.dropna().iloc[0]
    parts = [rows[~has_sessions].assign(session=None)]
    for session in ("am", "noon", "pm"):
        part = some(rows[has_sessions], 0.9, rng).assign(session=session)
        changed = rng.random(len(part)) < 0.15
        part.loc[changed, "status"] = rng.choice(["absent", "excused", "late", "present"], changed.sum())
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    corrections = some(rows, 0.04, rng)
    corrections["status"] = rng.choice(["absent", "excused", "present", "suspended"], len(corrections))
    corrections["recorded_on"] = later(corrections["recorded_on"], rng.integers(1, 25, len(corrections)))
    second = some(corrections, 0.3, rng).assign(status="present")
    second["recorded_on"] = later(second["recorded_on"], rng.integers(1, 9, len(second)))
    return pd.concat([rows, corrections, second], ignore_index=True)


def _totals(attendance, rng):
    rows = attendance[attendance["student_id"].isin(attendance["student_id"].unique()[::9])]
    month = pd.to_datetime(rows["date"]).dt.to_period("M")
    counted = rows.assign(
        period=month,
        absent=rows["status"].isin(["absent", "excused", "suspended"]),
        late=rows["status"] == "late",
    ).groupby(["student_id", "period"])
    totals = counted.agg(
        days_enrolled=("date", "size"), days_absent=("absent", "sum"), days_late=("late", "sum")
    )
    totals = totals.reset_index()
    totals["days_excused"] = (totals["days_absent"] // 2).where(rng.random(len(totals)) < 0.7)
    totals["days_late"] = totals["days_late"].where(rng.random(len(totals)) < 0.7)
    totals["period_start"] = totals["period"].dt.start_time.dt.date
    totals["period_end"] = totals["period"].dt.end_time.dt.date
    totals["recorded_on"] = later(totals["period_end"], rng.integers(0, 20, len(totals)))
    corrected = some(totals, 0.2, rng).assign(days_absent=0, days_excused=None)
    corrected["recorded_on"] = later(corrected["recorded_on"], 30)
    return pd.concat([totals, corrected], ignore_index=True).drop(columns="period")


def _grades(grades, rng):
    grades = some(grades, 0.9, rng)
    weekend = rng.random(len(grades)) < 0.1
    grades.loc[weekend, "date"] = later(grades.loc[weekend, "date"], 1)
    grades["recorded_on"] = np.maximum(grades["recorded_on"], grades["date"])
    same_mark = grades["exam"].isin(grades["exam"].unique()[::3]) & (grades["subject"] == "maths")
    grades.loc[same_mark, "score"] = 0.7 * grades.loc[same_mark, "max_score"]
    corrections = some(grades, 0.05, rng)
    corrections["score"] = (corrections["score"] / 2).round()
    corrections["recorded_on"] = later(corrections["recorded_on"], rng.integers(1, 40, len(corrections)))
    return pd.concat([grades, corrections], ignore_index=True)


def _wellbeing(tests, students, last_day, rng):
    size = 8 * len(students)
    chosen = rng.integers(0, len(INSTRUMENTS), size)
    more = pd.DataFrame(
        {
            "student_id": rng.choice(students["student_id"], size),
            "date": [last_day] * size,
            "instrument": [INSTRUMENTS[number][0] for number in chosen],
            "scale": [INSTRUMENTS[number][1] for number in chosen],
            "score": [round(rng.uniform(-0.02, 1.02) * INSTRUMENTS[number][2], 1) for number in chosen],
            "norm": [rng.choice(np.array(INSTRUMENTS[number][3], dtype=object)) for number in chosen],
        }
    )
    # few dates, so that a lie scale and a total meet in one sitting
    more["date"] = later(more["date"], -7 * rng.integers(0, 62, size))
    more["recorded_on"] = later(more["date"], rng.integers(0, 9, size))
    more["valid"] = rng.choice(np.array([True, True, True, False, None], dtype=object), size)
    more.loc[rng.random(size) < 0.08, "score"] = None
    corrections = some(more, 0.1, rng).assign(valid=True)
    corrections["recorded_on"] = later(corrections["recorded_on"], 14)
    tests = tests.assign(valid=tests["valid"].astype(object))
    return pd.concat([tests, more, corrections], ignore_index=True)


def _family(family, rng):
    changed = some(family[family["factor"] == "left_behind"], 0.7, rng)
    changed["value"] = "one_parent"
    changed["recorded_on"] = later(changed["recorded_on"], rng.integers(1, 90, len(changed)))
    announced = some(family, 0.2, rng).assign(factor="bereavement", value=None, valid_to=None)
    announced["valid_from"] = later(announced["recorded_on"], rng.integers(-40, 40, len(announced)))
    closed = some(announced, 0.4, rng)
    closed["valid_to"] = later(closed["valid_from"], 20)
    closed["recorded_on"] = later(closed["recorded_on"], 60)
    return pd.concat([family, changed, announced, closed], ignore_index=True)


def _discipline(students, attendance, rng):
    """Incidents at every school but one, some told of late, some corrected."""
    schools = students.set_index("student_id")["school_id"]
    days = attendance[["student_id", "date", "recorded_on"]].drop_duplicates(["student_id", "date"])
    days = days[days["student_id"].map(schools) != schools.dropna().iloc[-7]]
    rows = some(days, 0.01, rng)
    rows["kind"] = rng.choice(["warning", "demerit", "警告"], len(rows))
    rows["days"] = rng.choice([np.nan, 0.0, 0.5, 3.0], len(rows))
    rows["recorded_on"] = later(rows["recorded_on"], rng.choice([0, 0, 4, 40], len(rows)))
    corrections = some(rows, 0.2, rng).assign(days=5.0)
    corrections["recorded_on"] = later(corrections["recorded_on"], 3)
    return pd.concat([rows, corrections], ignore_index=True)
